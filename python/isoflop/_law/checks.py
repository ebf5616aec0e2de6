"""The catalogue against what was published: every expected value beside ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isoflop import _native
from isoflop._accounting.quantities import known_names
from isoflop._accounting.resolve import resolve
from isoflop._architecture.catalogue import architecture
from isoflop._architecture.evaluate import value_of as value_of_shape
from isoflop._law.allocation import allocation
from isoflop._law.catalogue import law
from isoflop._law.evaluate import evaluate
from isoflop._law.records import Check, read_check
from isoflop._text.numbers import number_text
from isoflop.catalog.files import all_quantity_tables, allocation_ids, architecture_ids, law_ids

if TYPE_CHECKING:
    import polars as pl

    from isoflop._law.allocation import Allocation
    from isoflop._law.law import Law


class Checked(NamedTuple):
    """A check of an entry of the catalogue, and the value that the entry gives."""

    kind: str
    id: str
    check: Check
    ours: float

    @property
    def passes(self) -> bool:
        """Whether the value is as expected, give or take the tolerance."""
        return abs(self.ours - self.check.value) <= self.check.tolerance


def checked() -> Iterator[Checked]:
    """Check laws, then allocation rules, then architectures, then standard quantities."""
    for entry in map(law, law_ids()):
        for check in entry.checks:
            yield Checked("law", entry.id, check, value_of("law", entry, check))
        for check in entry.optimal.checks if entry.optimal is not None else ():
            yield Checked("optimum", entry.id, check, value_of("optimum", entry, check))
    for rule in map(allocation, allocation_ids()):
        for check in rule.checks:
            yield Checked("allocation", rule.id, check, _of_allocation(rule, check))
    for built in map(architecture, architecture_ids()):
        for given in built.checks:
            check = Check(given.at, given.name, given.value, given.tolerance, given.origin, given.reason)
            yield Checked("architecture", built.id, check, value_of_shape(built, given))
    for table in all_quantity_tables():
        for number, given in enumerate(table.get("checks", ())):
            expected = {key: value for key, value in given.items() if key != "at"}
            where = f"accounting: `{table['name']}`: check {number}"
            check = read_check(table["name"], given["at"], expected, where)
            yield Checked("quantity", table["name"], check, _of_quantity(check))


def value_of(kind: str, entry: Law, check: Check) -> float:
    """Return what a law gives for one of its checks, be it of the law or of its optimum."""
    plan: Mapping[str, float] = check.at
    own: Mapping[str, str] = {}
    if kind == "optimum":
        fixed = {name: value for name, value in plan.items() if name != "train_flops"}
        frame = entry.compute_optimal(plan["train_flops"], method=None, **fixed)
        if check.name in frame.columns:
            return float(frame[check.name].item())
        assert entry.optimal is not None
        if entry.optimal.formulas and not fixed:
            # A quantity on the way, such as the batch of Kaplan's rule.
            own = entry.optimal.formulas
        else:
            size = frame.columns[1]
            plan = {size: frame[size].item(), "tokens": frame["tokens"].item(), **fixed}
    return float(evaluate(entry, (check.name,), {}, plan, 1, quantities=own, idle=True)[0][0])


def _of_allocation(rule: Allocation, check: Check) -> float:
    budget = np.array([check.at.get("train_flops", 1.0)])
    return float(rule.evaluate((check.name,), budget)[0][0])


def _of_quantity(check: Check) -> float:
    definitions = resolve((check.name,), columns=(), scalars=check.at, quantities={}, law=None).definitions
    space = _native.Space([1], [])
    points = [np.zeros(1, dtype=np.uint32)]
    return float(space.evaluate(definitions, known_names(), [check.name], points)[0][0])


def checks() -> pl.DataFrame:
    """Return every check of the catalogue as a frame: the expected value beside ours.

    Returns
    -------
    pl.DataFrame
        One row for each: ``kind`` (``law``, ``optimum``, ``allocation``, ``architecture`` or
        ``quantity``), ``id``, ``check``
        (the formula whose value is expected), ``at`` (the inputs), ``expected``, ``ours``, ``deviation``
        (ours less the expected), ``tolerance`` (absolute), ``passes``, ``from`` (``printed`` in the source;
        ``recomputed``, a published value found again from the coefficients; ``derived`` from the
        coefficients alone) and ``reason`` (where the tolerance comes from).

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.checks()["passes"].all()
    True
    """
    import polars as pl

    rows = []
    for entry in checked():
        kind, id, check, ours = entry
        rows.append({
            "kind": kind,
            "id": id,
            "check": check.name,
            "at": inputs_text(check.at),
            "expected": check.value,
            "ours": ours,
            "deviation": ours - check.value,
            "tolerance": check.tolerance,
            "passes": entry.passes,
            "from": check.origin,
            "reason": check.reason,
        })  # fmt: skip
    return pl.DataFrame(rows)


def inputs_text(at: Mapping[str, float]) -> str:
    """Return inputs as ``params=7e10, tokens=1.4e12``."""
    return ", ".join(f"{name}={number_text(value)}" for name, value in at.items())
