"""Laws as tables: the catalogue's files, and the ``[law]`` table of a sweep file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from isoflop._exceptions import FormulaError, LawError
from isoflop._given import shown
from isoflop._law_records import Check, Optimal, Variable, read_number, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from isoflop._law import Law

TEXTS = ("id", "title", "formula", "unit", "corpus", "tokenizer", "convention", "evidence", "irreducible")
TABLES = (
    "coefficients",
    "variables",
    "quantities",
    "standard_errors",
    "covariance",
    "source",
    "optimal",
    "size",
)
KEYS = (*TEXTS, "caveats", *TABLES, "checks")


def law_from_mapping(mapping: Mapping[str, Any], where: str) -> Law:
    """Make a law from a table with the keys of a law's file.

    Parameters
    ----------
    mapping
        ``formula`` and ``coefficients`` are required; a coefficient is a number or a table of ``value`` and
        ``standard_error``. The rest are the parameters of `Law`.
    where
        What messages call the table, such as ``"sweep.toml: law"``.

    Raises
    ------
    FormulaError
        If a formula cannot be read.
    LawError
        If a key is unknown or missing, or a value is not what it should be.
    """
    from isoflop._law import Law

    table = read_table(mapping, (*KEYS, "fit"), where)
    # How it was fitted, for whoever reads the file; a law is what came out.
    table.pop("fit", None)
    for key in ("formula", "coefficients"):
        if key not in table:
            raise LawError(f"{where}: a law needs `{key}`")
    given = table.pop("coefficients")
    if not isinstance(given, Mapping):
        raise LawError(f"{where}: coefficients must be a table of numbers, not {shown(given)}")
    coefficients: dict[str, float] = {}
    errors = dict(table.pop("standard_errors", {}))
    for name, value in given.items():
        place = f"{where}: coefficient `{name}`"
        if isinstance(value, Mapping):
            entry = read_table(value, ("value", "standard_error"), place)
            coefficients[name] = read_number(entry.get("value"), place)
            if "standard_error" in entry:
                errors[name] = read_number(entry["standard_error"], f"{place}: standard error")
        else:
            coefficients[name] = read_number(value, place)
    formula = table.pop("formula")
    try:
        return Law(formula, coefficients, standard_errors=errors, **table)
    except (FormulaError, LawError) as error:
        error.args = (f"{where}: {error.args[0]}",)
        if isinstance(error, FormulaError):
            error.message = f"{where}: {error.message}"
        raise


def law_to_mapping(law: Law) -> dict[str, Any]:
    """Return a law as a table of plain values; `law_from_mapping` gives the law back."""
    from isoflop._law import Law

    plain = Law(law.formula, law.coefficients, quantities=law.quantities)
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
