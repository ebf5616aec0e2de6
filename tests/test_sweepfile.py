"""Sweep files: what they say, that they come back as they went out, and what is wrong with them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import isoflop as iso
from isoflop._sweep.load import SweepFile, load, parse
from isoflop.catalog import files as _catalog

LAW = iso.Law("E + A/effective_params**0.34 + B/effective_tokens**0.28", {"E": 1.7, "A": 400.0, "B": 410.0})

EXAMPLE = """
law = "besiroglu2024"
where = ["days <= 60", "weight_bytes <= 0.8 * 640e9"]

[axes]
params = { geomspace = [1e9, 1e12, 30] }
tokens = { linspace = [1e11, 1e13, 20] }
steps_ahead = { linspace = [0, 1, 4], endpoint = false }
activation = [1.0, 0.5, 0.25]
experts = [1, 2, 4]
gpu_count = 2048
moe_gain = 0.35

[axes.pool]
pool = ["curated", "web"]
quality = [1, 0.4]
open = [false, true]

[quantities]
my_cost = "total_usd + 1e6 * (activation < 0.1)"

[pareto]
minimize = ["loss", "my_cost"]
resolution = { loss = 1e-4 }
columns = ["days"]

[best]
minimize = "loss"
by = "pool"

[near]
minimize = "loss"
within = 1e-3
then = ["days", "my_cost"]
"""


def read(text: str) -> SweepFile:
    return parse(text, "plan.toml")


def test_a_file_says_what_the_constructor_would_be_told() -> None:
    expected = iso.Sweep(
        {
            "params": iso.geomspace(1e9, 1e12, 30),
            "tokens": iso.linspace(1e11, 1e13, 20),
            "steps_ahead": iso.linspace(0, 1, 4, endpoint=False),
            "activation": [1.0, 0.5, 0.25],
            "experts": [1, 2, 4],
            "gpu_count": 2048,
            "moe_gain": 0.35,
            "pool": pl.DataFrame({"pool": ["curated", "web"], "quality": [1.0, 0.4], "open": [False, True]}),
        },
        law="besiroglu2024",
        quantities={"my_cost": "total_usd + 1e6 * (activation < 0.1)"},
        where=["days <= 60", "weight_bytes <= 0.8 * 640e9"],
    )
    assert read(EXAMPLE).sweep == expected


def test_a_file_holds_its_questions() -> None:
    question = read(EXAMPLE).question
    assert {name: dict(asked) for name, asked in question.items()} == {
        "pareto": {"minimize": ["loss", "my_cost"], "resolution": {"loss": 1e-4}, "columns": ["days"]},
        "best": {"minimize": "loss", "by": "pool"},
        "near": {"minimize": "loss", "within": 1e-3, "then": ["days", "my_cost"]},
    }


def test_a_question_can_be_asked_as_it_stands() -> None:
    file = read(
        '[axes]\nx = { linspace = [1, 2, 99] }\n[pareto]\nminimize = "x"\nmaximize = ["x**2"]\nrows = 9\n'
    )
    assert 1 <= file.sweep.pareto(**file.question["pareto"]).height <= 9


def test_a_file_with_a_law_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        'law = { formula = "E + A/params**alpha", coefficients = { E = 1.5, A = 100, alpha = 0.3 } }\n'
        "[axes]\nparams = [1e9, 1e10]\n"
    )
    sweep = iso.Sweep.from_toml(path)
    assert sweep.law is not None
    assert sweep.table()["loss"].to_list() == pytest.approx([1.5 + 100 / 1e9**0.3, 1.5 + 100 / 1e10**0.3])


def test_what_is_written_is_short() -> None:
    sweep = iso.Sweep(
        {"params": iso.geomspace(1e9, 1e12, 10_000), "gpu_count": 64, "moe_gain": 0.35},
        law="besiroglu2024",
        where="days < 60",
    )
    assert sweep.to_toml() == (
        'law = "besiroglu2024"\n'
        'where = ["days < 60"]\n'
        "\n"
        "[axes]\n"
        "params = { geomspace = [1e9, 1e12, 10000] }\n"
        "gpu_count = 64\n"
        "moe_gain = 0.35\n"
    )


def test_writing_to_a_path_and_reading_it_gives_an_equal_sweep(tmp_path: Path) -> None:
    sweep = read(EXAMPLE).sweep
    text = sweep.to_toml(tmp_path / "plan.toml")
    assert (tmp_path / "plan.toml").read_text() == text
    assert iso.Sweep.from_toml(str(tmp_path / "plan.toml")) == sweep


def random_sweep(numbers: random.Random) -> iso.Sweep:
    """Axes of every kind in any order, constants among them, now and then a law and formulas."""

    def column(length: int) -> Any:
        low, high = sorted(10 ** numbers.uniform(-12, 12) for _ in range(2))
        spaced = numbers.choice([iso.geomspace, iso.linspace])(low, high, length)
        signed = [numbers.choice([-1, 1]) * 10 ** numbers.uniform(-300, 300) for _ in range(length)]
        whole = [numbers.randint(-(2**53), 2**53) for _ in range(length)]
        awkward = [numbers.choice([0.0, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3]) for _ in range(length)]
        return numbers.choice([spaced, signed, whole, awkward, np.array(whole, dtype=np.int64)])

    def frame(prefix: str, length: int) -> pl.DataFrame:
        columns = {f"{prefix}{number}": column(length) for number in range(numbers.randint(1, 3))}
        texts = ["plain", 'quo"ted', "back\\slash", "new\nline", "ünïcode \u007f \u0001", ""]
        columns[f"{prefix}text"] = [numbers.choice(texts) for _ in range(length)]
        columns[f"{prefix}flag"] = [numbers.random() < 0.5 for _ in range(length)]
        return pl.DataFrame(columns)

    axes: dict[str, Any] = {}
    for number in range(numbers.randint(0, 6)):
        name = f"axis{number}"
        kind = numbers.randrange(3)
        length = numbers.choice([1, 2, 5, 40])
        axes[name] = [column(length), frame(name, length), numbers.uniform(-9, 9)][kind]
    axes["params"] = 1e9
    law = numbers.choice([None, "hoffmann2022", LAW, iso.law("besiroglu2024").replace(alpha=0.3)])
    quantities = {"cost": "params * 2", "twice": "cost + cost"} if numbers.random() < 0.5 else {}
    where = ["params < 1e10", "not (params > 3e9)"] if numbers.random() < 0.5 else []
    return iso.Sweep(axes, law=law, quantities=quantities, where=where)


@pytest.mark.parametrize("seed", range(100))
def test_every_sweep_comes_back_as_it_went_out(seed: int) -> None:
    sweep = random_sweep(random.Random(seed))
    assert read(sweep.to_toml()).sweep == sweep


@pytest.mark.parametrize("seed", range(30))
def test_every_repr_can_be_typed_back(seed: int) -> None:
    sweep = random_sweep(random.Random(seed))
    assert eval(repr(sweep), {"iso": iso, "pl": pl}) == sweep


def test_a_linked_axis_before_a_plain_one_keeps_its_place() -> None:
    sweep = iso.Sweep({"pool": pl.DataFrame({"quality": [1.0, 0.4]}), "params": [1e9, 2e9]})
    assert list(read(sweep.to_toml()).sweep.axes) == ["pool", "params"]


def test_a_linked_column_may_be_evenly_spaced() -> None:
    sweep = read("[axes.pool]\nquality = { linspace = [0.5, 1.5, 3] }\nprice = [3, 2, 1]\n").sweep
    assert sweep.table().rows() == [(0.5, 3), (1.0, 2), (1.5, 1)]


# Mistakes -------------------------------------------------------------------------------------------

AXES = "[axes]\nparams = [1e9]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("axes = {", "plan.toml: not TOML"),
        ("x = 1", "plan.toml: unknown key `x`; known are law, where, axes"),
        ("[axis]\nx = 1", "plan.toml: unknown key `axis`; did you mean `axes`?"),
        ("axes = 3", "plan.toml: axes: a table"),
        (AXES + "tokens = 'many'", "plan.toml: axes.tokens: an axis is a number"),
        (AXES + "tokens = true", "plan.toml: axes.tokens: an axis is a number"),
        (AXES + "tokens = 2024-01-01", "plan.toml: axes.tokens: an axis holds numbers, not a date"),
        (AXES + "tokens = []", "plan.toml: axis `tokens` is empty"),
        (AXES + "tokens = [1, 'a']", "plan.toml: axis `tokens` holds 'a' at position 1"),
        (AXES + "tokens = [nan]", "plan.toml: axis `tokens` has nan at position 0"),
        (AXES + "tokens = {}", "plan.toml: axes.tokens: an empty table"),
        (AXES + "tokens = { geomspace = [1, 2] }", "plan.toml: axes.tokens: geomspace takes three numbers"),
        (AXES + "tokens = { geomspace = [0, 2, 3] }", "plan.toml: axes.tokens: geomspace from 0.0 to 2.0"),
        (
            AXES + "tokens = { linspace = [0, 2, 1.5] }",
            "plan.toml: axes.tokens: linspace: num must be an integer",
        ),
        (
            AXES + "tokens = { linspace = [0, 2, 3], endpiont = 1 }",
            "axes.tokens: unknown key `endpiont`; did you mean `endpoint`?",
        ),
        (
            AXES + "tokens = { linspace = [0, 2, 3], endpoint = 1 }",
            "axes.tokens: endpoint must be true or false",
        ),
        (
            AXES + "pool = { a = [1], b = [1, 2] }",
            "plan.toml: axes.pool: linked columns must have the same number",
        ),
        (AXES + "pool = { a = 3 }", "plan.toml: axes.pool.a: a linked column is an array, not 3"),
        (
            AXES + "pool = { a = [1, 'b'] }",
            "plan.toml: axes.pool.a: an array of numbers, of texts or of truth values",
        ),
        (AXES + "pool = { a = [9007199254740993] }", "beyond 2\\^53"),
        (AXES + "pool = { a = [99999999999999999999] }", "beyond 2\\^53"),
        ("where = [3]\n" + AXES, "plan.toml: where: constraints are an array of formulas in quotes"),
        ("law = 3\n" + AXES, "plan.toml: law: an identifier of the catalogue in quotes"),
        (
            AXES + "[quantities]\ncost = 3",
            "plan.toml: quantities.cost: a quantity is a formula in quotes, not 3",
        ),
        (AXES + "[quantities]\nparams = '3'", "plan.toml: `params` is both a quantity and an axis"),
        (
            AXES + "[pareto]\nminimise = 'loss'",
            "plan.toml: pareto: unknown key `minimise`; did you mean `minimize`?",
        ),
        (AXES + "[pareto]\nminimize = 3", "plan.toml: pareto.minimize: names or formulas in quotes, not 3"),
        (AXES + "[pareto]\nresolution = 'fine'", "plan.toml: pareto.resolution: a number"),
        (AXES + "[pareto]\nrows = 1.5", "plan.toml: pareto.rows: a whole number, not 1.5"),
        (AXES + "[best]\nby = ['params']", "plan.toml: best.by: a name in quotes"),
        (AXES + "[near]\nwithin = true", "plan.toml: near.within: a number, not True"),
        (AXES + "[near]\nthen = 3", "plan.toml: near.then: names or formulas in quotes, not 3"),
        (AXES + "[near]\nties = 'all'", "plan.toml: near: unknown key `ties`"),
        (AXES + "[best]\nrows = 3", "plan.toml: best: unknown key `rows`"),
        ("pareto = 3\n" + AXES, "plan.toml: pareto: a table"),
    ],
)
def test_mistakes_name_file_key_and_reason(text: str, message: str) -> None:
    with pytest.raises(iso.SpaceError, match=message):
        read(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("where = ['params <']\n" + AXES, "plan.toml: where: "),
        (AXES + "[pareto]\nminimize = ['2 +* params']", "plan.toml: pareto.minimize: "),
        (AXES + "[quantities]\ncost = '2 +* params'", "in the formula of `cost`: plan.toml: "),
    ],
)
def test_a_formulas_mistake_names_the_place_and_shows_a_caret(text: str, place: str) -> None:
    with pytest.raises(iso.FormulaError) as caught:
        read(text)
    assert str(caught.value).startswith(place)
    assert str(caught.value).rstrip().endswith("^")


def test_an_unknown_law_names_the_file() -> None:
    with pytest.raises(iso.CatalogError, match=r"plan.toml: no law `besiroglu2042`.*besiroglu2024"):
        read("law = 'besiroglu2042'\n" + AXES)


def test_a_wrong_law_table_names_the_file() -> None:
    with pytest.raises(iso.LawError, match=r"plan.toml: law: "):
        read(AXES + "[law]\nformula = 'E'\ncoefficients = { E = 1.0 }\nauthor = 'me'\n")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(iso.SpaceError, match="not UTF-8 at byte 0"):
        load(path)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        iso.Sweep.from_toml(tmp_path / "none.toml")


def test_deep_nesting_is_refused_and_not_a_crash() -> None:
    with pytest.raises(iso.SpaceError, match=r"plan\.toml: (not TOML|axis `x`)"):
        read("[axes]\nx = " + "[" * 100_000)


def test_a_byte_order_mark_is_none_of_the_file(tmp_path: Path) -> None:
    marked, plain = tmp_path / "marked.toml", tmp_path / "plain.toml"
    marked.write_bytes(b"\xef\xbb\xbf" + EXAMPLE.encode())
    plain.write_text(EXAMPLE, encoding="utf-8")
    assert load(marked) == load(plain)
    assert iso.Sweep.from_toml(marked) == iso.Sweep.from_toml(plain)
    assert parse("\ufeff" + EXAMPLE, "example.toml") == parse(EXAMPLE, "example.toml")


def test_a_file_that_begins_with_a_mark_is_read_to_its_mistake(tmp_path: Path) -> None:
    path = tmp_path / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbfx = ]\n")
    with pytest.raises(iso.SpaceError, match=r"not TOML: Invalid value \(at line 1, column 5\)"):
        load(path)
    path.write_bytes(b"\xef\xbb\xbfx = '\xff'\n")
    with pytest.raises(iso.SpaceError, match="not UTF-8 at byte 8"):
        load(path)


@pytest.mark.parametrize("folder", ["laws", "allocations", ""])
def test_every_kind_of_file_of_the_catalogue_may_begin_with_a_mark(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = {"laws": "kaplan2020.toml", "allocations": "kaplan2020.toml"}.get(folder, "gpus.toml")
    here = Path(str(_catalog._folder())) / folder / name
    there = tmp_path / folder / name
    there.parent.mkdir(exist_ok=True)
    there.write_bytes(b"\xef\xbb\xbf" + here.read_bytes())
    expected = _catalog._read(*filter(None, (folder, name)))
    monkeypatch.setattr(_catalog, "_folder", lambda: tmp_path)
    assert _catalog._read(*filter(None, (folder, name))) == expected


def test_an_integer_too_long_to_be_read_is_no_crash() -> None:
    with pytest.raises(iso.SpaceError, match=r"^plan\.toml: not TOML: .*4300 digits"):
        parse(f"[axes]\nx = {'1' * 5000}", "plan.toml")
