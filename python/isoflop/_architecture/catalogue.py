"""Architectures by name: of the catalogue, from files and from mappings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoflop._architecture.architecture import Architecture, architecture_from_mapping
from isoflop._exceptions import ArchitectureError
from isoflop._text.given import shown
from isoflop.catalog.files import architecture_id, architecture_ids, architecture_table

if TYPE_CHECKING:
    import polars as pl


def architecture(id: str, *, attention: str | None = None, flops: str | None = None) -> Architecture:
    """Return an architecture of the catalogue, or one from a file.

    Parameters
    ----------
    id
        Its identifier, as listed by `architectures`; upper and lower case are the same. Or the path of a file
        in the form of the catalogue's: a text that ends in ``.toml``, or one with a slash.
    attention
        ``"causal"`` (the default) counts the attention scores that the mask leaves, ``"full"`` all of them.
    flops
        ``"megatron"`` or ``"torchtitan"``: count training FLOP as these do; ``None``: as the accounting does,
        ``6*active_params + attention_flops_per_token`` for each token.

    Raises
    ------
    CatalogError
        If there is none; ``.close_matches`` holds identifiers that may have been meant.
    TypeError
        If the identifier is no text.
    ArchitectureError, FormulaError
        If a file holds no architecture, or there is no such convention.
    OSError
        If a file cannot be read.

    Examples
    --------
    >>> import isoflop as iso
    >>> shape = {"layers": 32, "d_model": 4096, "heads": 32, "kv_heads": 8, "d_ff": 14336}
    >>> int(iso.architecture("llama").counts(**shape, vocab_size=128256)["kv_bytes_per_token"])
    131072
    """
    found = architecture_from_file(id) if is_file(id) else _architecture(architecture_id(id))
    changes = {name: x for name, x in (("attention", attention), ("flops", flops)) if x is not None}
    return found.replace(**changes) if changes else found


@lru_cache(maxsize=64)
def _architecture(id: str) -> Architecture:
    found = architecture_from_mapping(architecture_table(id), f"catalog/architectures/{id}.toml")
    object.__setattr__(found, "catalogued", True)
    return found


def is_file(given: object) -> bool:
    """Tell whether this names a file rather than an architecture of the catalogue."""
    if isinstance(given, str):
        return given.endswith(".toml") or "/" in given or os.sep in given
    return isinstance(given, PathLike)


def architecture_from_file(path: str | PathLike[str], name: str | None = None) -> Architecture:
    """Read an architecture's file; ``name`` is what messages call it, its path if nothing else."""
    from isoflop._text import toml as _toml

    where = fspath(path) if name is None else name
    data = Path(path).read_bytes()
    try:
        table = _toml.read(data)
    except UnicodeDecodeError as error:
        raise ArchitectureError(f"{where}: not UTF-8 at byte {error.start}") from None
    except ValueError as error:
        raise ArchitectureError(f"{where}: not TOML: {error}") from None
    return architecture_from_mapping(table, where)


def read_architecture(given: object) -> Architecture:
    """Return the architecture of an identifier, a file or a mapping, or the architecture itself.

    Raises
    ------
    TypeError
        If it is none of these.
    CatalogError, ArchitectureError, FormulaError, OSError
        As `architecture` does.
    """
    if isinstance(given, Architecture):
        return given
    if isinstance(given, str | PathLike):
        return architecture(fspath(given))
    if isinstance(given, Mapping):
        return architecture_from_named(given, "architecture")
    raise TypeError(
        "architecture must be an identifier of the catalogue, a file, a mapping of formulas or an "
        f"Architecture, not {shown(given)}"
    )


def architecture_from_named(table: Mapping[str, Any], where: str) -> Architecture:
    """Make one of a mapping: an own one, or the catalogue's by ``id`` with conventions."""
    if "id" in table and table.keys() <= {"id", "attention", "flops"}:
        return architecture(**table)
    return architecture_from_mapping(table, where)


def architectures() -> pl.DataFrame:
    """Return the catalogue of architectures as a frame, one row for each, sorted by identifier.

    Returns
    -------
    pl.DataFrame
        Text columns ``id``, ``title``, ``dimensions`` (those without a default), ``params`` (its formula),
        ``convention`` (what is counted), ``models`` (real ones among its checks), ``evidence``, ``source``
        and ``caveats``.

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.architectures().filter(id="deepseek3")["models"].item()
    'DeepSeek-V3, Kimi K2, Moonlight-16B-A3B'
    """
    import polars as pl

    names = ("id", "title", "dimensions", "params", "convention", "models", "evidence", "source", "caveats")
    rows = []
    for entry in map(_architecture, architecture_ids()):
        dimensions = ", ".join(name for name, x in entry.variables.items() if not x.default)
        models = ", ".join(dict.fromkeys(check.model for check in entry.checks if check.model))
        rows.append([
            entry.id, entry.title, dimensions, entry.quantities["params"], entry.convention, models,
            entry.evidence, str(entry.source), " ".join(entry.caveats),
        ])  # fmt: skip
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
