"""What is known of a law or of a rule, on one page."""

from __future__ import annotations

from typing import Protocol

from isoflop._law.content import LawContent
from isoflop._law.records import Source
from isoflop._text.page import Page, Section


class Entry(Protocol):
    """What laws and rules both say of themselves."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def corpus(self) -> str: ...
    @property
    def tokenizer(self) -> str: ...
    @property
    def convention(self) -> str: ...
    @property
    def source(self) -> Source: ...
    @property
    def evidence(self) -> str: ...


def law_page(law: LawContent) -> Page:
    """Return formula, coefficients, inputs with fitted range, conventions, source and caveats of a law."""
    sections = [
        Section("", [("loss", law.formula), *law.quantities.items()], " = "),
        Section("coefficients", [_coefficient(law, name) for name in law.coefficients]),
        Section("inputs", [_input(law, name) for name in law.variables]),
        about(
            law,
            {"unit": law.unit},
            {"irreducible": law.irreducible or "", "superseded by": law.superseded_by},
        ),
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
    return Page(heading(law), sections)


def heading(entry: Entry) -> str:
    return f"{entry.id}: {entry.title}" if entry.title else entry.id


def about(entry: Entry, first: dict[str, str], last: dict[str, str]) -> Section:
    facts = {
        **first,
        "corpus": entry.corpus,
        "tokenizer": entry.tokenizer,
        "parameters": entry.convention,
        **last,
        "source": str(entry.source),
        "evidence": entry.evidence,
    }
    return Section("about", [(name, text) for name, text in facts.items() if text])


def _coefficient(law: LawContent, name: str) -> tuple[str, str]:
    error = law.standard_errors.get(name)
    return name, f"{law.coefficients[name]:.10g}" + (f" +/- {error:g}" if error is not None else "")


def _input(law: LawContent, name: str) -> tuple[str, str]:
    variable = law.variables[name]
    parts = [variable.unit] if variable.unit else []
    if variable.range is not None:
        low, high = variable.range
        parts.append(f"fitted on {low:g} to {high:g}")
    if variable.reads and variable.reads != name:
        parts.append(f"read as {variable.reads}")
    return name, ", ".join(parts)
