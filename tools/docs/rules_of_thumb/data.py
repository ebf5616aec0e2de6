"""The worth of good tokens against poor ones, and of tokens read again."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

import isoflop as iso
from prose import count, listed, number, paragraph, percent, table, table_of
from quality import TRANSLATION, exponent

WORTHS = (2.0, 3.0, 4.0, 5.0)


@cache
def epoch_worths() -> pl.DataFrame:
    """Return what the tokens of each epoch are worth, for the first 40 of a thousand million tokens."""
    unique = 1e9
    plans = {
        "params": [1e6] * 40,
        "tokens": [unique * e for e in range(1, 41)],
        "unique_tokens": [unique] * 40,
    }
    useful = table_of(plans, ["useful_tokens"], "muennighoff2023")["useful_tokens"] / unique
    epochs = pl.Series(range(1, 41))
    return pl.DataFrame(
        {"epoch": epochs, "mean": useful / epochs, "last": useful.diff().fill_null(useful[0])}
    )


def good_and_poor() -> list[str]:
    """Return the section on the worth of good tokens against poor ones."""
    gamma = iso.law("subramanyam2025").coefficients["gamma"]
    betas = {id: iso.law(id).coefficients["beta"] for id in ("besiroglu2024", "hoffmann2022")}
    epochs = epoch_worths()
    rows, until = [], {}
    for k in WORTHS:
        qualities = [(1 / k) ** (beta / g) for g in (gamma, TRANSLATION) for beta in betas.values()]
        until[k] = epochs.filter(pl.col("last") >= 1 / k).height
        rows.append((number(k), number(1 / k), *map(number, qualities), str(until[k])))
    scales = [f"Q: gamma {number(g)}, `{id}`" for g in (gamma, TRANSLATION) for id in betas]
    language = [(1 / k) ** (b / gamma) for k in (3.0, 5.0) for b in betas.values()]

    shown = (2, 4, 8, 16, 24, 40)
    last = [number(epochs["last"][e - 1], 2) for e in shown]

    size_rows = []
    for id in ("besiroglu2024", "hoffmann2022-tex", "gadre2024-c4"):
        law = iso.law(id)
        base = law.compute_optimal(1e22, method="search").row(0, named=True)
        for k in (2.0, 3.0, 5.0):
            poor = law.compute_optimal(1e22, quality=1 / k).row(0, named=True)
            more = law.compute_optimal(k * 1e22, quality=1 / k).row(0, named=True)
            size_rows.append((
                f"`{id}`", number(k), number(poor["params"] / base["params"]),
                number(poor["tokens"] / base["tokens"]),
                percent(float(law.equivalent_flops(poor["loss"])) / 1e22, 3),
                f"{number(more['params'] / base['params'])}; {number(more['tokens'] / base['tokens'])}",
                f"{abs(more['loss'] - base['loss']):.4f}",
            ))  # fmt: skip
    a = exponent("besiroglu2024")
    return [
        "## One good token is worth 3 to 5 poor ones; poor data need 2 to 5 times as many tokens",
        paragraph(f"""Both rules are one statement, a factor q = 1/k on the tokens, with k from 2 to 5:
            `quality` of {number(1 / 5)} to {number(1 / 2)}. No published law derives it; each can only say to
            what it amounts. The table gives the quality Q at which Subramanyam et al. 2025 (worth
            Q^(gamma/beta)) give the same, with gamma {number(gamma)} for language and {number(TRANSLATION)}
            for translation and a beta that another law has to lend; and the last epoch in which a repeated
            good token is still worth more than a fresh poor one under `muennighoff2023`."""),
        table(["k", "q", *scales, "repeat good data up to epoch"], rows),
        paragraph(f"""So "3 to 5" is a Q between {number(min(language))} and {number(max(language))} on that
            paper's scale, which was made by putting noise into data. Where web text stands on it against
            textbooks, nobody has measured."""),
        paragraph(f"""The comparison with repetition is the sharper one. By the discount of `muennighoff2023`
            a token of epoch {listed(map(str, shown))} is worth {listed(last)} of a fresh one. If a good token
            is worth 3 poor ones, the good data should be seen {until[3.0]} times before the first poor token
            is used, and {until[5.0]} times if it is worth 5. Against it: the law was fitted without runs
            whose loss rose with the epochs, it knows no gain from variety, and its second discount, for
            models too large for their unique data, is left out here. Who mixes in poor data after a few
            epochs believes that a good token is worth less than {number(1 / epochs["last"][4])} poor ones (5
            epochs), or that this law is wrong."""),
        paragraph("""What poor data do to the optimum, at 1e22 FLOP: factors on size and tokens at the same
            budget, and what the budget is then worth; and with k times the budget, where size and tokens go
            and how much loss remains against good data."""),
        table(
            "law | k | size | tokens | worth of the budget | k budgets: size; tokens | loss, added", size_rows
        ),
        paragraph(f"""With k times the budget the optimal size is the old one and the tokens are k times as
            many: the second rule is exact there. At a fixed budget the right answer is to shrink the model,
            by k^-{number(a)} under `besiroglu2024`, and to see only k^{number(1 - a)} times the tokens. See
            [data quality](quality.md)."""),
    ]


EPOCHS = (1, 2, 4, 8, 16, 40)
RUNS = ((7e9, 140e9), (1e9, 140e9))


def repetition() -> list[str]:
    """Return the section on epochs."""
    own, other = iso.law("muennighoff2023"), iso.law("besiroglu2024")
    worth = epoch_worths()
    rows: list[tuple[str, ...]] = []
    shares, extra, lends = {}, {}, {}
    for size, tokens in RUNS:
        plans = {
            "params": [size] * len(EPOCHS), "tokens": [tokens] * len(EPOCHS),
            "unique_tokens": [tokens / e for e in EPOCHS],
        }  # fmt: skip
        losses = table_of(plans, ["loss"], own)["loss"].to_numpy()
        alone = np.asarray(own.equivalent_flops(losses))
        borrowed = np.asarray(other.equivalent_flops(table_of(plans, ["loss"], other)["loss"].to_numpy()))
        for i, e in enumerate(EPOCHS):
            shares[size, e] = alone[i] / alone[0]
            if e == 4:
                extra[size] = losses[i] - losses[0]
                lends[size] = borrowed[i] / borrowed[0]
            row = worth.row(e - 1, named=True)
            rows.append((
                f"{count(size)} on {count(tokens)}", str(e), f"{row['mean']:.3f}", f"{row['last']:.3f}",
                f"{losses[i]:.4f}", f"{losses[i] - losses[0]:.4f}",
                percent(alone[i] / (6 * size * tokens), 3),
                percent(alone[i] / alone[0], 3), percent(borrowed[i] / borrowed[0], 3),
            ))  # fmt: skip
    four, forty = worth.row(3, named=True), worth.row(39, named=True)
    fit = {count(size): shares[size, 4] for size, _ in RUNS}
    worst = min(fit, key=fit.__getitem__)
    best = max(fit, key=fit.__getitem__)
    feeds = float(own.compute_optimal(1e21)["tokens_per_param"][0])
    limits = [f"beyond {d / p / feeds:.1f} epochs for the {count(p)}" for p, d in RUNS]
    lent = [f"{percent(lends[size])} for the {count(size)}" for size, _ in RUNS]
    added = [f"{extra[size]:.4f} for the {count(size)}" for size, _ in RUNS]
    seen = own.coefficients["R_D_star"]
    return [
        "## Up to four epochs are nearly free",
        paragraph(f"""Muennighoff et al. 2023: repeated tokens lose their worth with a constant of
            {number(seen)} repetitions. The table keeps size and tokens and makes less and less of the tokens
            unique. Worth is against fresh tokens, mean over all epochs and in the last one; efficiency is
            compute-efficiency under the law; then equivalent compute against the same run without repetition,
            under the law itself and under `besiroglu2024` with the borrowed discount."""),
        table(
            "run | epochs | worth, mean | worth, last | loss | added | efficiency | against fresh | borrowed",
            rows,
        ),
        paragraph(f"""By worth per token the rule holds: {number(four["mean"])} on the mean of 4 epochs, and
            {number(forty["mean"])} of 40, the last of which adds {number(forty["last"], 2)}. By loss it
            depends on the run: 4 epochs leave {percent(fit[best])} of the compute for the {best} and
            {percent(fit[worst])} for the {worst}. The law has a second discount: a model larger than its
            unique data can feed, at {number(feeds)} unique tokens per parameter, loses worth too,
            {listed(limits)}. So the rule is good for overtrained models and optimistic for those near the
            optimum; a law that borrows the discount of tokens alone sees little of the difference
            ({listed(lent)} under `{other.id}`). In loss 4 epochs add {listed(added)}. No law here can show a
            loss that rises with the epochs. Newer laws of repeats say less than this one: see
            [how many epochs](epochs.md)."""),
    ]
