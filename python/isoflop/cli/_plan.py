"""The command `plan`: from a budget to a plan one can defend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter, Token

from isoflop.cli._arguments import Count, Number, read_number
from isoflop.cli._files import check_writable, write_file
from isoflop.cli._input import read_frame
from isoflop.cli._messages import Mistake, mistakes, name_of, tell
from isoflop.cli._output import Format, check_destination, deliver

if TYPE_CHECKING:
    import polars as pl

Frame = Literal["recommended", "front", "ranges", "margins", "opinions", "more-data", "baseline"]

WHOLE = (".md", ".html", ".json")
"""Suffixes of files that hold a whole plan."""


def _choice(type_: Any, tokens: Sequence[Token]) -> float | tuple[float, float] | list[float]:
    """Read one number, several with commas between them, or the ends of a range with a colon."""
    text = tokens[0].value
    if ":" in text:
        low, high = map(read_number, text.split(":", 1))
        return low, high
    numbers = [read_number(word) for word in text.split(",")]
    return numbers if len(numbers) > 1 else numbers[0]


Choice = Annotated[Any, Parameter(converter=_choice, show_default=False)]


def plan(
    *,
    flops: Number | None = None,
    usd: Number | None = None,
    gpu_count: Number | None = None,
    days: Number | None = None,
    gpu: str = "h100",
    gpus: Path | None = None,
    precision: str = "bf16",
    goal: Literal["loss", "serving", "data"] = "loss",
    law: str = "besiroglu2024",
    pools: Path | None = None,
    unique_tokens: Number | None = None,
    quality: Number | None = None,
    usd_per_token: Number | None = None,
    params: Number | None = None,
    activation: Choice | None = None,
    moe_gain: Number | None = None,
    serving_bytes: Number | None = None,
    inference_tokens: Number | None = None,
    target_loss: Number | None = None,
    within: Number | None = None,
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
    **inputs: Choice,
) -> None:
    """Recommend a training plan for a budget, and say how sure one can be of it.

    The budget is one of --flops, --usd, or --gpu-count with --days; it is an upper limit. Besides the options
    below, every input of the accounting and of the law is one: --bytes-per-param 1, --experts 1:64.

    Parameters
    ----------
    flops
        The most training FLOP.
    usd
        The most US dollars for training and data.
    gpu_count
        GPUs; beside another budget than days, it tells how long it takes.
    days
        The most days of these GPUs.
    gpu
        Which GPU; its dense peak turns GPU time into FLOP.
    gpus
        Your own list of GPUs: .csv, .parquet, .json or .jsonl with columns gpu and any of precision,
        peak_flops, usd_per_gpu_hour, mfu and inference_mfu.
    precision
        Of training: bf16 or fp8.
    goal
        The lowest loss; the cheapest life of a model that is nearly as good; or the data for a given size.
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
        Share of the parameters that is active: a number, several as in 0.1,0.5, or a range as in 0.03:1.
    moe_gain
        What further experts are worth; the best share of active parameters is then looked for.
    serving_bytes
        Memory that what is served must fit into.
    inference_tokens
        Tokens read and written over the life of the model; needed for --goal serving.
    target_loss
        For --goal serving, the loss to reach; then there need not be a budget.
    within
        For --goal serving, how much worse than the best for the budget, as a share of compute; 0.05 if not
        given.
    train_flops_max
        For --goal serving, the most compute that training may take.
    mfu
        Share of the peak that training reaches; 0.35 if not given.
    inference_mfu
        Share of the peak that serving reaches; 0.10 if not given.
    usd_per_gpu_hour
        Price of a GPU-hour; 2 if not given.
    where
        Further limits: formulas.
    show
        One frame of the plan instead of its text; with --format or --out the recommended plan if not given.
    sweep
        Write the sweep that the plan is the best of to this sweep file (.toml).
    out
        Write the plan to this file: .md, .html or .json tells the format; with --show the frame: .parquet,
        .csv or .json.
    format
        Format of the frame on standard output.
    threads
        Worker threads; one for each CPU that the process may use if not given. The answer is the same.
    """
    arguments: dict[str, Any] = dict(locals())
    arguments |= {name.replace("-", "_"): value for name, value in arguments.pop("inputs").items()}
    for name in ("show", "sweep", "out", "format"):
        del arguments[name]
    whole = out is not None and show is None and out.suffix in WHOLE
    if out is not None and whole and format is None:
        check_writable(out)
    else:
        check_destination(out, format)
    if sweep is not None:
        if sweep.suffix != ".toml":
            raise Mistake(f"{name_of(sweep)}: the suffix of --sweep must be .toml")
        check_writable(sweep)
    arguments["pools"] = None if pools is None else read_frame(pools, "--pools", text=("pool",))

    from isoflop._plan.export import exported
    from isoflop._plan.plan import plan as make_plan

    with mistakes():
        try:
            found = make_plan(**arguments)
        except TypeError as error:  # an option that is no input
            raise Mistake(str(error)) from None
    if sweep is not None:
        write_file(sweep, [found.sweep.to_toml().encode()])
        tell(f"wrote the sweep to {name_of(sweep)}")
    if out is not None and whole:
        write_file(out, [exported(found, out.suffix).encode()])
        tell(f"wrote the plan to {name_of(out)}")
        return
    if show is None and out is None and format is None:
        print(found)
        return
    name = (show or "recommended").replace("-", "_")
    frame: pl.DataFrame | None = getattr(found, name)
    if frame is None:
        needed = {"more_data": "data", "baseline": "serving"}[name]
        raise Mistake(f"--show {show} goes with --goal {needed}")
    deliver(frame, out, format, whole=True)
