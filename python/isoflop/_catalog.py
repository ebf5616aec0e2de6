"""The catalogue: data files that come with the package, read once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from isoflop._exceptions import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.resources.abc import Traversable


# importlib.resources, tomllib and difflib are imported where they are used: `import isoflop` stays quick.


def _folder() -> Traversable:
    from importlib.resources import files

    return files("isoflop").joinpath("catalog")


@lru_cache(maxsize=1)
def quantity_tables() -> tuple[dict[str, Any], ...]:
    """Return the rows of ``accounting.toml`` in the file's order, as TOML gives them."""
    return tuple(_read("accounting.toml")["quantity"])


@lru_cache(maxsize=1)
def law_ids() -> tuple[str, ...]:
    """Return the identifiers of the laws that come with the package, sorted."""
    return _ids("laws")


@lru_cache(maxsize=1)
def allocation_ids() -> tuple[str, ...]:
    """Return the identifiers of the allocation rules that come with the package, sorted."""
    return _ids("allocations")


def law_table(law_id: str) -> dict[str, Any]:
    """Return what a law's file holds.

    Raises
    ------
    CatalogError
        If no law has this identifier; the message names the nearest.
    """
    return _entry("laws", "law", law_id, law_ids())


def allocation_table(allocation_id: str) -> dict[str, Any]:
    """Return what an allocation rule's file holds.

    Raises
    ------
    CatalogError
        If no rule has this identifier; the message names the nearest.
    """
    return _entry("allocations", "allocation rule", allocation_id, allocation_ids())


@lru_cache(maxsize=1)
def gpu_tables() -> tuple[dict[str, Any], ...]:
    """Return the rows of ``gpus.toml`` in the file's order, as TOML gives them."""
    return tuple(_read("gpus.toml")["gpu"])


def model_table() -> bytes:
    """Return what ``models.csv`` holds, as it is."""
    return _folder().joinpath("models.csv").read_bytes()


def _ids(folder: str) -> tuple[str, ...]:
    names = (entry.name for entry in _folder().joinpath(folder).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def _entry(folder: str, kind: str, wanted: str, known: tuple[str, ...]) -> dict[str, Any]:
    if wanted not in known:
        matches = close_matches(wanted, known)
        meant = f"did you mean {' or '.join(f'`{match}`' for match in matches)}? " if matches else ""
        message = f"no {kind} `{wanted}` in the catalogue; {meant}iso.{folder}() lists all of them"
        raise CatalogError(message, name=wanted, close_matches=matches)
    return _read(folder, f"{wanted}.toml")


def _read(*path: str) -> dict[str, Any]:
    from isoflop import _toml

    return _toml.read(_folder().joinpath(*path).read_bytes())


def close_matches(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return at most three of `names` that look like `name`, nearest first."""
    import difflib

    return tuple(difflib.get_close_matches(name, list(names), n=3, cutoff=0.6))


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return the end of a message that names the nearest of `names`, or nothing."""
    matches = close_matches(name, names)
    return f"; did you mean `{matches[0]}`?" if matches else ""
