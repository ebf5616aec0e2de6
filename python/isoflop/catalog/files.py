"""The catalogue: data files that come with the package, read once."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from isoflop._exceptions import CatalogError
from isoflop._text.given import shown
from isoflop._text.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from importlib.resources.abc import Traversable


# importlib.resources and the reader of TOML are imported where they are used: `import isoflop` stays quick.

KNOWN_AS: Mapping[str, tuple[str, ...]] = {
    "chinchilla": (
        "hoffmann2022",
        "hoffmann2022-tex",
        "besiroglu2024",
        "hoffmann2022-approach1",
        "hoffmann2022-approach2",
    ),
}
"""Names by which several entries are known; a hint, no name of any."""


class _Kind(NamedTuple):
    """A part of the catalogue whose entries have identifiers, and what messages call it."""

    folder: str
    name: str
    article: str
    function: str

    def ids(self) -> tuple[str, ...]:
        """Return the identifiers, sorted."""
        return {LAW.folder: law_ids, RULE.folder: allocation_ids}.get(self.folder, architecture_ids)()


LAW = _Kind("laws", "law", "a law", "iso.law")
RULE = _Kind("allocations", "allocation rule", "an allocation rule", "iso.allocation")
ARCHITECTURE = _Kind("architectures", "architecture", "an architecture", "iso.architecture")


def _folder() -> Traversable:
    from importlib.resources import files

    return files("isoflop").joinpath("catalog")


@lru_cache(maxsize=1)
def accounting_table() -> dict[str, Any]:
    """Return what ``accounting.toml`` holds."""
    return _read("accounting.toml")


def quantity_tables() -> tuple[dict[str, Any], ...]:
    """Return the rows of ``accounting.toml`` in the file's order, as TOML gives them."""
    return tuple(accounting_table()["quantity"])


@lru_cache(maxsize=1)
def further_names() -> dict[str, str]:
    """Return the names of further quantities, each with the file of ``catalog/quantities`` that holds it."""
    listed: dict[str, list[str]] = accounting_table()["further"]
    return {name: file for file, names in listed.items() for name in names}


@cache
def further_tables(file: str) -> tuple[dict[str, Any], ...]:
    """Return the rows of one file of further quantities, which is read when one of them is named."""
    return tuple(_read("quantities", f"{file}.toml")["quantity"])


def all_quantity_tables() -> tuple[dict[str, Any], ...]:
    """Return the rows of ``accounting.toml`` and of every file of further quantities."""
    files = dict.fromkeys(further_names().values())
    return (*quantity_tables(), *(table for file in files for table in further_tables(file)))


@lru_cache(maxsize=1)
def law_ids() -> tuple[str, ...]:
    """Return the identifiers of the laws that come with the package, sorted."""
    return _ids("laws")


@lru_cache(maxsize=1)
def allocation_ids() -> tuple[str, ...]:
    """Return the identifiers of the allocation rules that come with the package, sorted."""
    return _ids("allocations")


@lru_cache(maxsize=1)
def architecture_ids() -> tuple[str, ...]:
    """Return the identifiers of the architectures that come with the package, sorted."""
    return _ids("architectures")


def architecture_id(wanted: object) -> str:
    """Return the identifier of an architecture as the catalogue writes it; case does not matter.

    Raises
    ------
    TypeError
        If it is no text.
    CatalogError
        If no architecture has this identifier; the message names what may have been meant.
    """
    return _find(ARCHITECTURE, LAW, wanted)


def architecture_table(architecture_id: str) -> dict[str, Any]:
    """Return what an architecture's file holds."""
    return _read(ARCHITECTURE.folder, f"{architecture_id}.toml")


@lru_cache(maxsize=1)
def common_table() -> dict[str, Any]:
    """Return what ``architecture.toml`` holds: what every architecture knows."""
    return _read("architecture.toml")


def law_id(wanted: object) -> str:
    """Return the identifier of a law as the catalogue writes it; case does not matter.

    Raises
    ------
    TypeError
        If it is no text.
    CatalogError
        If no law has this identifier; the message names what may have been meant.
    """
    return _find(LAW, RULE, wanted)


def allocation_id(wanted: object) -> str:
    """Return the identifier of an allocation rule as the catalogue writes it; case does not matter.

    Raises
    ------
    TypeError
        If it is no text.
    CatalogError
        If no rule has this identifier; the message names what may have been meant.
    """
    return _find(RULE, LAW, wanted)


def only_a_rule(wanted: object) -> bool:
    """Tell whether this is the identifier of an allocation rule, and of no law."""
    return isinstance(wanted, str) and wanted.lower() in allocation_ids() and wanted.lower() not in law_ids()


def law_table(law_id: str) -> dict[str, Any]:
    """Return what a law's file holds."""
    return _read(LAW.folder, f"{law_id}.toml")


def allocation_table(allocation_id: str) -> dict[str, Any]:
    """Return what an allocation rule's file holds."""
    return _read(RULE.folder, f"{allocation_id}.toml")


@lru_cache(maxsize=1)
def gpu_tables() -> tuple[dict[str, Any], ...]:
    """Return the rows of ``gpus.toml`` in the file's order, as TOML gives them."""
    return tuple(_read("gpus.toml")["gpu"])


@lru_cache(maxsize=1)
def run_tables() -> tuple[dict[str, Any], ...]:
    """Return the rows of ``utilisation.toml`` in the file's order, as TOML gives them."""
    return tuple(_read("utilisation.toml")["run"])


def model_table() -> bytes:
    """Return what ``models.csv`` holds, as it is."""
    return _folder().joinpath("models.csv").read_bytes()


def _ids(folder: str) -> tuple[str, ...]:
    names = (entry.name for entry in _folder().joinpath(folder).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def _find(kind: _Kind, other: _Kind, wanted: object) -> str:
    if not isinstance(wanted, str):
        raise TypeError(f"the identifier of {kind.article} must be a text, not {shown(wanted)}")
    lowered, known = wanted.lower(), kind.ids()
    if lowered in known:
        return lowered
    message, matches = f"no {kind.name} `{wanted}` in the catalogue", _meant(wanted, known)
    if lowered in other.ids():
        matches = ()
        message += f', but {other.article} of this name: {other.function}("{lowered}")'
    elif matches:
        message += f"; did you mean {_either(matches)}?"
    elif others := _meant(wanted, other.ids()):
        message += f"; did you mean {other.article}, {_either(others)}? {other.function}(id) gives one"
    stop = "" if message.endswith("?") else ";"
    raise CatalogError(
        f"{message}{stop} iso.{kind.folder}() lists all of them", name=wanted, close_matches=matches
    )


def _meant(wanted: str, ids: Sequence[str]) -> tuple[str, ...]:
    """Return at most three identifiers that may have been meant, the likeliest first."""
    words = nearest(wanted, KNOWN_AS)
    listed = KNOWN_AS[words[0]] if words else ()
    return tuple(id for id in listed if id in ids)[:3] or nearest(wanted, ids)[:3]


def _either(ids: Iterable[str]) -> str:
    return " or ".join(f"`{id}`" for id in ids)


def _read(*path: str) -> dict[str, Any]:
    from isoflop._text import toml as _toml

    return _toml.read(_folder().joinpath(*path).read_bytes())
