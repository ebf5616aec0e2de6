"""What a sweep is made of, on one page."""

from __future__ import annotations

from isoflop._sweep.description import Description
from isoflop._text.numbers import counted
from isoflop._text.page import Page, Section


def sweep_page(described: Description) -> Page:
    """Return axes, constants, law, quantities, constraints and pools of a sweep."""
    rows = []
    for axis in described.axes:
        if axis.linked:
            told = f"linked: {', '.join(column.name for column in axis.columns)}"
        else:
            numbers = axis.columns[0].numbers
            assert numbers is not None, "a plain axis holds numbers"
            told = f"{numbers[0]:g}" if axis.length == 1 else f"{numbers[0]:g} to {numbers[-1]:g}"
        rows.append((axis.name, f"{counted(axis.length, 'value')}, {told}"))
    law, architecture = described.law, described.architecture
    built = [] if architecture is None else [(architecture.id, architecture.title)]
    pools = [
        (
            pool.name,
            f"quality {pool.quality:g}, {pool.unique_tokens:g} tokens, {pool.usd_per_token:g} US dollars",
        )
        for pool in described.pools
    ]
    return Page(
        f"Sweep: {counted(described.size, 'configuration')}",
        [
            Section("axes", rows),
            Section("constants", [(name, f"{value:.10g}") for name, value in described.scalars.items()]),
            Section("law", [] if law is None else [(law.id, f"loss = {law.formula}")]),
            Section("architecture", built),
            Section("quantities", list(described.quantities.items()), " = "),
            Section("where", [("-", text) for text in described.where], " "),
            Section("pools", pools),
        ],
    )
