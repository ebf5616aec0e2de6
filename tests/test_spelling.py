"""One speller: what may have been meant, wherever a name is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import isoflop as iso
from isoflop import _native
from isoflop._text.spelling import did_you_mean, nearest
from isoflop.catalog.files import KNOWN_AS, allocation_ids, gpu_tables, law_ids

FRAME = {"loss": [1.0, 2.0], "train_flops": [2.0, 1.0], "peak_flops": [1.0, 1.0]}


def swapped(text: str) -> str:
    return "".join(letter.upper() if place % 2 else letter for place, letter in enumerate(text))


# Case ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [str.upper, str.title, swapped])
def test_identifiers_are_found_whatever_their_case(change: Callable[[str], str]) -> None:
    for id in law_ids():
        assert iso.law(change(id)) is iso.law(id)
    for id in allocation_ids():
        assert iso.allocation(change(id)) is iso.allocation(id)


def test_every_place_that_takes_a_law_finds_it_whatever_its_case(tmp_path: Path) -> None:
    axes = {"params": [1e9, 2e9], "tokens": [1e10]}
    sweep = iso.Sweep(axes, law="HOFFMANN2022")
    assert sweep == iso.Sweep(axes, law="hoffmann2022")
    path = tmp_path / "plan.toml"
    path.write_text('law = "Hoffmann2022"\n[axes]\nparams = [1e9, 2e9]\ntokens = [1e10]\n')
    assert iso.Sweep.from_toml(path) == sweep
    assert iso.losses(["HOFFMANN2022"], params=1e9, tokens=1e10).columns[-1] == "hoffmann2022"
    models = {"params": [1e9], "tokens": [1e10]}
    assert iso.diagnose(models, law="HOFFMANN2022").equals(iso.diagnose(models, law="hoffmann2022"))
    plan = iso.plan(flops=1e21, law="HOFFMANN2022")
    assert repr(plan) == repr(iso.plan(flops=1e21, law="hoffmann2022"))


@pytest.mark.parametrize("gpu", sorted({table["gpu"] for table in gpu_tables()}))
def test_gpus_are_found_whatever_their_case(gpu: str) -> None:
    precision = next(table["precision"] for table in gpu_tables() if table["gpu"] == gpu)
    plan = iso.plan(gpu_count=64, days=10, gpu=gpu.upper(), precision=precision.upper())
    expected = iso.plan(gpu_count=64, days=10, gpu=gpu, precision=precision)
    assert plan.recommended.equals(expected.recommended)
    assert repr(plan) == repr(expected)


def test_a_law_may_rest_on_a_rule_whatever_its_case() -> None:
    optimal = {"kind": "rule", "rule": "KAPLAN2020"}
    law = iso.Law("E/params", {"E": 1.0}, optimal=optimal)
    assert law.optimal == iso.Law("E/params", {"E": 1.0}, optimal=optimal | {"rule": "kaplan2020"}).optimal


@pytest.mark.parametrize("id", [3, None, ["hoffmann2022"], b"hoffmann2022"])
def test_an_identifier_is_a_text(id: object) -> None:
    with pytest.raises(TypeError, match="the identifier of a law must be a text, not"):
        iso.law(id)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the identifier of an allocation rule must be a text, not"):
        iso.allocation(id)  # type: ignore[arg-type]


# Hints ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["chinchilla", "Chinchilla", "chinchila"])
def test_a_name_of_several_laws_gives_all_of_them(name: str) -> None:
    with pytest.raises(iso.CatalogError) as caught:
        iso.law(name)
    assert caught.value.close_matches == ("hoffmann2022", "hoffmann2022-tex", "besiroglu2024")
    assert str(caught.value) == (
        f"no law `{name}` in the catalogue; did you mean `hoffmann2022` or `hoffmann2022-tex` or "
        "`besiroglu2024`? iso.laws() lists all of them"
    )
    with pytest.raises(iso.CatalogError) as caught:
        iso.allocation(name)
    assert caught.value.close_matches == ("hoffmann2022-approach1", "hoffmann2022-approach2")


def test_names_of_several_entries_are_names_of_none() -> None:
    for name, ids in KNOWN_AS.items():
        assert name not in (*law_ids(), *allocation_ids())
        assert set(ids) <= {*law_ids(), *allocation_ids()}


def test_an_identifier_of_the_other_kind_names_the_function_for_it() -> None:
    for id in {*allocation_ids()} - {*law_ids()}:
        with pytest.raises(iso.CatalogError) as caught:
            iso.law(id.upper())
        assert f'but an allocation rule of this name: iso.allocation("{id}")' in str(caught.value)
        assert caught.value.close_matches == ()
    for id in {*law_ids()} - {*allocation_ids()}:
        with pytest.raises(iso.CatalogError) as caught:
            iso.allocation(id)
        assert f'but a law of this name: iso.law("{id}")' in str(caught.value)


def test_a_slip_of_the_other_kind_is_recognised() -> None:
    with pytest.raises(
        iso.CatalogError, match=r"mean an allocation rule, `tian2025-moe` or `tian2025-dense`\?"
    ):
        iso.law("tian2025-mo")
    with pytest.raises(iso.CatalogError, match=r"did you mean a law, `zhao2025`\? iso\.law\(id\) gives one"):
        iso.allocation("zhao2052")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("kaplan", "kaplan2020"),
        ("besiroglu", "besiroglu2024"),
        ("hofmann", "hoffmann2022"),
        ("muenighoff2023", "muennighoff2023"),
        ("hoffmann-2022", "hoffmann2022"),
    ],
)
def test_the_beginning_of_an_identifier_or_a_slip_gives_it(wanted: str, found: str) -> None:
    with pytest.raises(iso.CatalogError, match=f"did you mean `{found}`") as caught:
        iso.law(wanted)
    assert caught.value.close_matches[0] == found


@pytest.mark.parametrize("name", ["flops", "FLOPs", "flop", "compute"])
def test_words_of_papers_are_hints_to_the_names_here(name: str) -> None:
    with pytest.raises(ValueError, match=f"the frame has no column `{name}`, did you mean `train_flops`"):
        iso.pareto(FRAME, minimize=name)
    sweep = iso.Sweep({"params": [1e9], "tokens": [1e10]}, law="besiroglu2024")
    with pytest.raises(iso.FormulaError, match=f"unknown name `{name}`, did you mean `train_flops`"):
        sweep.pareto(minimize=["loss", name])


def test_a_hint_is_only_given_to_what_there_is() -> None:
    with pytest.raises(ValueError, match="no column `flops`, did you mean `peak_flops`"):
        iso.pareto({"loss": [1.0], "peak_flops": [1.0]}, minimize="flops")
    with pytest.raises(ValueError, match="no column `flops`; there are `loss`, `days`"):
        iso.pareto({"loss": [1.0], "days": [1.0]}, minimize="flops")


def test_a_column_of_that_very_name_is_taken() -> None:
    assert iso.pareto({"flops": [1.0, 2.0], "train_flops": [2.0, 1.0]}, minimize="flops").height == 1


# The speller ---------------------------------------------------------------------------------------------


def test_messages_and_formulas_have_the_same_speller() -> None:
    names = ("params", "tokens", "gpu_count", "train_flops", "days")
    # Together in one frame: facts, of which none is given twice.
    space = iso.Sweep({"run": pl.DataFrame({name: [1.0] for name in names})})
    for slip in ("prams", "Tokens", "gpu_cuont", "gpus", "flops", "day", "gpu", "train_flop"):
        (first, *_) = nearest(slip, names)
        with pytest.raises(iso.FormulaError, match=f", did you mean `{first}`"):
            space.table(columns=slip)


def test_the_speller_takes_any_text() -> None:
    for name in ("", "\ud800", "x" * 10_000, "日本", "\x00", 10**5000):
        assert nearest(name, ["params", "\ud800abc", "日本語"]) in ((), ("日本語",), ("?abc",))
    assert did_you_mean("qqqq", ["params"]) == ""
    assert did_you_mean("qqqq", ["params"], "; there is `params`") == "; there is `params`"
    assert _native.nearest("prams", ["params", "tokens", "params"]) == ["params"]


def test_python_has_no_speller_of_its_own() -> None:
    assert iso.__file__ is not None
    for path in Path(iso.__file__).parent.rglob("*.py"):
        assert "difflib" not in path.read_text(encoding="utf-8"), path
