"""Laws as values: compared, replaced, constructed, and written as tables."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import tomllib
from typing import Any

import numpy as np
import pytest

import isoflop as iso
from isoflop._law.catalogue import in_catalogue
from isoflop._law.table import law_from_mapping, law_to_mapping
from support.laws import COEFFICIENTS, mine

# Values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", [iso.law("kaplan2020"), mine(), iso.law("besiroglu2024").replace(alpha=0.35)])
def test_laws_are_values(law: iso.Law) -> None:
    again = eval(repr(law), {"iso": iso})
    assert again == law
    assert hash(again) == hash(law)
    assert pickle.loads(pickle.dumps(law)) == law
    assert copy.deepcopy(law) == law
    assert law != law.replace(title="another")
    with pytest.raises(dataclasses.FrozenInstanceError):
        law.title = "another"  # type: ignore[misc]
    with pytest.raises(TypeError):
        law.coefficients["E"] = 2.0  # type: ignore[index]


def test_a_law_of_the_catalogue_is_written_by_its_identifier() -> None:
    assert repr(iso.law("hoffmann2022")) == "iso.law('hoffmann2022')"
    assert repr(iso.law("hoffmann2022").replace(E=1.7)).startswith("iso.Law('E + A")
    assert in_catalogue(iso.law("hoffmann2022"))
    assert not in_catalogue(iso.law("hoffmann2022").replace(E=1.7, id="hoffmann2022"))


def test_replace_changes_coefficients_and_fields() -> None:
    law = iso.law("besiroglu2024")
    changed = law.replace(alpha=0.35, unit="bits/byte")
    assert changed.coefficients["alpha"] == 0.35
    assert changed.unit == "bits/byte"
    assert changed.id == "besiroglu2024*"
    assert changed.replace(beta=0.3).id == "besiroglu2024*"
    assert changed.checks == ()
    assert "alpha" not in changed.standard_errors
    assert changed.standard_errors["beta"] == 0.02
    assert changed.replace(beta=law.coefficients["beta"]).standard_errors["beta"] == 0.02
    assert law.coefficients["alpha"] == 0.3478


def test_replacing_coefficients_keeps_the_closed_form_and_a_new_formula_drops_it() -> None:
    law = iso.law("besiroglu2024").replace(alpha=0.30)
    closed, search = (law.compute_optimal(1e22, method=method) for method in ("closed", "search"))
    np.testing.assert_allclose(closed["params"], search["params"], rtol=1e-5)
    assert law.replace(formula="E + A / effective_params**alpha").optimal is None


def test_replace_names_the_nearest() -> None:
    with pytest.raises(
        iso.LawError, match="no coefficient or field of `besiroglu2024`; did you mean `alpha`"
    ):
        iso.law("besiroglu2024").replace(alhpa=0.3)


# Construction ---------------------------------------------------------------------------------------


def test_without_variables_they_are_what_the_formula_reads() -> None:
    assert list(mine().variables) == ["effective_params", "effective_tokens"]
    law = iso.Law("a / size**2", {"a": 1.0}, quantities={"size": "d_model + experts"})
    assert list(law.variables) == ["d_model", "experts"]
    assert law.loss(d_model=1.0, experts=1.0) == 0.25


def test_a_coefficient_may_set_an_input_of_the_accounting() -> None:
    law = mine(coefficients=COEFFICIENTS | {"repetition_scale": 5.0})
    other = mine().loss(params=1e9, tokens=4e10, unique_tokens=1e10, repetition_scale=5.0)
    assert law.loss(params=1e9, tokens=4e10, unique_tokens=1e10) == other


def test_a_range_gives_extrapolation() -> None:
    law = iso.Law("a / params", {"a": 1.0}, variables={"params": {"range": [1e8, 1e10]}})
    assert law.has_range
    assert law.rows["extrapolation"][0].formula == (
        "max(0, log10(params / 10000000000.0), log10(100000000.0 / params))"
    )
    assert not mine().has_range


def test_a_formula_that_cannot_be_read_is_refused_at_once() -> None:
    with pytest.raises(iso.FormulaError) as caught:
        iso.Law("E + ", {"E": 1.0})
    assert caught.value.quantity == "loss"
    with pytest.raises(iso.FormulaError) as caught:
        iso.Law("E + x", {"E": 1.0}, quantities={"x": "(1"})
    assert caught.value.quantity == "x"
    with pytest.raises(iso.FormulaError, match="a formula is a text, not 3"):
        iso.Law(3, {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"coefficients": {"E": float("nan")}}, "law `custom`: coefficients: `E` must be finite, not nan"),
        ({"coefficients": {"E": "1"}}, "coefficients: `E` must be a number, not '1'"),
        ({"coefficients": {"E": True}}, "coefficients: `E` must be a number, not True"),
        ({"coefficients": {"E": 1.0, "exp": 1.0}}, "coefficient 'exp' of `custom` is not a name"),
        ({"coefficients": {"E": 1.0, "2x": 1.0}}, "coefficient '2x' of `custom` is not a name"),
        (
            {"coefficients": {"E": 1.0, "loss": 1.0}},
            "`loss` is what a law defines; give the coefficient another",
        ),
        ({"quantities": {"E": "1"}}, "`E` of `custom` is both a coefficient and a quantity; rename one"),
        ({"variables": {"E": {}}}, "`E` of `custom` is both a coefficient and a variable; rename one"),
        ({"variables": {"params": {}}, "formula": "E / parms"}, "reads `parms`, .* did you mean `params`?"),
        ({"variables": {"params": {"reads": "size"}}}, "`custom` reads `size`, which is no coefficient"),
        ({"variables": {"params": {"range": [1, 2, 3]}}}, "variable `params`: range must be two numbers"),
        ({"variables": {"params": {"range": [2, 1]}}}, "range must be 0 < lowest <= highest, not"),
        ({"variables": {"params": {"ragne": [1, 2]}}}, "unknown key `ragne`; did you mean `range`?"),
        ({"variables": {"params": 3}}, "variable `params` must be a table of unit, range, reads, not 3"),
        ({"standard_errors": {"F": 1.0}}, "standard error of `F`, which is no coefficient"),
        ({"source": {"page": "3"}}, "source: unknown key `page`; the keys are cite, where, arxiv"),
        ({"title": 3}, "law `custom`: title must be a text, not 3"),
        ({"checks": [{"loss": 3}]}, "check 0 must be a table with `at`"),
        ({"optimal": {"kind": "exact", "formulas": {}}}, "kind must be closed, search or rule, not 'exact'"),
        ({"optimal": {"formulas": {"params": "1"}}}, "`tokens` among them"),
        ({"irreducible": "F"}, "reads `F`, which is no coefficient"),
        ({"caveats": "fragile"}, "caveats must be a list of texts, not 'fragile'"),
        ({"covariance": {"of": ["F"], "matrix": [[1]]}}, "covariance of `F`, which is no coefficient"),
        ({"covariance": {"of": ["E"], "matrix": [[1, 2]]}}, "matrix must have 1 rows of as many numbers"),
        ({"covariance": {"of": ["E"], "matrix": 3}}, "matrix must be a list of rows of numbers"),
        (
            {"covariance": {"of": ["E", "E"], "matrix": [[1, 2], [2, 1]]}},
            "of must name one or several different",
        ),
        ({"covariance": {"of": [], "matrix": []}}, "of must name one or several different"),
        (
            {
                "coefficients": {"E": 1.0, "F": 1.0},
                "covariance": {"of": ["E", "F"], "matrix": [[1, 2], [3, 1]]},
            },
            "matrix must be symmetric",
        ),
        (
            {"coefficients": {"E": -1.0}, "covariance": {"of": ["log(E)"], "matrix": [[1]]}},
            "covariance of log",
        ),
        ({"evidence": "V9"}, "evidence must be V1, V2, V3 or empty, not 'V9'"),
        ({"covariance": {"off": ["E"]}}, "unknown key `off`; did you mean `of`?"),
    ],
)
def test_a_law_that_does_not_hold_together_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(iso.LawError, match=message) as caught:
        iso.Law(**({"formula": "E + 1 / params", "coefficients": {"E": 1.0}} | arguments))
    assert isinstance(caught.value, ValueError)


# Tables ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", [*map(iso.law, iso.laws()["id"]), mine()], ids=lambda law: law.id)
def test_a_law_survives_the_way_through_a_table(law: iso.Law) -> None:
    assert law_from_mapping(law_to_mapping(law), "a table") == law


def test_the_law_table_of_a_sweep_file_is_read() -> None:
    text = """
        id = "mine"
        formula = "E + A / effective_params**0.3"
        coefficients = { E = 1.5, A = { value = 300, standard_error = 20 } }
        variables.params = { range = [1e8, 1e10], reads = "effective_params" }
    """
    law = law_from_mapping(tomllib.loads(text), "sweep.toml: law")
    assert law.coefficients == {"E": 1.5, "A": 300.0}
    assert law.standard_errors == {"A": 20.0}
    assert law.variables["params"].range == (1e8, 1e10)
    assert law_to_mapping(law) == {
        "id": "mine",
        "formula": "E + A / effective_params**0.3",
        "coefficients": {"E": 1.5, "A": 300.0},
        "standard_errors": {"A": 20.0},
        "variables": {"params": {"range": [1e8, 1e10], "reads": "effective_params"}},
    }


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"formula": "E"}, "sweep.toml: law: a law needs `coefficients`"),
        ({"coefficients": {}}, "sweep.toml: law: a law needs `formula`"),
        ({"formula": "E", "coefs": {}}, "sweep.toml: law: unknown key `coefs`"),
        ({"formula": "E", "coefficients": [1]}, "coefficients must be a table of numbers"),
        (
            {"formula": "E", "coefficients": {"E": {"val": 1}}},
            "coefficient `E`: unknown key `val`; did you mean",
        ),
        ({"formula": "E", "coefficients": {"E": {}}}, "coefficient `E` must be a number, not None"),
        ({"formula": "E", "coefficients": {"E": 1}, "title": 2}, "sweep.toml: law: .*title must be a text"),
        ("E", "sweep.toml: law must be a table of id, title"),
    ],
)
def test_a_law_table_with_a_slip_says_where(table: Any, message: str) -> None:
    with pytest.raises(iso.LawError, match=message):
        law_from_mapping(table, "sweep.toml: law")


def test_a_formula_of_a_law_table_that_cannot_be_read_says_where() -> None:
    with pytest.raises(iso.FormulaError, match=r"sweep\.toml: law: "):
        law_from_mapping({"formula": "E +", "coefficients": {"E": 1}}, "sweep.toml: law")


def covariant(matrix: Any, **coefficients: float) -> iso.Law:
    formula = f"{' + '.join(coefficients)} + 1 / params"
    return iso.Law(formula, coefficients, covariance={"of": list(coefficients), "matrix": matrix})


@pytest.mark.parametrize("seed", range(20))
def test_a_covariance_that_rounding_left_asymmetric_is_taken(seed: int) -> None:
    random = np.random.default_rng(seed)
    jacobian = random.normal(size=(40, 4)) * np.array([1.0, 1e-3, 1e4, 30.0])
    inverse = np.linalg.inv(jacobian.T @ jacobian)
    inverse[0, 1] *= 1 + 3e-15  # whatever the machine's own rounding
    assert (inverse != inverse.T).any()
    law = covariant(inverse, A=1.0, B=2.0, C=3.0, F=4.0)
    assert law.covariance is not None
    matrix = np.array(law.covariance.matrix)
    assert (matrix == matrix.T).all()
    assert np.allclose(matrix, inverse, rtol=1e-12, atol=0)
    assert (np.diag(matrix) == np.diag(inverse)).all()
    assert law.sample(3, seed=0).height == 3


def test_a_covariance_of_nearly_independent_coefficients_may_differ_in_every_digit() -> None:
    law = covariant([[1.0, 1e-17], [-2e-17, 4.0]], A=1.0, B=2.0)
    assert law.covariance is not None
    assert law.covariance.matrix == ((1.0, -5e-18), (-5e-18, 4.0))


def test_a_symmetric_covariance_stays_as_it_is_to_the_bit() -> None:
    odd = [[1e308, 5e-324], [5e-324, 1.1]]
    law = covariant(odd, A=1.0, B=2.0)
    assert law.covariance is not None
    assert law.covariance.matrix == tuple(map(tuple, odd))


@pytest.mark.parametrize(
    ("one", "other"), [(0.1, 0.1001), (0.1, -0.1), (1e-6, 0.0), (0.1, 0.1 * (1 + 1e-7)), (1e200, 1e-200)]
)
@pytest.mark.parametrize("scale", [1.0, 1e-150, 1e150])
def test_a_covariance_that_is_truly_asymmetric_is_refused(one: float, other: float, scale: float) -> None:
    matrix = [[scale, one * scale], [other * scale, scale]]
    if not np.isfinite(matrix).all():
        matrix = [[1.0, one], [other, 1.0]]
    with pytest.raises(iso.LawError, match=r"matrix must be symmetric; row 0, column 1 \(from 0\) is"):
        covariant(matrix, A=1.0, B=2.0)
