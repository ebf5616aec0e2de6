"""Coefficients drawn as uncertain as their source says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from isoflop._exceptions import LawError
from isoflop._law.content import LawContent
from isoflop._text.given import read_whole, shown

if TYPE_CHECKING:
    import polars as pl


def sample(law: LawContent, n: int, seed: int | None) -> pl.DataFrame:
    """Do what `Law.sample` says."""
    import polars as pl

    count = read_whole(n, "n", least=None)
    if count < 0:
        raise ValueError(f"n must not be negative, not {shown(count)}")
    if law.covariance is None:
        message = (
            f"no joint covariance of the coefficients of `{law.id}` is known, and drawn independently they "
            'would say nothing; law("besiroglu2024") has one, and iso.Law(..., covariance=) takes your own'
        )
        raise LawError(message, law=law.id)
    of, names = law.covariance.of, law.covariance.names
    logarithms = [entry != name for entry, name in zip(of, names, strict=True)]
    values = [law.coefficients[name] for name in names]
    means = [math.log(value) if log else value for log, value in zip(logarithms, values, strict=True)]
    drawn = np.random.default_rng(seed).multivariate_normal(
        means, np.array(law.covariance.matrix), size=count
    )
    columns = {name: np.full(count, value) for name, value in law.coefficients.items()}
    for name, log, column in zip(names, logarithms, drawn.T, strict=True):
        columns[name] = np.exp(column) if log else column
    return pl.DataFrame(columns)
