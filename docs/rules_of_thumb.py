"""The page on rules of thumb, docs/rules-of-thumb.md: what the laws of the catalogue say of each.

Every number on the page that isoflop can compute is computed here, and sentences that depend on numbers are
chosen by the numbers. Numbers of the literature stand in tables at the head of their sections.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from json import dumps
from math import log
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from prose import MADE, count, flop, listed, number, paragraph, percent, points, quoted, table, table_of
from quality import TRANSLATION, exponent

import isoflop as iso
from isoflop.catalog.files import run_tables

Floats: TypeAlias = NDArray[np.float64]
FAR = 2.0
"""Decades outside a fitted range from which a value is marked."""


def mark(extrapolation: float | None) -> str:
    """Return the mark of a value by how far it is extrapolated; None if the law states no range."""
    if extrapolation is None:
        return "‡"
    return "†" if extrapolation > FAR else ""


def marks(frame: pl.DataFrame) -> list[str]:
    """Return the marks of the rows of a frame of optima."""
    if "extrapolation" not in frame.columns:
        return [mark(None)] * frame.height
    return [mark(value) for value in frame["extrapolation"]]


def share(law: iso.Law, flops: Floats | float, loss: Floats | float) -> Floats:
    """Return compute-efficiency: equivalent compute over training compute."""
    return np.asarray(law.equivalent_flops(loss)) / flops


def first_sign_change(of: Callable[[Floats], Floats], low: float, high: float) -> float | None:
    """Return where a function of a positive number first changes sign, None if it does not."""
    for _ in range(4):
        grid = np.asarray(iso.geomspace(low, high, 1001))
        change = np.flatnonzero(np.diff(np.sign(of(grid))))
        if not change.size:
            return None
        low, high = grid[change[0]], grid[change[0] + 1]
    return float(low)


# D = 20 P -------------------------------------------------------------------------------------------

RATIO = 20.0
SIZES = (0.4e9, 1e9, 10e9, 67e9, 70e9, 175e9, 280e9, 520e9, 1e12)
RULES = ("hoffmann2022-approach1", "hoffmann2022-approach2")
DENSE = ("hoffmann2022", "hoffmann2022-tex", "sardana2024", "besiroglu2024")

# Hoffmann et al. 2022, as printed: size, training FLOP, tokens.
PRINTED: dict[str, tuple[str, list[tuple[float, float, float]]]] = {
    "hoffmann2022-approach1": ("Table 3", [
        (0.4e9, 1.92e19, 8.0e9), (1e9, 1.21e20, 20.2e9), (10e9, 1.23e22, 205.1e9), (175e9, 3.85e24, 3.7e12),
        (280e9, 9.90e24, 5.9e12), (520e9, 3.43e25, 11.0e12), (1e12, 1.27e26, 21.2e12),
        (10e12, 1.30e28, 216.2e12),
    ]),
    "hoffmann2022-approach2": ("Table A3, approach 2", [
        (0.4e9, 1.84e19, 7.7e9), (1e9, 1.20e20, 20.0e9), (10e9, 1.32e22, 219.5e9), (67e9, 6.88e23, 1.7e12),
        (1e12, 1.59e26, 26.5e12),
    ]),
    "approach 3": ("Table A3, approach 3", [
        (0.4e9, 2.21e19, 9.2e9), (1e9, 1.62e20, 27.1e9), (10e9, 2.46e22, 410.1e9), (67e9, 1.71e24, 4.1e12),
        (175e9, 1.26e24, 12.0e12),
    ]),
}  # fmt: skip


def entry(id: str) -> iso.Law | iso.Allocation:
    """Return a law or an allocation rule of the catalogue."""
    return iso.allocation(id) if id in iso.allocations()["id"] else iso.law(id)


@cache
def optimal_for(id: str, sizes: tuple[float, ...] = SIZES) -> pl.DataFrame:
    """Return the optima of these sizes."""
    return entry(id).compute_optimal(params=list(sizes))


@cache
def ratios(budgets: tuple[float, ...]) -> dict[str, tuple[str, pl.DataFrame]]:
    """Return the convention of size and the optima of every entry that has one by size and tokens alone."""
    found = {}
    for id in (*iso.allocations()["id"], *iso.laws()["id"]):
        source = entry(id)
        if isinstance(source, iso.Law) and (id in NOT_BY_SIZE or id == "subramanyam2025"):
            continue
        settings: dict[str, Any] = {**DENSE_SETTINGS.get(id, {})}
        try:
            frame = source.compute_optimal(list(budgets), **settings)
        except iso.LawError:
            continue
        size = next(name for name in frame.columns if name.endswith("params"))
        frame = frame.with_columns(tokens_per_param=pl.col("tokens") / pl.col(size))
        found[id] = (size, frame)
    return found


def printed_rows() -> tuple[list[list[str]], list[str]]:
    """Return the printed rows beside ours, and what is wrong with some of them."""
    rows, wrong = [], []
    for id, (where, lines) in PRINTED.items():
        for size, flops, tokens in lines:
            product = 6 * size * tokens
            name = f"{where}, {count(size)}"
            if id in RULES:
                ours = optimal_for(id, (size,)).row(0, named=True)
                mine = f"{flop(ours['train_flops'])}; {count(ours['tokens'])}"
                off = f"{ours['tokens'] / tokens:.2f}"
                if abs(ours["train_flops"] / flops - 1) > 0.05:
                    apart = flops / ours["train_flops"] - 1
                    wrong.append(
                        f"{name}: the printed FLOP are {percent(apart)} more than the other rows imply"
                    )
            else:
                three = {x: optimal_for(x, (size,))["tokens"][0] for x in DENSE[:3]}
                mine = "; ".join(count(value) for value in three.values())
                off = "; ".join(f"{value / tokens:.2f}" for value in three.values())
            if not 0.5 < product / flops < 2:
                wrong.append(
                    f"""{name}: the printed {flop(flops)} FLOP are a misprint, 6 * P * D of the same row is
                    {flop(product)}"""
                )
            rows.append([name, flop(flops), count(tokens, 4), f"{product / flops:.2f}", mine, off])
    return rows, wrong


def twenty() -> list[str]:
    """Return the section on D = 20 P."""
    sources = (*RULES, *DENSE)
    frames = {id: optimal_for(id) for id in sources}
    flags = {id: marks(frame) for id, frame in frames.items()}
    rows = []
    for i, size in enumerate(SIZES):
        cells = [
            f"{count(frame['tokens'][i])} ({number(frame['tokens_per_param'][i])}){flags[id][i]}"
            for id, frame in frames.items()
        ]
        rows.append((count(size), *cells))
    near = [
        id
        for id, frame in frames.items()
        if (frame["tokens_per_param"] / RATIO).is_between(1 / 1.5, 1.5).all()
    ]
    spread = [{id: frame["tokens_per_param"][i] for id, frame in frames.items()} for i in (0, len(SIZES) - 1)]
    trend = {
        id: "rises" if frame["tokens_per_param"][-1] > 1.01 * frame["tokens_per_param"][0]
        else "falls" if frame["tokens_per_param"][-1] < frame["tokens_per_param"][0] / 1.01 else "stays"
        for id, frame in frames.items()
    }  # fmt: skip
    trends = listed(
        f"{how} under {quoted(id for id, x in trend.items() if x == how)}"
        for how in ("rises", "falls", "stays")
        if how in trend.values()
    )
    printed, wrong = printed_rows()

    found = iso.law("besiroglu2024").compute_optimal([1e18, 5.76e23, 1e26])["tokens_per_param"]
    replication = [number(x) for x in found]

    budgets = (1e21, 1e24)
    wide = ratios(budgets)
    every = [
        (
            f"`{id}`",
            "FLOP per token / 6"
            if id.startswith(("deepseek", "tian2025"))
            else "without embeddings"
            if "non_embedding" in size
            else "active"
            if "active" in size
            else "all",
            *(f"{number(x)}{m}" for x, m in zip(frame["tokens_per_param"], marks(frame), strict=True)),
        )
        for id, (size, frame) in sorted(wide.items(), key=lambda item: item[1][1]["tokens_per_param"][0])
    ]
    # The exponents of these have two decimals, which leave a factor of several in the ratio.
    fragile = "sardana2024-mpt"
    ends = [
        (id, frame["tokens_per_param"][0]) for id, (_, frame) in wide.items() if not id.startswith(fragile)
    ]
    least, most = min(ends, key=lambda end: end[1]), max(ends, key=lambda end: end[1])
    within = [id for id, ratio in ends if 1 / 1.5 <= ratio / RATIO <= 1.5]

    costs = (1e20, 1e22, 1e24, 1e26)
    laws = [*DENSE, "gadre2024-c4", "gadre2024-redpajama", "muennighoff2023", "busbridge2025-supervised"]
    cost_rows, lost = [], {}
    for id in laws:
        law = iso.law(id)
        size_of = np.sqrt(np.array(costs) / (6 * RATIO))
        efficiency = share(law, np.array(costs), law.loss(params=size_of, tokens=RATIO * size_of))
        lost[id] = 1 - efficiency[-1]
        cost_rows.append((f"`{id}`", *(percent(x, 3) for x in efficiency)))
    cheap = [id for id, x in lost.items() if x < 0.05]
    dear = max(lost, key=lost.__getitem__)
    return [
        "## Twenty tokens for each parameter: D = 20 P",
        paragraph("""The rule is approach 1 of Hoffmann et al. 2022 (Chinchilla), whose exponents of size and
            tokens are both 0.50. The table gives the optimal tokens of a model of each size, and tokens per
            parameter in parentheses, under the paper's three approaches and the replication. Approach 3 comes
            in the three sets of coefficients that circulate."""),
        table(["size", *(f"`{id}`" for id in sources)], rows),
        paragraph(f"""At all these sizes {quoted(near)} stay within a factor of 1.5 of {number(RATIO)}. At
            {count(SIZES[0])} the six span {number(min(spread[0].values()))} to
            {number(max(spread[0].values()))} tokens per parameter, at {count(SIZES[-1])}
            {number(min(spread[1].values()))} to {number(max(spread[1].values()))}. The ratio {trends}. A
            fitted exponent a little off one half is enough for that, and the data do not settle its sign: the
            replication's own 80 % interval at 1e26 FLOP is 4 to 40 tokens per parameter (Besiroglu et al.
            2024); `besiroglu2024` gives {replication[2]}."""),
        paragraph("""What the paper printed, beside ours. For approach 3 "ours" are the tokens under
            `hoffmann2022`, `hoffmann2022-tex` and `sardana2024`; for the other two, FLOP and tokens of the
            catalogue's rule, which is fitted to these rows (the paper prints exponents of two decimals only;
            280 B, 520 B and 10 T of approach 1 took no part in the fit)."""),
        table("row | FLOP, printed | tokens, printed | 6PD / FLOP | ours | our tokens / printed", printed),
        points(
            [
                *(f"{text}." for text in wrong),
                """The rows of approach 3 do not follow from any published coefficients: they need a = 0.4587
                and a constant of 1.22 (our inference). Do not test against them.""",
                f""""25.6 tokens per parameter" of the replication is the value at 1e18 FLOP (ours
                {replication[0]}), not at Chinchilla's budget: at 5.76e23 it is {replication[1]}.""",
            ]
        ),
        paragraph(f"""Every entry of the catalogue that gives an optimum, at {flop(budgets[0])} and
            {flop(budgets[1])} FLOP. Conventions of size differ, and so do corpora and tokenizers.
            `kaplan2020` is the paper's rule, now known to favour size; DeepSeek's and Ling's size is FLOP per
            token over six."""),
        table(["law or rule", "size counted", *(f"D/P at {flop(c)}" for c in budgets)], every),
        paragraph(f"""The range is {number(least[1])} (`{least[0]}`) to {number(most[1])} (`{most[0]}`) at
            {flop(budgets[0])} FLOP; {len(within)} of {len(ends)} lie within a factor of 1.5 of
            {number(RATIO)} tokens for each parameter. Twenty is a property of a corpus, a tokenizer
            and a way to count, not a constant.
            The four `sardana2024-mpt` fits are left out of this count: two decimals of their exponents leave
            a factor of three and more in the ratio."""),
        paragraph("""What the rule costs, if a law is right: compute-efficiency of D = 20 P, the compute at
            which that law's own optimum is as good, as a share of the compute spent."""),
        table(["law", *(f"{flop(c)} FLOP" for c in costs)], cost_rows),
        paragraph(f"""At {flop(costs[-1])} FLOP the rule costs less than 5 % of the compute under
            {quoted(cheap)}, and {percent(lost[dear])} under `{dear}`. Optima are flat: a wrong ratio costs
            far less than it looks. None of this counts serving, which always speaks for smaller models on
            more tokens."""),
    ]


# One size -------------------------------------------------------------------------------------------

ASKED = 7e9
ASK = ("besiroglu2024", "hoffmann2022-tex", "muennighoff2023", "hoffmann2022-approach1", "llama3-2024")
EXAMPLE = f"""```python
import isoflop as iso

laws = [iso.law(id) for id in {dumps(ASK[:3])}]
rules = [iso.allocation(id) for id in {dumps(ASK[3:])}]
for source in (*laws, *rules):
    print(source.id, source.compute_optimal(params=7e9)["tokens"].item())
```"""


def one_size() -> list[str]:
    """Return the section on the tokens that a model of a given size wants."""
    frames = {id: optimal_for(id, (ASKED,)) for id in ASK}
    rows = [
        (f"`{id}`", "law" if isinstance(entry(id), iso.Law) else "rule", count(frame["tokens"][0]),
         f"{number(frame['tokens_per_param'][0])}{marks(frame)[0]}", flop(frame["train_flops"][0]))
        for id, frame in frames.items()
    ]  # fmt: skip
    tokens = [frame["tokens"][0] for frame in frames.values()]
    mixture = iso.law("ludziejewski2025").compute_optimal(params=ASKED, experts=8).row(0, named=True)
    return [
        f"## How many tokens a {count(ASKED)} model wants",
        paragraph("""`compute_optimal(params=...)` turns the question round: the budget at which a size is the
            optimal one, and its tokens, by law and by rule. On the command line: `isoflop optimal --law
            besiroglu2024 --params 7e9`."""),
        EXAMPLE,
        table("law or rule | what | tokens | D/P | FLOP", rows),
        paragraph(f"""From {count(min(tokens))} to {count(max(tokens))}. The size is that of all stored
            parameters. Of a mixture of 8 experts that stores {count(ASKED)},
            {count(mixture["active_params"])} are active under `ludziejewski2025`, and they want
            {count(mixture["tokens"])} tokens."""),
    ]


# C = 6 P D ------------------------------------------------------------------------------------------

# Hoffmann et al. 2022, Table A4, as printed: name, size, layers, width, feed-forward width, heads, head size,
# and the ratio of the detailed count to 6PD.
A4 = [
    ("73 M", 73e6, 10, 640, 2560, 10, 64, 1.03),
    ("305 M", 305e6, 20, 1024, 4096, 16, 64, 1.10),
    ("1.6 B", 1.6e9, 28, 2048, 8192, 16, 128, 1.03),
]
# Shapes of common models: size as rounded, layers, width.
SHAPES = [("1 B", 1e9, 16, 2048), ("7 B", 7e9, 32, 4096), ("70 B", 70e9, 80, 8192)]
CONTEXTS = (2048, 8192, 32768, 131072)
VOCAB = 32000


def six() -> list[str]:
    """Return the section on C = 6 P D."""
    names = ["params", "layers", "d_model", "d_ff", "heads", "head_dim"]
    plans = {
        **dict(zip(names, map(list, zip(*(row[1:-1] for row in A4), strict=True)), strict=True)),
        "context": [2048.0] * len(A4),
        "tokens": [2048.0] * len(A4),
        "vocab_size": [float(VOCAB)] * len(A4),
    }
    plain, layers, full = "6 * params * tokens", "hoffmann_layer_flops_per_sequence", "hoffmann_train_flops"
    counted = table_of(plans, [plain, layers, full])
    detailed, small = [], []
    for shape, row in zip(A4, counted.iter_rows(named=True), strict=True):
        small.append((row[full] - row[layers]) / row[plain])
        cells = (row[layers] / row[plain], row[full] / row[plain], small[-1])
        detailed.append(
            (shape[0], f"{shape[-1]:.2f}", f"{cells[0]:.3f}", f"{cells[1]:.3f}", percent(cells[2]))
        )

    rows, short = [], {}
    tenth = []
    for name, size, depth, width in SHAPES:
        plans = {
            "params": [size] * 4,
            "layers": [depth] * 4,
            "d_model": [width] * 4,
            "context": list(CONTEXTS),
        }
        found = table_of(plans | {"tokens": [1.0] * 4}, ["attention_flops_per_token", plain])
        over = (found["attention_flops_per_token"] / found[plain]).to_list()
        short[name] = over
        # The term is proportional to the context.
        tenth.append(f"{number(0.1 * CONTEXTS[0] / over[0])} tokens for {name}")
        rows.append((f"{name} ({depth} layers, width {width})", *(percent(x) for x in over)))
    ordered = all(short[a][0] > short[b][0] for a, b in pairwise(short))
    biggest = list(short)[-1]
    holds = (
        f"{'The larger the model, the longer the rule holds' if ordered else 'Size alone does not decide'}"
    )
    return [
        "## Six FLOP for each parameter and token: C = 6 P D",
        paragraph(f"""Two for the forward pass, four for the backward pass, and nothing for attention scores.
            Against a count of every matrix product (Hoffmann et al. 2022, appendix F; sequences of 2,048
            tokens), for the shapes of its Table A4: printed ratio of detailed count to 6PD, ours with the
            layers only, ours with both vocabulary matrices of {VOCAB:,} tokens counted as products, and what
            these add."""),
        table("shape | printed | ours, layers only | ours, vocabulary too | vocabulary", detailed),
        paragraph(f"""The printed ratios come out without the vocabulary only, though the paper's formula
            lists it. For small models the question whether embeddings are counted ({percent(small[0])} at
            {A4[0][0]}, {percent(small[-1])} at {A4[-1][0]}) is larger than everything else; it is a main
            reason why Kaplan's allocation and Chinchilla's differ (Pearce and Song 2024, Porian et al.
            2024)."""),
        paragraph("""Attention scores, 12 * layers * width * context for each token (PaLM, appendix B; the
            full square, no saving for causal masks). By how much more than 6PD is needed:"""),
        table(["shape", *(f"context {c // 1024} k" for c in CONTEXTS)], rows),
        paragraph(f"""A tenth more is needed at a context of {listed(tenth)}. {holds}: attention grows with
            layers times width, parameters with layers times width squared. For {biggest},
            {percent(short[biggest][1])} more than 6PD is needed at {CONTEXTS[1] // 1024} k and
            {percent(short[biggest][-1])} more at {CONTEXTS[-1] // 1024} k. Give `layers`, `d_model` and
            `context`, and every quantity of a sweep counts it."""),
    ]


# Utilisation ----------------------------------------------------------------------------------------


class Run(NamedTuple):
    """A reported run: its utilisation, lowest and highest, and its GPU-hours, reported and by the default."""

    name: str
    mfu: tuple[float, float]
    hours: tuple[float, float] | None
    peak: str
    source: str


def runs() -> list[Run]:
    """Return the reported runs of the catalogue."""
    gpus, models = iso.gpus(), iso.models()
    found = []
    for run in run_tables():
        chosen = (pl.col("gpu") == run["gpu"]) & (pl.col("precision") == run["precision"])
        gpu = gpus.row(by_predicate=chosen, named=True)
        name = run.get("benchmark") or run["model"]
        source = "; ".join(run[key] for key in ("source", "note") if key in run)
        hours, used = None, tuple(run.get("mfu", ()))
        if "gpu_hours" in run:
            cost = models.row(by_predicate=pl.col("name") == name, named=True)["train_flops"]
            plan = {"train_flops": [cost], "peak_flops": [gpu["peak_flops"]]}
            hours = run["gpu_hours"], table_of(plan, ["train_gpu_hours"])["train_gpu_hours"].item()
            used = (cost / (gpu["peak_flops"] * 3600 * hours[0]),) * 2
        peak = f"{flop(gpu['peak_flops'])}, {run['gpu']} in {run['precision']}"
        found.append(Run(name, (used[0], used[-1]), hours, peak, source))
    return found


def utilisation() -> list[str]:
    """Return the section on the share of the peak that training reaches."""
    found = runs()
    default = iso.accounting().row(by_predicate=pl.col("name") == "mfu", named=True)["default"]
    rows = [
        (run.name, " to ".join(dict.fromkeys(f"{x:.2f}" for x in run.mfu)),
         f"{count(run.hours[0])}" if run.hours else "", f"{count(run.hours[1])}" if run.hours else "",
         f"{run.hours[0] / run.hours[1]:.2f}" if run.hours else "", run.peak, run.source)
        for run in found
    ]  # fmt: skip
    counted = [run for run in found if run.hours is not None]
    fit = [run for run in counted if abs(run.mfu[0] / default - 1) < 0.05]
    off = [run for run in counted if run not in fit]
    least, most = min(run.mfu[0] for run in found), max(run.mfu[1] for run in found)
    return [
        f"## A third of the peak: mfu = {default:g}",
        paragraph("""The default of `mfu` turns training FLOP into GPU-hours, days and dollars. Reported
            hours beside those of the default, the utilisation that follows from them (6 P D where the maker
            prints no compute), and utilisation as printed."""),
        table(
            ["run", "mfu", "GPU-hours, reported", f"at {default:g}", "reported / ours", "peak", "source"],
            rows,
            text=True,
        ),
        paragraph(f"""Reported utilisation ranges from {least:.2f} to {most:.2f}. The default fits
            {listed(run.name for run in fit)}, but not
            {listed(f"{run.name} ({run.mfu[0]:.2f})" for run in off)}, whose hours it puts at
            {listed(percent(run.hours[1] / run.hours[0]) for run in off if run.hours)} of those reported. A
            price that rests on it is good to a factor of two: give the `mfu` of your own runs, or ask for
            both ends of this range."""),
    ]


# 7 B on 200 B tokens, 13 B on 100 B -----------------------------------------------------------------

SMALL, LARGE = (7e9, 200e9), (13e9, 100e9)
DENSE_SETTINGS: dict[str, dict[str, float]] = {
    "abnar2025": {"sparsity": 0.0},
    "ludziejewski2025": {"experts": 1.0},
    "kumar2024": {"weight_bits": 16.0, "activation_bits": 16.0, "kv_bits": 16.0},
}
NOT_BY_SIZE = {
    "clark2022-hash": "no tokens in them",
    "clark2022-rlr": "no tokens in them",
    "clark2022-sbase": "no tokens in them",
    "kaplan2020-params": "no tokens in them",
    "kaplan2020-steps": "no tokens in them",
    "kaplan2020-tokens": "no size in it",
    "kaplan2020-compute": "compute alone",
    "frantar2023-t5": "no left-to-right language model",
    "frantar2023-vit": "no language model",
    "krajewski2024": "no dense model in them",
    "zhao2025": "no dense model in them",
    "tao2024": "needs a vocabulary",
    "hossain2025": "its exponent of 0.08 in the size is meant for comparing sparsities",
    "qin2026-paraphrases": "needs paraphrases",
    "liu2026": "needs a mixture",
    "chen2025-qat-w4a4": "need a group size",
    "chen2025-qat-w4a16": "need a group size",
    "chen2025-qat-w16a4": "need a group size",
    "chen2025-qat-w4a4-fc2": "need a group size",
    "chen2025-qat-w16a4-fc2": "need a group size",
    "sun2025": "trained in few bits",
    "ouyang2024": "quantised",
    "zhang2024-ende-full": "for fine-tuning",
    "zhang2024-ende-prompt": "for fine-tuning",
    "zhang2024-ende-lora": "for fine-tuning",
    "zhang2024-enzh-full": "for fine-tuning",
    "zhang2024-enzh-prompt": "for fine-tuning",
    "zhang2024-enzh-lora": "for fine-tuning",
    "zhang2024-mlsum-full": "for fine-tuning",
    "zhang2024-mlsum-prompt": "for fine-tuning",
    "zhang2024-mlsum-lora": "for fine-tuning",
    "busbridge2025-student": "needs a teacher",
    "delphi2026-minima": "no size in it",
    "marin2026-moe": "compute alone",
    "marin2026-moe-c4": "compute alone",
    "marin2026-muonh": "compute alone",
    "ye2024": "needs a mixture",
    "chen2025-parallel-python": "no tokens in them",
    "chen2025-parallel-pile": "no tokens in them",
    "russell2026": "needs a share of text by models",
    "ye2024-github": "needs a mixture",
    "ye2024-pile-cc": "needs a mixture",
    "ye2024-pile-cc-160m": "needs a mixture",
}


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


# Good and poor tokens -------------------------------------------------------------------------------

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


# Mixture of experts ---------------------------------------------------------------------------------

MOE_BUDGETS = (1e20, 1e21, 1e22, 1e23)
COUNTS = (1, 2, 4, 8, 16, 32)
GAIN = 0.35
LING = 1 / 0.078  # Tian et al. 2025: 7.8 % of the experts are active
# Krajewski et al. 2024, Table 2, as printed: active size, tokens, training FLOP.
KRAJEWSKI = [
    (100e6, 4.37e9, 2.95e18), (1e9, 28.94e9, 1.93e20), (7e9, 137.60e9, 6.46e21), (70e9, 941.07e9, 4.16e23),
]  # fmt: skip
# At 64 times the feed-forward parameters 8*64 + 4 parts are stored and 12 are active.
KRAJEWSKI_STORED = (8 * 64 + 4) / 12

Moe: TypeAlias = dict[float, tuple[list[float], list[float], list[str]]]


def stored_per_active(active: float, experts: int) -> float:
    """Return stored over active parameters of Ludziejewski's Switch models of an active size."""
    widths = np.asarray(iso.geomspace(128, 65536, 20001))
    plans = {"d_model": widths, "layers": widths / 64}
    found = table_of(
        {**plans, "vocab_size": [50257.0] * len(widths), "experts": [float(experts)] * len(widths)},
        ["switch_active_params", "switch_params"],
    )
    row = found.filter(pl.col("switch_active_params") >= active).row(0, named=True)
    return float(row["switch_params"] / row["switch_active_params"])


@cache
def moe() -> dict[str, Moe]:
    """Return by law and by experts: stored over active parameters, tokens per active parameter, marks."""
    found: dict[str, Moe] = {"ludziejewski2025": {}}
    for experts in COUNTS:
        frame = iso.law("ludziejewski2025").compute_optimal(MOE_BUDGETS, experts=experts)
        stored = [stored_per_active(size, experts) for size in frame["active_params"]]
        found["ludziejewski2025"][experts] = stored, tokens_per(frame, "active_params"), marks(frame)
    settings: dict[str, Callable[[int], dict[str, Any]]] = {
        "abnar2025": lambda n: {"sparsity": 1 - 1 / n},
        "zhao2025": lambda _: {"active_experts": 8, "shared_expert_ratio": 0.125},
        "besiroglu2024": lambda _: {"moe_gain": GAIN},
        "hoffmann2022-tex": lambda _: {"moe_gain": GAIN},
    }
    for id, given in settings.items():
        found[id] = {}
        for n in COUNTS:
            frame = iso.law(id).compute_optimal(MOE_BUDGETS, activation=1 / n, **given(n))
            found[id][n] = [float(n)] * len(MOE_BUDGETS), tokens_per(frame, "params", 1 / n), marks(frame)
    # Routing is not counted here.
    active = 1 / KRAJEWSKI_STORED
    dense = iso.law("krajewski2024-dense").compute_optimal(MOE_BUDGETS)
    sparse = iso.law("krajewski2024").compute_optimal(MOE_BUDGETS, granularity=8)
    size = "non_embedding_params"
    found["krajewski2024"] = {
        1: ([1.0] * len(MOE_BUDGETS), tokens_per(dense, size), marks(dense)),
        64: ([1 / active] * len(MOE_BUDGETS), tokens_per(sparse, size, active), marks(sparse)),
    }
    # The stored size of Ling's models is not determined.
    found["tian2025"] = {}
    for one_in, size_ratio, id in ((1.0, 1.0, "tian2025-dense"), (LING, float("nan"), "tian2025-moe")):
        frame = iso.allocation(id).compute_optimal(MOE_BUDGETS)
        ratio = tokens_per(frame, "params")
        found["tian2025"][one_in] = [size_ratio] * len(MOE_BUDGETS), ratio, marks(frame)
    return found


def tokens_per(frame: pl.DataFrame, size: str, active: float = 1.0) -> list[float]:
    """Return tokens per active parameter, where a share of the parameters counted as `size` is active."""
    return (frame["tokens"] / (active * frame[size])).to_list()


def powers(cells: Moe) -> list[float]:
    """Return, by budget, the power of stored over active parameters by which tokens per active one grow."""
    first, last = min(cells), max(cells)
    return [
        log(cells[last][1][i] / cells[first][1][i]) / log(cells[last][0][i] / cells[first][0][i])
        for i in range(len(MOE_BUDGETS))
    ]


def experts() -> list[str]:
    """Return the section on mixtures of experts."""
    rows, power_rows, found = [], [], {}
    for id, cells in moe().items():
        for n, (stored, ratio, flags) in cells.items():
            texts = [
                f"{number(r)} ({'?' if s != s else number(r / s)}){f}"
                for s, r, f in zip(stored, ratio, flags, strict=True)
            ]
            rows.append((f"`{id}`", f"1 in {number(n)}" if id == "tian2025" and n > 1 else number(n), *texts))
        if id != "tian2025":
            found[id] = powers(cells)
            power_rows.append((f"`{id}`", *(f"{x:.2f}" for x in found[id])))
    gains = iso.law("besiroglu2024").coefficients
    expected = 2 * GAIN * gains["alpha"] / (gains["alpha"] + gains["beta"])
    more = [id for id, x in found.items() if min(x) > 0.02]
    fewer = [id for id, x in found.items() if max(x) < -0.02]
    agree = "The laws do not agree with each other" if more and fewer else "The laws agree on the sign"
    exact = [id for id in found if id not in more and id not in fewer]
    falling = [id for id in more if found[id][-1] < 0.8 * found[id][0]]
    spans = {id: f"{min(found[id]):.2f} to {max(found[id]):.2f}" for id in (*more, *fewer)}
    most = max(x for id in more for x in found[id])
    ling = moe()["tian2025"]
    growth = [a / b for a, b in zip(ling[LING][1], ling[1][1], strict=True)]
    sparsest = {
        id: cells[max(cells)][1][1] / cells[min(cells)][1][1] for id, cells in moe().items() if id in more
    }
    flops = [row[2] for row in KRAJEWSKI]
    baseline = iso.law("krajewski2024-dense").compute_optimal(flops)
    dense = (baseline["tokens"] / baseline["non_embedding_params"]).to_list()
    verdict = (
        "By most of the laws the rule gives sparse models too few tokens; by how many, they do not agree."
        if len(more) > len(found) / 2
        else "For a correction of the rule there is no majority."
    )
    largest = iso.law("krajewski2024").variables["non_embedding_params"].range
    assert largest is not None
    paper = [
        (
            count(p),
            flop(c),
            f"{number(d / p)}{mark(log(p * KRAJEWSKI_STORED / largest[1]) / log(10))}",
            number(base),
        )
        for (p, d, c), base in zip(KRAJEWSKI, dense, strict=True)
    ]
    sides = [d / p < base for (p, d, _), base in zip(KRAJEWSKI, dense, strict=True)]
    return [
        "## The data need of a mixture of experts goes by its active parameters",
        paragraph(f"""Optimal tokens per active parameter, and per stored one in parentheses, by number of
            experts, one of them active (for `krajewski2024` the expansion). If the rule held, the first
            number would not change down a law's rows. For `ludziejewski2025` the stored size follows
            from its Switch architecture; for
            `abnar2025`, `zhao2025` and the dense laws (with `moe_gain` {number(GAIN)}) one in n parameters is
            active; `zhao2025` has 8 active experts and an eighth of them shared. `krajewski2024` is fitted at
            64 times the feed-forward parameters only (here at a granularity of 8, routing not counted) and
            stands beside its own dense baseline. `tian2025` has one rule for dense models and one for 7.8 %
            active experts; its size is FLOP per token over six."""),
        table(["law", "experts", *(f"{flop(c)} FLOP" for c in MOE_BUDGETS)], rows),
        paragraph("""The rows in one number: tokens per active parameter grow as (stored / active)^s, from the
            first to the last row of each law. At s = 0 the rule holds; at s = 1 data would go by the stored
            parameters."""),
        table(["law", *(f"s at {flop(c)}" for c in MOE_BUDGETS)], power_rows),
        paragraph(f"""{agree}; the rule (s = 0) is met by {quoted(exact)}. Under {quoted(more)} a sparser
            model wants more tokens per active parameter (s up to {number(most, 2)}): at
            {flop(MOE_BUDGETS[1])} FLOP the sparsest rows have {number(min(sparsest.values()))} to
            {number(max(sparsest.values()))} times the dense number. Under {quoted(fewer)} it wants fewer
            ({listed(f"s from {spans[id]}" for id in fewer) or "none"}). Dense laws with a gain g have s = 2 g
            alpha / (alpha + beta) at every budget, {number(expected, 2)} under `besiroglu2024`, by
            construction. For {quoted(falling)} s falls with the budget (to
            {listed(f"{found[id][-1]:.2f}" for id in falling)} at {flop(MOE_BUDGETS[-1])}): there the rule
            becomes better the larger the model. Ling's rules give {number(growth[0])} times the dense tokens
            per active parameter at {flop(MOE_BUDGETS[0])} and {number(growth[-1])} times at
            {flop(MOE_BUDGETS[-1])}. {verdict}"""),
        paragraph(f"""Krajewski et al. 2024 printed optima with routing counted (their Table 2): tokens per
            active parameter, beside ours for its dense baseline at the same compute. The sparse model has the
            lower ratio in {sum(sides)} of {len(sides)} rows. Marks by the stored size,
            {number(KRAJEWSKI_STORED)} times the active one."""),
        table("active size | FLOP, printed | D / active, printed | D / P, dense, ours", paper),
    ]


# Repetition -----------------------------------------------------------------------------------------

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


# A product of factors -------------------------------------------------------------------------------


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


@cache
def page() -> str:
    """Return the text of docs/rules-of-thumb.md."""
    sections = [
        MADE.format(module="rules_of_thumb"),
        "# Rules of thumb, against the laws",
        paragraph(f"""What the laws of the catalogue say of rules that everybody quotes: where they hold,
            where they break, and by how much. P is size, D tokens, C training compute in FLOP. Differences
            are told in compute where that is possible: compute-efficiency is the compute at which a law's own
            optimum is as good, over the compute spent. † marks values more than {number(FAR)} decades outside
            what a law was fitted on, ‡ laws that state no range. Where laws disagree, nothing here decides
            between them."""),
        *twenty(),
        *one_size(),
        *six(),
        *utilisation(),
        *pair_of_models(),
        *good_and_poor(),
        *experts(),
        *repetition(),
        *product(),
    ]
    return "\n\n".join(sections) + "\n"
