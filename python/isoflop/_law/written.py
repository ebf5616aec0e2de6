"""A law as a table of plain values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from isoflop._law.content import LawContent
from isoflop._law.records import Check, Optimal, Variable

TEXTS = (
    *("id", "title", "formula", "unit", "corpus", "tokenizer", "convention", "evidence", "superseded_by"),
    "irreducible",
)


def content_table(law: LawContent, plain: LawContent) -> dict[str, Any]:
    """Return a law as a table of plain values, without what `plain`, a law of its formula, has too."""
    table: dict[str, Any] = {"formula": law.formula, "coefficients": dict(law.coefficients)}
    if law.variables != plain.variables:
        table["variables"] = {name: _variable(name, variable) for name, variable in law.variables.items()}
    for key in ("quantities", "standard_errors"):
        if getattr(law, key):
            table[key] = dict(getattr(law, key))
    for key in TEXTS:
        if key != "formula" and getattr(law, key) != getattr(plain, key):
            table[key] = getattr(law, key)
    if law.caveats:
        table["caveats"] = list(law.caveats)
    if law.covariance is not None:
        of, matrix, note = law.covariance
        table["covariance"] = {"of": list(of), "matrix": [list(row) for row in matrix]}
        if note:
            table["covariance"]["note"] = note
    source = {key: text for key in ("cite", "where", "arxiv") if (text := getattr(law.source, key))}
    if source:
        table["source"] = source
    if law.size is not None:
        table["size"] = {key: value for key, value in law.size._asdict().items() if value}
        if law.size.needs:
            table["size"]["needs"] = list(law.size.needs)
    if law.checks:
        table["checks"] = _checks(law.checks)
    if law.optimal is not None and law.optimal != plain.optimal:
        table["optimal"] = _optimal(law.optimal, plain.optimal)
    return table


def _optimal(optimal: Optimal, plain: Optimal | None) -> dict[str, Any]:
    table: dict[str, Any] = {"kind": optimal.kind}
    if optimal.rule:
        table["rule"] = optimal.rule
    elif optimal.formulas and (plain is None or optimal.formulas != plain.formulas):
        table["formulas"] = dict(optimal.formulas)
    if optimal.note:
        table["note"] = optimal.note
    if optimal.checks:
        table["checks"] = _checks(optimal.checks)
    return table


def _variable(name: str, variable: Variable) -> dict[str, Any]:
    table: dict[str, Any] = {"unit": variable.unit} if variable.unit else {}
    if variable.range is not None:
        table["range"] = list(variable.range)
    if variable.reads != name:
        table["reads"] = variable.reads
    return table


def _checks(checks: Iterable[Check]) -> list[dict[str, Any]]:
    return [
        {
            "at": dict(check.at),
            check.name: {
                "value": check.value,
                "tolerance": check.tolerance,
                **({"from": check.origin} if check.origin else {}),
                **({"reason": check.reason} if check.reason else {}),
            },
        }
        for check in checks
    ]
