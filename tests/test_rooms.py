"""The house stays in order: imports run downwards, rooms keep their private names, files keep their size."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import isoflop as iso

PACKAGE = Path(iso.__file__).parent

FLOORS = (
    ("_exceptions", "_native", "_text"),
    ("_run", "_space", "catalog"),
    ("_accounting", "_pareto"),
    ("_architecture",),
    ("_law",),
    ("_fit", "_models", "_sweep"),
    ("_plan",),
    ("cli", "reference"),
)
"""Rooms from the ground up: what stands on a floor may import what stands below. `isoflop` itself is free."""

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

LONGEST = 500


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def module(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Yield every module of the package that a file imports, with the name that it takes from there.

    Wherever the import stands: at the top, in a function, or for type checkers only.
    """
    modules = {"_native", *(module(path) for path in files())}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "isoflop":
                    yield alias.name.removeprefix("isoflop").removeprefix("."), ""
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports are not read"
            if node.module is None or node.module.split(".")[0] != "isoflop":
                continue
            base = node.module.removeprefix("isoflop").removeprefix(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".lstrip(".")
                yield (inner, "") if inner in modules else (base, alias.name)


def room(name: str) -> str:
    return name.split(".")[0]


def test_every_room_has_its_floor() -> None:
    assert {room(module(path)) for path in files()} <= FLOOR.keys() | {"__main__"}


def test_imports_run_downwards() -> None:
    upwards = [
        f"{module(path)} imports {name or 'isoflop itself'}"
        for path in files()
        if room(module(path)) not in ("cli", "__main__")  # they are users of the package
        for name, _ in imported(path)
        if room(name) != room(module(path))
        and FLOOR.get(room(name), len(FLOORS)) >= FLOOR[room(module(path))]
        and not {room(name), room(module(path))} <= {"_exceptions", "_native", "_text"}
    ]
    assert upwards == []


def test_no_imports_run_in_a_circle() -> None:
    below: dict[str, set[str]] = defaultdict(set)
    for path in files():
        below[module(path)] = {name for name, _ in imported(path)} - {"", module(path)}
    done: set[str] = set()

    def follow(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above[above.index(name) :], name))
        if name not in done:
            for other in sorted(below[name]):
                follow(other, (*above, name))
            done.add(name)

    for name in sorted(below):
        follow(name, ())


def test_no_private_name_leaves_its_room() -> None:
    taken = [
        f"{module(path)} takes {taken} from {name}"
        for path in files()
        for name, taken in imported(path)
        if taken.startswith("_") and taken != "__version__" and room(name) != room(module(path))
    ]
    assert taken == []


@pytest.mark.parametrize("path", files(), ids=module)
def test_no_file_is_longer_than_a_reader_likes(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_a_room_opens_without_what_is_heavy() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        if path.parent not in (PACKAGE, PACKAGE / "cli", PACKAGE / "reference"):
            assert list(imported(path)) == [], f"{path}: opening a room imports nothing"
