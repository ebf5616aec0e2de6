"""An architecture on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoflop._text.page import Page, Section

if TYPE_CHECKING:
    from isoflop._architecture.content import ArchitectureContent


def architecture_page(architecture: ArchitectureContent) -> Page:
    """Return dimensions, formulas, conventions, source and caveats."""
    dimensions = []
    for name, variable in architecture.variables.items():
        default = f" ({variable.default} if not given)" if variable.default else ""
        dimensions.append((name, f"{variable.doc}{default}".strip()))
    facts = {
        "counted": architecture.convention,
        "source": str(architecture.source),
        "evidence": architecture.evidence,
    }
    title = f"{architecture.id}: {architecture.title}" if architecture.title else architecture.id
    sections = [
        Section("dimensions", dimensions),
        Section("formulas", list(architecture.quantities.items()), " = "),
        Section("conventions", convention_rows(architecture)),
        Section("about", [(name, text) for name, text in facts.items() if text]),
        Section("caveats", [("-", text) for text in architecture.caveats], " "),
    ]
    return Page(title, sections)


def convention_rows(architecture: ArchitectureContent) -> list[tuple[str, str]]:
    """Say how attention scores and training FLOP are counted."""
    if architecture.flops is not None:
        formula = architecture.train_flops[architecture.flops]
        return [("train_flops_per_token", f"as {architecture.flops} counts: {formula}")]
    scores = architecture.attention_flops.get(architecture.attention)
    told = f"{architecture.attention}: {scores}" if scores else "as the accounting counts them, full"
    return [
        ("attention_flops_per_token", told),
        ("train_flops", "(6*active_params + attention_flops_per_token) * tokens"),
    ]
