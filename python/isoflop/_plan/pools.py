"""How to divide a budget among pools of data: mixtures as formulas, so that no pool needs an axis.

Every token costs its training; a fresh one also its price, a repeated one no more. A pool's worth grows with
its tokens in a straight line up to its supply, and from there as ``1 - exp(-repeats)``. So, at a given size:

- Repeated tokens cost the same in every pool: whatever is spent on them goes where they are worth most, down
to
  one level of worth in all pools at once (water-filling).
- Of fresh tokens, worth and cost are straight lines. Two pools of which a part is taken could exchange tokens
at
  the same cost until one of them is empty or bought whole, without loss. So at most one is taken in part.
- Where a pool is bought in part, repeats end at what its fresh tokens are worth per dollar.

What is left to choose is which pools are bought whole and which one in part: a **purchase**, of which there
are few. A pool that is at least as good and at most as dear as another is bought whole first. Where tokens
cost nothing extra, that puts all pools in one order, and the best mixture is one curve.

This holds where one budget pays for everything and the loss reads effective tokens alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import isfinite, log
from typing import TYPE_CHECKING

from isoflop._sweep.pools import Pool
from isoflop._text.numbers import number_text

if TYPE_CHECKING:
    import polars as pl

ENDLESS = 1e300
"""Stands for infinity where 0 times it must be 0."""

NO_PART = -1e30
"""Logarithm of the worth of a part that is not bought: all that is left goes into repeats."""


def first(pools: Sequence[Pool]) -> list[Pool]:
    """Return the pools, the better ones first, of equally good ones the cheaper."""
    return sorted(pools, key=lambda pool: (-pool.quality, pool.usd_per_token, -pool.unique_tokens))


def purchases(pools: Sequence[Pool], *, paid: bool) -> pl.DataFrame:
    """Return every set of pools to buy whole, with one or none in part, as a linked axis.

    Parameters
    ----------
    pools
        What there is.
    paid
        Fresh tokens cost their price; otherwise all are free.

    Returns
    -------
    pl.DataFrame
        For each pool ``whole_<pool>`` and ``part_<pool>``, 1 or 0; supply and price of what is bought whole;
        price, logarithm of quality, and supply of the part; and for the best pool, the best two, and so on,
        how many tokens of them are bought whole, and the sum of these times the logarithm of their quality.
    """
    import polars as pl

    pools = first(pools)
    rows = [
        {"purchase_number": float(number)} | _row(pools, whole, part, paid)
        for number, (whole, part) in enumerate(_sets(pools, paid))
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.Float64))


def _sets(pools: Sequence[Pool], paid: bool) -> Iterator[tuple[tuple[Pool, ...], Pool | None]]:
    if not paid:  # one order
        for place, pool in enumerate(pools):
            yield tuple(pools[:place]), pool
            if not isfinite(pool.unique_tokens):
                return
        yield tuple(pools), None
        return
    for taken in product((False, True), repeat=len(pools)):
        whole = tuple(pool for pool, is_taken in zip(pools, taken, strict=True) if is_taken)
        if not all(isfinite(pool.unique_tokens) for pool in whole):
            continue
        for part in (None, *pools):
            # Without a part is the same as with one of which nothing is bought, if there is a pool left.
            if part in whole or (part is None and len(whole) < len(pools)):
                continue
            bought = (*whole, *((part,) if part is not None else ()))
            if all(
                better in whole or better.usd_per_token > pool.usd_per_token
                for pool in bought
                for better in pools[: pools.index(pool)]
            ):
                yield whole, part


def _row(pools: Sequence[Pool], whole: Sequence[Pool], part: Pool | None, paid: bool) -> dict[str, float]:
    row: dict[str, float] = {}
    for pool in pools:
        row[f"whole_{pool.name}"] = float(pool in whole)
        row[f"part_{pool.name}"] = float(pool == part)
    row["whole_supply"] = sum((pool.unique_tokens for pool in whole), 0.0)
    row["whole_price"] = (
        sum((pool.unique_tokens * pool.usd_per_token for pool in whole), 0.0) if paid else 0.0
    )
    row["part_price"] = part.usd_per_token if part is not None and paid else 0.0
    row["part_worth"] = log(part.quality) if part is not None else NO_PART
    row["part_supply"] = min(part.unique_tokens, ENDLESS) if part is not None else ENDLESS
    supply = worth = 0.0
    for place, pool in enumerate(_ended(pools)):
        if pool in whole:
            supply += pool.unique_tokens
            worth += pool.unique_tokens * log(pool.quality)
        row[f"supply_{place}"] = supply or 1.0
        row[f"worth_{place}"] = worth if supply else -ENDLESS
    return row


def _ended(pools: Sequence[Pool]) -> list[Pool]:
    return [pool for pool in pools if isfinite(pool.unique_tokens)]


def purchase_quantities(
    pools: Sequence[Pool], budget: str, cost: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the tokens of each pool as formulas, and constraints, for an axis of `purchases`.

    Parameters
    ----------
    pools
        What there is.
    budget, cost
        Names of what may be spent and of what each token takes of it, before its price.
    """
    pools = first(pools)
    ended = _ended(pools)
    quantities = {"left": f"{budget} - whole_supply*{cost} - whole_price"}
    level = [
        f"whole_{pool.name}*{number_text(pool.unique_tokens)}"
        f"*max({log(pool.quality)!r} - part_worth + log(1 + part_price/{cost}), 0)"
        for pool in ended
    ]
    quantities["repeats"] = f"min(left/{cost}, repetition_scale*({' + '.join(level)}))" if ended else "0*left"
    quantities["part"] = f"max(left - repeats*{cost}, 0) / ({cost} + part_price)"
    if ended:
        levels = [f"(worth_{place} - repeats/repetition_scale)/supply_{place}" for place in range(len(ended))]
        quantities["repeats_down_to"] = levels[0] if len(levels) == 1 else f"max({', '.join(levels)})"
    for pool in pools:
        text = f"part_{pool.name}*part"
        if isfinite(pool.unique_tokens):
            repeats = f"repetition_scale*max({log(pool.quality)!r} - repeats_down_to, 0)"
            text = f"whole_{pool.name}*{number_text(pool.unique_tokens)}*(1 + {repeats}) + {text}"
        quantities[pool.tokens] = text
    return quantities, ("left >= 0", "part <= part_supply")


def left_for(pools: Sequence[Pool], pool: Pool, budget: str, cost: str, *, paid: bool) -> str:
    """Return the tokens of one pool that a budget leaves beside those of all others.

    Parameters
    ----------
    pools, pool
        All pools, and the one.
    budget, cost, paid
        As of `purchase_quantities` and `purchases`.
    """
    left = [budget]
    for other in pools:
        if other != pool:
            left.append(f"{cost}*{other.tokens}")
            if paid and other.usd_per_token:
                left.append(f"{number_text(other.usd_per_token)}*{other.name}_fresh_tokens")
    price = pool.usd_per_token if paid else 0.0
    return left_at(" - ".join(left), cost, price, pool.unique_tokens)


def left_at(money: str, cost: str, price: float, supply: float) -> str:
    """Return the tokens that money buys where fresh ones cost their price, and repeated ones do not."""
    if not price:
        return f"({money}) / {cost}"
    fresh = f"({money}) / ({cost} + {number_text(price)})"
    if not isfinite(supply):
        return fresh
    # Beyond the supply a token costs its training alone.
    return f"max({fresh}, ({money} - {number_text(price * supply)}) / {cost})"
