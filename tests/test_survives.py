"""Whatever a sweep can be given comes back equal: from its file, its repr, pickle, copy and replace."""

from __future__ import annotations

import copy
import pickle
import string
from typing import Any

import numpy as np
import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

import isoflop as iso
from isoflop._sweepfile import parse

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(2**53), 2**53)
NAMES = st.one_of(
    st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=8).map(lambda name: f"x_{name}"),
    st.sampled_from(
        ["geomspace", "linspace", "file", "columns", "law", "geomspaces", "endpoint", "x", "true", "nan"]
    ),
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
SPACED = st.builds(
    lambda kind, low, ratio, count, endpoint: getattr(iso, kind)(low, low * ratio, count, endpoint=endpoint),
    st.sampled_from(["geomspace", "linspace"]),
    st.floats(1e-100, 1e100),
    st.floats(1e-100, 1e100),
    st.integers(1, 9),
    st.booleans(),
)
PLAIN = st.one_of(
    st.lists(NUMBERS, min_size=1, max_size=6),
    st.lists(WHOLE, min_size=1, max_size=6),
    st.lists(st.integers(0, 100), min_size=1, max_size=4).map(lambda x: np.array(x, dtype=np.uint8)),
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=4).map(
        lambda x: pl.Series(x, dtype=pl.Float32)
    ),
    SPACED,
    st.integers(1, 6).map(range),
)


@st.composite
def linked(draw: st.DrawFn, names: list[str]) -> pl.DataFrame:
    length = draw(st.integers(1, 7))
    kinds: list[tuple[Any, Any]] = [
        (NUMBERS, pl.Float64),
        (WHOLE, pl.Int64),
        (st.integers(0, 9), pl.UInt16),
        (st.booleans(), pl.Boolean),
        (TEXT, pl.String),
        (TEXT, pl.Categorical),
    ]
    columns = []
    for name in names:
        if draw(st.integers(0, 9)) == 9:
            columns.append(pl.Series(name, [None] * length))
            continue
        values, dtype = draw(st.sampled_from(kinds))
        if draw(st.booleans()):
            values = st.one_of(values, st.none())
        columns.append(pl.Series(name, draw(st.lists(values, min_size=length, max_size=length)), dtype=dtype))
    return pl.DataFrame(columns)


LAWS = st.sampled_from(
    [
        None,
        "besiroglu2024",
        "muennighoff2023",
        iso.law("hoffmann2022").replace(E=1.8),
        iso.law("kumar2024").replace(id="mine", title='quo"ted', caveats=["new\nline", "ü"]),
        iso.Law("1 + x_own * 2", {}, variables={"x_own": {"unit": "1", "range": (1, 2)}}),
    ]
)


@st.composite
def sweeps(draw: st.DrawFn) -> iso.Sweep:
    names = draw(st.lists(NAMES, unique=True, min_size=1, max_size=9))
    axes: dict[str, Any] = {}
    while names:
        name = names.pop()
        kind = draw(st.sampled_from(["scalar", "plain", "linked"]))
        if kind == "scalar":
            axes[name] = draw(st.one_of(NUMBERS, WHOLE))
        elif kind == "plain":
            axes[name] = draw(PLAIN)
        else:
            own = [names.pop() for _ in range(draw(st.integers(0, min(2, len(names)))))]
            axes[name] = draw(linked([name, *own]))
    pools: Any = None
    if draw(st.booleans()):
        axes["p_tokens"] = draw(st.sampled_from([1e9, [0, 1e9]]))
        pools = {"pool": ["p"], "quality": [draw(st.floats(1e-9, 1e9))]}
        if draw(st.booleans()):
            pools["unique_tokens"] = [draw(st.floats(1e-9, 1e300))]
        if draw(st.booleans()):
            pools["usd_per_token"] = [draw(st.floats(0, 1e9))]
    quantities = (
        {"q_one": draw(st.sampled_from(["1", "2 * 3\n + 4", "exp(1)"]))} if draw(st.booleans()) else {}
    )
    where = draw(st.lists(st.sampled_from(["1 < 2", "2 >\t1", "not 1 > 2"]), max_size=3))
    return iso.Sweep(axes, law=draw(LAWS), quantities=quantities, where=where, pools=pools)


@settings(max_examples=300)
@given(sweeps())
@example(iso.Sweep({"a": pl.DataFrame({"geomspace": [1.0, 2.0, 3.0]}), "b": [1, 2]}))
@example(iso.Sweep({"a": pl.DataFrame({"file": ["x.csv"], "columns": [1]})}))
@example(iso.Sweep({"a": pl.DataFrame({"a": [None, 1], "b": ["nan", None], "c": [None, True]})}))
@example(iso.Sweep({"a": pl.DataFrame({"nulls": [None, 1], "kind": pl.Series([None] * 2, dtype=pl.Int8)})}))
@example(iso.Sweep({"a": [-0.0, 0.0, 5e-324], "b": -0.0}))
def test_everything_that_a_sweep_can_be_given_survives(sweep: iso.Sweep) -> None:
    assert parse(sweep.to_toml(), "sweep.toml").sweep == sweep
    assert eval(repr(sweep), {"iso": iso, "pl": pl, "nan": float("nan"), "inf": float("inf")}) == sweep
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(sweep, protocol)) == sweep
    assert copy.copy(sweep) == sweep
    assert copy.deepcopy(sweep) == sweep
    assert sweep.replace() == sweep
    assert sweep.with_axes(**sweep.axes) == sweep
    assert hash(sweep.replace()) == hash(sweep)
    for name, values in sweep.axes.items():
        if isinstance(values, pl.DataFrame):
            again = pickle.loads(pickle.dumps(sweep)).axes[name]
            assert again.schema == values.schema
            assert again.rows() == values.rows()
    assert parse(sweep.to_toml(), "sweep.toml").sweep.to_toml() == sweep.to_toml()
