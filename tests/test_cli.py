"""The command line: the same answers as the Python API, and how it ends as a process."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import isoflop as iso
from support.commands import SWEEP, Isoflop

SCRIPT = str(Path(sys.executable).with_name("isoflop"))


def as_csv(frame: pl.DataFrame) -> pl.DataFrame:
    """Give a frame the types that it has after a way through CSV."""
    return pl.read_csv(io.StringIO(frame.write_csv()))


# Questions --------------------------------------------------------------------------------------------


def test_pareto_answers_the_question_of_the_file(isoflop: Isoflop, sweep: Path) -> None:
    answer = isoflop("pareto", sweep, "--format", "csv")
    expected = iso.Sweep.from_toml(sweep).pareto(
        minimize=["loss", "train_flops"], resolution=0.01, columns="days"
    )
    assert answer.code == 0
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)


def test_pareto_says_how_much_it_searched_and_how_fast(isoflop: Isoflop, sweep: Path) -> None:
    answer = isoflop("pareto", sweep)
    assert "rows on the front of 1,302 configurations, " in answer.err
    assert answer.err.rstrip().endswith("configurations per second")


def test_options_take_the_place_of_the_question_in_the_file(isoflop: Isoflop, sweep: Path) -> None:
    answer = isoflop(
        "pareto", sweep, "--maximize=-loss", "--minimize", "params", "--columns", "tokens_per_param",
        "epochs", "--resolution", "0.1", "--ties", "all", "--format", "csv",
    )  # fmt: skip
    expected = iso.Sweep.from_toml(sweep).pareto(
        minimize="params",
        maximize="-loss",
        columns=["tokens_per_param", "epochs"],
        resolution=0.1,
        ties="all",
    )
    assert answer.code == 0, answer.err
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)


def test_resolution_may_be_given_by_objective(isoflop: Isoflop, sweep: Path) -> None:
    answer = isoflop("pareto", sweep, "--resolution", "loss=0.001", "train_flops=0.1", "--format", "csv")
    expected = iso.Sweep.from_toml(sweep).pareto(
        minimize=["loss", "train_flops"], resolution={"loss": 0.001, "train_flops": 0.1}, columns="days"
    )
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)


def test_rows_take_the_place_of_the_resolution_in_the_file(isoflop: Isoflop, sweep: Path) -> None:
    answer = isoflop("pareto", sweep, "--rows", "5", "--format", "csv")
    expected = iso.Sweep.from_toml(sweep).pareto(minimize=["loss", "train_flops"], rows=5, columns="days")
    assert 1 <= expected.height <= 5
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)


def test_best_answers_the_question_of_the_file(isoflop: Isoflop, sweep: Path) -> None:
    answer = isoflop("best", sweep, "--format", "csv")
    with pytest.warns(iso.IsoflopWarning):
        expected = iso.Sweep.from_toml(sweep).best(minimize="loss", by="params", columns="days")
    assert answer.code == 0
    assert answer.frame().height == 21
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)


def test_best_maximizes_and_groups_as_told(isoflop: Isoflop, sweep: Path) -> None:
    answer = isoflop("best", sweep, "--maximize", "loss", "--by", "quality", "--format", "csv")
    assert answer.frame()["quality"].to_list() == [1.0, 0.5]
    assert answer.frame()["loss"][1] == answer.frame()["loss"].max()


def test_near_answers_the_question_of_the_file(isoflop: Isoflop, sweep: Path) -> None:
    answer = isoflop("near", sweep, "--format", "csv")
    expected = iso.Sweep.from_toml(sweep).near(
        minimize="loss", within=0.1, then=["train_flops", "params"], resolution={"params": 0.5}
    )
    assert answer.code == 0, answer.err
    assert expected.height > 1
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)


def test_near_takes_options_in_the_place_of_the_file(isoflop: Isoflop, sweep: Path) -> None:
    asked = iso.Sweep.from_toml(sweep)
    answer = isoflop("near", sweep, "--within", "1e-3", "--by", "quality", "--format", "csv")
    expected = asked.near(
        minimize="loss",
        within=1e-3,
        by="quality",
        then=["train_flops", "params"],
        resolution={"params": 0.5},
    )
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)
    # A resolution by objective goes with the objectives that it names.
    answer = isoflop(
        "near", sweep, "--maximize=-loss", "--then", "days", "--columns", "epochs", "--format", "csv"
    )
    expected = asked.near(maximize="-loss", within=0.1, then="days", columns="epochs")
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)
    answer = isoflop("near", sweep, "--resolution", "train_flops=0.25", "--format", "csv")
    expected = asked.near(
        minimize="loss", within=0.1, then=["train_flops", "params"], resolution={"train_flops": 0.25}
    )
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)


@pytest.mark.parametrize("command", ["pareto", "best"])
def test_the_method_does_not_change_the_answer(isoflop: Isoflop, sweep: Path, command: str) -> None:
    methods = ("auto", "enumerate", "search")
    auto, *others = (isoflop(command, sweep, "--method", method, "--format", "csv") for method in methods)
    assert auto.code == 0
    assert [other.out for other in others] == [auto.out, auto.out]


def test_pareto_says_how_many_configurations_a_search_looked_at(isoflop: Isoflop, sweep: Path) -> None:
    answer = isoflop("pareto", sweep, "--method", "search")
    _, profile = iso.Sweep.from_toml(sweep).profile(
        minimize=["loss", "train_flops"], resolution=0.01, method="search"
    )
    assert f" of 1,302 configurations, {profile.evaluated:,} of them looked at, " in answer.err


def test_table_lists_what_the_questions_of_the_file_name(isoflop: Isoflop, sweep: Path) -> None:
    answer = isoflop("table", sweep, "--format", "csv")
    assert answer.frame().columns == ["params", "tokens", "quality", "loss", "train_flops", "days"]
    assert answer.frame().height == iso.Sweep.from_toml(sweep).table().height


def test_table_lists_the_columns_it_is_told(isoflop: Isoflop, sweep: Path) -> None:
    answer = isoflop("table", sweep, "--columns", "6 * params * tokens", "--format", "csv")
    expected = iso.Sweep.from_toml(sweep).table(columns="6 * params * tokens")
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)


def test_explain_prints_what_the_sweep_says(isoflop: Isoflop, sweep: Path) -> None:
    expected = iso.Sweep.from_toml(sweep).explain(minimize=["loss", "train_flops"])
    assert isoflop("explain", sweep) == (0, expected + "\n", "")


def test_optimal_divides_each_budget(isoflop: Isoflop) -> None:
    answer = isoflop("optimal", "--law", "besiroglu2024", "--flops", "1e20", "1e21", "--format", "csv")
    expected = iso.law("besiroglu2024").compute_optimal(flops=[1e20, 1e21])
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)


def test_optimal_takes_allocation_rules_too(isoflop: Isoflop) -> None:
    answer = isoflop("optimal", "--law", "llama3-2024", "--flops", "3.8e25", "--format", "csv")
    expected = iso.allocation("llama3-2024").compute_optimal(3.8e25)
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)


def test_optimal_finds_the_budget_of_each_size(isoflop: Isoflop) -> None:
    answer = isoflop("optimal", "--law", "besiroglu2024", "--params", "7e9", "70e9", "--format", "csv")
    expected = iso.law("besiroglu2024").compute_optimal(params=[7e9, 70e9])
    assert_frame_equal(answer.frame(), as_csv(expected), check_exact=True)
    assert answer.frame()["params"].to_list() == [7e9, 70e9]


def test_laws_lists_the_catalogue_whole(isoflop: Isoflop) -> None:
    answer = isoflop("laws")
    assert answer.code == 0
    assert [line.split()[0] for line in answer.out.splitlines()] == ["id", *iso.laws()["id"]]
    assert answer.err == ""
    assert isoflop("laws", "--format", "csv").out == iso.laws().write_csv()


def test_laws_are_checked_against_what_was_published(isoflop: Isoflop) -> None:
    answer = isoflop("laws", "--check")
    assert answer.code == 0
    checks = iso.checks()
    assert len(answer.out.splitlines()) == checks.height + 1
    assert f"{checks.height} of {checks.height} values are as expected, within their tolerance" in answer.err
    assert "2.225644089" in answer.out
    assert isoflop("laws", "--check", "--format", "csv").out == checks.write_csv()


def test_a_law_that_is_off_fails_the_check(isoflop: Isoflop, monkeypatch: pytest.MonkeyPatch) -> None:
    off = iso.checks().with_columns(passes=pl.col("id") != "kaplan2020")
    monkeypatch.setattr(iso, "checks", lambda: off)
    answer = isoflop("laws", "--check")
    assert answer.code == 2
    assert "not so: kaplan2020" in answer.err


def test_allocations_lists_the_rules(isoflop: Isoflop) -> None:
    answer = isoflop("allocations")
    assert [line.split()[0] for line in answer.out.splitlines()] == ["id", *iso.allocations()["id"]]
    assert isoflop("allocations", "--format", "csv").out == iso.allocations().write_csv()


def test_law_shows_formula_coefficients_range_and_source(isoflop: Isoflop) -> None:
    answer = isoflop("law", "besiroglu2024")
    law = iso.law("besiroglu2024")
    assert answer.code == 0
    assert f"loss = {law.formula}" in answer.out
    for name, value in law.coefficients.items():
        assert f"  {name:<5}  {value:.10g} +/- {law.standard_errors[name]:g}\n" in answer.out
    assert "fitted on 5.7e+07 to 1.6e+10" in answer.out
    assert "arXiv:2404.10102" in answer.out


@pytest.mark.parametrize("law_id", iso.laws()["id"])
def test_each_law_can_be_shown(isoflop: Isoflop, law_id: str) -> None:
    assert isoflop("law", law_id).out.startswith(law_id)


def test_architectures_lists_them(isoflop: Isoflop) -> None:
    answer = isoflop("architectures")
    assert [line.split()[0] for line in answer.out.splitlines()] == ["id", *iso.architectures()["id"]]
    assert isoflop("architectures", "--format", "csv").out == iso.architectures().write_csv()


@pytest.mark.parametrize("id", iso.architectures()["id"])
def test_each_architecture_can_be_shown(isoflop: Isoflop, id: str) -> None:
    assert isoflop("architecture", id).out.startswith(id)


def test_an_architecture_is_shown_in_the_convention_asked_for(isoflop: Isoflop) -> None:
    assert "as megatron counts" in isoflop("architecture", "llama", "--flops", "megatron").out
    assert "full: 12*layers" in isoflop("architecture", "llama", "--attention", "full").out
    answer = isoflop("architecture", "llama", "--flops", "palm")
    assert answer.code == 2
    assert "there are megatron, torchtitan" in answer.err


def test_an_unknown_architecture_names_what_was_meant(isoflop: Isoflop) -> None:
    answer = isoflop("architecture", "lama")
    assert answer.code == 2
    assert "did you mean `llama`" in answer.err


def test_threads_do_not_change_the_answer(isoflop: Isoflop, sweep: Path) -> None:
    one, three = (isoflop("pareto", sweep, "--threads", n, "--format", "csv").out for n in ("1", "3"))
    assert one == three


def test_version_is_that_of_the_package(isoflop: Isoflop) -> None:
    assert isoflop("--version") == (0, f"isoflop {iso.__version__}\n", "")


def test_help_lists_every_command(isoflop: Isoflop) -> None:
    answer = isoflop("--help")
    assert answer.code == 0
    questions = ("pareto", "best", "near", "table", "explain", "optimal", "plan", "diagnose")
    for command in (*questions, "laws", "law", "allocations", "architectures", "architecture", "models"):
        assert f" {command} " in answer.out


# As a process -----------------------------------------------------------------------------------------


def test_a_process_leaves_with_the_exit_code(sweep: Path) -> None:
    good = subprocess.run([SCRIPT, "best", str(sweep)], capture_output=True, text=True, check=False)
    bad = subprocess.run([SCRIPT, "best", "missing.toml"], capture_output=True, text=True, check=False)
    assert (good.returncode, bad.returncode) == (0, 2)
    assert bad.stderr == "isoflop: missing.toml: no such file\n"


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_closed_pipe_is_left_quietly(sweep: Path, form: str, unbuffered: str) -> None:
    sweep.write_text(SWEEP.replace("31", "1001"))
    command = [SCRIPT, "table", str(sweep), "--format", form]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "params" in process.stdout.read(50)
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("argv", [["laws"], ["law", "kaplan2020"], ["--help"], ["laws", "--format", "json"]])
def test_a_pipe_that_nobody_reads_is_left_quietly(argv: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environment = os.environ | {"PYTHONUNBUFFERED": ""}
    done = subprocess.run(
        [SCRIPT, *argv], stdout=writer, stderr=subprocess.PIPE, env=environment, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals there")
def test_a_narrow_terminal_is_shown_whole_numbers(sweep: Path) -> None:
    import pty

    controller, terminal = pty.openpty()
    environment = os.environ | {"COLUMNS": "30", "TERM": "dumb", "NO_COLOR": "1"}
    command = [SCRIPT, "pareto", str(sweep), "--rows", "5", "--no-progress"]
    with subprocess.Popen(command, stdout=terminal, stderr=subprocess.PIPE, env=environment) as process:
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # Linux reports the end as an error
            while part := os.read(controller, 4096):
                shown += part
        os.close(controller)
        assert process.wait(timeout=60) == 0
    lines = [line.split() for line in shown.decode().splitlines() if line.strip()]
    front = iso.Sweep.from_toml(sweep).pareto(minimize=["loss", "train_flops"], rows=5, columns="days")
    assert lines[0] == front.columns
    assert [float(line[0]) for line in lines[2:]] == pytest.approx(front["params"].to_list(), rel=1e-4)
    assert all(len(line) == front.width for line in lines[2:])


@pytest.mark.skipif(os.name == "nt", reason="interrupts are sent otherwise there")
def test_an_interrupt_ends_a_long_search_with_one_line(sweep: Path) -> None:
    endless = SWEEP.replace("21]", "20001]").replace("31]", "30001]")
    sweep.write_text(endless.replace("[1.0, 0.5]", "{ linspace = [0.5, 1, 2001] }"))
    began = time.monotonic()
    subprocess.run([SCRIPT, "--version"], check=True, capture_output=True)
    startup = time.monotonic() - began
    question = ["--maximize", "exp(loss * params / tokens)", "--method", "enumerate", "--threads", "1"]
    command = [SCRIPT, "best", str(sweep), *question]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(1 + 3 * startup)
        assert process.poll() is None, "the search was not long enough to interrupt"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "isoflop: interrupted\n")


def test_without_its_extra_the_command_line_says_what_to_install() -> None:
    program = "import sys; sys.modules['cyclopts'] = None; from isoflop.cli import entry; entry()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "isoflop: the command line needs cyclopts, which is not installed: pip install 'isoflop[cli]'\n"
    )
