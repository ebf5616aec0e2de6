"""The accounting as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoflop._accounting.rules import groups, twice
from isoflop.catalog.files import all_quantity_tables

if TYPE_CHECKING:
    import polars as pl
    from polars.datatypes import DataType, DataTypeClass


def accounting() -> pl.DataFrame:
    """Return the standard quantities as a frame, in the order of the accounting.

    Returns
    -------
    pl.DataFrame
        Columns ``name``, ``unit``, ``formulas`` (a list: the first whose inputs are given is used),
        ``default`` (null if there is none), ``source`` (empty if it is a definition), ``doc``, ``domain``
        (what a value may be that is given, such as ``(0, 1]``), ``aliases`` (words of papers that messages
        understand), ``given_twice`` (the relations that would give it a second time if all else in them were
        given) and ``with`` (what it gives only together with others: ``context`` the
        ``attention_flops_per_token``).

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.accounting().filter(name="days")["formulas"].item().to_list()
    ['train_gpu_hours / (24 * gpu_count)']
    """
    import polars as pl

    def relations(name: str) -> list[str]:
        return [
            " = ".join(rule.equal) for rule in twice()
            if any(name in choice for member in rule.members for choice in member)
        ]  # fmt: skip

    rows = [
        (
            table["name"],
            table["unit"],
            [alternative["formula"] for alternative in table.get("alternatives", ())],
            table.get("default"),
            table.get("source", ""),
            table["doc"],
            table["domain"],
            table.get("aliases", []),
            relations(table["name"]),
            [group.gives for group in groups() if table["name"] in group.names],
        )
        for table in all_quantity_tables()
    ]
    schema: dict[str, DataType | DataTypeClass] = {
        "name": pl.String,
        "unit": pl.String,
        "formulas": pl.List(pl.String),
        "default": pl.Float64,
        "source": pl.String,
        "doc": pl.String,
        "domain": pl.String,
        "aliases": pl.List(pl.String),
        "given_twice": pl.List(pl.String),
        "with": pl.List(pl.String),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
