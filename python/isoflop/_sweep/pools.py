"""Pools of data: tokens of different quality, supply and price, used side by side.

Each pool has an axis of its own, the tokens taken from it, repeats included. What the accounting says of all
data is then said of the pools together; a pool of which nothing is taken counts for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isinf, isnan
from typing import Any, NamedTuple

import polars as pl

from isoflop._accounting.quantities import quantities
from isoflop._accounting.vocabulary import LAW_QUANTITIES
from isoflop._exceptions import SpaceError
from isoflop._space.axes import check_name
from isoflop._text.given import read_frame, read_real, shown
from isoflop._text.numbers import number_text

DEFAULTS = {"quality": 1.0, "unique_tokens": inf, "usd_per_token": 0.0}
"""What a pool has if its frame does not say."""


FOLLOWING = ("fresh_tokens", "effective_tokens", "epochs")
"""What each pool has besides its tokens, after its name."""


class Pool(NamedTuple):
    """Data of one kind.

    Attributes
    ----------
    name
        Its tokens are ``<name>_tokens``.
    quality
        Worth of one of its tokens relative to the corpus that the law was fitted on.
    unique_tokens
        Distinct tokens that there are; infinity for as many as are wanted.
    usd_per_token
        Price of a distinct token.
    """

    name: str
    quality: float
    unique_tokens: float
    usd_per_token: float

    @property
    def tokens(self) -> str:
        """Name of the tokens taken from it."""
        return f"{self.name}_tokens"


def read_pools(pools: Any) -> tuple[Pool, ...]:
    """Read a frame of pools.

    Raises
    ------
    SpaceError
        If it is no frame, has no pools or unknown columns, or if a value is not what it should be.
    """
    if pools is None:
        return ()
    try:
        frame = read_frame(pools, mixed=True)
    except Exception as error:
        raise SpaceError(
            f"pools must be a frame with a row for each pool, not {shown(pools)}: {error}"
        ) from None
    known = ("pool", *DEFAULTS)
    for column in frame.columns:
        if column not in known:
            raise SpaceError(f"pools: unknown column `{column}`; the columns are {', '.join(known)}")
    if "pool" not in frame.columns or not frame.height:
        raise SpaceError("pools: a column `pool` with a name for each is needed")
    found = [_read_pool(row) for row in frame.iter_rows(named=True)]
    names = [pool.name for pool in found]
    for name in names:
        if names.count(name) > 1:
            raise SpaceError(f"pools: `{name}` comes {names.count(name)} times; give each pool one row")
    _check_names(found)
    return tuple(found)


def _check_names(pools: Sequence[Pool]) -> None:
    taken = dict.fromkeys((*quantities(), *LAW_QUANTITIES), "a standard quantity")
    for pool in pools:
        for name in (pool.tokens, *(f"{pool.name}_{what}" for what in FOLLOWING)):
            if name in taken:
                message = f"pools: `{pool.name}` would make `{name}`, which is {taken[name]}; rename the pool"
                raise SpaceError(message, axis=name)
            taken[name] = f"of the pool `{pool.name}` already"


def _read_pool(row: Mapping[str, Any]) -> Pool:
    name = check_name(row["pool"], "a pool")
    values = {}
    for column, default in DEFAULTS.items():
        value = row.get(column)
        if value is None:
            value = default
        where = f"pools: `{column}` of `{name}`"
        try:
            value = read_real(value, where)
        except (TypeError, ValueError) as error:
            raise SpaceError(str(error)) from None
        if isnan(value):
            raise SpaceError(f"{where} must be a number, not nan")
        if value < 0 or (value == 0 and column != "usd_per_token"):
            least = "0 or more" if column == "usd_per_token" else "above 0"
            raise SpaceError(f"{where} must be {least}, not {value}")
        if isinf(value) and column != "unique_tokens":
            raise SpaceError(f"{where} must be finite")
        values[column] = value
    return Pool(name, **values)


def pool_frame(pools: Sequence[Pool]) -> pl.DataFrame:
    """Return pools as the frame that `read_pools` reads; an endless supply is null."""
    rows = [[None if value == inf else value for value in pool] for pool in pools]
    return pl.DataFrame(rows, schema={"pool": pl.String, **dict.fromkeys(DEFAULTS, pl.Float64)}, orient="row")


def pool_quantities(pools: Sequence[Pool]) -> dict[str, str]:
    """Return what takes the place of the accounting's quantities of data, by name."""
    follow: dict[str, str] = {}
    for pool in pools:
        fresh, epochs = f"{pool.name}_fresh_tokens", f"{pool.name}_epochs"
        effective = f"{number_text(pool.quality)} * {fresh}"
        if isinf(pool.unique_tokens):
            follow[fresh] = pool.tokens
        else:
            most = number_text(pool.unique_tokens)
            follow[fresh] = f"min({pool.tokens}, {most})"
            follow[epochs] = f"{pool.tokens} / {most}"
            # The accounting's discount of repeated tokens, written so that no tokens are worth nothing.
            effective += f" * (1 + repetition_scale * (1 - exp(-max({epochs} - 1, 0)/repetition_scale)))"
        follow[f"{pool.name}_effective_tokens"] = effective
    worth = [f"{number_text(pool.quality)} * {pool.name}_fresh_tokens" for pool in pools]
    paid = [pool for pool in pools if pool.usd_per_token]
    price = [f"{number_text(pool.usd_per_token)} * {pool.name}_fresh_tokens" for pool in paid]
    supply = sum(pool.unique_tokens for pool in pools)
    return follow | {
        "tokens": " + ".join(pool.tokens for pool in pools),
        "fresh_tokens": " + ".join(f"{pool.name}_fresh_tokens" for pool in pools),
        "unique_tokens": "tokens" if isinf(supply) else number_text(supply),
        "effective_tokens": " + ".join(f"{pool.name}_effective_tokens" for pool in pools),
        # For laws that read it on their own: the mean over the distinct tokens.
        "quality": f"({' + '.join(worth)}) / fresh_tokens",
        "data_usd": " + ".join(price) or "0",
    }
