"""A law as text: what a reader wants to know before trusting it."""

from __future__ import annotations

from collections.abc import Iterator

from isoflop._law import Law


def law_text(law: Law) -> str:
    """Return formula, coefficients, inputs with fitted range, conventions, source and caveats of a law."""
    return "\n".join(_lines(law))


def _lines(law: Law) -> Iterator[str]:
    yield f"{law.id}: {law.title}" if law.title else law.id
    yield ""
    yield f"  loss = {law.formula}"
    for name, formula in law.quantities.items():
        yield f"  {name} = {formula}"
    yield from _section("coefficients", [_coefficient(law, name) for name in law.coefficients])
    yield from _section("inputs", [_input(law, name) for name in law.variables])
    facts = {
        "unit": law.unit,
        "corpus": law.corpus,
        "tokenizer": law.tokenizer,
        "parameters": law.convention,
        "irreducible": law.irreducible or "",
        "source": str(law.source),
        "evidence": law.evidence,
    }
    yield from _section("about", [(name, text) for name, text in facts.items() if text])
    yield from _section("caveats", [("-", text) for text in law.caveats], " ")
    if law.size is not None:
        params = [("params", f"= {law.size.params}")] if law.size.params else []
        rows = [*params, ("needs", ", ".join(law.size.needs)), ("note", law.size.note)]
        yield from _section("stored size", [(name, text) for name, text in rows if text])
    if law.optimal is not None and law.optimal.formulas:
        rows = list(law.optimal.formulas.items())
        note = f": {law.optimal.note}" if law.optimal.note else ""
        yield from _section(f"compute-optimal ({law.optimal.kind}{note})", rows, " = ")


def _section(title: str, rows: list[tuple[str, str]], between: str = "  ") -> Iterator[str]:
    if rows:
        width = max(len(name) for name, _ in rows)
        yield ""
        yield title
        for name, text in rows:
            yield f"  {name:<{width}}{between}{text}".rstrip()


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
