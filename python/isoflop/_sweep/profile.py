"""Profile: what a question cost, and how it was settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from isoflop._text.frozen import Frozen
from isoflop._text.numbers import counted
from isoflop._text.page import Page, Section
from isoflop._text.portable import rebuild

if TYPE_CHECKING:
    from isoflop._native import Rows


@dataclass(frozen=True, slots=True)
class Profile:
    """What a run did: the second half of what :meth:`Sweep.profile` returns, and the answer's certificate.

    Every configuration was settled one way or the other: ``bounded + evaluated == size``.

    Attributes
    ----------
    size
        Configurations of the whole space.
    bounded
        Settled by bound: configurations shown to be no row without being looked at. 0 if enumerated.
    presolved
        Of these, dropped before the search: positions of an axis or two that others dominate for every
        completion.
    evaluated
        Settled by evaluation: configurations that were looked at one by one.
    feasible
        Configurations that met every constraint; ``None`` for a search, which does not look at all of them.
    nan
        Feasible ones among the evaluated with a NaN objective; they are never on a front.
    bounds
        How often a box was bounded.
    depths
        Boxes by depth: how many times the space was split on the way to them, 8 parts at a time.
    rows
        Rows of the answer.
    resolution
        The resolution that each objective was compared at (a power of two), by objective.
    method
        ``"enumerate"`` or ``"search"``.
    threads
        Worker threads.
    seconds
        Wall-clock time by phase: ``compile``, ``search``, ``finish``.
    gap
        With ``rows=``: how far a row of the front is at most from the nearest that was chosen, as a share of
        the front's own range of an objective (in logarithms, where the range spans more than a factor of
        ten); ``None`` without.
    """

    size: int
    bounded: int
    presolved: int
    evaluated: int
    feasible: int | None
    nan: int
    bounds: int
    depths: tuple[int, ...]
    rows: int
    resolution: Mapping[str, float]
    method: str
    threads: int
    seconds: Mapping[str, float]
    gap: float | None = None

    def __str__(self) -> str:
        return "\n".join(f"{name:<12}{text}" for name, text in self._facts().items())

    def _repr_html_(self) -> str:
        return Page("Profile", [Section("", list(self._facts().items()))]).html()

    def __reduce__(self) -> tuple[Any, ...]:
        plain = {"resolution": dict(self.resolution), "seconds": dict(self.seconds)}
        return rebuild, ("Profile", {field.name: getattr(self, field.name) for field in fields(self)} | plain)

    @classmethod
    def _rebuilt(cls, plain: Mapping[str, Any]) -> Profile:
        frozen = {name: Frozen(plain[name]) for name in ("resolution", "seconds")}
        return cls(**{**plain, **frozen})

    def _facts(self) -> dict[str, str]:
        total = sum(self.seconds.values())
        rate = f" ({self.size / total:.3g} a second)" if total > 0 else ""
        phases = ", ".join(f"{phase} {_seconds(spent)}" for phase, spent in self.seconds.items())
        compared = ", ".join(
            f"{objective} {resolution:.3g}" for objective, resolution in self.resolution.items()
        )
        gap = (
            ""
            if self.gap is None
            else f", none of the front further than {self.gap:.3g} of its range from one"
        )
        lines = {"size": f"{counted(self.size, 'configuration')}{rate}"}
        if self.method == "search":
            lines["bounded"] = (
                f"{self.bounded:,}{_share(self.bounded, self.size)}, by {counted(self.bounds, 'bound')}"
            )
        if self.presolved:
            share = _share(self.presolved, self.size)
            lines["presolved"] = f"{self.presolved:,}{share} of these, before the search"
        lines["evaluated"] = f"{self.evaluated:,}{_share(self.evaluated, self.size)}"
        if self.feasible is not None:
            lines["feasible"] = f"{self.feasible:,}{_share(self.feasible, self.size)}"
        lines |= {
            "nan": f"{self.nan:,}",
            "rows": f"{self.rows:,}{gap}",
            "resolution": compared,
            "method": f"{self.method}, {counted(self.threads, 'thread')}",
            "seconds": f"{_seconds(total)} ({phases})",
        }
        return lines


def make_profile(found: Rows, rows: int, objectives: Sequence[str], bits: Sequence[int]) -> Profile:
    """Put the engine's counts into a profile."""
    stats = found.stats
    return Profile(
        size=stats["size"],
        bounded=stats["bounded"],
        presolved=stats["presolved"],
        evaluated=stats["evaluated"],
        feasible=stats["feasible"],
        nan=stats["nan"],
        bounds=stats["bounds"],
        depths=tuple(stats["depths"]),
        rows=rows,
        resolution=Frozen({objective: 2.0**-bit for objective, bit in zip(objectives, bits, strict=True)}),
        method="search" if stats["searched"] else "enumerate",
        threads=stats["threads"],
        seconds=Frozen(stats["seconds"]),
        gap=stats["gap"],
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1e3:.2f} ms"


def _share(part: int, whole: int) -> str:
    """Return the share in parentheses, cut rather than rounded: only all is 100 %, only nothing is 0 %."""
    if not whole:
        return ""
    tenths = part * 1000 // whole
    return " (under 0.1%)" if part and not tenths else f" ({tenths / 10:.1f}%)"
