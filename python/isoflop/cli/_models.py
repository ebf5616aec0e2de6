"""The commands on real models: the catalogue of them, and a file of models against a law."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from isoflop.cli._arguments import Number
from isoflop.cli._input import read_frame
from isoflop.cli._messages import mistakes
from isoflop.cli._output import DEFAULT_OUTPUT, Output, check_destination, show

# What fits a line; CSV, JSON and files hold the rest.
_MODELS_SHOWN = ("name", "params", "active_params", "tokens", "train_flops", "evidence")
_DIAGNOSIS_SHOWN = (
    "name", "params", "active_params", "tokens", "tokens_per_param", "optimal_params", "optimal_tokens",
    "compute_efficiency", "verdict", "why",
)  # fmt: skip


def models(*, output: Output = DEFAULT_OUTPUT) -> None:
    """List real models: size, tokens, compute; CSV, JSON and files hold source and note of each."""
    check_destination(output.out, output.format)
    from isoflop._models.models import models

    show(models(), _MODELS_SHOWN, output)


def diagnose(
    file: Annotated[
        Path,
        Parameter(
            name="FILE",
            help="Models, one in a row, with columns params and tokens, and active_params if some are "
            "mixtures of experts: .csv, .parquet, .json, or .jsonl with an object in each line.",
            show_default=False,
        ),
    ],
    /,
    *,
    law: str = "besiroglu2024",
    moe_gain: Number | None = None,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Tell how far models are from what a law says is the best use of their compute.

    Parameters
    ----------
    law
        A law of the catalogue, by its identifier; or a law's file.
    moe_gain
        What further experts are worth, from 0 (nothing) to 1 (as much as dense parameters); mixtures of
        experts are not rated without it.
    """
    check_destination(output.out, output.format)
    from isoflop._models import diagnose as _diagnose

    with mistakes():
        entry = _diagnose.rating_law(law)
    frame = read_frame(file, "a file of models", text=("name",))
    with mistakes(file):
        found = _diagnose.diagnose(frame, entry, moe_gain=moe_gain)
    # `why` is empty if every model is rated.
    rated = found["why"].is_null().all()
    show(found, [name for name in _DIAGNOSIS_SHOWN if name != "why" or not rated], output)
