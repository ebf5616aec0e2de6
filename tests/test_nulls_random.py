"""Random spaces with nulls: the engine against the oracle, and against the space without those rows."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

import isoflop as iso
from compare import differences
from draws import Examples, coin, one_in
from isoflop import reference
from isoflop._sweepfile import parse
from question import Question
from strategies import examples, questions
from surface import distinct_objectives, sweep_of


def quietly(ask: Callable[..., pl.DataFrame], **keywords: Any) -> pl.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", iso.IsoflopWarning)
        return ask(**keywords)


@st.composite
def planted(draw: st.DrawFn) -> Question:
    """Draw a question to a space whose numbers are NaN here and there."""
    chance, question = Examples(draw), draw(questions())
    columns = [
        (name, axis, tuple(math.nan if one_in(chance, 3) else value for value in values), boolean)
        if not boolean and coin(chance)
        else (name, axis, values, boolean)
        for name, axis, values, boolean in question.columns
    ]
    return replace(question, columns=tuple(columns))


@examples(150)
@given(planted())
def test_the_engine_reads_nan_on_an_axis_as_the_oracle_does(question: Question) -> None:
    for difference in differences(question):
        raise AssertionError(f"{difference}\n{difference.code}")


@st.composite
def sweeps_with_nulls(draw: st.DrawFn) -> tuple[iso.Sweep, Question]:
    """Draw a sweep whose linked columns hold nulls, and what is asked of it."""
    chance, question = Examples(draw), draw(questions())
    space = sweep_of(question)
    axes: dict[str, Any] = {}
    for name, values in space.axes.items():
        if isinstance(values, pl.DataFrame):
            for column in values.columns:
                if coin(chance):
                    gaps = pl.Series([one_in(chance, 3) for _ in range(values.height)])
                    values = values.with_columns(pl.when(~gaps).then(pl.col(column)).alias(column))
        elif isinstance(values, pl.Series) and coin(chance):
            gaps = pl.Series([one_in(chance, 3) for _ in range(values.len())])
            values = pl.DataFrame({f"label_{name}": ["a"] * values.len(), name: values})
            values = values.with_columns(pl.when(~gaps).then(pl.col(name)).alias(name))
        axes[name] = values
    return space.replace(axes=axes), question


def without_read_nulls(space: iso.Sweep, formulas: list[str]) -> iso.Sweep | None:
    """Return a sweep without the rows that hold a null in a column that is read; nothing if none is left."""
    asked = [*formulas, *space.where]
    read = reference.space_of(space, asked).read(asked)
    axes: dict[str, Any] = dict(space.axes)
    for name, values in axes.items():
        if isinstance(values, pl.DataFrame):
            axes[name] = values.drop_nulls([column for column in values.columns if column in read])
            if not axes[name].height:
                return None
    return space.replace(axes=axes)


def same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    assert found.schema == expected.schema
    for column in expected:
        mine = found[column.name]
        assert mine.is_null().to_list() == column.is_null().to_list()
        if column.dtype == pl.Float64:
            ours, theirs = mine.fill_null(0.0).to_numpy(), column.fill_null(0.0).to_numpy()
            np.testing.assert_array_equal(ours, theirs)
        else:
            assert mine.to_list() == column.to_list()


@examples(150)
@given(sweeps_with_nulls())
def test_answers_are_those_of_the_oracle_and_of_the_space_without_the_nulls_that_are_read(
    drawn: tuple[iso.Sweep, Question],
) -> None:
    space, question = drawn
    objectives, bits = distinct_objectives(question)
    formulas = [formula for formula, _ in objectives]
    shown = list(question.shown)
    asked: dict[str, Any] = {
        "minimize": [formula for formula, maximize in objectives if not maximize],
        "maximize": [formula for formula, maximize in objectives if maximize],
        "resolution": {formula: 2.0**-p for formula, p in zip(formulas, bits, strict=True)},
        "columns": shown,
        "ties": "all" if question.all_ties else "first",
    }
    expected = reference.pareto(space, **asked)
    less = without_read_nulls(space, formulas)
    for method in ("enumerate", "search"):
        found = quietly(space.pareto, **asked, method=method)
        same(found, expected)
        if less is None:
            assert not found.height
        else:
            same(found, quietly(less.pareto, **asked, method=method))

    first, maximize = objectives[0]
    asked = {"maximize" if maximize else "minimize": first, "columns": shown}
    by = next((name for name, values in space.axes.items() if isinstance(values, pl.DataFrame)), None)
    for group in {by, None}:
        expected = reference.best(space, **asked, by=group)
        for method in ("enumerate", "search"):
            same(quietly(space.best, **asked, by=group, method=method), expected)
    then = formulas[1:] if question.further else []
    near = asked | {"within": question.within, "then": then}
    same(quietly(space.near, **near), reference.near(space, **near))
    same(quietly(space.table, columns=shown), reference.table(space, columns=shown))
    assert parse(space.to_toml(), "sweep.toml").sweep == space
