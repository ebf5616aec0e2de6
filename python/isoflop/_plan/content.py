"""What a plan holds, without what it can do: its text and its export read this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from isoflop._sweep.sweep import Sweep


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PlanContent:
    """The fields of `isoflop.Plan`, which documents them."""

    question: Mapping[str, Any]
    recommended: pl.DataFrame
    front: pl.DataFrame
    ranges: pl.DataFrame
    margins: pl.DataFrame
    opinions: pl.DataFrame
    more_data: pl.DataFrame | None
    baseline: pl.DataFrame | None
    warnings: tuple[str, ...] = field(default=())
    sweep: Sweep = field(kw_only=True)

    @property
    def spread(self) -> tuple[float, float]:
        """Fewest and most tokens per active parameter among the opinions that count; NaN if none does."""
        counted = self.opinions.filter(self.opinions["counts"])["tokens_per_param"]
        if not counted.len():
            return float("nan"), float("nan")
        low, high = counted.sort()[0], counted.sort()[-1]
        return float(low), float(high)
