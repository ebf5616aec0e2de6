"""Performance as a product of factors."""

from __future__ import annotations

from typing import Any

import isoflop as iso
from prose import flop, listed, number, paragraph, percent, table


def product() -> list[str]:
    """Return the section on performance as a product."""
    rows, off, drops = [], [0.0], []
    ids = ("besiroglu2024", "hoffmann2022-tex")
    doubled: dict[str, dict[str, Any]] = {
        "architecture_efficiency = 2": {"architecture_efficiency": 2.0},
        "quality = 2": {"quality": 2.0},
        "both": {"architecture_efficiency": 2.0, "quality": 2.0},
    }
    for id in ids:
        law = iso.law(id)
        for budget in (1e21, 1e25):
            base = law.compute_optimal(budget, method="search").row(0, named=True)
            floor = law.coefficients["E"]
            for name, given in doubled.items():
                loss = law.loss(params=base["params"], tokens=base["tokens"], **given)
                again = law.compute_optimal(budget, **given)["loss"][0]
                expected = 4.0 if name == "both" else 2.0
                off.append(abs(law.equivalent_flops(again) / budget / expected - 1))
                drops.append((id, budget, name, 1 - loss / base["loss"]))
                rows.append((
                    f"`{id}`, {flop(budget)}", name, f"{base['loss']:.4f}", f"{loss:.4f}",
                    f"{loss / base['loss']:.3f}", f"{(loss - floor) / (base['loss'] - floor):.3f}",
                    number(law.equivalent_flops(loss) / budget, 4),
                    number(law.equivalent_flops(again) / budget, 4),
                ))  # fmt: skip
    assert max(off) < 1e-5
    both = [drop for _, _, name, drop in drops if name == "both"]
    reducible = {}
    for id in ids:
        of = iso.law(id).coefficients
        reducible[id] = 2 ** -(of["alpha"] * of["beta"] / (of["alpha"] + of["beta"]))
    return [
        "## Performance = f(P, D, C) x architecture efficiency x data quality",
        paragraph("""As a product on the loss, this is not what the laws say. Compute is no third variable, it
            follows from size and tokens. The loss has a floor E that no efficiency lowers. And a better
            architecture or better data act inside the law, on the parameters or on the tokens, where
            exponents of about a third damp them. The table doubles either factor, first with size and tokens
            of the old optimum, then (last column) with the optimum found again at the same budget."""),
        table(
            """law, FLOP | doubled | loss before | loss after | loss, ratio | reducible loss, ratio |
            compute, times | compute, times, optimum again""",
            rows,
        ),
        paragraph(f"""Both doubled lower the loss by {percent(min(both))} to {percent(max(both))}, not to a
            quarter, and by less the larger the budget. There is a place where the product is right:
            **compute**. With the optimum found again, an architecture efficiency e and a quality q are worth
            exactly e * q times the compute, at every budget, under every law of the form E + A/N^alpha +
            B/D^beta (here to within 1e-5). The reducible loss then falls as the power alpha beta / (alpha +
            beta) of it:
            {listed(f"times {number(x)} for each doubling under `{id}`" for id, x in reducible.items())}. So
            multiply compute by the factors, and read the loss off the law."""),
    ]
