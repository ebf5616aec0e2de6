"""Two models of equal rules of thumb: 7 B on 200 B tokens, 13 B on 100 B."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import log
from typing import Any, NamedTuple

import numpy as np

import isoflop as iso
from prose import flop, listed, number, paragraph, percent, quoted, table
from rules_of_thumb.shared import DENSE_SETTINGS, NOT_BY_SIZE, Floats, first_sign_change, mark

SMALL, LARGE = (7e9, 200e9), (13e9, 100e9)


class Duel(NamedTuple):
    """What a law says of the pair: losses, efficiencies, the factor on both sizes at which the winner
    changes, and the decades outside the fitted range; None for what it does not have."""

    small: float
    large: float
    small_efficiency: float | None
    large_efficiency: float | None
    crossing: float | None
    extrapolation: float | None


@cache
def duel() -> dict[str, Duel]:
    """Return what each law says of the pair."""
    found = {}
    for id in iso.laws()["id"]:
        if id in NOT_BY_SIZE or id == "subramanyam2025":
            continue
        law, settings = iso.law(id), DENSE_SETTINGS.get(id, {})
        size = next(
            name for name in ("params", "active_params", "non_embedding_params") if name in law.variables
        )

        def loss(plan: tuple[float, float], scale: Any = 1.0, law: iso.Law = law, size: str = size) -> Any:
            inputs = DENSE_SETTINGS.get(law.id, {}) | {size: scale * plan[0], "tokens": scale * plan[1]}
            return law.loss(**inputs)

        pair = loss(SMALL), loss(LARGE)
        shares: list[float | None] = [None, None]
        if law.optimal is None or law.optimal.kind != "rule":
            for i, plan in enumerate((SMALL, LARGE)):
                shares[i] = float(law.equivalent_flops(pair[i], **settings)) / (6 * plan[0] * plan[1])

        def lead(scale: Floats, loss: Callable[..., Any] = loss) -> Floats:
            return np.asarray(loss(LARGE, scale) - loss(SMALL, scale))

        crossing = first_sign_change(lead, 1e-4, 1e4)
        spans = [
            max(log(value / span[1]), log(span[0] / value)) / log(10)
            for plan in (SMALL, LARGE)
            for name, value in ((size, plan[0]), ("tokens", plan[1]))
            if name in law.variables and (span := law.variables[name].range) is not None
        ]
        found[id] = Duel(*pair, shares[0], shares[1], crossing, max(0.0, *spans) if spans else None)
    return found


def pair_of_models() -> list[str]:
    """Return the section on the pair of models."""
    budgets = [6 * p * d for p, d in (SMALL, LARGE)]
    rows, wins, crossings = [], [], {}
    for id, (small, large, eff_small, eff_large, crossing, out) in duel().items():
        wins += [id] if small < large else []
        if crossing is not None:
            crossings[id] = budgets[0] * crossing**2
        rows.append((
            f"`{id}`{mark(out)}", f"{small:.4f}", f"{large:.4f}",
            "7 B" if small < large else "13 B",
            *("no optimum at 6PD" if x is None else percent(x, 3) for x in (eff_small, eff_large)),
            "none" if crossing is None else flop(budgets[0] * crossing**2, 2),
        ))  # fmt: skip
    loses = [id for id in duel() if id not in wins]
    middle = ((SMALL[1] / SMALL[0]) * (LARGE[1] / LARGE[0])) ** 0.5
    gaps = {
        id: row.small_efficiency / row.large_efficiency
        for id, row in duel().items()
        if row.small_efficiency and row.large_efficiency
    }
    turned = [id for id in wins if gaps.get(id, 1) < 1]
    closest = min(gaps, key=lambda id: abs(log(gaps[id])))
    largest = max(gaps, key=lambda id: abs(log(gaps[id])))
    near = {id: c for id, c in crossings.items() if 1e19 < c < 1e27}
    wrong, right = ([gap for id, gap in gaps.items() if (id in wins) == won] for won in (False, True))
    safe = (
        """So it costs less to follow the rule wrongly than to break it wrongly, and the small model is the
        cheaper one to serve."""
        if 1 / min(wrong) < max(right)
        else "So it is no safe rule, though the small model is the cheaper one to serve."
    )
    reasons: dict[str, list[str]] = {}
    for id, reason in NOT_BY_SIZE.items():
        reasons.setdefault(reason, []).append(id)
    return [
        "## 7 B on 200 B tokens beats 13 B on 100 B",
        paragraph(f"""{flop(budgets[0], 2)} against {flop(budgets[1], 2)} FLOP: the small model costs
            {percent(budgets[0] / budgets[1] - 1)} more, has {number(SMALL[1] / SMALL[0])} tokens per
            parameter against {number(LARGE[1] / LARGE[0])}, and is {number(LARGE[0] / SMALL[0])} times
            cheaper to serve. Efficiency is compute-efficiency, so that the small model's extra compute is not
            held in its favour. The crossing is the least budget, with both models scaled alike in size and
            tokens by up to 10^4 either way, at which the winner changes. Losses of different laws are not
            comparable."""),
        table(
            "law | loss, 7 B | loss, 13 B | better | efficiency, 7 B | efficiency, 13 B | crossing, FLOP",
            rows,
        ),
        paragraph(f"""{len(wins)} of {len(rows)} laws prefer the 7 B: {quoted(wins)}. The other {len(loses)}
            prefer the 13 B: {quoted(loses)}. In compute the two are closest under `{closest}`, where the 7 B
            is worth {number(gaps[closest])} times the 13 B, and farthest apart under `{largest}`, with
            {number(gaps[largest])}. By efficiency instead of loss the 13 B leads under {quoted(turned)}
            too."""),
        paragraph(f"""The two ratios have a geometric mean of {number(middle)} tokens per parameter: roughly,
            a law whose optimum is above that prefers the small model, a law below it the large one. Under
            laws with equal exponents the ratio is the same at every budget and the winner never changes.
            Crossings between 1e19 and 1e27 FLOP:
            {listed(f"{flop(c, 2)} under `{id}`" for id, c in near.items()) or "none"}. Where the rule is
            wrong, the 7 B is worth {number(min(wrong))} to {number(max(wrong))} times the 13 B in compute;
            where it is right, {number(min(right))} to {number(max(right))} times. {safe}"""),
        paragraph(f"""Not asked: {"; ".join(f"{quoted(ids)} ({reason})" for reason, ids in reasons.items())};
            `subramanyam2025` (`besiroglu2024` at quality 1). Sizes without embeddings are taken as
            given."""),
    ]
