"""The filter for any frame: `iso.pareto`."""

from __future__ import annotations

import datetime
import decimal
import math
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from polars.testing import assert_frame_equal

from isoflop import _native
from isoflop._pareto.filter import pareto, resolution_bits
from isoflop._run.threads import available_cpus, resolve_threads

AWKWARD = [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, 1.0, 1 + 2**-52, 1 - 2**-53]


def key(x: float, p: int) -> int:
    """The key, word for word as it is defined."""
    m = 52 - p
    i = int(np.float64(x + 0.0).view(np.int64))
    if i < 0:
        i ^= 2**63 - 1
    return (i + (1 << (m - 1) if m > 0 else 0)) >> m


def naive(columns: list[list[float]], maximize: list[bool], bits: list[int], ties: str) -> list[int]:
    """The front, word for word as it is defined."""
    signed = [[-x if down else x for x in column] for column, down in zip(columns, maximize, strict=True)]
    rows = [(row, [x + 0.0 for x in values]) for row, values in enumerate(zip(*signed, strict=True))]
    rows = [(row, values) for row, values in rows if not any(map(math.isnan, values))]
    cells: dict[tuple[int, ...], tuple[list[float], int]] = {}
    for row, values in rows:
        cell = tuple(key(x, p) for x, p in zip(values, bits, strict=True))
        cells[cell] = min(cells.get(cell, (values, row)), (values, row))

    def dominated(cell: tuple[int, ...]) -> bool:
        return any(a != cell and all(x <= y for x, y in zip(a, cell, strict=True)) for a in cells)

    front = [(values, row) for cell, (values, row) in cells.items() if not dominated(cell)]
    if ties == "first":
        return sorted(row for _, row in front)
    kept = [values for values, _ in front]
    return [row for row, values in rows if values in kept]


@st.composite
def questions(draw: st.DrawFn) -> tuple[list[list[float]], list[bool], list[int]]:
    objectives = draw(st.integers(1, 5))
    rows = draw(st.integers(0, 40))
    value = st.one_of(st.integers(-3, 3).map(float), st.sampled_from(AWKWARD), st.floats(0.9, 1.1))
    columns = [draw(st.lists(value, min_size=rows, max_size=rows)) for _ in range(objectives)]
    maximize = draw(st.lists(st.booleans(), min_size=objectives, max_size=objectives))
    bits = draw(st.lists(st.sampled_from([52, 52, 30, 4, 1, 0]), min_size=objectives, max_size=objectives))
    return columns, maximize, bits


@settings(max_examples=300, deadline=None)
@given(questions(), st.sampled_from(["first", "all"]), st.integers(1, 3))
def test_the_front_agrees_with_its_definition(
    question: tuple[list[list[float]], list[bool], list[int]], ties: str, threads: int
) -> None:
    columns, maximize, bits = question
    # Objectives of `minimize` come before those of `maximize`.
    order = sorted(range(len(columns)), key=lambda objective: maximize[objective])
    columns, maximize, bits = ([part[place] for place in order] for part in (columns, maximize, bits))  # type: ignore[assignment]
    names = [f"o{place}" for place in range(len(columns))]
    frame = pl.DataFrame(
        dict(zip(names, columns, strict=True)), schema=dict.fromkeys(names, pl.Float64)
    ).with_row_index()
    found = pareto(
        frame,
        minimize=[name for name, down in zip(names, maximize, strict=True) if not down],
        maximize=[name for name, down in zip(names, maximize, strict=True) if down],
        resolution={name: 2.0**-p for name, p in zip(names, bits, strict=True)},
        ties=ties,  # type: ignore[arg-type]
        threads=threads,
    )
    assert found["index"].to_list() == naive(columns, maximize, bits, ties)


@given(st.lists(st.one_of(st.floats(allow_nan=False), st.sampled_from(AWKWARD[1:]))), st.integers(0, 52))
def test_keys_are_as_defined(values: list[float], bits: int) -> None:
    keys = _native.keys(np.array(values, dtype=np.float64), bits)
    assert keys.tolist() == [key(value, bits) for value in values]


def test_all_columns_and_the_order_of_rows_are_kept() -> None:
    frame = pl.DataFrame(
        {
            "name": ["a", "b", None, "d"],
            "loss": [1.9, 2.0, 2.5, 2.1],
            "usd": [30.0, 10.0, 40.0, 20.0],
            "x": [[1]] * 4,
        }
    )
    assert_frame_equal(pareto(frame, minimize=["loss", "usd"]), frame[[0, 1]])


@pytest.mark.parametrize(
    ("minimize", "maximize", "names"),
    [
        ("usd", (), ["b"]),
        ((), "usd", ["c"]),
        (["loss"], ["usd"], ["a", "c"]),
        (("usd", "loss"), (), ["a", "b"]),
    ],
)
def test_objectives_may_be_minimised_and_maximised(minimize: Any, maximize: Any, names: list[str]) -> None:
    frame = pl.DataFrame({"name": ["a", "b", "c"], "loss": [1.9, 2.0, 2.5], "usd": [30.0, 10.0, 40.0]})
    assert pareto(frame, minimize=minimize, maximize=maximize)["name"].to_list() == names


def test_anything_that_polars_reads_is_accepted() -> None:
    columns = {"x": [2.0, 1.0, 3.0], "y": [1.0, 2.0, 3.0]}
    expected = pl.DataFrame({"x": [2.0, 1.0], "y": [1.0, 2.0]})
    for frame in (
        columns,
        pl.LazyFrame(columns),
        [{"x": x, "y": y} for x, y in zip(*columns.values(), strict=True)],
    ):
        assert_frame_equal(pareto(frame, minimize=["x", "y"]), expected)


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Int8, pl.UInt64, pl.Int64, pl.Int128, pl.Boolean])
def test_numbers_of_any_type_are_compared_as_numbers(dtype: pl.DataType) -> None:
    frame = pl.DataFrame({"x": [1, 0, 1], "y": [0, 1, 1]}, schema={"x": dtype, "y": dtype}, strict=False)
    assert_frame_equal(pareto(frame, minimize=["x", "y"]), frame[:2])


def test_columns_in_several_chunks_and_slices_are_read_whole() -> None:
    frame = pl.concat([pl.DataFrame({"x": [3.0, 2.0]}), pl.DataFrame({"x": [1.0, 4.0]})], rechunk=False)
    assert pareto(frame, minimize="x")["x"].to_list() == [1.0]
    assert pareto(frame[::3], minimize="x")["x"].to_list() == [3.0]


def test_native_columns_need_not_be_contiguous() -> None:
    grid = np.arange(12.0).reshape(4, 3)[::-1]
    assert _native.pareto([grid[:, 0]], [False], [52], False, 1).tolist() == [3]
    assert _native.keys(grid[:, 1], 52).tolist() == [key(x, 52) for x in grid[:, 1]]


def test_rows_with_nan_are_never_returned() -> None:
    frame = pl.DataFrame({"x": [math.nan, 2.0, 1.0], "y": [0.0, 1.0, math.nan]})
    assert pareto(frame, minimize=["x", "y"]).rows() == [(2.0, 1.0)]
    assert pareto(frame[:1], maximize="x", ties="all").is_empty()


def test_ties_are_returned_once_or_all() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, 1.0, -0.0, 0.0], "y": [1.0, 1.0, 1.0, 2.0, 2.0]}).with_row_index()
    assert pareto(frame, minimize=["x", "y"])["index"].to_list() == [0, 3]
    assert pareto(frame, minimize=["x", "y"], ties="all")["index"].to_list() == [0, 2, 3, 4]


def test_noise_makes_no_front_at_a_resolution() -> None:
    noisy = {"loss": [1.0, 1.0 - 2**-53, 2.0], "flops": [6e21, math.nextafter(6e21, math.inf), 1e21]}
    assert pareto(noisy, minimize=["loss", "flops"]).height == 3
    # Equal keys: the better loss stands for the cell.
    assert pareto(noisy, minimize=["loss", "flops"], resolution=1e-9)["loss"].to_list() == [1.0 - 2**-53, 2.0]
    assert pareto(noisy, minimize=["loss", "flops"], resolution={"flops": 1e-9})["loss"].to_list() == [
        1.0 - 2**-53,
        2.0,
    ]


def test_empty_frames_keep_their_schema() -> None:
    schema = {"x": pl.Float64, "label": pl.String, "y": pl.Int32}
    found = pareto(pl.DataFrame(schema=schema), minimize="x", maximize="y")
    assert found.is_empty()
    assert found.schema == schema
    assert pareto({"x": []}, minimize="x").is_empty()


def test_the_input_is_unchanged_and_the_answer_its_own() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0], "y": [2.0, 1.0]})
    before = frame.clone()
    found = pareto(frame, minimize=["x", "y"])
    found[0, "x"] = 7.0
    assert_frame_equal(frame, before)


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_the_answer_does_not_depend_on_threads(objectives: int) -> None:
    columns = np.random.default_rng(0).random((objectives, 60_000))
    columns[0] -= columns[1:].sum(axis=0).round(3)
    frame = pl.DataFrame({f"o{place}": column for place, column in enumerate(columns)})
    fronts = [pareto(frame, minimize=frame.columns, threads=threads) for threads in (1, 2, 3, 17)]
    assert all(front.equals(fronts[0]) for front in fronts)
    assert fronts[0].height > 100


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "name at least one objective in `minimize` or `maximize`"),
        ({"minimize": "los"}, ValueError, "the frame has no column `los`, did you mean `loss`?"),
        ({"minimize": "qqqq"}, ValueError, "the frame has no column `qqqq`; there are `loss`, `text`"),
        ({"minimize": "loss", "maximize": ["loss"]}, ValueError, "objective `loss` is named twice"),
        ({"minimize": 3}, TypeError, "`minimize` must be a column name or a sequence of them, not 3"),
        (
            {"minimize": ["loss", 3]},
            TypeError,
            "`minimize` must be a column name or a sequence of them, not 3",
        ),
        ({"minimize": "text"}, TypeError, "objective `text` has type String, not numbers"),
        ({"minimize": "gaps"}, ValueError, "objective `gaps` has 2 nulls: fill or drop them first"),
        ({"minimize": "price"}, TypeError, "objective `price` has type Decimal"),
        ({"minimize": "day"}, TypeError, "objective `day` has type Date, not numbers"),
        ({"minimize": "wide"}, ValueError, "objective `wide` holds 9007199254740993, which is beyond 2**53"),
        ({"minimize": "wider"}, ValueError, "objective `wider` holds 18446744073709551615, which is beyond"),
        ({"minimize": "loss", "ties": "last"}, ValueError, '`ties` must be "first" or "all", not \'last\''),
        (
            {"minimize": "loss", "threads": 0},
            ValueError,
            "`threads` must be a positive integer or None, not 0",
        ),
        (
            {"minimize": "loss", "threads": 1.5},
            ValueError,
            "`threads` must be a positive integer or None, not 1.5",
        ),
        ({"minimize": "loss", "resolution": 1.5}, ValueError, "the resolution must be in [0, 1], not 1.5"),
        (
            {"minimize": "loss", "resolution": math.nan},
            ValueError,
            "the resolution must be in [0, 1], not nan",
        ),
        (
            {"minimize": "loss", "resolution": "x"},
            TypeError,
            "the resolution must be a number in [0, 1], not 'x'",
        ),
        (
            {"minimize": "loss", "resolution": {"loss": -1}},
            ValueError,
            "the resolution of `loss` must be in [0, 1]",
        ),
        (
            {"minimize": "loss", "resolution": {"los": 0.1}},
            ValueError,
            "`resolution` names 'los', which is no objective, did you mean `loss`?",
        ),
    ],
)
def test_mistakes_are_refused_in_words(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    frame = pl.DataFrame(
        {
            "loss": [1.0, 2.0, 3.0],
            "text": ["a", "b", "c"],
            "gaps": [1.0, None, None],
            "price": [decimal.Decimal("1.5")] * 3,
            "day": [datetime.date(2024, 1, 1)] * 3,
            "wide": [2**53 + 1, 2**60, 0],
            "wider": pl.Series([2**64 - 1, 1, 2], dtype=pl.UInt64),
        }
    )
    with pytest.raises(error) as caught:
        pareto(frame, **arguments)
    assert message in str(caught.value)


def test_large_integers_that_are_exact_are_welcome() -> None:
    frame = pl.DataFrame({"flops": [2**60, -(2**62), 3 * 2**58]})
    assert pareto(frame, minimize="flops").rows() == [(-(2**62),)]


@pytest.mark.parametrize(
    ("resolution", "bits"),
    [(0, 52), (1, 0), (0.5, 1), (0.05, 5), (1e-9, 30), (1e-300, 52), (2.0**-52, 52), (np.float64(0.25), 2)],
)
def test_a_resolution_is_rounded_down_to_a_power_of_two(resolution: float, bits: int) -> None:
    assert resolution_bits(resolution, ["a", "b"], default=1) == [bits, bits]
    mapping: Mapping[str, float] = {"b": resolution}
    assert resolution_bits(mapping, ["a", "b"], default=1) == [0, bits]


def test_threads_come_from_the_argument_then_the_environment_then_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ISOFLOP_MAX_THREADS", "3")
    assert resolve_threads(5) == 5
    assert resolve_threads(None) == 3
    monkeypatch.delenv("ISOFLOP_MAX_THREADS")
    assert resolve_threads(None) == available_cpus()
    for wrong in ("0", "many", "-2", "1.5"):
        monkeypatch.setenv("ISOFLOP_MAX_THREADS", wrong)
        with pytest.raises(ValueError, match="ISOFLOP_MAX_THREADS must be a positive integer"):
            resolve_threads(None)


def test_native_refuses_columns_that_do_not_match() -> None:
    x: NDArray[np.float64] = np.zeros(3)
    for objectives, maximize, bits in [
        ([], [], []),
        ([x, x[:2]], [False] * 2, [52] * 2),
        ([x], [], [52]),
        ([x], [False], []),
        ([x], [False], [53]),
    ]:
        with pytest.raises(ValueError, match=r"objective|bits"):
            _native.pareto(objectives, maximize, bits, False, 1)
    with pytest.raises(ValueError, match="0 to 52 bits, not 53"):
        _native.keys(x, 53)


INTERRUPTED = """
import sys, threading, time
import numpy as np, polars as pl
from isoflop._pareto.filter import pareto
random = np.random.default_rng(0)
rows, objectives = int(sys.argv[1]), int(sys.argv[2])
columns = random.random((objectives, rows))
columns[0] = -columns[1:].sum(axis=0)
frame = pl.DataFrame({f"o{place}": column for place, column in enumerate(columns)})
threads = threading.active_count()
print("ready", flush=True)
try:
    while True:
        pareto(frame, minimize=frame.columns)
except KeyboardInterrupt:
    print(time.time(), threading.active_count() - threads, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on Unix")
@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_an_interrupt_stops_a_long_filter(objectives: int) -> None:
    command = [sys.executable, "-c", INTERRUPTED, "2000000", str(objectives)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.15)
        sent = time.time()
        process.send_signal(signal.SIGINT)
        stopped, threads = process.stdout.readline().split()
        # Promised are 0.2 s; a busy machine may be late itself.
        assert float(stopped) - sent < 1.0
        assert threads == "0"
    assert process.returncode == 0


def test_other_python_threads_run_meanwhile() -> None:
    columns = np.random.default_rng(0).random((3, 400_000))
    columns[0] = -columns[1:].sum(axis=0)
    frame = pl.DataFrame({f"o{place}": column for place, column in enumerate(columns)})
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    before = ticks
    pareto(frame, minimize=frame.columns)
    during = ticks - before
    done.set()
    thread.join()
    assert during >= 2
