"""The command line, run within the process."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

import polars as pl

SWEEP = """
law = "besiroglu2024"
where = ["train_flops <= 1e22"]

[axes]
params = { geomspace = [1e8, 1e10, 21] }
tokens = { geomspace = [1e9, 1e11, 31] }
quality = [1.0, 0.5]
gpu_count = 8

[pareto]
minimize = ["loss", "train_flops"]
resolution = 0.01
columns = ["days"]

[best]
minimize = "loss"
by = "params"
columns = ["days"]

[near]
minimize = "loss"
within = 0.1
then = ["train_flops", "params"]
resolution = { params = 0.5 }
"""


class Outcome(NamedTuple):
    """What a command leaves behind."""

    code: int
    out: str
    err: str

    def frame(self) -> pl.DataFrame:
        return pl.read_csv(io.StringIO(self.out))


Isoflop = Callable[..., Outcome]
