"""What is known of a law, a rule, a sweep or a run on one page: as text, and as HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from isoflop._law.allocation import Allocation
    from isoflop._law.law import Law
    from isoflop._law.records import Source
    from isoflop._sweep.sweep import Sweep


class Section(NamedTuple):
    """Rows of a name and what there is to say of it, under a title; without one they belong to the page."""

    title: str
    rows: Sequence[tuple[str, str]]
    between: str = "  "


class Page(NamedTuple):
    """A heading and sections; those without rows are not shown."""

    heading: str
    sections: Sequence[Section]

    def text(self) -> str:
        """Return the page as plain text."""
        return "\n".join(self._lines())

    def html(self) -> str:
        """Return the page as HTML."""
        parts = [f"<p><b>{escape(self.heading)}</b></p>"]
        for section in self.sections:
            if not section.rows:
                continue
            if section.title:
                parts.append(f"<p>{escape(section.title)}</p>")
            rows = (f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>" for name, text in section.rows)
            parts.append(f"<table>{''.join(rows)}</table>")
        return f"<div>{''.join(parts)}</div>"

    def _lines(self) -> Iterator[str]:
        yield self.heading
        for section in self.sections:
            if not section.rows:
                continue
            yield ""
            if section.title:
                yield section.title
            width = max(len(name) for name, _ in section.rows)
            if not section.title and section.between == " = ":
                width = 0  # formulas stand as they are written
            for name, text in section.rows:
                yield f"  {name:<{width}}{section.between}{text}".rstrip()


def law_page(law: Law) -> Page:
    """Return formula, coefficients, inputs with fitted range, conventions, source and caveats of a law."""
    sections = [
        Section("", [("loss", law.formula), *law.quantities.items()], " = "),
        Section("coefficients", [_coefficient(law, name) for name in law.coefficients]),
        Section("inputs", [_input(law, name) for name in law.variables]),
        _about(law, {"unit": law.unit}, {"irreducible": law.irreducible or ""}),
        Section("caveats", [("-", text) for text in law.caveats], " "),
    ]
    if law.size is not None:
        params = [("params", f"= {law.size.params}")] if law.size.params else []
        rows = [*params, ("needs", ", ".join(law.size.needs)), ("note", law.size.note)]
        sections.append(Section("stored size", [(name, text) for name, text in rows if text]))
    if law.optimal is not None and law.optimal.formulas:
        note = f": {law.optimal.note}" if law.optimal.note else ""
        title = f"compute-optimal ({law.optimal.kind}{note})"
        sections.append(Section(title, list(law.optimal.formulas.items()), " = "))
    return Page(_heading(law), sections)


def allocation_page(rule: Allocation) -> Page:
    """Return formulas, coefficients, fitted range, conventions, source and caveats of an allocation rule."""
    span = "" if rule.range is None else f"{rule.range[0]:g} to {rule.range[1]:g} FLOP"
    return Page(
        _heading(rule),
        [
            Section("", list(rule.formulas.items()), " = "),
            Section("coefficients", [(name, f"{value:.10g}") for name, value in rule.coefficients.items()]),
            _about(rule, {"fitted on": span}, {"for": "mixtures of experts" if rule.sparse else ""}),
            Section("caveats", [("-", text) for text in rule.caveats], " "),
        ],
    )


def sweep_page(sweep: Sweep) -> Page:
    """Return axes, constants, law, quantities, constraints and pools of a sweep."""
    from isoflop._text.numbers import counted

    described = sweep._described
    rows = []
    for axis in described.axes:
        if axis.linked:
            told = f"linked: {', '.join(column.name for column in axis.columns)}"
        else:
            numbers = axis.columns[0].numbers
            assert numbers is not None, "a plain axis holds numbers"
            told = f"{numbers[0]:g}" if axis.length == 1 else f"{numbers[0]:g} to {numbers[-1]:g}"
        rows.append((axis.name, f"{counted(axis.length, 'value')}, {told}"))
    law = described.law
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
            Section("quantities", list(described.quantities.items()), " = "),
            Section("where", [("-", text) for text in described.where], " "),
            Section("pools", pools),
        ],
    )


def _heading(entry: Law | Allocation) -> str:
    return f"{entry.id}: {entry.title}" if entry.title else entry.id


def _about(entry: Law | Allocation, first: dict[str, str], last: dict[str, str]) -> Section:
    source: Source = entry.source
    facts = {
        **first,
        "corpus": entry.corpus,
        "tokenizer": entry.tokenizer,
        "parameters": entry.convention,
        **last,
        "source": str(source),
        "evidence": entry.evidence,
    }
    return Section("about", [(name, text) for name, text in facts.items() if text])


def _coefficient(law: Law, name: str) -> tuple[str, str]:
    error = law.standard_errors.get(name)
    return name, f"{law.coefficients[name]:.10g}" + (f" +/- {error:g}" if error is not None else "")


def _input(law: Law, name: str) -> tuple[str, str]:
    variable = law.variables[name]
    parts = [variable.unit] if variable.unit else []
    if variable.range is not None:
        low, high = variable.range
        parts.append(f"fitted on {low:g} to {high:g}")
    if variable.reads and variable.reads != name:
        parts.append(f"read as {variable.reads}")
    return name, ", ".join(parts)
