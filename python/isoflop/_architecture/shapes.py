"""Sensible shapes: every one of an architecture that keeps some rules of proportion, as a linked frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isoflop._accounting.formula import names_in
from isoflop._architecture.catalogue import read_architecture
from isoflop._architecture.evaluate import evaluate
from isoflop._architecture.rows import formulas_for
from isoflop._exceptions import ArchitectureError, LimitError
from isoflop._text.given import read_reals, read_whole, shown

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from isoflop._architecture.architecture import Architecture

    Columns = dict[str, NDArray[np.float64]]

ASPECT = (32.0, 200.0)
"""Width over layers: 35.6 to 195 among the models of the catalogue's checks. In between, and far beyond,
Kaplan et al. 2020 (section 3.1, figure 5) find the loss to change by a few per cent at equal size."""

FEED_FORWARD = (2.5, 8.0)
"""Width of the feed-forward layer, or of a token's experts together, over that of the stream: 2.57 to 8 among
the models of the catalogue's checks, and a mild influence by figure 5 of Kaplan et al. 2020."""

HEAD_SIZES = (64, 128)
KV_HEADS = 8
WIDTHS = 128
MOST = 5_000_000
"""Shapes in an answer; beyond, the ranges are too wide."""


def shapes(
    architecture: str | Architecture | Mapping[str, Any],
    *,
    params: tuple[float, float],
    aspect: tuple[float, float] = ASPECT,
    feed_forward: tuple[float, float] = FEED_FORWARD,
    width_multiple: int = WIDTHS,
    head_sizes: Sequence[int] = HEAD_SIZES,
    columns: Sequence[str] = (),
    **given: Any,
) -> pl.DataFrame:
    """Return the shapes of an architecture that keep some rules of proportion, for a linked axis.

    Parameters
    ----------
    architecture
        As for `Sweep`.
    params
        Least and most stored parameters.
    aspect
        Least and most ``d_model / layers``. The default is what the models of the catalogue span; at equal
        size the loss hardly depends on it (Kaplan et al. 2020, figure 5).
    feed_forward
        Least and most ``d_ff / d_model``; in a mixture the width of all experts that a token
        meets, shared ones of that width among them, over ``d_model``. Likewise.
    width_multiple
        ``d_model``, ``d_ff`` and ``d_ff_expert`` are multiples of it.
    head_sizes
        Sizes of a head; ``heads`` is ``d_model`` over it.
    columns
        Rows of the architecture to show, such as ``params``. A sweep with ``architecture=`` computes them
        itself and takes none of them.
    **given
        Other dimensions, each a number or several: ``vocab_size``, ``experts``, ``top_k``, and also
        ``layers``, ``kv_heads`` and so on in place of the rules. ``kv_heads`` is 8 where that divides
        ``heads``, else ``heads``.

    Shapes of one's own architecture are found if its parameters grow with the feed-forward width.

    Returns
    -------
    pl.DataFrame
        A row for each shape, fewest parameters first: the dimensions that vary or were given, then
        ``columns``.

    Raises
    ------
    ArchitectureError
        If a dimension has neither rule, value nor default; or no shape is in the range.
    LimitError
        If there are more than five million shapes.
    ValueError
        If a range is none.

    Examples
    --------
    >>> import isoflop as iso
    >>> frame = iso.shapes("llama", params=(7e9, 8e9), vocab_size=128256)
    >>> sweep = iso.Sweep({"shape": frame, "tokens": [1e12, 2e12], "context": 8192}, architecture="llama")
    >>> sweep.size == 2 * frame.height
    True
    """
    import polars as pl

    built = read_architecture(architecture)
    sizes = _range(params, "params")
    ratios = {"aspect": _range(aspect, "aspect"), "feed_forward": _range(feed_forward, "feed_forward")}
    step = read_whole(width_multiple, "width_multiple", least=1)
    heads = [read_whole(size, "head_sizes", least=1) for size in head_sizes]
    fixed = _given(built, given)
    outer = _outer(built, fixed, sizes, ratios["aspect"], heads, step)
    wide = next((name for name in ("d_ff_expert", "d_ff") if name in built.variables), None)
    if wide is not None and wide not in fixed:
        outer = _feed_forward(built, outer, wide, sizes, ratios["feed_forward"], step)
    found = _follow(built, outer)
    count = len(found["d_model"])
    values = dict(zip(columns, _rows(built, found, columns), strict=True))
    params_of = _rows(built, found, ("params",))[0]
    kept = _allowed(built, found) & (params_of >= sizes[0]) & (params_of <= sizes[1])
    order = np.flatnonzero(kept)[np.argsort(params_of[kept], kind="stable")]
    if not count or not order.size:
        message = f"no shape of `{built.id}` has {sizes[0]:g} to {sizes[1]:g} parameters within these rules"
        raise ArchitectureError(f"{message}; widen them", architecture=built.id)
    dimensions = {name: _whole(found[name][order]) for name in built.dimensions if name in found}
    dimensions |= {name: _whole(column[order]) for name, column in found.items() if name not in dimensions}
    return pl.DataFrame(dimensions | {name: values[name][order] for name in columns})


def _range(value: object, name: str) -> tuple[float, float]:
    ends = read_reals(value, name)
    if ends.shape != (2,) or not 0 < ends[0] <= ends[1] < math.inf:
        raise ValueError(f"{name} must be two numbers above 0, least and most, not {shown(value)}")
    return float(ends[0]), float(ends[1])


def _given(architecture: Architecture, given: Mapping[str, Any]) -> Columns:
    fixed = {}
    for name, value in given.items():
        if name not in architecture.dimensions and name != "context":
            listed = ", ".join(architecture.variables)
            message = f"`{name}` is no dimension of `{architecture.id}`; there are {listed}"
            raise ArchitectureError(message, architecture=architecture.id)
        fixed[name] = np.atleast_1d(read_reals(value, f"`{name}`")).astype(np.float64)
    rules = {"layers", "d_model", "heads", "kv_heads", "head_dim", "d_ff", "d_ff_expert"}
    missing = tuple(n for n in architecture.dimensions_needed(given) if n not in rules)
    if missing:
        listed = ", ".join(f"`{name}`" for name in missing)
        message = f"shapes of `{architecture.id}` need {listed}: no rule gives them; e.g. {missing[0]}=..."
        raise ArchitectureError(message, architecture=architecture.id, missing=missing)
    return fixed


def _outer(
    architecture: Architecture,
    fixed: Columns,
    sizes: tuple[float, float],
    aspect: tuple[float, float],
    head_sizes: Sequence[int],
    step: int,
) -> Columns:
    """Return every combination of the dimensions but for the feed-forward width."""
    known = architecture.variables
    layered = "layers" in known and "layers" not in fixed
    widths = fixed["d_model"] if "d_model" in fixed else _widths(fixed, sizes, aspect, step)
    blocks = []
    for d_model in widths:
        choices = {name: x for name, x in fixed.items() if name != "d_model"}
        if layered:
            least, most = max(1, math.ceil(d_model / aspect[1])), math.floor(d_model / aspect[0])
            choices["layers"] = np.arange(least, most + 1, dtype=float)
        size = np.array([float(x) for x in head_sizes if d_model % x == 0])
        if "head_dim" in known and not {"head_dim", "heads"} & fixed.keys():
            choices["head_dim"] = size
        elif "heads" in known and not {"head_dim", "heads"} & fixed.keys():
            choices["heads"] = d_model / size
        count = math.prod(len(x) for x in choices.values())
        grid = np.meshgrid(*choices.values(), indexing="ij") if choices else []
        block = {name: values.ravel() for name, values in zip(choices, grid, strict=True)}
        blocks.append({"d_model": np.full(count, float(d_model)), **block})
        _refuse_many(sum(len(each["d_model"]) for each in blocks))
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _widths(
    fixed: Columns, sizes: tuple[float, float], aspect: tuple[float, float], step: int
) -> NDArray[np.float64]:
    """Return the widths that may give a size: a model has at least 2 * d_model**2 parameters a layer."""
    layers = fixed["layers"].min() if "layers" in fixed else None
    most = (sizes[1] * aspect[1] / 2) ** (1 / 3) if layers is None else (sizes[1] / 2 / layers) ** 0.5
    return np.arange(step, max(most, step) + 1, step, dtype=float)


def _feed_forward(
    architecture: Architecture,
    outer: Columns,
    wide: str,
    sizes: tuple[float, float],
    ratio: tuple[float, float],
    step: int,
) -> Columns:
    """Add the feed-forward widths that keep the ratio and give a size in the range.

    Parameters grow with the width, so that the first and the last that fit are found by bisection.
    """
    routed = _experts_met(architecture, outer) if wide == "d_ff_expert" else np.ones(1)
    first = np.maximum(np.ceil(ratio[0] * outer["d_model"] / routed / step), 1)
    last = np.floor(ratio[1] * outer["d_model"] / routed / step)

    def params(steps: NDArray[np.float64]) -> NDArray[np.float64]:
        return _rows(architecture, _follow(architecture, outer | {wide: steps * step}), ("params",))[0]

    def first_where(reached: Callable[[NDArray[np.float64]], NDArray[np.bool_]]) -> NDArray[np.float64]:
        low, high = first.copy(), last + 1  # what is beyond the last stands for none
        while (low < high).any():
            middle = np.floor((low + high) / 2)
            yes = reached(params(middle))
            high, low = (
                np.where(yes & (low < high), middle, high),
                np.where(~yes & (low < high), middle + 1, low),
            )
        return low

    start, stop = first_where(lambda size: size >= sizes[0]), first_where(lambda size: size > sizes[1])
    counts = np.maximum(stop - start, 0).astype(np.int64)
    _refuse_many(int(counts.sum()))
    repeated = {name: np.repeat(values, counts) for name, values in outer.items()}
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return repeated | {wide: (np.repeat(start, counts) + offsets) * step}


def _follow(architecture: Architecture, outer: Columns) -> Columns:
    """Add the dimensions that follow from others."""
    known, block = architecture.variables, dict(outer)
    if "heads" in known and "heads" not in block and "head_dim" in block:
        block["heads"] = block["d_model"] / block["head_dim"]
    if "kv_heads" in known and "kv_heads" not in block:
        grouped = (block["heads"] % KV_HEADS == 0) & (block["heads"] > KV_HEADS)
        block["kv_heads"] = np.where(grouped, float(KV_HEADS), block["heads"])
    if "d_ff_expert" in block and "d_ff" in known and "d_ff" not in block:
        # A dense layer beside routed ones is as wide as all that a token meets there, as in DeepSeek-V3.
        block["d_ff"] = _experts_met(architecture, block) * block["d_ff_expert"]
    return block


def _experts_met(architecture: Architecture, block: Columns) -> NDArray[np.float64]:
    """Return how many experts of equal width a token meets in a layer, shared ones among them."""
    routed, shared = block.get("top_k", np.ones(1)), np.zeros(1)
    if "shared_experts" in architecture.variables:
        shared = block.get("shared_experts", np.array([_default(architecture, "shared_experts")]))
    return routed + shared


def _allowed(architecture: Architecture, block: Columns) -> NDArray[np.bool_]:
    kept = np.ones(len(block["d_model"]), dtype=bool)
    for name, limit in architecture.limits.items():
        if name in block:
            kept &= block[name] <= (block[limit] if limit in block else _default(architecture, limit))
    return kept


def _default(architecture: Architecture, limit: str) -> float:
    text = architecture.dimensions[limit].default if limit in architecture.dimensions else limit
    return float(text) if text and not names_in(text) else math.inf


def _rows(architecture: Architecture, block: Columns, names: Sequence[str]) -> list[NDArray[np.float64]]:
    count = len(block["d_model"])
    if not count or not names:
        return [np.empty(count) for _ in names]
    return evaluate(formulas_for(architecture, block, block), names, block, {}, count)


def _refuse_many(count: int) -> None:
    if count > MOST:
        message = f"more than {MOST:,} shapes; narrow params, aspect or feed_forward"
        raise LimitError(message, rows=count, limit=MOST)


def _whole(column: NDArray[np.float64]) -> NDArray[Any]:
    """Return counts as integers, so that they are written as such."""
    whole = column.astype(np.int64)
    return whole if bool((whole == column).all()) else column
