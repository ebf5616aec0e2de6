"""The catalogue of laws: every number against its check, every name against the accounting."""

from __future__ import annotations

import math
import re
from importlib.resources import files

import polars as pl
import pytest

import isoflop as iso
from isoflop._accounting import names_in, quantities, resolve
from isoflop._catalog import law_ids, law_table
from isoflop._law_records import Check
from isoflop._predict import evaluate

LAWS = [iso.law(law_id) for law_id in law_ids()]
EVERY_LAW = pytest.mark.parametrize("law", LAWS, ids=lambda law: law.id)
CHECKS = [(law, check) for law in LAWS for check in law.checks]
OPTIMA = [(law, check) for law in LAWS if law.optimal is not None for check in law.optimal.checks]


def label(value: object) -> str | None:
    if isinstance(value, Check):
        return f"{value.name} at {dict(value.at)}"
    return value.id if isinstance(value, iso.Law) else None


@pytest.mark.parametrize(("law", "check"), CHECKS, ids=label)
def test_every_check_of_a_loss_holds(law: iso.Law, check: Check) -> None:
    assert check.name == "loss"
    assert abs(law.loss(**check.at) - check.value) <= check.tolerance


@pytest.mark.parametrize(("law", "check"), OPTIMA, ids=label)
def test_every_check_of_an_optimum_holds(law: iso.Law, check: Check) -> None:
    frame = law.compute_optimal(check.at["train_flops"])
    if check.name in frame.columns:
        found = frame[check.name][0]
    else:
        # A quantity on the way, such as the batch of Kaplan's rule.
        assert law.optimal is not None
        (values,) = evaluate(law, (check.name,), {}, dict(check.at), 1, quantities=law.optimal.formulas)
        found = values[0]
    assert abs(found - check.value) <= check.tolerance


@EVERY_LAW
def test_every_law_has_checks_and_says_where_they_come_from(law: iso.Law) -> None:
    assert law.checks
    assert law.optimal is None or law.optimal.checks
    for check in (*law.checks, *(law.optimal.checks if law.optimal is not None else ())):
        assert check.origin in ("printed", "recomputed", "derived")
        assert 0 < check.tolerance < 0.02 * abs(check.value)


@EVERY_LAW
def test_every_name_in_a_law_is_its_own_or_a_standard_quantity(law: iso.Law) -> None:
    known = set(quantities()) | law.own_names
    for name, (step, reads) in law.rows.items():
        assert set(reads) <= known, name
        assert step.formula is None or set(names_in(step.formula)) == set(reads)
    if law.optimal is not None:
        for formula in law.optimal.formulas.values():
            assert set(names_in(formula)) <= known | set(law.optimal.formulas)


@EVERY_LAW
def test_every_law_has_a_complete_file(law: iso.Law) -> None:
    for field in (law.title, law.unit, law.corpus, law.convention, law.source.where, law.source.arxiv):
        assert field
    assert law.id == law_table(law.id)["id"]
    assert law.has_range
    assert all(variable.unit and variable.range for variable in law.variables.values())
    bibliography = files("isoflop").joinpath("catalog", "references.bib").read_text(encoding="utf-8")
    assert law.source.cite in re.findall(r"^@\w+\{(\w+),", bibliography, re.MULTILINE)


@EVERY_LAW
def test_dense_laws_work_with_sparsity_quality_and_repetition(law: iso.Law) -> None:
    steps = resolve(
        ("loss",),
        columns=("params", "activation", "tokens", "moe_gain", "quality", "unique_tokens"),
        scalars={},
        quantities={},
        law=law,
    ).steps
    reached = {step.name for step in steps}
    assert {"activation", "moe_gain", "quality", "unique_tokens", "architecture_efficiency"} <= reached


@EVERY_LAW
def test_extrapolation_counts_decades_outside_the_range(law: iso.Law) -> None:
    size, tokens = law.variables
    low, high = law.variables[size].range or (math.nan, math.nan)
    inside = {size: math.sqrt(low * high), tokens: (law.variables[tokens].range or (math.nan,))[0]}

    def extrapolation(**inputs: float) -> float:
        return float(evaluate(law, ("extrapolation",), {}, inputs, 1)[0][0])

    assert extrapolation(**inside) == 0
    assert extrapolation(**inside | {size: 100 * high}) == pytest.approx(2)
    assert extrapolation(**inside | {size: low / 10, tokens: inside[tokens] / 1000}) == pytest.approx(3)


def test_unrounded_coefficients_round_to_the_printed_ones() -> None:
    printed, full = iso.law("hoffmann2022").coefficients, iso.law("hoffmann2022-tex").coefficients
    assert round(full["E"], 2) == printed["E"]
    assert round(full["A"], 1) == printed["A"]
    assert round(full["B"], 1) == printed["B"]
    assert round(full["alpha"], 2) == printed["alpha"]
    assert round(full["beta"], 2) == printed["beta"]
    logarithms = {"E": 0.5267228, "A": 6.0073404, "B": 6.0179186}
    for name, logarithm in logarithms.items():
        assert full[name] == pytest.approx(math.exp(logarithm), rel=1e-15)


def test_laws_are_listed_as_a_frame() -> None:
    frame = iso.laws()
    assert frame["id"].to_list() == ["besiroglu2024", "hoffmann2022", "hoffmann2022-tex", "kaplan2020"]
    assert frame.columns == [
        "id",
        "title",
        "formula",
        "unit",
        "corpus",
        "tokenizer",
        "convention",
        "range",
        "source",
    ]
    assert set(frame.dtypes) == {pl.String}
    kaplan = frame.row(by_predicate=pl.col("id") == "kaplan2020", named=True)
    assert kaplan["range"] == "non_embedding_params 768 to 1.5e+09, tokens 2.2e+07 to 2.3e+10"
    assert kaplan["source"] == "kaplan2020, Eq. 1.5, Table 2, arXiv:2001.08361"


def test_an_unknown_law_names_the_nearest() -> None:
    with pytest.raises(iso.CatalogError) as caught:
        iso.law("hofman2022")
    assert caught.value.name == "hofman2022"
    assert caught.value.close_matches[0] == "hoffmann2022"
    assert str(caught.value) == (
        "no law `hofman2022` in the catalogue; did you mean `hoffmann2022` or `hoffmann2022-tex`? "
        "iso.laws() lists all of them"
    )
    with pytest.raises(LookupError, match=r"no law `x` in the catalogue; iso.laws\(\) lists all of them"):
        iso.law("x")


def test_a_law_is_read_once() -> None:
    assert iso.law("kaplan2020") is iso.law("kaplan2020")
