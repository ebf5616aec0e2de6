"""Accelerators: what one of them can do at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoflop._text.given import shown
from isoflop._text.spelling import did_you_mean
from isoflop.catalog.files import gpu_tables

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("gpu", "precision", "peak_flops", "memory_bytes", "bandwidth_bytes_per_second", "source")


def gpus() -> pl.DataFrame:
    """Return the accelerators of the catalogue as a frame, one row for each precision of each.

    Returns
    -------
    pl.DataFrame
        Columns ``gpu``, ``precision``, ``peak_flops`` (FLOP/s, dense: data sheets often print figures with
        sparsity, twice as high), ``memory_bytes`` (byte), ``bandwidth_bytes_per_second`` (byte/s, of the
        memory; null, as the memory is, where sources do not agree) and ``source``.

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.gpus().filter(gpu="h100", precision="bf16")["peak_flops"].item()
    989000000000000.0
    """
    import polars as pl

    schema = dict.fromkeys(COLUMNS, pl.Float64) | dict.fromkeys(("gpu", "precision", "source"), pl.String)
    rows = [[table.get(column) for column in COLUMNS] for table in gpu_tables()]
    return pl.DataFrame(rows, schema=schema, orient="row")


def peak_flops(gpu: str, precision: str) -> float:
    """Return the dense peak of a GPU in FLOP/s; case does not matter.

    Raises
    ------
    ValueError
        If there is no such GPU, or none with a peak in this precision; the message names what there is.
    """
    wanted = gpu.lower() if isinstance(gpu, str) else gpu
    peaks = {table["precision"]: table["peak_flops"] for table in gpu_tables() if table["gpu"] == wanted}
    if not peaks:
        names = list(dict.fromkeys(table["gpu"] for table in gpu_tables()))
        meant = did_you_mean(gpu, names)
        raise ValueError(f"no GPU {shown(gpu)} in the catalogue, which has {', '.join(names)}{meant}")
    peak = peaks.get(precision.lower()) if isinstance(precision, str) else None
    if peak is None:
        raise ValueError(
            f"`{wanted}` has no peak in {shown(precision)} in the catalogue, only {' and '.join(peaks)}"
        )
    return float(peak)
