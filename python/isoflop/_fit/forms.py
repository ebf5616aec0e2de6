"""Named forms: formulas from the literature whose coefficients are one's own to fit."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from isoflop._exceptions import CatalogError
from isoflop._text import toml as _toml
from isoflop._text.spelling import did_you_mean, nearest

SCHEMA = {"form": pl.String, "title": pl.String, "formula": pl.String, "source": pl.String}


@cache
def form_tables() -> dict[str, dict[str, Any]]:
    """Return the catalogue's forms by identifier."""
    data = files("isoflop").joinpath("catalog", "forms.toml").read_bytes()
    return {table["id"]: table for table in _toml.read(data)["forms"]}


def forms() -> pl.DataFrame:
    """Return the named forms: identifier, title, formula and source.

    `fit` and `compare` take an identifier wherever they take a formula; starts and bounds that a form needs
    come with it.

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.forms()["form"].to_list()[:2]
    ['additive', 'additive-tied']
    """
    rows = [
        (table["id"], table["title"], table["formula"], table["source"]) for table in form_tables().values()
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def named_form(name: str) -> dict[str, Any]:
    """Return a form of the catalogue.

    Raises
    ------
    CatalogError
        If there is none of this name.
    """
    tables = form_tables()
    if name not in tables:
        hint = did_you_mean(name, tables, f"; there are {', '.join(tables)}")
        raise CatalogError(f"no form `{name}`{hint}", name=name, close_matches=nearest(name, tables))
    return tables[name]
