"""Laws as tables: the catalogue's files, and the ``[law]`` table of a sweep file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isoflop._exceptions import FormulaError, LawError
from isoflop._law.law import Law
from isoflop._law.records import read_number, read_table
from isoflop._law.written import TEXTS
from isoflop._text.given import shown

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
    return law._table()
