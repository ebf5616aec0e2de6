"""Domains: what a value may be that is given."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from math import inf, nextafter
from typing import TYPE_CHECKING, NamedTuple

from isoflop._accounting.quantities import quantities
from isoflop._accounting.vocabulary import Vocabulary
from isoflop.catalog.files import further_names, further_tables, law_ids, quantity_tables

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Domain(NamedTuple):
    """What a value may be that is given: from `least` to `most`, both allowed."""

    least: float
    most: float
    text: str

    def words(self) -> str:
        """Return it as a message has it: ``above 0 and at most 1``."""
        low, high = (part.strip("()[] ") for part in self.text.split(","))
        parts = [f"above {low}" if self.text.startswith("(") else f"{low} or more"]
        if high != "inf":
            parts.append(f"at most {high}" if self.text.endswith("]") else f"below {high}")
        return " and ".join(parts)


@lru_cache(maxsize=1)
def domains() -> dict[str, Domain]:
    """Return the domain of each quantity that has one."""
    return {table["name"]: read_domain(table["domain"]) for table in quantity_tables() if "domain" in table}


@cache
def _further_domains(file: str) -> dict[str, Domain]:
    return {table["name"]: read_domain(table["domain"]) for table in further_tables(file)}


def domain_of(name: str) -> Domain | None:
    """Return the domain of a quantity, ``None`` for a name that is none."""
    file = further_names().get(name)
    return domains().get(name) if file is None else _further_domains(file)[name]


def read_domain(text: str) -> Domain:
    """Read an interval such as ``(0, 1]``."""
    match = re.fullmatch(r"([\[(])([\w.]+), ([\w.]+)([\])])", text)
    assert match is not None, f"{text}: an interval such as (0, 1]"
    opens, low, high, closes = match.groups()
    least, most = float(low), float(high)
    # The next number inside stands for an end that is left out.
    least = nextafter(least, inf) if opens == "(" else least
    most = nextafter(most, -inf) if closes == ")" and most != inf else most
    return Domain(least, most, text)


def outside(numbers: NDArray[np.float64], domain: Domain) -> NDArray[np.bool_]:
    """Tell which numbers are outside; NaN is not."""
    found: NDArray[np.bool_] = (numbers < domain.least) | (numbers > domain.most)
    return found


def holds(law: Vocabulary | None, name: str, domain: Domain) -> bool:
    """Tell whether the accounting's domain holds under a law.

    A user's law that declares a variable of the name may mean another thing by it, unless its unit (1 tells
    nothing) or its range says that it is the same.
    """
    if law is None or name not in law.declared or law.id.removesuffix("*") in law_ids():
        return True
    variable = law.variables[name]
    if variable.range is not None:
        return domain.least <= variable.range[0] and variable.range[1] <= domain.most
    row = quantities().get(name)
    return row is not None and variable.unit != "1" and variable.unit == row.unit


def must_be(domain: Domain, value: float) -> str:
    """Return the part of a message that says what a value must be."""
    text = f"it must be {domain.words()}"
    if domain.most <= 1 and 2 <= value <= 100:
        text += f": it is a share, and {value:g} % is {value / 100:g}"
    return text


def checked(name: str, value: float) -> str:
    """Return what is wrong with a number that is given as `name`, or nothing."""
    domain = domain_of(name)
    if domain is None or domain.least <= value <= domain.most or value != value:
        return ""
    return f"{name} is {value:g}; {must_be(domain, value)}"
