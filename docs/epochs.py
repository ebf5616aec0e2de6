"""The page on epochs, docs/epochs.md: every law of the catalogue that can be asked, on the same questions.

Every number that isoflop can compute is computed here. What papers found without printing a law stands in a
table of its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from math import sqrt
from typing import Any, NamedTuple

from prose import MADE, count, flop, listed, number, paragraph, percent, quoted, table
from rules_of_thumb import DENSE_SETTINGS, NOT_BY_SIZE

import isoflop as iso

OWN = ("muennighoff2023", "qin2026")
"""Laws of size and tokens that were fitted to repeats."""

BUDGET, SUPPLY = 1e23, 100e9
PLANS = ((1e9, 20e9), (7e9, 140e9), (30e9, 100e9))
"""Size and distinct tokens of the models that see them four times."""

PASSES = (2, 4, 8, 16, 32, 64)

PARAPHRASED = ((14e6, 20), (60e6, 20), (190e6, 20), (600e6, 20), (600e6, 80))
"""Sizes, and distinct tokens for each parameter, inside the range of `qin2026`."""

# Read in the papers, which print no law with coefficients for it.
OBSERVED = (
    ("arXiv:2608.14071", "best passes: 5 to 6 over mathematics, 4 to 5 code, 3 to 4 Wikipedia and medicine"),
    ("arXiv:2608.14071", "at fixed tokens: 6 or 7 passes at 348 M parameters, 2 at 1.85 B"),
    ("arXiv:2609.11917", "mixtures of experts lose from 4 passes on, dense models from 8"),
    ("arXiv:2605.01640", "the loss turns after U^0.40 / N^0.70 epochs; no coefficients"),
)  # fmt: skip


class Answer(NamedTuple):
    """The best plan of a law with a limited supply, and the compute that would do with free data."""

    size: float
    epochs: float
    loss: float
    free_size: float
    free_tokens: float
    worth: float
    extrapolation: float | None


def asked() -> tuple[str, ...]:
    """Return the laws that size and tokens alone suffice for, those fitted to repeats first."""
    others = []
    for id in iso.laws()["id"]:
        law = iso.law(id)
        rule = law.optimal is not None and law.optimal.kind == "rule"
        reads = "effective_tokens" in {name for _, reads in law.rows.values() for name in reads}
        if not (rule or id in OWN or id in NOT_BY_SIZE or id == "subramanyam2025") and reads:
            others.append(id)
    return (*OWN, *others)


@cache
def best(id: str) -> Answer | None:
    """Return what a law says of `BUDGET` and `SUPPLY`; None if it has no optimum there."""
    law, settings = iso.law(id), DENSE_SETTINGS.get(id, {})
    try:
        short = law.compute_optimal(BUDGET, method="search", unique_tokens=SUPPLY, **settings)
        free = law.compute_optimal(BUDGET, method="search", **settings)
        worth = float(law.equivalent_flops(short["loss"][0], **settings)) / BUDGET
    except iso.LawError:
        return None
    out = short["extrapolation"][0] if "extrapolation" in short.columns else None
    size, tokens = short.to_series(1)[0], short["tokens"][0]
    return Answer(
        size, tokens / SUPPLY, short["loss"][0], free.to_series(1)[0], free["tokens"][0], worth, out
    )


def bisect(of: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function that falls with a positive number is 0."""
    for _ in range(60):
        middle = sqrt(low * high)
        low, high = (middle, high) if of(middle) > 0 else (low, middle)
    return low


def loss(id: str, size: float, tokens: float, supply: float) -> float:
    """Return the loss of a law at a size, tokens, and how many of these are distinct."""
    law = iso.law(id)
    inputs: dict[str, Any] = {**DENSE_SETTINGS.get(id, {}), "tokens": tokens}
    if id == "liu2026":  # one bucket, the best: 5 % of a pool
        shares = {"share_1": 1.0, "share_2": 0.0, "share_3": 0.0, "share_4": 0.0, "share_5": 0.0}
        inputs |= {"pool_tokens": supply / 0.05, "params": size, **shares}
    else:
        name = next(x for x in ("params", "active_params", "non_embedding_params") if x in law.variables)
        inputs |= {name: size, "unique_tokens": supply}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", iso.IsoflopWarning)
        return float(law.loss(**inputs))


@cache
def share(id: str, size: float, supply: float, passes: float) -> float:
    """Return what passes over a supply are worth, as a share of as many fresh tokens."""
    total = passes * supply
    seen = loss(id, size, total, supply)
    return bisect(lambda fresh: loss(id, size, fresh, fresh) - seen, supply / 10, 2 * total) / total


def one_question() -> list[str]:
    """Return the section on the best plan."""
    answers = {id: answer for id in asked() if (answer := best(id)) is not None}
    rows = [
        [
            f"`{id}`",
            "own" if id in OWN else "borrowed",
            count(answer.size),
            number(answer.epochs),
            f"{answer.loss:.4f}",
            f"{count(answer.free_size)}; {count(answer.free_tokens)}",
            percent(answer.worth),
            "not stated" if answer.extrapolation is None else number(answer.extrapolation, 2),
        ]
        for id, answer in answers.items()
    ]
    own = [answers[id] for id in OWN]
    apart = max(a.size for a in own) / min(a.size for a in own)
    want = iso.allocation("delphi2026").compute_optimal(BUDGET)["tokens"][0]
    nothing = [id for id in asked() if id not in answers]
    return [
        f"## {count(SUPPLY)} distinct tokens and {flop(BUDGET)} FLOP",
        paragraph("""Which size, and how often through the data? "Own" laws were fitted to repeats. All
            others were fitted to fresh tokens and borrow the discount of `muennighoff2023` on the tokens,
            as the accounting has it; they do not borrow its discount on sizes that the data cannot feed.
            Worth is the compute that would do as well if there were fresh data enough. The last column
            has the decades outside the law's fitted range."""),
        table("law | repeats | best size | epochs | loss | with fresh data | worth | decades outside", rows),
        paragraph(f"""The two laws that were fitted to repeats are {number(apart)} times apart in size,
            and say {number(own[0].epochs)} and {number(own[1].epochs)} epochs. Both put the budget at
            {percent(min(a.worth for a in own))} to {percent(max(a.worth for a in own))} of its worth with
            fresh data. The rule `delphi2026`, which knows no repeats, asks for {count(want)} fresh
            tokens, by its own count of FLOP. No optimum at this budget: {quoted(nothing)}. No plan should
            rest on one of these lines alone."""),
    ]  # fmt: skip


def four_epochs() -> list[str]:
    """Return the section on what repeats are worth."""
    laws = (*OWN, "liu2026", "besiroglu2024")
    rows = [[f"`{id}`", *(f"{share(id, n, u, 4):.3f}" for n, u in PLANS)] for id in laws]
    every = [share(id, n, u, 4) for id in laws for n, u in PLANS]
    heads = [f"{count(n)} on {count(u)}" for n, u in PLANS]
    size, supply = PLANS[0]
    falls = [[f"`{id}`", *(f"{share(id, size, supply, p):.3f}" for p in PASSES)] for id in laws]
    last = [[f"`{id}`", *(f"{marginal(id, size, supply, p):.3f}" for p in PASSES)] for id in laws]
    return [
        "## What four epochs are worth",
        paragraph("""A model of the same size on fresh tokens reaches the same loss after a share of the
            tokens. The table gives this share for four epochs; `liu2026` is asked of one bucket of
            quality, and `besiroglu2024` stands for every dense law that borrows the discount."""),
        table(["law", *heads], rows),
        paragraph(f"""The shares go from {min(every):.2f} to {max(every):.2f}. That four epochs are all
            but free is what the oldest of these laws says, where the model is no larger than its data can
            feed; the newest says less, and less still for larger models, but reaches beyond its own runs
            to say so."""),
        f"## Epoch by epoch, {heads[0]}",
        "The mean worth of a token after so many epochs, as a share of a fresh one:",
        table(["law", *map(str, PASSES)], falls),
        "And what the tokens of the last of them add, as a share of as many fresh ones:",
        table(["law", *map(str, PASSES)], last),
    ]  # fmt: skip


def marginal(id: str, size: float, supply: float, passes: float) -> float:
    """Return what the last pass adds, as a share of as many fresh tokens."""
    before = share(id, size, supply, passes - 1) * (passes - 1) if passes > 2 else 1.0
    return share(id, size, supply, passes) * passes - before


def unanswered() -> list[str]:
    """Return the section on what no law here can say."""
    return [
        "## When a further epoch does harm",
        paragraph(f"""No law of the catalogue answers. {quoted((*OWN, "liu2026"))} saturate: what a repeat
            brings goes to nothing and never below. The forms that turn (Lovelace et al. 2026; Bryant and
            Liu 2026) were published without coefficients that we could obtain. What was observed, without
            a law:"""),
        table("source | finding", [[source, text] for source, text in OBSERVED], text=True),
    ]


def paraphrases() -> list[str]:
    """Return the section on paraphrases beside repeats."""
    rows: list[list[str]] = []
    better: list[str] = []
    for size, ratio in PARAPHRASED:
        supply = size * ratio
        seen = iso.law("qin2026-paraphrases").loss(
            non_embedding_params=size, tokens=4 * supply, paraphrases=3.0
        )
        again = loss("qin2026", size, 4 * supply, supply)
        fresh = loss("qin2026", size, 4 * supply, 4 * supply)
        name = f"{count(size)} on {count(supply)}"
        better += [name] if seen < again else []
        rows.append([name, f"{fresh:.4f}", f"{float(seen):.4f}", f"{again:.4f}"])
    return [
        "## A paraphrase or a repeat",
        paragraph("""`qin2026` and `qin2026-paraphrases` share everything but what a token of either is
            worth. Three further passes, or three paraphrases of everything by a model of 1.7 B, inside
            the range of the fit:"""),
        table("model | 4 times as much fresh | three paraphrases | four epochs", rows),
        paragraph(f"""Paraphrases are the better for {listed(better) or "none"}. The larger the model and
            its data, the sooner they are used up, in this law sooner than repeats."""),
    ]  # fmt: skip


@cache
def page() -> str:
    """Return the text of docs/epochs.md."""
    sections = [
        MADE.format(module="epochs"),
        "# How many epochs",
        paragraph("""Data run out before compute does, and the laws disagree on what to do then. This page
            puts the same questions to all of them. See [data quality](quality.md) for better data instead
            of more of it, and [the laws](laws/README.md) for what each was fitted on."""),
        *one_question(),
        *four_epochs(),
        *paraphrases(),
        *unanswered(),
    ]  # fmt: skip
    return "\n\n".join(sections) + "\n"
