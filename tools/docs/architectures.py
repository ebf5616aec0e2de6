"""The page of architectures, docs/architectures.md: formulas, real models and what they count."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import isoflop as iso
from isoflop._architecture.evaluate import value_of
from isoflop._architecture.rows import SIZES
from isoflop._text.numbers import number_text
from isoflop.catalog.files import common_table
from laws import EVIDENCE, references
from prose import MADE, listed, paragraph, points, table

LLAMA_8B = {"layers": 32, "d_model": 4096, "heads": 32, "kv_heads": 8, "d_ff": 14336, "vocab_size": 128256}
CONTEXT = 8192


@cache
def page() -> str:
    """Return the page."""
    ids = iso.architectures()["id"].to_list()
    sections = [
        MADE.format(source="architectures.py"),
        "# Architectures",
        paragraph(
            "An architecture is a file of formulas from a shape to counts, compute and memory, as a law "
            "is one from "
            "counts to a loss. `iso.architecture(id)` gives one, `iso.architectures()` lists them, "
            '`Sweep(axes, architecture="llama")` makes shapes axes, and `iso.shapes` makes a linked axis of '
            "sensible ones. One's own is a file of the same form, or a mapping of formulas."
        ),
        *counted(),
        *conventions(),
        *memory(),
        *shapes(),
        "## The catalogue",
        table(
            "architecture | what it is",
            ([f"[`{id}`](#{id})", iso.architecture(id).title] for id in ids),
            text=True,
        ),
        *(part for id in ids for part in one(iso.architecture(id))),
    ]
    return "\n\n".join(sections) + "\n"


def counted() -> Iterator[str]:
    """Say what a sweep with an architecture takes and gives."""
    yield "## In a sweep"
    yield paragraph(
        "Dimensions are axes, constants, columns of a linked axis or quantities; those with a default "
        "may be left "
        f"out. What follows from them, {listed(f'`{name}`' for name in SIZES)} and every row of the "
        f"architecture, may "
        "be no axis: an error names it. A user's quantity of the same name takes the place of a row. "
        "Laws of mixtures "
        "read their sizes, `sparsity` and `granularity` from the shape; a dense architecture has one "
        "expert."
    )


def conventions() -> Iterator[str]:
    """Put the books of one model side by side."""
    counts = {
        told: iso.architecture("llama", **options).counts(**LLAMA_8B, context=CONTEXT)
        for told, options in {
            "causal, the default": {},
            'attention="full"': {"attention": "full"},
            'flops="megatron"': {"flops": "megatron"},
            'flops="torchtitan"': {"flops": "torchtitan"},
        }.items()
    }
    yield "## Conventions of compute"
    yield paragraph(
        "Without an architecture the accounting counts attention scores in full, as PaLM does. An "
        "architecture "
        "counts those that the causal mask leaves, a half, or in a sliding window fewer. Codes that "
        "train count in "
        "ways of their own, which the conventions follow; `explain` says which is used. Training FLOP "
        "for each "
        f"token of Llama 3 8B at a context of {CONTEXT:,}:"
    )
    rows = []
    for told, found in counts.items():
        flops = found.get(
            "train_flops_per_token", 6 * found["active_params"] + found["attention_flops_per_token"]
        )
        rows.append([f"`{told}`" if "=" in told else told, f"{flops:,.0f}"])
    yield table("convention | FLOP per token", rows)


def memory() -> Iterator[str]:
    """List what every architecture knows of memory."""
    content = common_table()
    yield "## Memory"
    yield paragraph(
        "Rows that every architecture has, from `catalog/architecture.toml`. Activations are those of "
        "Korthikanti "
        "et al. 2022, weights, gradients and optimizer those of Rajbhandari et al. 2020 at 16 bytes a "
        "parameter. "
        "Logits, buffers and fragmentation are left out. `smallest_gpu_count` is the least number of "
        "GPUs that holds "
        "the state at the degrees given; make these axes to find the best of them."
    )
    rows = [[f"`{name}`", x.get("default", ""), x["doc"]] for name, x in content["variables"].items()]
    yield table("input | default | what it is", rows, text=True)
    formulas = [f"{name} = {text}" for name, text in content["quantities"].items()]
    yield "\n".join(["```", *formulas, "```"])
    yield points([f"`{name}`: {note}." for name, note in content["notes"].items()])


def shapes() -> Iterator[str]:
    """Show sensible shapes of one size."""
    frame = iso.shapes(
        "llama", params=(8e9, 8.1e9), vocab_size=128256, feed_forward=(3.4, 3.6), columns=["params"]
    )
    yield "## Sensible shapes"
    yield paragraph(
        "`iso.shapes` lists every shape within some rules: widths that are multiples of 128, heads of 64 "
        "or 128, 8 "
        "key-value heads where they divide the heads, and width over depth and over the feed-forward "
        "layer as the "
        "models of this page span them; at equal size the loss hardly depends on either (Kaplan et al. "
        "2020, figure "
        f"5). Between 8.0 and 8.1 B parameters, a vocabulary of 128,256 and feed-forward layers 3.4 to "
        f"3.6 times as "
        f"wide, there are {frame.height:,}; one is Llama 3 8B."
    )


def one(architecture: iso.Architecture) -> Iterator[str]:
    """Return dimensions, formulas, facts and checks of one architecture."""
    yield f"## {architecture.id}"
    yield f"{architecture.title}."
    rows = [
        [f"`{name}`", x.default and f"`{x.default}`", x.doc] for name, x in architecture.variables.items()
    ]
    yield table("dimension | default | what it is", rows, text=True)
    formulas = [f"{name} = {text}" for name, text in architecture.quantities.items()]
    formulas += [
        f"attention_flops_per_token = {text}  ({name})" for name, text in architecture.attention_flops.items()
    ]
    formulas += [f"{name}_flops_per_token = {text}" for name, text in architecture.train_flops.items()]
    yield "\n".join(["```", *formulas, "```"])
    facts = {
        "Counted": architecture.convention,
        "Source": f"{references()[architecture.source.cite]}; {architecture.source.where}",
    }
    facts["Evidence"] = f"{architecture.evidence}, {EVIDENCE[architecture.evidence]}"
    yield points([f"{name}: {text}" for name, text in facts.items()])
    if architecture.caveats:
        yield points(architecture.caveats)
    checks = []
    for check in architecture.checks:
        ours = value_of(architecture, check)
        deviation = "0" if ours == check.value else number_text(float(f"{ours - check.value:.3g}"))
        told = [
            check.model,
            f"`{check.name}`",
            _whole(check.value),
            deviation,
            f"{check.origin}; {check.reason}",
        ]
        checks.append(told)
    yield table(
        "model | value | expected | ours less that | origin; what the tolerance allows for", checks, text=True
    )


def _whole(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else number_text(value)
