"""Six FLOP for each parameter and token, and the share of the peak that training reaches."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import polars as pl

import isoflop as iso
from isoflop.catalog.files import run_tables
from prose import count, flop, listed, number, paragraph, percent, table, table_of

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
