"""Whatever is public can leave the process: errors, warnings and results, by pickle, copy and worker."""

from __future__ import annotations

import copy
import inspect
import io
import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any, get_type_hints

import polars as pl
import pytest

import isoflop as iso

CLASSES = [member for name in iso.__all__ if isinstance(member := getattr(iso, name), type)]
RAISED = [kind for kind in CLASSES if issubclass(kind, BaseException)]
RESULTS = [kind for kind in CLASSES if kind not in RAISED]

FIELDS: dict[Any, Any] = {
    str: "a + b",
    str | None: "named",
    int: 7,
    tuple[int, int]: (4, 5),
    tuple[int, ...]: (4, 5, 6),
    tuple[str, ...]: ("a", "b"),
}
"""A value for a field of an exception, by its annotation; one of another type belongs here too."""


def raised(kind: type[BaseException]) -> list[BaseException]:
    """An exception with nothing but its message and what it requires, and one with every field."""
    hints = get_type_hints(kind.__init__) if inspect.isfunction(kind.__init__) else {}
    fields = {name: FIELDS[hint] for name, hint in hints.items() if name not in ("message", "return")}
    parameters = inspect.signature(kind).parameters if fields else {}
    required = {
        name: fields[name] for name, parameter in parameters.items()
        if name in fields and parameter.default is inspect.Parameter.empty
    }  # fmt: skip
    return [kind("what was wrong", **required), kind("what was wrong", **fields)]


SIZES = [1e8, 2e8, 4e8, 1e9, 2e9, 6e9]
RUNS: Any = ({"params": SIZES, "loss": [1.7 + 400 / size**0.34 for size in SIZES]}, "E + A/params**alpha")
"""What a form is fitted to, and the form."""


@cache
def results() -> dict[type, list[Any]]:
    """Objects of every class that is no exception."""
    law = iso.law("besiroglu2024")
    linked = pl.DataFrame({"gpu": ["a", "b"], "mfu": [0.3, 0.4], "open": [True, False]})
    sweep = iso.Sweep(
        {
            "params": iso.geomspace(1e9, 1e11, 5),
            "web_tokens": [10**10, 10**11],
            "gpus": linked,
            "gpu_count": 8,
        },
        law=law.replace(alpha=0.35),
        quantities={"cost": "train_usd + 1"},
        where="train_flops <= 1e22",
        pools={"pool": ["web"], "unique_tokens": [1e12]},
    )
    question: dict[str, Any] = {"minimize": ["loss", "cost"]}
    return {
        iso.Law: [law, law.replace(alpha=0.35), iso.law("kaplan2020")],
        iso.Architecture: [iso.architecture("llama"), iso.architecture("gemma2", attention="full")],
        iso.Allocation: [iso.allocation("llama3-2024"), iso.allocation("minicpm2024")],
        iso.Sweep: [sweep, sweep.replace(pools=None, axes={"params": [1, 2], "tokens": 3.0}, where=())],
        iso.Profile: [sweep.profile(**question, method=method)[1] for method in ("enumerate", "search")],
        iso.Fit: [iso.fit(*RUNS), iso.fit(*RUNS, residual="squares", fixed={"alpha": 0.3})],
        iso.Plan: [iso.plan(flops=1e21, goal="serving", inference_tokens=1e12)],
    }


def copies(value: Any) -> Iterator[Any]:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.loads(pickle.dumps(value, protocol))
    yield copy.copy(value)
    yield copy.deepcopy(value)


def content(value: Any) -> Any:
    """What two equal objects have in common, frames compared by what they hold."""
    if isinstance(value, pl.DataFrame | pl.Series):
        return value.to_dict(as_series=False) if isinstance(value, pl.DataFrame) else value.to_list()
    if isinstance(value, iso.Plan):
        return {name: content(getattr(value, name)) for name in value.__slots__}
    if isinstance(value, iso.Fit):
        return value.objective, content(value.coefficients), value.law
    if isinstance(value, BaseException):
        return value.args, vars(value), str(value)
    return value


def same(value: Any, other: Any) -> None:
    assert type(other) is type(value)
    assert content(other) == content(value)
    assert repr(other) == repr(value)
    assert str(other) == str(value)


@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)
def test_every_exception_is_the_same_after_pickling_and_copying(
    kind: type[BaseException],
) -> None:
    for error in raised(kind):
        error.add_note("seen")
        for other in copies(error):
            same(error, other)


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__name__)
def test_every_result_is_the_same_after_pickling_and_copying(kind: type) -> None:
    assert kind in results(), "a public class needs an object to try here"
    for value in results()[kind]:
        assert type(value) is kind
        for other in copies(value):
            same(value, other)


class Reader(pickle.Unpickler):
    """Reads a pickle and keeps the modules that it names."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.modules: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.modules.add(module)
        return super().find_class(module, name)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_name_no_module_of_ours_but_the_package(protocol: int) -> None:
    values = [value for several in results().values() for value in several]
    values += [error for kind in RAISED for error in raised(kind)]
    for value in values:
        reader = Reader(pickle.dumps(value, protocol))
        reader.load()
        ours = {module for module in reader.modules if module.split(".")[0] == "isoflop"}
        assert ours == {"isoflop"}, value


def throw(error: BaseException) -> None:
    raise error


@pytest.fixture(scope="module")
def workers() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_every_public_object_comes_back_from_a_worker_as_it_is(workers: ProcessPoolExecutor) -> None:
    for kind in CLASSES:
        for value in raised(kind) if kind in RAISED else results()[kind]:
            same(value, workers.submit(copy.copy, value).result(timeout=60))


@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)
def test_what_a_worker_raises_reaches_the_caller_as_itself(
    kind: type[BaseException], workers: ProcessPoolExecutor
) -> None:
    for error in raised(kind):
        with pytest.raises(kind) as caught:
            workers.submit(throw, error).result(timeout=60)
        same(error, caught.value)


def wrong_formula() -> None:
    iso.Sweep({"a": [1.0, 2.0]}).pareto(minimize="a + bb")


@pytest.mark.parametrize(
    ("call", "error", "field"),
    [
        (lambda: (iso.law, ("hofman2022",)), iso.CatalogError, "close_matches"),
        (lambda: (wrong_formula, ()), iso.FormulaError, "span"),
    ],
)
def test_a_pool_hands_back_an_error_of_the_library(
    call: Callable[[], tuple[Callable[..., Any], tuple[Any, ...]]], error: type[Exception], field: str
) -> None:
    function, arguments = call()
    with pytest.raises(error) as here:
        function(*arguments)
    with multiprocessing.get_context("spawn").Pool(1) as pool, pytest.raises(error) as there:
        pool.apply_async(function, arguments).get(timeout=60)
    assert str(there.value) == str(here.value)
    assert getattr(there.value, field) == getattr(here.value, field) != ()


def test_what_a_sweep_hands_out_can_be_pickled() -> None:
    sweep = iso.Sweep({"a": [1.0, 2.0]}, quantities={"b": "2*a"})
    for value in (sweep.axes, sweep.quantities):
        for other in copies(value):
            assert {name: content(part) for name, part in other.items()} == {
                name: content(part) for name, part in value.items()
            }
            with pytest.raises(TypeError):
                other["a"] = 3
