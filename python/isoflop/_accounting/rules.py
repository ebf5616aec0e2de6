"""What the accounting's file says of what may be given: domains, degrees of freedom, groups.

The file says it beside the units; this module reads it once. Sweeps ask for it when they are made, questions,
laws, plans and the documentation.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import NamedTuple

from isoflop._accounting.vocabulary import read_names
from isoflop.catalog.files import accounting_table, quantity_tables


class Twice(NamedTuple):
    """Quantities of which one follows from the others.

    Attributes
    ----------
    members
        Of each member the sets of names that give it.
    equal
        Two formulas that must agree if all members are given.
    identity
        Whether they say what a word means, and so hold whatever else is said.
    """

    members: tuple[tuple[frozenset[str], ...], ...]
    equal: tuple[str, str]
    identity: bool = False


class Group(NamedTuple):
    """Inputs that give a quantity together and nothing alone."""

    gives: str
    names: tuple[str, ...]


@lru_cache(maxsize=1)
def aliases() -> dict[str, tuple[str, ...]]:
    """Return the words of papers for each quantity that has some."""
    return {table["name"]: tuple(table["aliases"]) for table in quantity_tables() if "aliases" in table}


@lru_cache(maxsize=1)
def twice() -> tuple[Twice, ...]:
    """Return the sets of which one member follows from the others."""
    content = accounting_table()
    ways: dict[str, list[tuple[str, str]]] = {}
    for way in content["ways"]:
        ways.setdefault(way["word"], []).append((way["names"], way["formula"]))
    found = []
    for table in content["given_twice"]:
        one, other = table["equal"]
        words = [word for word in table["names"] if word in ways]
        for chosen in product(*(ways[word] for word in words)):
            names, equal = dict(zip(words, chosen, strict=True)), (one, other)
            for word, (_, formula) in names.items():
                # A word alone needs no parentheses.
                equal = tuple(
                    side.replace(word, formula if side == word or formula.isidentifier() else f"({formula})")
                    for side in equal
                )
            members = tuple(_choices(names[word][0] if word in names else word) for word in table["names"])
            found.append(Twice(members, equal, table.get("identity", False)))
    return tuple(found)


def _choices(text: str) -> tuple[frozenset[str], ...]:
    return tuple(map(read_names, text.split("|")))


@lru_cache(maxsize=1)
def freedoms() -> frozenset[str]:
    """Return every name that one of `twice` has."""
    return frozenset(
        name for rule in twice() for member in rule.members for choice in member for name in choice
    )


# A script that makes many sweeps gives the same names.
@lru_cache(maxsize=1024)
def overdetermined(names: tuple[str, ...]) -> tuple[tuple[Twice, tuple[str, ...]], ...]:
    """Return the sets of which every member is given by some of these names, with the names that give it."""
    given = freedoms().intersection(names)
    found = []
    for rule in twice() if len(given) > 1 else ():
        for choices in product(*rule.members):
            if all(choice <= given for choice in choices):
                givers = dict.fromkeys(name for choice in choices for name in sorted(choice, reverse=True))
                if len(givers) == sum(map(len, choices)):  # no name may serve two members
                    found.append((rule, tuple(givers)))
    return tuple(found)


@lru_cache(maxsize=1)
def groups() -> tuple[Group, ...]:
    """Return the inputs that give a quantity together only."""
    return tuple(Group(table["gives"], tuple(table["names"])) for table in accounting_table()["group"])
