"""The command `plan`: from a budget to a plan one can defend."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from cyclopts import Parameter

from isoflop._plan.plan import plan as make_plan
from isoflop.cli._arguments import Count, Number
from isoflop.cli._files import check_writable, write_file
from isoflop.cli._input import read_frame
from isoflop.cli._messages import Mistake, mistakes, name_of, tell
from isoflop.cli._output import Format, check_destination, deliver

Frame = Literal["recommended", "front", "ranges", "margins", "opinions", "more-data", "baseline"]


def plan(
    *,
    flops: Number | None = None,
    usd: Number | None = None,
    gpu_count: Number | None = None,
    days: Number | None = None,
    gpu: str = "h100",
    precision: str = "bf16",
    goal: Literal["loss", "serving", "data"] = "loss",
    law: str = "besiroglu2024",
    pools: Path | None = None,
    unique_tokens: Number | None = None,
    quality: Number | None = None,
    usd_per_token: Number | None = None,
    params: Number | None = None,
    activation: Number | None = None,
    moe_gain: Number | None = None,
    serving_bytes: Number | None = None,
    inference_tokens: Number | None = None,
    target_loss: Number | None = None,
    train_flops_max: Number | None = None,
    mfu: Number | None = None,
    inference_mfu: Number | None = None,
    usd_per_gpu_hour: Number | None = None,
    where: Annotated[
        tuple[str, ...], Parameter(consume_multiple=(1, None), negative="", show_default=False)
    ] = (),
    show: Frame | None = None,
    sweep: Path | None = None,
    out: Path | None = None,
    format: Format | None = None,
    threads: Count | None = None,
) -> None:
    """Recommend a training plan for a budget, and say how sure one can be of it.

    The budget is one of --flops, --usd, or --gpu-count with --days.

    Parameters
    ----------
    flops
        The budget as training FLOP.
    usd
        The budget in US dollars, for training and data.
    gpu_count
        GPUs; beside another budget than days, it tells how long it takes.
    days
        The budget as days of these GPUs.
    gpu
        Which GPU; its dense peak turns GPU time into FLOP.
    precision
        Of training: bf16 or fp8.
    goal
        The lowest loss; the cheapest life of an equally good model; or the data for a given size.
    law
        A law of the catalogue, or a law's file: one of size and tokens.
    pools
        Data to choose from: .csv, .parquet, .json or .jsonl with columns pool, quality, unique_tokens and
        usd_per_token.
    unique_tokens
        Distinct tokens, without pools.
    quality
        Worth of a token, without pools; 1 is the law's own corpus.
    usd_per_token
        Price of a distinct token, without pools.
    params
        Stored parameters, if they are fixed; needed for --goal data.
    activation
        Share of the parameters that is active, if it is fixed.
    moe_gain
        What further experts are worth; the best share of active parameters is then looked for.
    serving_bytes
        Memory that the served weights must fit into.
    inference_tokens
        Tokens read and written over the life of the model; needed for --goal serving.
    target_loss
        For --goal serving, in the place of a budget.
    train_flops_max
        For --goal serving, the most compute that training may take.
    mfu
        Share of the peak that training reaches; 0.35 if not given.
    inference_mfu
        Share of the peak that serving reaches; 0.10 if not given.
    usd_per_gpu_hour
        Price of a GPU-hour; 2 if not given.
    where
        Further constraints: formulas.
    show
        One frame of the plan instead of its text; with --format or --out the recommended plan if not given.
    sweep
        Write the sweep that the plan is the best of to this sweep file (.toml).
    out
        Write the frame to this file; .parquet, .csv or .json tells the format.
    format
        Format of the frame on standard output.
    threads
        Worker threads; one for each CPU that the process may use if not given. The answer is the same.
    """
    arguments: dict[str, Any] = dict(locals())
    for name in ("show", "sweep", "out", "format"):
        del arguments[name]
    check_destination(out, format)
    if sweep is not None:
        if sweep.suffix != ".toml":
            raise Mistake(f"{name_of(sweep)}: the suffix of --sweep must be .toml")
        check_writable(sweep)
    arguments["pools"] = None if pools is None else read_frame(pools, "--pools", text=("pool",))
    with mistakes():
        found = make_plan(**arguments)
    if sweep is not None:
        write_file(sweep, [found.sweep.to_toml().encode()])
        tell(f"wrote the sweep to {name_of(sweep)}")
    if show is None and out is None and format is None:
        print(found)
        return
    name = (show or "recommended").replace("-", "_")
    frame: pl.DataFrame | None = getattr(found, name)
    if frame is None:
        needed = {"more_data": "data", "baseline": "serving"}[name]
        raise Mistake(f"--show {show} goes with --goal {needed}")
    deliver(frame, out, format, whole=True)
