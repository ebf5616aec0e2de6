"""What a refused answer is told to do: which axis makes it long, which resolution would fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from isoflop._exceptions import LimitError

if TYPE_CHECKING:
    from isoflop._native import Positions
    from isoflop._pareto.arguments import Objective
    from isoflop._sweep.binding import Binding


def unread_axes(binding: Binding, formulas: Sequence[str], by: tuple[int, Positions] | None) -> str:
    """Tell which axes multiply the rows though none of ``formulas`` reads them; nothing if none does."""
    read = {number for formula in formulas for number in binding.touched(formula)}
    if by is not None:
        read.add(by[0])
    free = [axis for number, axis in enumerate(binding.axes) if axis.length > 1 and number not in read]
    if not free:
        return ""
    named = ", ".join(f"`{axis.name}` ({axis.length:,})" for axis in free)
    return (
        f", as all values of {named} are in it, which no objective or constraint reads (leave out what "
        "the question is not about)"
    )


def fitting_resolution(
    binding: Binding,
    objectives: Sequence[Objective],
    bits: int,
    all_ties: bool,
    max_rows: int,
    threads: int,
    by: tuple[int, Positions] | None,
) -> str:
    """Tell the finest resolution that was found at which a front has at most ``max_rows`` rows.

    It is coarser than ``bits``. Coarse fronts cost little, so that each is asked for, from the coarsest on,
    until one has too many.
    """
    formulas = tuple(formula for formula, _ in objectives)
    fits = None
    for coarse in range(bits):
        try:
            binding.ask(
                binding.space.pareto,
                (*formulas, *binding.where),
                {
                    "objectives": binding.objectives(objectives),
                    "where": binding.conditions(binding.where),
                    "by": by,
                    "bits": [coarse] * len(objectives),
                    "rows": len(objectives),
                    "all_ties": all_ties,
                    "max_rows": max_rows,
                    "method": "search",
                },
                threads,
                None,
            )
        except LimitError:
            break
        fits = coarse
    if fits is None:
        return "fewer objectives (even resolution=1 leaves too many rows)"
    return f"resolution={2.0**-fits:.6g}, at which it fits"
