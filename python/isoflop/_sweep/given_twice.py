"""Degrees of freedom: no set of quantities of which one follows from the others may be given whole.

Judged when a sweep is made, by names: `_rules.twice` lists the sets. Only where names say that something is
given twice are values looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from isoflop._accounting.formula import names_in
from isoflop._accounting.quantities import quantities
from isoflop._accounting.rules import Twice, overdetermined
from isoflop._exceptions import IsoflopError, SpaceError
from isoflop._sweep.binding import Binding

if TYPE_CHECKING:
    from isoflop._sweep.description import Description

AGREE = 1e-6
"""How far values that are given twice may differ, as a share."""


def check_given_twice(described: Description) -> None:
    """Refuse a sweep that gives a degree of freedom twice.

    Raises
    ------
    SpaceError
        If it does, and the values do not agree; the message names what to drop.
    """
    found = [pair for pair in overdetermined(described.names) if not _allowed(described, *pair)]
    if found:
        raise _error(found, {*described.formulas}.difference(described.quantities))


def measured(described: Description) -> list[Twice]:
    """Return the sets that a linked frame gives whole: measured facts, each read as given."""
    return [rule for rule, members in overdetermined(described.names) if _in_one_frame(described, members)]


def _allowed(described: Description, rule: Twice, names: tuple[str, ...]) -> bool:
    return (
        _in_one_frame(described, names)
        or any(name in described.formulas and _says(described, rule, name, {*names}) for name in names)
        or _agree(described, rule)
    )


def _says(described: Description, rule: Twice, quantity: str, names: set[str]) -> bool:
    """Tell whether a quantity of the user's says how it follows from the others.

    One that reads some of them is a convention of its own, such as compute counted in another way. Of an
    identity it must read all: what it passes over would mean something else than its name says.
    """
    others = names - {quantity}
    read = _reached(described, quantity) & others
    return read == others if rule.identity else bool(read)


def _in_one_frame(described: Description, names: Collection[str]) -> bool:
    return any(
        axis.linked and {column.name for column in axis.columns}.issuperset(names) for axis in described.axes
    )


def _reached(described: Description, quantity: str) -> set[str]:
    """Return the names that a user's quantity reads, directly or not, without going behind what is given."""
    columns = {column.name for axis in described.axes for column in axis.columns}
    seen: set[str] = set()
    waiting = list(names_in(described.formulas[quantity]))
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in columns or name in described.scalars:
            continue
        if name in described.formulas:
            waiting.extend(names_in(described.formulas[name]))
        elif (row := quantities().get(name)) is not None:
            for alternative in row.alternatives:
                waiting.extend(alternative.row[1])
    return seen


def _agree(described: Description, rule: Twice) -> bool:
    one, other = rule.equal
    try:
        return not Binding(described).any([f"abs(({one}) - ({other})) > {AGREE} * abs({other})"])
    except IsoflopError:
        return False  # what the other side needs is not given: nothing agrees with it


def _error(found: Sequence[tuple[Twice, tuple[str, ...]]], follow: Collection[str]) -> SpaceError:
    """Return the error; names that `follow` from pools or a shape cannot be dropped."""
    parts = []
    for rule, names in found:
        parts.append(f"{_listed(names, 'and')} ({rule.equal[0]} = {rule.equal[1]})")
    every = list(dict.fromkeys(name for _, names in reversed(found) for name in reversed(names)))
    every = [name for name in every if name not in follow] or every
    sets = [set(names) for _, names in found]
    drops = next(
        enough
        for count in range(1, len(every) + 1)
        if (enough := [c for c in combinations(every, count) if all(s.intersection(c) for s in sets)])
    )
    single = [names[0] for names in drops if len(names) == 1]
    drop = _listed(single, "or") if single else _listed(drops[0], "and")
    message = f"given twice: {'; '.join(parts)}; one follows from the others, so drop {drop}"
    return SpaceError(message, axis=drops[0][0])


def _listed(names: Sequence[str], word: str) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"
