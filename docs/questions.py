"""The page of six questions, docs/questions.md: what the laws answer, and what no law does.

Every number that isoflop can compute is computed here. Sentences that depend on numbers are chosen by them.
"""

from __future__ import annotations

import warnings
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from epochs import asked, bisect
from numpy.typing import NDArray
from prose import MADE, count, flop, listed, number, paragraph, percent, points, quoted, table, table_of
from rules_of_thumb import DENSE_SETTINGS

import isoflop as iso

Floats = NDArray[np.float64]

FEW = ("besiroglu2024", "hoffmann2022-tex", "muennighoff2023", "qin2026", "busbridge2025-supervised")
"""Laws that stand for others where a row for each would be too many."""


def loss(id: str, **inputs: Any) -> Any:
    """Return what a law says; that it leaves its range is said beside the number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", iso.IsoflopWarning)
        return iso.law(id).loss(**inputs)


def value(id: str, name: str, **inputs: float) -> float:
    """Return a quantity of a law."""
    return float(table_of({key: [x] for key, x in inputs.items()}, [name], id)[name][0])


def size_name(id: str) -> str:
    """Return the name of the size that a law reads."""
    variables = iso.law(id).variables
    return next(name for name in ("params", "active_params", "non_embedding_params") if name in variables)


def nothing(*texts: str) -> list[str]:
    """Return the end of a section: what no law answers."""
    return ["No law answers:", points(texts)]


# What do parameters decide? -------------------------------------------------------------------------

SIZES = (1e9, 7e9, 70e9)
TEXTBOOKS = 1.4e10
"""Bits of English Wikipedia and textbooks, at most: Allen-Zhu and Li 2024."""


@cache
def capacity() -> list[list[str]]:
    """Return what sizes can know."""
    states = {"1,000 exposures": {"fact_exposures": 1000.0}, "100 exposures": {"fact_exposures": 100.0},
              "1,000 exposures, then int4": {"bits_per_param": 0.7}}  # fmt: skip
    rows = []
    for size, (name, state) in product(SIZES, states.items()):
        plan = {"params": [size], **{key: [x] for key, x in state.items()}}
        found = table_of(plan, ["knowledge_bits", "known_facts"]).row(0, named=True)
        rows.append([f"{count(size)}, {name}", flop(found["knowledge_bits"]), count(found["known_facts"])])
    return rows


def parameters() -> list[str]:
    """Return the section on what parameters decide."""
    needed = TEXTBOOKS / table_of({"params": [1.0]}, ["knowledge_bits"])["knowledge_bits"][0]
    random = table_of({"params": [7e9]}, ["memorized_bits"])["memorized_bits"][0]
    asks = ("loss", "accuracy_mmlu", "accuracy_hellaswag")
    plans = {"params": list(SIZES), "tokens": [1e12] * len(SIZES)}
    found = table_of(plans, asks, "besiroglu2024")
    rows = [
        [count(row["params"]), *(f"{row[name]:.3f}" for name in asks)] for row in found.iter_rows(named=True)
    ]
    plans = {"params": [7e9, 7e9, 70e9], "tokens": [1e12, 1e13, 1e12]}
    ten = table_of(plans, ["loss"], "besiroglu2024")["loss"]
    more = "tokens" if ten[1] < ten[2] else "parameters"
    return [
        "## What do parameters decide?",
        paragraph("""First, how much a model can know. At most two bits for each stored parameter, those
            of idle experts included, if each fact is seen a thousand times; half of that after a
            hundred; a third of it in int4 (Allen-Zhu and Li 2024, on made-up biographies of 47.6 bits
            each)."""),
        table("model | bits | persons", capacity()),
        paragraph(f"""All of English Wikipedia and the textbooks are put below {flop(TEXTBOOKS)} bits by
            the same authors: {count(needed)} parameters hold them, had each fact its thousand
            exposures. Random text is another thing: 7 B parameters memorise {flop(random)} bits of it
            (Morris et al. 2025), which is no knowledge that can be asked for. The two numbers must not
            be averaged."""),
        "Second, the loss, and with it the accuracy; here on 1 T tokens:",
        table("size | loss, `besiroglu2024` | MMLU | HellaSwag", rows),
        paragraph(f"""Parameters do not decide this alone: at 7 B and 1 T tokens, ten times the {more}
            lower the loss more than ten times the {"parameters" if more == "tokens" else "tokens"}
            ({ten[0]:.3f} to {ten[1]:.3f} with tokens, to {ten[2]:.3f} with parameters,
            `besiroglu2024`)."""),
        *nothing(
            "Which facts are kept when there are more than fit.",
            "Skill: reasoning, languages, code. The bits bound knowledge only.",
            "Exposures between, below and above the two counts: the line through them is isoflop's.",
        ),
    ]  # fmt: skip


# Is GPT-3 overfitted? -------------------------------------------------------------------------------

GPT3 = (175e9, 300e9)


@cache
def trained() -> dict[str, tuple[float, float, float]]:
    """Return for each law the best size and tokens of GPT-3's budget, and what share of it GPT-3 is worth."""
    budget, found = 6 * GPT3[0] * GPT3[1], {}
    for id in asked():
        law = iso.law(id)
        settings: dict[str, Any] = {**DENSE_SETTINGS.get(id, {})}
        try:
            best = law.compute_optimal(budget, **settings)
            mine = float(loss(id, **{size_name(id): GPT3[0], "tokens": GPT3[1]}, **settings))
            worth = float(law.equivalent_flops(mine, **settings)) / budget
        except iso.LawError:
            continue
        found[id] = (best.to_series(1)[0], best["tokens"][0], worth)
    return found


def gpt3() -> list[str]:
    """Return the section on GPT-3."""
    size, tokens = GPT3
    every = trained()
    under = [id for id, (best, _, _) in every.items() if best < size]
    rows = [[f"`{id}`", count(best), count(data), number(data / best), percent(worth)]
            for id, (best, data, worth) in every.items() if id in FEW or id not in under]  # fmt: skip
    plain = [id for id in every if id not in under]
    worths = sorted(every[id][2] for id in under)
    useful = (
        value("muennighoff2023", "useful_tokens", params=size, tokens=tokens, unique_tokens=tokens) / tokens
    )
    assert useful == 1
    return [
        "## Is GPT-3 overfitted?",
        paragraph(f"""{count(size)} parameters on {count(tokens)} tokens: {number(tokens / size)} tokens
            for each parameter, in one pass or little more. To overfit is to learn one's own data at the
            expense of others; what is seen once is new when it is seen, and the laws of repeats take
            nothing off for it: `muennighoff2023` counts {percent(useful)} of the tokens. The word that
            is meant is undertrained: the same compute would have bought a better model, smaller and
            longer trained."""),
        table("law | best size | tokens | tokens per parameter | GPT-3 is worth", rows),
        paragraph(f"""{len(under)} of {len(every)} laws say so: GPT-3 is as good as the best model of
            {percent(worths[0])} to {percent(worths[-1])} of its compute, of
            {percent(worths[len(worths) // 2])} in the middle of them. The others ({quoted(plain)})
            would have had it larger still."""),
        *nothing(
            "What GPT-3 itself would have reached: none of these laws was fitted on its data or its shape.",
            "How much of its data it can recite: memorising what is repeated does not overfit the whole.",
        ),
    ]  # fmt: skip


# When does more data hurt? --------------------------------------------------------------------------

LAYOUTS = {"bf16 (E8M7)": (8, 7), "FP8 (E4M3)": (4, 3), "FP6 (E3M2)": (3, 2), "FP4 (E2M1)": (2, 1)}
TRAINED_IN = (1e9, 7e9, 70e9)
BITS = (2, 3, 4)
RATIOS = (0.0, 0.25, 1.0, 4.0)
HUMAN = (3.0, 20.0, 80.0)


@cache
def turn(size: float, bits: float) -> float:
    """Return the tokens past which quantising after training loses more than the tokens win: Ouyang et al."""
    tokens = np.geomspace(1e9, 1e14, 20_001)
    found: Floats = loss("ouyang2024", non_embedding_params=size, tokens=tokens, weight_bits=float(bits))
    return float(tokens[found.argmin()])


@cache
def turn_of_integers() -> float:
    """Return the tokens past which weights and activations of 4 bits do harm to 7 B parameters."""
    tokens = np.geomspace(1e11, 1e17, 20_001)
    found: Floats = loss("chen2025-qat-w4a4", params=7e9, tokens=tokens, group_size=128.0)
    return float(tokens[found.argmin()])


def harm() -> list[str]:
    """Return the section on when more data hurt."""
    rows = []
    for name, (exponent, mantissa) in LAYOUTS.items():
        found = [
            value("sun2025", "critical_tokens", params=size, tokens=1e11, exponent_bits=float(exponent),
                  mantissa_bits=float(mantissa), block_size=128.0)
            for size in TRAINED_IN
        ]  # fmt: skip
        rows.append([name, *(count(x) for x in found)])
    after = [[f"{bits} bits", *(count(turn(size, bits)) for size in TRAINED_IN)] for bits in BITS]
    mixed, signs = [], {}
    for ratio in HUMAN:
        human = ratio * 1e8
        losses = [float(loss("russell2026", params=1e8, tokens=human * (1 + r), ai_ratio=r)) for r in RATIOS]
        signs[ratio] = losses[1] < losses[0]
        mixed.append([f"{number(ratio)} human tokens per parameter", *(f"{x:.4f}" for x in losses)])
    helps = [f"{number(r)}" for r, sign in signs.items() if sign]
    hurts = [f"{number(r)}" for r, sign in signs.items() if not sign]
    return [
        "## When does more data hurt?",
        paragraph(f"""In the common form, never: every law of size and tokens of the usual shape falls
            with the tokens, and the laws of repeats saturate (see [epochs](epochs.md)). Three kinds of
            laws turn. Training in few bits, by exponent and mantissa, blocks of 128 (`sun2025`): the
            tokens past which the loss rises. Quantisation-aware training in 4-bit integers turns too,
            for 7 B at {count(turn_of_integers())} (`chen2025-qat-w4a4`)."""),
        table(["trained in", *(count(x) for x in TRAINED_IN)], rows),
        paragraph("""Quantising the weights after training in 16 bits (`ouyang2024`): the longer a model
            was trained, the more its weights hold, and the more is lost. Past these tokens the
            quantised model gets worse, though the model itself gets better:"""),
        table(["weights in", *(count(x) for x in TRAINED_IN)], after),
        paragraph("""A warning that belongs to the second table: the fit saw at most 3e11 tokens and 12
            B parameters. And text that models wrote (`russell2026`, a model of 100 M): the loss in bits
            per byte, with so many tokens by models for each human one added."""),
        table(["data", *(number(r) for r in RATIOS)], mixed),
        paragraph(f"""A quarter more of such text helps at {listed(helps) or "none of these"} human
            tokens per parameter, and does harm at {listed(hurts) or "none of these"}."""),
        *nothing(
            "When a further epoch does harm: no coefficients of a form that turns were to be had.",
            "What one bad document does. All these are averages over a corpus.",
            "Forgetting: what later data take from what earlier data gave.",
        ),
    ]  # fmt: skip


# What is good data worth? ---------------------------------------------------------------------------

MORE = 1.4
LLAMAS = ((7e9, 1.0e12), (65e9, 1.4e12))
DOMAINS = ("academic", "prose", "dialogue", "symbolic")


@cache
def forty(id: str, size: float, tokens: float) -> tuple[float, float, float]:
    """Return the loss of a plan, that on forty per cent more tokens, and what the latter is in compute."""
    law, name = iso.law(id), size_name(id)
    before, after = (float(loss(id, **{name: size, "tokens": tokens * x})) for x in (1.0, MORE))
    return before, after, float(law.equivalent_flops(after) / law.equivalent_flops(before))


@cache
def best_mixture() -> tuple[dict[str, float], float, float]:
    """Return the best shares of `ye2024` on a grid of a twentieth, their loss, and that of equal shares."""
    grid = np.arange(1, 12) / 20
    shares = np.array([x for x in product(grid, repeat=4) if sum(x) < 1 - 1 / 40])
    found: Floats = loss("ye2024", **{f"share_{d}": shares[:, i] for i, d in enumerate(DOMAINS)})
    place = int(found.argmin())
    equal = float(loss("ye2024", **{f"share_{d}": 0.2 for d in DOMAINS}))
    chosen = dict(zip(DOMAINS, map(float, shares[place]), strict=True))
    return chosen | {"internet": 1 - sum(chosen.values())}, float(found[place]), equal


def buckets(*shares: float) -> float:
    """Return the loss of 7 B on 300 B tokens of a pool as large, by the shares of its first five buckets."""
    inputs = {f"share_{i}": share for i, share in enumerate(shares, 1)}
    return float(loss("liu2026", params=7e9, tokens=3e11, pool_tokens=3e11, **inputs))


def good_data() -> list[str]:
    """Return the section on what good data are worth."""
    rows, gains = [], []
    for (size, tokens), id in product(LLAMAS, ("besiroglu2024", "hoffmann2022-tex", "mcleish2025-all")):
        before, after, compute = forty(id, size, tokens)
        gains.append(compute)
        name = f"{count(size)} on {count(tokens)}, `{id}`"
        rows.append([name, f"{before:.4f}", f"{after:.4f}", number(compute)])
    shares, best, equal = best_mixture()
    mixture = listed(f"{name} {percent(share)}" for name, share in shares.items())
    recipes = {
        "as the pool comes: 5, 15, 20, 20, 20, 20 %": buckets(0.05, 0.15, 0.2, 0.2, 0.2),
        "as much of each bucket": buckets(*[1 / 6] * 5),
        "the best 5 % sixteen times, the next 15 %": buckets(0.8, 0.2, 0, 0, 0),
        "54 and 46 % of the best two": buckets(0.536, 0.464, 0, 0, 0),
        "the best 5 % alone, twenty times": buckets(1, 0, 0, 0, 0),
    }
    least = min(recipes.values())
    return [
        "## What is good data worth?",
        paragraph(f"""LLaMA 2 had forty per cent more tokens than LLaMA 1, {count(2e12)} instead of
            {count(1.4e12)}, and cleaner ones. The forty per cent can be told; as a factor of `quality`
            on the tokens, data that are worth {MORE} times as much are the same thing, to the bit. At
            the sizes and tokens of LLaMA 1:"""),
        table("model and law | loss | 1.4 times the tokens | worth in compute", rows),
        paragraph(f"""So forty per cent more, or forty per cent better, is {min(gains):.2f} to
            {max(gains):.2f} times the compute: it depends on how far the model is past its optimum.
            Which part of LLaMA 2's gain was cleaning, no law can tell: the factor has to be measured,
            on small models trained on both."""),
        paragraph("""Two laws say what choosing among data is worth. Buckets of quality, repeated
            (`liu2026`, 7 B on 300 B tokens of a pool of as many; only ratios of its losses are
            certain):"""),
        table("recipe | loss, as a multiple of the least here",
              [[name, f"{x / least:.4f}"] for name, x in recipes.items()]),
        paragraph(f"""And shares of five domains (`ye2024`, 70 M on 30 B tokens of the Pile): the best
            mixture on a grid of a twentieth is {mixture}, with a loss of {best:.4f} against {equal:.4f}
            at equal shares."""),
        *nothing(
            "What a token of your corpus is worth. That is measured: see [data quality](quality.md).",
            "Whether quality moves exponents as well: a study finds it does, in units that are not settled.",
        ),
    ]  # fmt: skip


# Distil, quantise or train small? -------------------------------------------------------------------

STUDENT, TEACHER = 1e9, (7e9, 140e9)
STUDENT_TOKENS = (2e10, 1e11, 1e12)


@cache
def distilled(tokens: float) -> tuple[float, float, float, float]:
    """Return the losses of teacher, student, and one alone: on as many tokens, for as much compute."""
    teacher = float(loss("busbridge2025-supervised", non_embedding_params=TEACHER[0], tokens=TEACHER[1]))
    inputs = {"non_embedding_params": STUDENT, "tokens": tokens}
    student = float(loss("busbridge2025-student", teacher_loss=teacher, **inputs))
    alone = float(loss("busbridge2025-supervised", non_embedding_params=STUDENT, tokens=tokens))
    # A forward pass of the teacher for each token is 2 * N; the student's training is 6 * N.
    more = tokens * (6 * STUDENT + 2 * TEACHER[0]) / (6 * STUDENT)
    same = float(loss("busbridge2025-supervised", non_embedding_params=STUDENT, tokens=more))
    return teacher, student, alone, same


@cache
def best_teacher(tokens: float) -> float:
    """Return the loss of the teacher under which the student is best."""
    teachers = np.linspace(1.3, 3.0, 17_001)
    inputs = {"non_embedding_params": STUDENT, "tokens": tokens}
    found: Floats = loss("busbridge2025-student", teacher_loss=teachers, **inputs)
    return float(teachers[found.argmin()])


def quantised() -> list[list[str]]:
    """Return models of equal bytes: N parameters in 16 bits, and 4 * N in 4."""
    rows = []
    for law, size, plain, other in (
        ("ouyang2024", "non_embedding_params", "base", {"weight_bits": 4.0}),
        ("chen2025-qat-w4a16", "params", "loss - delta", {"group_size": 128.0}),
    ):
        for tokens in (1e11, 3e11, 2e12):
            small = value(law, plain, **{size: 1e9, "tokens": tokens}, **other)
            large, equal = (
                float(loss(law, **{size: 4e9, "tokens": x}, **other)) for x in (tokens, tokens / 4)
            )
            when = "after" if law == "ouyang2024" else "in"
            rows.append([
                f"{when} training, `{law}`", count(tokens), f"{small:.4f}", f"{large:.4f}", f"{equal:.4f}",
                *("4 bits" if x < small else "16 bits" for x in (large, equal)),
            ])  # fmt: skip
    return rows


def small_models() -> list[str]:
    """Return the section on distilling, quantising and training small."""
    rows, wins = [], []
    for tokens in STUDENT_TOKENS:
        teacher, student, alone, same = distilled(tokens)
        wins += [count(tokens)] if student < same else []
        losses = (student, alone, same)
        rows.append([count(tokens), *(f"{x:.4f}" for x in losses), f"{best_teacher(tokens):.3f}"])
    bits = quantised()
    won = sum(row[5] == "4 bits" for row in bits), sum(row[6] == "4 bits" for row in bits)
    verdict = (
        f"The student wins at {listed(wins)} tokens, as long as the teacher is there anyway."
        if wins
        else """Trained alone for as much compute the small model wins throughout: a teacher must be good for
            more than its probabilities."""
    )
    return [
        "## Distil, quantise or train small?",
        paragraph(f"""Distil: a student of {count(STUDENT)} parameters under a teacher of
            {count(TEACHER[0])} on {count(TEACHER[1])} tokens, whose loss is {teacher:.3f}
            (`busbridge2025-student`, beside the law without a teacher). The third loss is that of the
            same model trained alone for the same compute, a forward pass of the teacher for each token
            included, its training not."""),
        table(
            "student's tokens | distilled | alone, as many tokens | alone, as much compute | best teacher",
            rows,
        ),
        paragraph(f"""{verdict} A better teacher is not always the better one: the last column is the
            loss of the teacher that the student would learn most from."""),
        paragraph(f"""Quantise: {count(1e9)} parameters in 16 bits and {count(4e9)} in 4 take the same
            bytes to serve. Trained on as many tokens (four times the compute), and on as much compute
            (a quarter of the tokens):"""),
        table(
            "quantised | tokens | 1 B, 16 bits | 4 B, 4 bits | same compute | better | same compute, better",
            bits,
        ),
        paragraph(f"""At equal bytes the four bits win {won[0]} of {len(bits)} times, and {won[1]} of
            {len(bits)} at equal bytes and equal compute. Losses of the two laws are not comparable, and
            they were fitted on at most 3e11 and 1e11 tokens."""),
        *nothing(
            "Distilling and quantising together.",
            "Distilling on text that the teacher wrote instead of its probabilities.",
            "What quantising takes from a task rather than from the loss.",
        ),
    ]  # fmt: skip


# Fine-tune a small model or train a large one? ------------------------------------------------------

METHODS = {"full": "all weights", "prompt": "prompt", "lora": "LoRA"}
EXAMPLES = (1e4, 1e5, 1e6)


def tuned(method: str, size: float, examples: float) -> float:
    """Return the loss of a tuned model, English to German."""
    return float(loss(f"zhang2024-ende-{method}", params=size, finetuning_examples=examples))


@cache
def match(method: str) -> float:
    """Return the examples at which 1 B, tuned, is as good as 16 B on 1e5."""
    goal = tuned(method, 16e9, 1e5)
    return bisect(lambda examples: tuned(method, 1e9, examples) - goal, 1e3, 1e12)


def tuning() -> list[str]:
    """Return the section on fine-tuning."""
    rows, best = [], {}
    for size, examples in product((1e9, 8e9, 16e9), EXAMPLES):
        losses = {name: tuned(method, size, examples) for method, name in METHODS.items()}
        best[size, examples] = min(losses, key=losses.__getitem__)
        rows.append([f"{count(size)}, {flop(examples, 1)} examples", *(f"{x:.3f}" for x in losses.values()),
                     best[size, examples]])  # fmt: skip
    few, many = (sorted({best[s, n] for s in (1e9, 8e9, 16e9)}) for n in (EXAMPLES[0], EXAMPLES[-1]))
    assert min(map(match, METHODS)) > 1e8, "what the page says of size and examples"
    transfers = []
    for size, characters in product((1e8, 1e9, 1e10), (1e6, 1e8)):
        plan = {"non_embedding_params": [size], "finetuning_characters": [characters]}
        found = table_of(plan, ["effective_characters"])["effective_characters"][0]
        name = f"{count(size)}, {flop(characters, 1)} characters"
        transfers.append([name, flop(found), number(found / characters)])
    return [
        "## Fine-tune a small model or train a large one?",
        paragraph("""Fine-tuning, by size and examples (`zhang2024-ende-full` and its neighbours;
            English to German; two-digit coefficients, so that close calls are no calls):"""),
        table(["model", *METHODS.values(), "best"], rows),
        paragraph(f"""With {flop(EXAMPLES[0], 1)} examples the best way is {listed(few, "or")}, with
            {flop(EXAMPLES[-1], 1)} {listed(many, "or")}. To be as good as 16 B on 1e5 examples, 1 B
            needs {flop(match("full"), 2)} of them if all weights are trained, and
            {flop(match("lora"), 2)} with LoRA: size is the stronger lever of the two, and a larger
            model tuned a little beats a small one tuned long."""),
        paragraph("""What pre-training on other text is worth to a model tuned on Python, in characters
            (Hernandez et al. 2021, for little data only):"""),
        table("model | worth of both together | times what it was tuned on", transfers),
        paragraph("""The fewer the characters and the larger the model, the more is transferred. Past
            about a tenth of the data that saturate a size the law ends, and beyond it small models that
            were pre-trained do worse than ones trained from scratch."""),
        *nothing(
            "What tuning takes from other abilities.",
            "Preference data and reinforcement learning.",
            "Training from scratch on the fine-tuning data, in the same units: the two laws share none.",
        ),
    ]  # fmt: skip


@cache
def page() -> str:
    """Return the text of docs/questions.md."""
    sections = [
        MADE.format(module="questions"),
        "# Six questions",
        paragraph("""People ask these of language models, and laws of the catalogue answer in part.
            Every number here is computed from the laws that are named; what none answers is listed
            under each. Losses of different laws are not comparable. See also [epochs](epochs.md),
            [emergence](emergence.md) and [forecasts](forecasts.md)."""),
        *parameters(),
        *gpt3(),
        *harm(),
        *good_data(),
        *small_models(),
        *tuning(),
    ]  # fmt: skip
    return "\n\n".join(sections) + "\n"
