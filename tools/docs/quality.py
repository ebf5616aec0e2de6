"""The page on data quality, docs/quality.md.

Every number on the page that isoflop can compute is computed here. Sentences that depend on numbers are
chosen by the numbers.
"""

from __future__ import annotations

import runpy
from functools import cache
from math import log, log10
from pathlib import Path
from typing import Any

import polars as pl

import isoflop as iso
from prose import MADE, count, flop, listed, number, paragraph, percent, points, table, table_of

# The page -------------------------------------------------------------------------------------------

LAWS = ("besiroglu2024", "hoffmann2022-tex", "muennighoff2023", "busbridge2025-supervised")
QUALITIES = (0.25, 0.5, 2.0)
BUDGETS = (1e21, 1e25)

DEEPSEEK = {"early in-house corpus": 0.450, "current in-house corpus": 0.524, "OpenWebText2": 0.578}
"""Exponents of the optimal size as printed: DeepSeek LLM (Bi et al. 2024), Table 4."""

CLOSE = 1e-5
"""What a search may be off by; it is good to about six digits."""

TRANSLATION = 0.173
"""Exponent of quality for machine translation: Subramanyam et al. 2025."""


@cache
def optimum(id: str, quality: float = 1.0, gamma: float | None = None) -> pl.DataFrame:
    """Return the optima of a law at `BUDGETS`, searched for, with data of a quality."""
    law = iso.law(id)
    if gamma is not None:
        law = law.replace(gamma=gamma)
    return law.compute_optimal(BUDGETS, method="search", quality=quality)


def exponent(id: str) -> float:
    """Return the exponent of the optimal size in compute, from the law's coefficients."""
    of = iso.law(id).coefficients
    return of["beta"] / (of["alpha"] + of["beta"])


def slope(sizes: pl.Series) -> float:
    """Return the exponent of the optimal size in compute between the two budgets."""
    return log10(sizes[-1] / sizes[0]) / log10(BUDGETS[-1] / BUDGETS[0])


def size(id: str) -> str:
    """Return the column of the optimal size, by the law's convention."""
    return optimum(id).columns[1]


def factor(id: str, quality: float, column: str) -> float:
    """Return by how much a quality multiplies a column of the optimum at the first budget."""
    return float(optimum(id, quality)[column][0] / optimum(id)[column][0])


def worth(id: str, quality: float) -> float:
    """Return the share of the first budget that would do as well on data of quality 1."""
    loss = optimum(id, quality)["loss"][0]
    return float(iso.law(id).equivalent_flops(loss) / BUDGETS[0])


def multiplier() -> list[str]:
    """Return the section on quality as a factor on the tokens."""
    rows = []
    off = [0.0]
    for id in LAWS:
        a = exponent(id)
        for q in QUALITIES:
            sizes, tokens = factor(id, q, size(id)), factor(id, q, "tokens")
            off += [abs(sizes / q**a - 1), abs(tokens * q**a - 1), abs(worth(id, q) / q - 1)]
            rows.append((f"`{id}`", number(a), number(q), number(q**a), number(sizes), number(q**-a),
                         number(tokens), number(worth(id, q))))  # fmt: skip
    moved = max(abs(slope(optimum(id, q)[size(id)]) - slope(optimum(id)[size(id)])) for id in LAWS
                for q in QUALITIES)  # fmt: skip
    assert max(off) < CLOSE
    assert moved < CLOSE
    return [
        "## A factor on the tokens",
        paragraph(f"""This is the accounting's `quality` q: a dense law reads q times the tokens, so B becomes
            B * q^-beta and nothing else changes. With a = beta / (alpha + beta), the exponent of the optimal
            size in compute, three things follow for a fixed budget. The optimal size is multiplied by q^a.
            The optimal tokens are multiplied by its inverse, since 6 * P * D must stay what it was. And data
            of quality q are worth exactly a factor q of **compute**, at every budget: half the quality is
            half the budget. The table holds the formulas against a search over sizes, at {flop(BUDGETS[0])}
            FLOP."""),
        table(
            "law | a | q | size: q^a | size, searched | tokens: q^-a | tokens, searched | worth in compute",
            rows,
        ),
        paragraph(f"""Formula and search differ by less than {flop(CLOSE, 1)} of the value. Between
            {flop(BUDGETS[0])} and {flop(BUDGETS[1])} FLOP no quality moves the exponent of the size by
            {flop(CLOSE, 1)}: a factor on the tokens shifts the line of optima and cannot turn it. Worse data
            therefore want a smaller model at a fixed budget, better data a larger one."""),
        paragraph("""So "poor data need k times as many tokens" is right as it stands for a model of a given
            size, and the budget is then k times as large too. At a fixed budget the answer is another: fewer
            parameters, and tokens up by less than k. See [the rules of thumb](rules-of-thumb.md)."""),
    ]


def by_exponent() -> list[str]:
    """Return the section on the exponent of Subramanyam et al. 2025."""
    id = "subramanyam2025"
    law = iso.law(id)
    gamma, beta, a = law.coefficients["gamma"], law.coefficients["beta"], exponent(id)
    betas = {"besiroglu2024": beta} | {x: iso.law(x).coefficients["beta"] for x in ("hoffmann2022",)}
    rows, off = [], [0.0]
    for q in (0.9, 0.75, 0.5, 0.25, 0.1):
        found = worth(id, q)
        off += [abs(found / q ** (gamma / beta) - 1), abs(factor(id, q, "params") / found**a - 1)]
        cells = [q ** (g / b) for g in (gamma, TRANSLATION) for b in betas.values()]
        rows.append((number(q), *map(number, cells), number(factor(id, q, "params"))))
    moved = max(abs(slope(optimum(id, q)["params"]) - slope(optimum(id)["params"])) for q in (0.5, 0.1))
    scales = [f"gamma {number(g)}, beta of `{x}`" for g in (gamma, TRANSLATION) for x in betas]
    powers = {x: gamma / b for x, b in betas.items()}
    compare = listed(f"Q^{number(power)} with the beta of `{x}`" for x, power in powers.items())
    harsher = all(power > 1 for power in powers.values())
    assert max(off) < CLOSE
    assert moved < CLOSE
    return [
        "## An exponent on the quality",
        paragraph(f"""Subramanyam et al. 2025 put Q^gamma beside the tokens: B / (D^beta * Q^gamma), with Q in
            (0, 1]. Data of quality Q are then worth Q^(gamma/beta) times their tokens. The paper's own beta
            was not obtained, so what Q is worth depends on the law that lends it: `subramanyam2025` of the
            catalogue is a labelled combination with `besiroglu2024`. Their gamma is {number(gamma)} for
            language models and {number(TRANSLATION)} for machine translation. At {number(gamma)}, data of
            quality Q are worth {compare}{": less than a factor of Q would be" if harsher else ""}."""),
        table(["Q", *scales, f"optimal size, `{id}`"], rows),
        paragraph(f"""The first number of each row was found again by the law's equivalent compute, and the
            last column by search: they are Q^(gamma/beta) and its power a = {number(a)} to within
            {flop(CLOSE, 1)}. So this is a factor on the tokens, on a scale of its own; the exponent of the
            optimal size moves by less than {flop(CLOSE, 1)}. Never feed a Q into `quality` of another law, or
            a factor into `subramanyam2025`."""),
    ]


def moving() -> list[str]:
    """Return the section on DeepSeek's allocation exponents."""
    rule = iso.allocation("deepseek2024").compute_optimal(BUDGETS)["params"]
    decades = log10(BUDGETS[1] / BUDGETS[0])
    a = exponent("besiroglu2024")
    low, high = min(DEEPSEEK.values()), max(DEEPSEEK.values())
    apart = high - low
    rows = [
        (corpus, f"{x:.3f}", number(10**x), number(10 ** (x * decades), 4)) for corpus, x in DEEPSEEK.items()
    ]
    rows.append(("`deepseek2024`, our value", f"{slope(rule):.3f}", number(10 ** slope(rule)),
                 number(rule[1] / rule[0], 4)))  # fmt: skip
    for id in LAWS[:2]:
        sizes = {q: optimum(id, q)["params"] for q in (0.5, 1.0)}
        for q, size in sizes.items():
            rows.append((f"`{id}`, q = {number(q)}", f"{slope(size):.3f}", number(10 ** slope(size)),
                         number(size[1] / size[0], 4)))  # fmt: skip
    step = 10 ** (apart / a)
    return [
        "## A moving exponent",
        paragraph(f"""DeepSeek LLM (Bi et al. 2024, Table 4) fitted the allocation on three corpora and found
            the exponent of the optimal size at {listed(f"{x:.3f}" for x in DEEPSEEK.values())}: the better
            the data, the more of new compute goes to size. That is a different claim from the two above: it
            turns the line of optima. The table tells how the optimal size grows."""),
        table(
            [
                "corpus or law",
                "exponent",
                "size, tenfold compute",
                f"size, {' to '.join(map(flop, BUDGETS))} FLOP",
            ],
            rows,
        ),
        paragraph(f"""Can a factor imitate it? Under `besiroglu2024`, the sizes of the best and of the first
            of these corpora drift apart by a factor of {number(10**apart)} for each tenfold compute, so the
            factor on the tokens would have to grow by 10^({number(apart)}/{number(a)}) = {number(step)} for
            each. A factor that is right at {flop(BUDGETS[0])} FLOP is wrong by a factor of
            {number(step**decades)} at {flop(BUDGETS[1])}. Both can hold together only if "quality" is worth
            more the larger the budget. The constants of two of the three fits were not obtained, so the
            catalogue has the rule of the current corpus only, and no quality enters it. If your own runs on
            two corpora show different exponents, fit a law to each (`iso.Law`) and leave `quality` at 1."""),
    ]


def repetition() -> list[str]:
    """Return the section on what R_D* beside another law assumes."""
    scale = iso.law("muennighoff2023").coefficients["R_D_star"]
    size, tokens = 7e9, 140e9
    epochs = (1.0, 4.0, 16.0, 40.0)
    unique = [tokens / e for e in epochs]
    plan = {"params": size, "tokens": tokens, "unique_tokens": unique}
    shares: dict[str, list[float]] = {}
    for id in ("besiroglu2024", "hoffmann2022-tex"):
        for times in (0.5, 1.0, 2.0) if id == "besiroglu2024" else (1.0,):
            plans = plan | {"repetition_scale": scale * times}
            losses = table_of(plans, ["loss"], id)["loss"]
            name = f"`{id}`, R_D* = {number(scale * times)}"
            shares[name] = [iso.law(id).equivalent_flops(loss) for loss in losses]
    own = iso.law("muennighoff2023")
    losses = table_of(plan, ["loss"], own)["loss"]
    shares["`muennighoff2023` itself"] = [own.equivalent_flops(loss) for loss in losses]
    rows = [(name, *(percent(x / values[0], 3) for x in values)) for name, values in shares.items()]
    borrowed, itself = (
        shares[name] for name in (f"`besiroglu2024`, R_D* = {number(scale)}", "`muennighoff2023` itself")
    )
    worst = max(abs(b / borrowed[0] - i / itself[0]) for b, i in zip(borrowed, itself, strict=True))
    harder = all(i / itself[0] <= b / borrowed[0] for b, i in zip(borrowed, itself, strict=True))
    return [
        "## Repetition, borrowed",
        paragraph(f"""Any law gets its discount of repeated tokens from R_D* = {number(scale)} of
            `muennighoff2023` (`repetition_scale`; `explain` says so). Beside another law this assumes that a
            repeated token loses its worth at the same pace whatever the tokenizer, the corpus, the size of
            the model and the quality of the data; that the constant still holds with another beta, though it
            was fitted together with that law's own; and that a model too large for its unique data is not
            punished for it, for the second half of the law, R_N*, stays behind. How much that is, for a model
            of {count(size)} on {count(tokens)} tokens, of which less and less is unique: equivalent compute
            as a share of that without repetition."""),
        table(["law", *(f"{number(e)} epoch{'s' if e > 1 else ''}" for e in epochs)], rows),
        paragraph(f"""The law itself is {"harder" if harder else "not always harder"} on repetition than its
            borrowed half, by up to {percent(worst)} of the compute. None of them can show a loss that rises
            with the epochs: such runs were left out of the fit."""),
    ]


EXAMPLE = Path(__file__).parents[2] / "examples" / "pools_mixture.py"


@cache
def example() -> dict[str, Any]:
    """Return the names that examples/pools_mixture.py defines."""
    return runpy.run_path(str(EXAMPLE))


@cache
def mixture(price: float) -> tuple[pl.DataFrame, dict[str, float | None]]:
    """Return the plans and the crossings of the example."""
    return example()["compare"]([1e24, 1e26], price), example()["crossings"](price)


def pools() -> list[str]:
    """Return the section on pools and what the example finds."""
    names = example()
    curated, web = names["POOLS"].rows(named=True)
    scale = iso.law("muennighoff2023").coefficients["R_D_star"]
    low, high = flop(names["LOWEST"]), flop(names["HIGHEST"])
    plans, told = [], []
    for price in (0.0, names["PRICE"]):
        frame, crossings = mixture(price)
        paid = f"At {flop(price, 1)} dollars a curated token" if price else "With data for free"
        for row in frame.iter_rows(named=True):
            plans.append((
                f"{flop(row['budget'])}, {'priced' if price else 'free'}", row["choice"],
                count(row["params"]),
                *(count(row[f"{p}_tokens"]) for p in ("curated", "web")),
                *(number(row[f"{p}_epochs"], 2) for p in ("curated", "web")),
                count(row["data_usd"]), count(row["total_usd"]), f"{row['loss']:.4f}",
                percent(row["worth"], 3),
            ))  # fmt: skip
        at = [f"{paid},"]
        change = crossings["pool"]
        if change is None:
            first = names["compare"]([names["LOWEST"]], price).sort("worth")["choice"]
            better = next(x for x in reversed(first.to_list()) if x != "mixture")
            at.append(f"{better} data alone are the better pool at every budget from {low} to {high} FLOP;")
        else:
            pair = names["compare"]([change / 1.1, change * 1.1], price).filter(pl.col("choice") != "mixture")
            better = (
                pair.sort("worth").group_by("budget", maintain_order=True).last().sort("budget")["choice"]
            )
            at.append(
                f"{better[0]} data are the better pool up to {flop(change)} FLOP and {better[1]} data above;"
            )
        start = crossings["mixture"]
        if start is None:
            at.append("at none of them is the mixture worth over 1 % more compute than the better pool.")
        else:
            both = names["best"]([start], price, "mixture").row(0, named=True)
            at.append(f"""the mixture is worth over 1 % more compute than the better pool from {flop(start)}
                FLOP on, where the curated pool has been seen {number(both["curated_epochs"])} times and the
                web {number(both["web_epochs"])} times, {number(both["extrapolation"], 2)} decades outside the
                range of the law.""")
        told.append(" ".join(at))
    gains = [
        row["mixture"] / max(row["curated"], row["web"]) - 1
        for price in (0.0, names["PRICE"])
        for row in mixture(price)[0].pivot("choice", index="budget", values="worth").iter_rows(named=True)
    ]
    turn = 1 + scale * log(curated["quality"] / web["quality"])
    return [
        "## Pools",
        paragraph("""A sweep with `pools=` takes a frame of pools with their quality, supply and price; the
            tokens taken from the pool `web` are `web_tokens`, an axis or a formula of yours. Effective tokens
            are the sum over the pools of quality times tokens, each discounted by its own epochs; `data_usd`
            pays each distinct token once. What this assumes: tokens of different pools neither help nor hurt
            each other, and a pool is repeated only when it has run out. Buying a tenth of a pool and
            repeating that is another pool, of a tenth of the supply."""),
        paragraph(f"""[examples/pools_mixture.py](../examples/pools_mixture.py) asks whether to mix: a curated
            pool of {count(curated["unique_tokens"])} unique tokens of quality {number(curated["quality"])},
            and a web pool of {count(web["unique_tokens"])} of quality {number(web["quality"])}, under
            `{names["LAW"].id}`. Where curated tokens have a price, the money that the budget's FLOP cost has
            to pay for them too. Worth is equivalent compute over the budget, against endless curated data for
            free."""),
        table(
            """budget, data | choice | size | curated tokens | web tokens | curated epochs | web epochs |
            data, dollars | total, dollars | loss | worth""",
            plans,
        ),
        points(told),
        paragraph(f"""At these two budgets mixing gains
            {"nothing" if max(gains) < 1e-6 else percent(max(gains))}. The reason is in the law: a repeated
            curated token is worth more than a fresh web token until the repetition number R at which
            exp(-R/R_D*) falls to {number(web["quality"])}: until the pool has been seen {number(turn)} times.
            Before that, the best mixture takes one pool only: the curated one where compute is dear beside
            data, the web where data is dear beside compute. The answer rests on R_D* far outside what it was
            fitted on together with this law, and on the quality, which is an assumption."""),
    ]


@cache
def page() -> str:
    """Return the text of docs/quality.md."""
    sections = [
        MADE.format(source="quality.py"),
        "# Data quality",
        paragraph("""There is no common scale for the quality of data, and the literature writes it into
            scaling laws in three ways: as a factor on the tokens, as a quality with an exponent, and as a
            change of the allocation exponent. The first two are one thing on two scales. The third is
            something else: no factor can do what it says. Whatever the form, the number itself is yours to
            measure: train small models on each corpus, evaluate them on one set, and ask by how many tokens
            they differ."""),
        *multiplier(),
        *by_exponent(),
        *moving(),
        *repetition(),
        *pools(),
    ]
    return "\n\n".join(sections) + "\n"
