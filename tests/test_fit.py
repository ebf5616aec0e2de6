"""Fits of real runs against what was published, and of awkward tables."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import isoflop as iso
from isoflop._fit.fit import RESIDUALS

RUNS = Path(__file__).parent / "data" / "runs"
DENSE = "E + A/params**alpha + B/tokens**beta"


def runs(name: str) -> pl.DataFrame:
    return pl.read_csv(RUNS / f"{name}.csv")


def published(name: str) -> pl.DataFrame:
    return runs(name).filter(pl.col("in_published_fit") == 1)


def made(rows: int = 40, noise: float = 0.0, seed: int = 0) -> pl.DataFrame:
    """Runs of besiroglu2024, with normal noise in the logarithm."""
    random = np.random.default_rng(seed)
    params = 10 ** random.uniform(8, 10, rows)
    tokens = params * 10 ** random.uniform(0.5, 2, rows)
    loss = iso.law("besiroglu2024").loss(params=params, tokens=tokens)
    return pl.DataFrame(
        {"params": params, "tokens": tokens, "loss": loss * np.exp(noise * random.normal(size=rows))}
    )


def test_epoch_at_the_published_delta_reaches_the_least_objective() -> None:
    found = iso.fit(published("chinchilla_epoch"), DENSE, delta=1e-3)
    assert found.objective <= 0.00101828
    expected = {"E": (1.81722, 2e-4), "A": (477.826, 1), "B": (2143.42, 10)}
    expected |= {"alpha": (0.347311, 2e-4), "beta": (0.367172, 2e-4)}
    for name, (value, tolerance) in expected.items():
        assert abs(found.law.coefficients[name] - value) < tolerance, name


def test_epoch_at_a_tiny_delta_gives_the_published_coefficients() -> None:
    found = iso.fit(published("chinchilla_epoch"), DENSE, delta=1e-6).law.coefficients
    assert abs(found["A"] - 481.93) < 0.5
    assert abs(found["B"] - 2085.0) < 3
    assert abs(found["alpha"] - 0.347804) < 1e-4
    assert abs(found["beta"] - 0.365844) < 1e-4


def test_epoch_with_all_runs_and_with_one_exponent() -> None:
    assert iso.fit(runs("chinchilla_epoch"), DENSE, delta=1e-3).objective <= 0.0018261
    tied = iso.fit(published("chinchilla_epoch"), DENSE, delta=1e-3, tie=[("alpha", "beta")])
    assert tied.objective <= 0.0010222
    assert tied.law.coefficients["alpha"] == tied.law.coefficients["beta"]
    assert abs(tied.law.coefficients["alpha"] - 0.35706) < 1e-4


@pytest.mark.parametrize(
    ("corpus", "coefficients"),
    [
        ("c4", (113.692605, 189.515525, -0.242472, 1.508261)),
        ("redpajama", (166.210978, 366.687156, -0.272851, 1.836648)),
        ("refinedweb", (125.095697, 246.206690, -0.254395, 1.734462)),
    ],
)
def test_gadre_five_runs_give_the_published_coefficients(
    corpus: str, coefficients: tuple[float, ...]
) -> None:
    own = runs("gadre_overtrain").filter(pl.col("train_corpus") == corpus)
    once = (pl.col("chinchilla_multiplier") == 1) & (pl.col("params") < 1e9)
    over = (pl.col("chinchilla_multiplier") == 16) & (pl.col("params") == pl.col("params").min())
    form = "E + a*params**b + a2*6**(b/2)*tokens**b"
    found = iso.fit(own.filter(once | over), form, residual="squares")
    for name, value in zip(("a", "a2", "b", "E"), coefficients, strict=True):
        assert math.isclose(found.law.coefficients[name], value, rel_tol=1e-4), name
    if corpus == "redpajama":
        large = own.filter((pl.col("params") > 1e9) & (pl.col("chinchilla_multiplier") == 32))
        error = found.predict_values(large)[0] / large["loss"][0] - 1
        assert abs(100 * error - 0.7103) < 1e-4


@pytest.mark.parametrize(
    ("corpus", "objective"), [("c4", 0.000529954), ("redpajama", 0.000426511), ("refinedweb", 0.000475726)]
)
def test_gadre_all_runs_reach_the_least_objective(corpus: str, objective: float) -> None:
    own = runs("gadre_overtrain").filter(pl.col("train_corpus") == corpus)
    assert iso.fit(own, DENSE, delta=1e-3).objective <= objective + 1e-8


def repetition() -> "iso.Fit":
    """Muennighoff's form with the coefficients that were held, in the repeats' two scales."""
    a, b, e, alpha = math.exp(6.255414), math.exp(7.3049974), math.exp(0.6254804), 0.3526596
    size = f"min(params, {(a / b) ** (1 / alpha)!r}*unique_tokens)"
    form = (
        f"{e!r} + {a!r}/({size} + {size}*R_N*(1 - exp(-(params/{size} - 1)/R_N)))**{alpha}"
        f" + {b!r}/(unique_tokens + unique_tokens*R_D*(1 - exp(-(epochs - 1)/R_D)))**{alpha}"
    )
    bounds = {"R_D": (0, None), "R_N": (0, None)}
    return iso.fit(published("datablations_c4_repeat"), form, delta=1e-3, bounds=bounds)


def test_repetition_finds_a_lower_minimum_and_lists_the_published_one() -> None:
    found = repetition()
    assert found.objective <= 0.01580467
    near = found.minima.filter((pl.col("R_D") - 15.3718).abs() < 0.05, (pl.col("R_N") - 5.3151).abs() < 0.02)
    assert near.height == 1, found.minima
    assert abs(near["objective"][0] - 0.0158259321) < 1e-9


def test_repetition_says_that_its_scale_is_poorly_determined() -> None:
    found = repetition()
    row = found.coefficients.row(by_predicate=pl.col("coefficient") == "R_D", named=True)
    assert not row["determined"] or row["high"] / row["low"] > 5
    assert "R_D" in found.summary()


@pytest.mark.parametrize(("router", "error"), [("s-base", 0.00323), ("rl-r", 0.00323), ("hash", 0.00298)])
def test_clark_reaches_the_error_of_the_published_fits(router: str, error: float) -> None:
    own = published("clark_routed_moe").filter(pl.col("router_type").is_in(["dense", router]))
    own = own.with_columns(
        log_loss=pl.col("loss").log10(),
        experts=pl.when(pl.col("router_type") == "dense").then(1.0).otherwise(pl.col("experts")),
    )
    effective = "1/(1/(experts - 1 + 1/(1/E_start - 1/E_max)) + 1/E_max)"
    form = f"a*log10(params_active) + b*log10({effective}) + c*log10(params_active)*log10({effective}) + d"
    bounds = {"E_start": (1, 100), "E_max": (2, 1e5)}
    found = iso.fit(own, form, loss="log_loss", residual="squares", bounds=bounds)
    assert math.sqrt(found.objective / own.height) < 1.005 * error


def test_olmo_reaches_the_least_objective_and_does_not_pin_the_floor() -> None:
    own = published("olmo_ladder")
    assert iso.fit(own, DENSE, delta=1e-3).objective <= 3.2094e-5
    found = iso.fit(own, DENSE)
    target = runs("olmo_ladder").filter((pl.col("is_target") == 1) & (pl.col("params") > 1e10))
    predicted = found.predict(target)
    assert predicted["low"][0] < 2.43788 < predicted["high"][0]
    floor = found.coefficients.row(by_predicate=pl.col("coefficient") == "E", named=True)
    assert not floor["determined"]
    assert "not determined below" in found.summary()


@pytest.mark.parametrize("residual", RESIDUALS)
def test_exact_runs_give_their_coefficients_back(residual: str) -> None:
    found = iso.fit(made(), DENSE, residual=residual).law.coefficients
    for name, value in iso.law("besiroglu2024").coefficients.items():
        assert math.isclose(found[name], value, rel_tol=1e-4), name


def test_a_law_is_refitted_over_its_own_variables() -> None:
    found = iso.fit(made(), "besiroglu2024", residual="squares-log")
    assert found.law.formula == iso.law("besiroglu2024").formula
    assert math.isclose(found.law.coefficients["A"], 482.01, rel_tol=1e-4)
    assert found.law.loss(params=7e10, tokens=1.4e12) == pytest.approx(1.9739, abs=1e-4)
    assert found.law.compute_optimal(1e21).height == 1


def test_the_answer_does_not_depend_on_threads() -> None:
    own = made(60, noise=0.01)
    one = iso.fit(own, DENSE, threads=1, bootstrap=50)
    two = iso.fit(own, DENSE, threads=2, bootstrap=50)
    assert one.law.coefficients == two.law.coefficients
    assert one.draws.equals(two.draws)
    assert one.coefficients.equals(two.coefficients)


def test_intervals_hold_the_estimate_and_draws_agree_with_them() -> None:
    found = iso.fit(made(80, noise=0.005), DENSE, bootstrap=400)
    for row in found.coefficients.iter_rows(named=True):
        assert row["low"] < row["value"] < row["high"]
        low, high = np.quantile(found.draws[row["coefficient"]].to_numpy(), [0.05, 0.95])
        width = math.log(row["high"] / row["low"])
        assert 0.5 < math.log(high / low) / width < 2, row


def test_a_saved_fit_is_read_as_a_law(tmp_path: Path) -> None:
    found = iso.fit(made(80, noise=0.005), "besiroglu2024")
    found.save(tmp_path / "mine.toml")
    law = iso.law(str(tmp_path / "mine.toml"))
    assert law == found.law
    assert law.covariance is not None
    assert np.linalg.eigvalsh(np.array(law.covariance.matrix)).min() > 0
    assert "[fit]" in (tmp_path / "mine.toml").read_text()


def test_columns_have_other_names() -> None:
    own = made().rename({"params": "N", "tokens": "D", "loss": "final"})
    names = {"params": "N", "tokens": "D"}
    found = iso.fit(own, DENSE, loss="final", columns=names, residual="squares-log")
    assert math.isclose(found.law.coefficients["A"], 482.01, rel_tol=1e-4)
    with pytest.raises(iso.FitError, match=r"`n`.*did you mean"):
        iso.fit(own, DENSE, loss="final", columns={"params": "n"})


def test_fixed_coefficients_stand_still_and_are_part_of_the_law() -> None:
    found = iso.fit(made(noise=0.01), DENSE, fixed={"alpha": 0.34})
    assert found.law.coefficients["alpha"] == 0.34
    assert "alpha" not in found.coefficients["coefficient"].to_list()


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"fixed": {"params": 1}}, "`params` is a column"),
        ({"bounds": {"alpah": (0, 1)}}, "did you mean `alpha`"),
        ({"tie": [("alpha",)]}, "groups of coefficients"),
        ({"start": {"alpha": (1, 0)}}, "a lower and a higher number"),
        ({"residual": "hubr"}, "there is no residual"),
        ({"delta": 0}, "delta must be positive"),
        ({"delta": 1e-3, "residual": "squares"}, "takes none"),
        ({"loss": "los"}, "did you mean `loss`"),
        ({"weights": [1.0]}, "a number for each"),
        ({"groups": "run"}, "no column `run`"),
    ],
)
def test_a_slip_in_a_keyword_is_named(keywords: dict[str, object], message: str) -> None:
    with pytest.raises(iso.FitError, match=message):
        iso.fit(made(), DENSE, **keywords)  # type: ignore[arg-type]


def test_rows_that_cannot_be_fitted_are_named_and_left_out() -> None:
    own = made(noise=0.01)
    bad = own.with_columns(
        loss=pl.when(pl.int_range(pl.len()) == 3)
        .then(None)
        .when(pl.int_range(pl.len()) == 5)
        .then(-1.0)
        .otherwise(pl.col("loss"))
    )
    found = iso.fit(bad, DENSE)
    said = "\n".join(found.remarks)
    assert "row 3" in said
    assert "row 5" in said
    kept = own[[i for i in range(own.height) if i not in (3, 5)]]
    assert found.objective == iso.fit(kept, DENSE).objective


def test_text_with_units_is_named_by_row() -> None:
    own = made().with_columns(tokens=pl.Series(["3 tokens", *["20B"] * 39]))
    with pytest.raises(iso.FitError, match="row 0") as raised:
        iso.fit(own, DENSE)
    assert raised.value.rows == (0,)


@pytest.mark.parametrize("rows", [0, 1, 4])
def test_too_few_runs_are_refused(rows: int) -> None:
    with pytest.raises(iso.FitError, match=r"no rows|cannot determine"):
        iso.fit(made()[:rows], DENSE)


def test_what_is_doubtful_about_runs_is_said() -> None:
    own = made(noise=0.01)
    ratio = own.with_columns(tokens=20 * pl.col("params"))
    assert any("20 tokens per parameter" in remark for remark in iso.fit(ratio, DENSE).remarks)
    constant = own.with_columns(tokens=pl.lit(1e10))
    assert any("is 1e+10 in every run" in remark for remark in iso.fit(constant, DENSE).remarks)
    twice = pl.concat([own, own])
    assert any("stand twice" in remark for remark in iso.fit(twice, DENSE).remarks)
    steps = pl.concat([own.with_columns(tokens=pl.col("tokens") * k) for k in (0.25, 0.5, 1)])
    assert any("checkpoints" in remark for remark in iso.fit(steps, DENSE).remarks)


def test_groups_make_rows_of_one_run_count_as_one() -> None:
    own = pl.concat(
        [made(noise=0.005).with_columns(run=pl.int_range(40), tokens=pl.col("tokens") * k) for k in (0.5, 1)]
    )
    found = iso.fit(own, DENSE, groups="run")
    assert "40 (80 rows)" in found.summary()


def test_summary_is_text_and_html() -> None:
    found = iso.fit(made(noise=0.01), DENSE)
    for name in ("E", "A", "alpha", "B", "beta", "params", "huber-log", "heuristic"):
        assert name in found.summary()
        assert name in found._repr_html_()


def test_a_holdout_predicts_the_largest_runs() -> None:
    held = iso.fit(made(60, noise=0.004), DENSE).holdout()
    assert held.height == 12
    assert float(held["error"].abs().max()) < 0.05  # type: ignore[arg-type]
    assert held["inside"].dtype == pl.Boolean


def test_compare_ranks_by_the_error_on_the_largest_runs() -> None:
    forms = {"both": DENSE, "size": "E + A/params**alpha", "wrong": "E + A/parms**alpha + x*nonsense(3)"}
    table = iso.compare(made(60, noise=0.004), forms)
    assert table["form"].to_list() == ["both", "size", "wrong"]
    assert table["coefficients"].to_list() == [5, 3, None]
    assert table["warnings"][2].len() == 1
    assert table["floor"][0]
    assert table["monotone"][0]


@pytest.mark.parametrize("form", iso.forms()["form"].to_list())
def test_every_named_form_is_fitted_to_runs_that_have_its_columns(form: str) -> None:
    random = np.random.default_rng(3)
    own = made(60, noise=0.004).with_columns(
        unique_tokens=pl.col("tokens") / pl.Series(random.integers(1, 12, 60)),
        experts=pl.Series(2.0 ** random.integers(0, 5, 60)),
    )
    own = own.with_columns(active_params=pl.col("params") / pl.col("experts"))
    found = iso.fit(own, form)
    assert np.isfinite(found.objective)
    first = {name: float(own[name][0]) for name in found.residuals.columns if name in own.columns}
    first.pop("loss")
    assert found.law.loss(**first) == pytest.approx(found.residuals["predicted_loss"][0], rel=1e-9)


def test_a_missing_column_is_named_and_not_taken_for_a_coefficient() -> None:
    with pytest.raises(iso.FitError, match=r"no column `params`.*columns="):
        iso.fit(made().rename({"params": "N"}), DENSE)


def test_parabolas_find_the_exponent_and_say_how_far_they_are_off() -> None:
    law = iso.law("besiroglu2024")
    rows = []
    for flops in (1e19, 1e20, 1e21, 1e22):
        best = law.compute_optimal(flops)["params"][0]
        for share in (0.3, 0.6, 1.0, 1.8, 3.0):
            rows.append({"params": best * share, "tokens": flops / 6 / (best * share)})
    own = pl.DataFrame(rows)
    own = own.with_columns(loss=pl.Series(np.asarray(law.loss(params=own["params"], tokens=own["tokens"]))))
    found = iso.isoflop_fit(own)
    assert found.budgets.height == 4
    assert abs(found.exponent - 0.3658 / (0.3478 + 0.3658)) < 0.02
    assert np.allclose(
        found.budgets["surface_params"], law.compute_optimal([1e19, 1e20, 1e21, 1e22])["params"], rtol=1e-3
    )
    measured = found.budgets["params"] / found.budgets["surface_params"] - 1
    assert np.allclose(measured, found.budgets["bias"], atol=1e-3)


def test_a_budget_without_a_minimum_among_its_sizes_is_refused_by_name() -> None:
    law = iso.law("besiroglu2024")
    rows = [
        {"params": law.compute_optimal(flops)["params"][0] * share, "flops": flops}
        for flops in (1e19, 1e20, 1e21)
        for share in ((0.05, 0.1, 0.2) if flops == 1e21 else (0.5, 1.0, 2.0))
    ]
    own = pl.DataFrame(rows).with_columns(tokens=pl.col("flops") / 6 / pl.col("params"))
    own = own.with_columns(loss=pl.Series(np.asarray(law.loss(params=own["params"], tokens=own["tokens"]))))
    found = iso.isoflop_fit(own)
    assert "larger models are missing" in found.budgets["refused"][2]
    assert found.budgets["params"][2] is None
    assert "1e+21 FLOP" in str(found)
    with pytest.raises(iso.FitError, match=r"1e\+21 FLOP"):
        iso.isoflop_fit(own[3:])


def test_diagnose_puts_the_predicted_loss_beside_the_observed_one() -> None:
    told = iso.diagnose({"params": [1e9], "tokens": [2e10], "loss": [2.6]})
    assert told["loss"][0] == 2.6
    assert told["predicted_loss"][0] == pytest.approx(2.5301, abs=1e-4)
    assert told["residual"][0] == pytest.approx(math.log(2.6 / told["predicted_loss"][0]))
    assert "predicted_loss" not in iso.diagnose({"params": [1e9], "tokens": [2e10]}).columns


def test_the_command_line_fits_and_its_law_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from isoflop.cli import main

    made(60, noise=0.004).rename({"params": "N", "tokens": "D"}).write_csv(tmp_path / "runs.csv")
    law = tmp_path / "mine.toml"
    words = ["fit", str(tmp_path / "runs.csv"), "--law", "besiroglu2024", "--columns", "params=N", "tokens=D"]
    assert main([*words, "--bootstrap", "20", "--out", str(law)]) == 0
    assert "trades off with" in capsys.readouterr().out
    assert main(["optimal", "--law", str(law), "--flops", "1e21"]) == 0
    assert main([*words, "--format", "json"]) == 0
    assert '"alpha"' in capsys.readouterr().out
    assert main([*words, "--out", "mine.txt"]) == 2


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Int64, pl.UInt64, pl.Decimal(38, 6), pl.String])
def test_columns_of_every_type_of_number_are_read(dtype: pl.DataType) -> None:
    own = made(noise=0.004).with_columns(pl.col("tokens").round(0))
    cast = own.with_columns(pl.col("tokens").cast(pl.Int64).cast(dtype))
    expected = iso.fit(own, DENSE).law.coefficients
    found = iso.fit(cast, DENSE).law.coefficients
    for name, value in expected.items():
        assert math.isclose(found[name], value, rel_tol=1e-2), name


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None])
def test_a_cell_that_is_no_number_is_left_out_and_named(bad: float | None) -> None:
    own = made(noise=0.004)
    cells = own["tokens"].to_list()
    cells[7] = bad
    found = iso.fit(own.with_columns(tokens=pl.Series(cells)), DENSE)
    assert any("`tokens`" in remark and "row 7" in remark for remark in found.remarks)


@pytest.mark.parametrize("given", [5, "runs.xyz", {"loss": [1.0], "params": [1, 2]}, pl.Series([1.0])])
def test_what_is_no_table_is_refused(given: object) -> None:
    with pytest.raises((iso.FitError, OSError)):
        iso.fit(given, DENSE)


def test_a_loss_that_never_changes_gets_an_answer() -> None:
    found = iso.fit(made().with_columns(loss=pl.lit(2.0)), DENSE)
    assert found.objective < 1e-9
    assert isinstance(found.summary(), str)


def test_many_runs_are_fitted_in_a_moment() -> None:
    found = iso.fit(made(20_000, noise=0.004), DENSE)
    for name, value in iso.law("besiroglu2024").coefficients.items():
        assert math.isclose(found.law.coefficients[name], value, rel_tol=0.05), name
