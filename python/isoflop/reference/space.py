"""What a space answers, looked at configuration by configuration."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TypeAlias

from isoflop.reference.formulas import evaluate, names_in, parse
from isoflop.reference.rows import Values, few, front

Configuration: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Space:
    """Axes, the columns on them, and what else formulas may read.

    Attributes
    ----------
    lengths
        How many values each axis has. A configuration is a position on each; the last axis varies fastest.
    columns
        By name: the axis that a column stands on, and its values (numbers; 0 or 1 for conditions).
    names
        Constants and quantities, the latter as formulas.
    absent
        The positions at which a column is null, by its name; a formula that reads one is NaN there.
    """

    lengths: Sequence[int]
    columns: Mapping[str, tuple[int, Sequence[float]]]
    names: Mapping[str, float | str]
    absent: Mapping[str, Collection[int]] = field(default_factory=dict)

    def values(self, formulas: Iterable[str], configuration: Configuration) -> Values:
        """Return what formulas are worth at a configuration."""
        known: dict[str, float] = {}

        def read(name: str) -> float:
            if name not in known:
                known[name] = look_up(name)
            return known[name]

        def look_up(name: str) -> float:
            if name in self.columns:
                axis, values = self.columns[name]
                return float(values[configuration[axis]])
            meaning = self.names[name]
            return evaluate(parse(meaning), read) if isinstance(meaning, str) else float(meaning)

        return tuple(
            math.nan if self.reads_null(formula, configuration) else evaluate(parse(formula), read)
            for formula in formulas
        )

    def reads_null(self, formula: str, configuration: Configuration) -> bool:
        """Tell whether a formula reads a column, directly or not, that is null at a configuration."""
        return bool(self.absent) and any(
            configuration[self.columns[name][0]] in self.absent.get(name, ()) for name in self.read([formula])
        )

    def touched(self, formulas: Iterable[str]) -> set[int]:
        """Return the axes that formulas depend on, through whatever they read."""
        return {self.columns[name][0] for name in self.read(formulas)}

    def read(self, formulas: Iterable[str]) -> set[str]:
        """Return the columns that formulas read, directly or not."""
        columns: set[str] = set()
        waiting = [name for formula in formulas for name in names_in(parse(formula))]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in self.columns:
                columns.add(name)
            elif name not in seen:
                seen.add(name)
                meaning = self.names[name]
                waiting.extend(names_in(parse(meaning)) if isinstance(meaning, str) else ())
        return columns

    def feasible(self, where: Sequence[str], free: Iterable[int] | None = None) -> list[Configuration]:
        """Return the configurations that meet all constraints, in index order.

        Axes that are not ``free`` stay at position 0; all are free without it.
        """
        moving = set(range(len(self.lengths)) if free is None else free)
        positions = (range(length) if axis in moving else (0,) for axis, length in enumerate(self.lengths))
        return [
            configuration
            for configuration in product(*positions)
            # NaN, which only a null can make of a condition, meets nothing.
            if all(value != 0.0 and not math.isnan(value) for value in self.values(where, configuration))
        ]

    def costs(self, objectives: Sequence[tuple[str, bool]], configuration: Configuration) -> Values:
        """Return the objectives as values to minimise; the second of each pair says which are maximised."""
        values = self.values((formula for formula, _ in objectives), configuration)
        return tuple(
            (-value if maximize else value) + 0.0  # + 0.0 turns -0 into 0
            for value, (_, maximize) in zip(values, objectives, strict=True)
        )

    def pareto(
        self,
        objectives: Sequence[tuple[str, bool]],
        where: Sequence[str] = (),
        *,
        bits: Sequence[int],
        rows: int | None = None,
        by: tuple[int, Sequence[int]] | None = None,
        all_ties: bool = False,
    ) -> tuple[list[Configuration], float | None]:
        """Return the front, best first, and the gap that ``rows`` leave (``None`` without them).

        With ``by`` each group of positions on an axis is answered as if it were alone, one after the other.
        Axes that nothing reads are free if all ties are wanted.
        """
        free = None
        if not all_ties:
            free = self.touched([*(formula for formula, _ in objectives), *where]) | (
                {by[0]} if by else set()
            )
        grouped: dict[int, list[Configuration]] = {}
        for configuration in self.feasible(where, free):
            number = by[1][configuration[by[0]]] if by else 0
            grouped.setdefault(int(number), []).append(configuration)
        found: list[Configuration] = []
        gap = None if rows is None else 0.0
        for number in sorted(grouped):
            candidates = grouped[number]
            costs = [self.costs(objectives, configuration) for configuration in candidates]
            kept = front(costs, bits, all_ties=all_ties)
            if rows is not None:
                kept, left = few(costs, kept, [maximize for _, maximize in objectives], rows)
                gap = max(gap or 0.0, left)
            found.extend(candidates[number] for number in kept)
        return found, gap

    def best(
        self,
        objective: tuple[str, bool],
        where: Sequence[str] = (),
        *,
        by: tuple[int, Sequence[int]] | None = None,
    ) -> list[Configuration]:
        """Return the best configuration; one for each group of positions on an axis, with ``by``."""
        # Of equal costs the first configuration is least.
        return [min(rows)[1] for rows in self.groups(objective, where, by)]

    def near(
        self,
        objective: tuple[str, bool],
        where: Sequence[str] = (),
        *,
        within: float,
        by: tuple[int, Sequence[int]] | None = None,
        then: Sequence[tuple[str, bool]] = (),
        bits: Sequence[int] = (),
    ) -> list[Configuration]:
        """Return what is within a share of the best, best first; with ``then`` the front inside that.

        With ``by`` each group of positions on an axis is answered as if it were alone, one after the other.
        Axes that nothing reads are free without ``then``.
        """
        found: list[Configuration] = []
        also = [formula for formula, _ in then]
        for rows in self.groups(objective, where, by, also=also, every=not then):
            best, _ = min(rows)
            # What is maximised is negated, and so is its limit: rounding does not know signs.
            limit = best if math.isinf(best) else best + within * abs(best)
            near = [(cost, configuration) for cost, configuration in rows if cost <= limit]
            if then:
                costs = [self.costs(then, configuration) for _, configuration in near]
                near = [near[number] for number in front(costs, bits)]
            else:
                near.sort()
            found.extend(configuration for _, configuration in near)
        return found

    def groups(
        self,
        objective: tuple[str, bool],
        where: Sequence[str],
        by: tuple[int, Sequence[int]] | None,
        *,
        also: Sequence[str] = (),
        every: bool = False,
    ) -> list[list[tuple[float, Configuration]]]:
        """Return what is feasible and not NaN, with its cost: for each group of ``by`` a list by index.

        Axes that only the formulas of ``also`` depend on are free, too; all are with ``every``.
        """
        axis, numbers = by if by is not None else (None, ())
        free = None
        if not every:
            free = self.touched([objective[0], *where, *also]) | ({axis} if axis is not None else set())
        found: dict[int, list[tuple[float, Configuration]]] = {}
        for configuration in self.feasible(where, free):
            (cost,) = self.costs([objective], configuration)
            if not math.isnan(cost):
                number = int(numbers[configuration[axis]]) if axis is not None else 0
                found.setdefault(number, []).append((cost, configuration))
        return [found[number] for number in sorted(found)]

    def table(self, columns: Sequence[str], where: Sequence[str] = ()) -> list[tuple[Configuration, Values]]:
        """Return every configuration that meets the constraints, with what formulas are worth there."""
        return [
            (configuration, self.values(columns, configuration)) for configuration in self.feasible(where)
        ]
