"""The commands: each reads its arguments, asks one question of the Python API, and delivers the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter

import isoflop as iso
from isoflop._text.numbers import counted
from isoflop.cli._arguments import (
    DEFAULT_CHANGES,
    Changes,
    Count,
    Number,
    Numbers,
    Several,
    SweepPath,
    load_sweep,
    read_number,
    subject_of,
)
from isoflop.cli._fit import fit
from isoflop.cli._messages import Mistake, mistakes, name_of, one_line, plain_warnings, tell
from isoflop.cli._models import diagnose, models
from isoflop.cli._output import DEFAULT_OUTPUT, Output, PipeConsole, check_destination, deliver, show
from isoflop.cli._plan import plan
from isoflop.cli._spoken import speaking

if TYPE_CHECKING:
    from isoflop._sweep.load import SweepFile

app = App(
    name="isoflop",
    help="Search every training plan of a sweep file, exactly.",
    version=lambda: f"isoflop {iso.__version__}",
    help_format="plaintext",
    exit_on_error=False,
    print_error=False,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)

Method = Literal["auto", "enumerate", "search"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Running:
    """How the search runs."""

    threads: Annotated[
        Count | None,
        Parameter(
            help="Worker threads; one for each CPU that the process may use if not given. "
            "The answer is the same."
        ),
    ] = None
    progress: Annotated[bool, Parameter(help="Draw a progress bar, if standard error is a terminal.")] = True


DEFAULT_RUNNING = Running()


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        with speaking(lambda: _options(argv)), plain_warnings():
            app(list(argv), console=PipeConsole())
    except CycloptsError as error:
        tell(f"{one_line(str(error))} (isoflop --help lists commands and options)")
        return 2
    except Mistake as mistake:
        tell(str(mistake))
        return 2
    return 0


def _options(argv: Sequence[str]) -> set[str]:
    """Return the options of a command, and the names of its arguments."""
    if not argv or argv[0] not in app:
        return set()
    return {name for argument in app[argv[0]].assemble_argument_collection() for name in argument.names}


@app.command
def pareto(
    sweep: SweepPath,
    /,
    *,
    minimize: Annotated[tuple[str, ...], Several] = (),
    maximize: Annotated[tuple[str, ...], Several] = (),
    resolution: Annotated[tuple[str, ...], Several] = (),
    rows: Count | None = None,
    columns: Annotated[tuple[str, ...], Several] = (),
    by: str | None = None,
    ties: Literal["first", "all"] | None = None,
    max_rows: Count | None = None,
    method: Method | None = None,
    output: Output = DEFAULT_OUTPUT,
    changes: Changes = DEFAULT_CHANGES,
    running: Running = DEFAULT_RUNNING,
) -> None:
    """Find the configurations that no other configuration dominates.

    What is not said here is read from the [pareto] table of the file.

    Parameters
    ----------
    minimize
        Objectives: names of quantities, or formulas.
    maximize
        Objectives to maximize. Naming any objective here replaces those of the file.
    resolution
        How finely objectives are compared: a number in 0..1, or OBJECTIVE=NUMBER for some of them.
    rows
        So many rows that cover the front: the best by each objective, then the farthest from those.
    columns
        Further columns: names or formulas.
    by
        An axis, or a column of a linked one: a front for each of its values.
    ties
        Keep one of several configurations with equal objectives, or all of them.
    max_rows
        Refuse a front of more rows; 10 million if not given.
    method
        Look at every configuration, or search and leave out what bounds settle. The answer is the same.
    """
    check_destination(output.out, output.format)
    file = load_sweep(sweep, changes)
    question = _question(
        file,
        "pareto",
        minimize=minimize,
        maximize=maximize,
        columns=columns,
        by=by,
        ties=ties,
        method=method,
        max_rows=max_rows,
    )
    if rows is not None:
        question["rows"] = rows
    if resolution:
        question["resolution"] = _read_resolution(resolution)
    with mistakes(subject_of(sweep)):
        front, profile = file.sweep.profile(**question, threads=running.threads, progress=running.progress)
    deliver(front, output.out, output.format)
    tell(_summary(profile))


@app.command
def best(
    sweep: SweepPath,
    /,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    by: str | None = None,
    columns: Annotated[tuple[str, ...], Several] = (),
    method: Method | None = None,
    output: Output = DEFAULT_OUTPUT,
    changes: Changes = DEFAULT_CHANGES,
    running: Running = DEFAULT_RUNNING,
) -> None:
    """Find the best configuration, or the best for each value of an axis.

    What is not said here is read from the [best] table of the file.

    Parameters
    ----------
    minimize
        The objective: the name of a quantity, or a formula.
    maximize
        The objective, to maximize instead.
    by
        An axis or a column of a linked one: one row for each of its values.
    columns
        Further columns: names or formulas.
    method
        Look at every configuration, or search and leave out what bounds settle. The answer is the same.
    """
    check_destination(output.out, output.format)
    file = load_sweep(sweep, changes)
    question = _question(
        file, "best", minimize=minimize, maximize=maximize, columns=columns, by=by, method=method
    )
    with mistakes(subject_of(sweep)):
        found = file.sweep.best(**question, threads=running.threads, progress=running.progress)
    deliver(found, output.out, output.format)


@app.command
def near(
    sweep: SweepPath,
    /,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    within: Number | None = None,
    by: str | None = None,
    then: Annotated[tuple[str, ...], Several] = (),
    resolution: Annotated[tuple[str, ...], Several] = (),
    columns: Annotated[tuple[str, ...], Several] = (),
    max_rows: Count | None = None,
    output: Output = DEFAULT_OUTPUT,
    changes: Changes = DEFAULT_CHANGES,
    running: Running = DEFAULT_RUNNING,
) -> None:
    """Find every configuration that is close to the best.

    What is not said here is read from the [near] table of the file.

    Parameters
    ----------
    minimize
        The objective: the name of a quantity, or a formula.
    maximize
        The objective, to maximize instead.
    within
        How close, as a share of the best value: 1e-3 is a thousandth of it.
    by
        An axis or a column of a linked one: whatever is close to the best for each of its values.
    then
        Further objectives to minimize: only the front of these among what is close.
    resolution
        How finely these are compared: a number in 0..1, or OBJECTIVE=NUMBER for some of them.
    columns
        Further columns: names or formulas.
    max_rows
        Refuse an answer of more rows; 10 million if not given.
    """
    check_destination(output.out, output.format)
    file = load_sweep(sweep, changes)
    question = _question(
        file,
        "near",
        minimize=minimize,
        maximize=maximize,
        within=within,
        by=by,
        then=then,
        columns=columns,
        max_rows=max_rows,
    )
    if "within" not in question:
        raise Mistake(
            f"{name_of(subject_of(sweep))}: near needs --within, or within in a [near] table: "
            "1e-3 is a thousandth of the best"
        )
    if resolution:
        question["resolution"] = _read_resolution(resolution)
    with mistakes(subject_of(sweep)):
        found = file.sweep.near(**question, threads=running.threads, progress=running.progress)
    deliver(found, output.out, output.format)


@app.command
def table(
    sweep: SweepPath,
    /,
    *,
    columns: Annotated[tuple[str, ...], Several] = (),
    max_bytes: Count | None = None,
    output: Output = DEFAULT_OUTPUT,
    changes: Changes = DEFAULT_CHANGES,
    running: Running = DEFAULT_RUNNING,
) -> None:
    """List every configuration that meets the constraints.

    Parameters
    ----------
    columns
        Names or formulas to show beside the axes. If none are given, those of the file's [table] table;
        without one, whatever its other questions name.
    max_bytes
        Refuse a table that takes more memory; 2 GiB if not given.
    """
    check_destination(output.out, output.format)
    file = load_sweep(sweep, changes)
    question = _question(file, "table", columns=columns, max_bytes=max_bytes)
    question.setdefault("columns", _asked_for(file) or None)
    with mistakes(subject_of(sweep)):
        found = file.sweep.table(**question, threads=running.threads, progress=running.progress)
    deliver(found, output.out, output.format)


@app.command
def explain(
    sweep: SweepPath,
    /,
    *,
    minimize: Annotated[tuple[str, ...], Several] = (),
    maximize: Annotated[tuple[str, ...], Several] = (),
    changes: Changes = DEFAULT_CHANGES,
) -> None:
    """Say what each quantity stands for, and what a search costs.

    Parameters
    ----------
    minimize
        Objectives; those of the file's [pareto], [best] or [near] table if none are given.
    maximize
        Objectives to maximize.
    """
    file = load_sweep(sweep, changes)
    kind = next((kind for kind in ("pareto", "best", "near") if kind in file.question), "pareto")
    question = _question(file, kind, minimize=minimize, maximize=maximize)
    objectives = {sense: question[sense] for sense in ("minimize", "maximize") if sense in question}
    with mistakes(subject_of(sweep)):
        text = file.sweep.explain(**objectives)
    print(text)


@app.command
def optimal(
    *,
    law: str,
    flops: Numbers = (),
    params: Numbers = (),
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Divide a training budget between parameters and tokens as a law says is best.

    Parameters
    ----------
    law
        A law of the catalogue or an allocation rule, by its identifier; or a law's file.
    flops
        Training budgets in FLOP.
    params
        Sizes, in place of budgets: the budget and the tokens that each is optimal for.
    """
    check_destination(output.out, output.format)
    if bool(flops) == bool(params):
        raise Mistake("optimal needs --flops, training budgets, or --params, sizes: one of the two, not both")
    from isoflop.catalog.files import only_a_rule

    with mistakes():
        entry = iso.allocation(law) if only_a_rule(law) else iso.law(law)
        found = entry.compute_optimal(params=list(params)) if params else entry.compute_optimal(list(flops))
    deliver(found, output.out, output.format, whole=True)


@app.command
def laws(
    *,
    check: Annotated[bool, Parameter(negative="")] = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """List the laws of the catalogue; CSV, JSON and files hold all that is known of each.

    Parameters
    ----------
    check
        Compare every published value of the catalogue with ours instead; the exit code is 2 if any is further
        off than its tolerance.
    """
    check_destination(output.out, output.format)
    if check:
        _check_laws(output)
    else:
        # What fits a line; `isoflop law ID` shows the rest.
        show(iso.laws(), ("id", "evidence", "unit", "corpus", "title"), output)


def _check_laws(output: Output) -> None:
    import polars as pl

    checks = iso.checks()
    if output.is_table:
        # A deviation is of the last digits, which a table of numbers would cut.
        digits = {"expected": 12, "ours": 12, "deviation": 2, "tolerance": 2}
        numbers = [pl.Series(name, [f"{x:.{some}g}" for x in checks[name]]) for name, some in digits.items()]
        names = [name if len(name) <= 30 else f"{name[:27]}..." for name in checks["check"]]
        told = checks.with_columns(pl.Series("check", names), *numbers)
        deliver(told.select("id", "check", *digits, "from", "at"), None, None, whole=True)
    else:
        deliver(checks, output.out, output.format)
    wrong = checks.filter(~pl.col("passes"))
    tell(f"{checks.height - wrong.height} of {checks.height} values are as expected, within their tolerance")
    if wrong.height:
        raise Mistake(f"not so: {', '.join(wrong['id'].unique(maintain_order=True))}")


@app.command
def allocations(*, output: Output = DEFAULT_OUTPUT) -> None:
    """List published rules of how to divide compute; CSV, JSON and files hold all that is known of each."""
    check_destination(output.out, output.format)
    show(iso.allocations(), ("id", "evidence", "corpus", "title"), output)


@app.command
def architectures(*, output: Output = DEFAULT_OUTPUT) -> None:
    """List the architectures of the catalogue; CSV, JSON and files hold all that is known of each."""
    check_destination(output.out, output.format)
    show(iso.architectures(), ("id", "evidence", "title"), output)


@app.command(name="architecture")
def show_architecture(
    id: Annotated[str, Parameter(name="ID", show_default=False)],
    /,
    *,
    attention: str | None = None,
    flops: str | None = None,
) -> None:
    """Show an architecture: dimensions, formulas, conventions, source.

    Parameters
    ----------
    id
        Its identifier, or an architecture's file.
    attention
        How attention scores are counted: causal, or full.
    flops
        Training FLOP as megatron or torchtitan counts them.
    """
    with mistakes():
        text = str(iso.architecture(id, attention=attention, flops=flops))
    print(text)


app.command(plan)
app.command(models)
app.command(diagnose)
app.command(fit)


@app.command(name="law")
def show_law(id: Annotated[str, Parameter(name="ID", show_default=False)], /) -> None:
    """Show a law: formula, coefficients, fitted range, source.

    Parameters
    ----------
    id
        Its identifier, or a law's file.
    """
    with mistakes():
        text = str(iso.law(id))
    print(text)


def _question(file: SweepFile, kind: str, **options: Any) -> dict[str, Any]:
    """Return the file's question with the options that were given in its place."""
    given = {name: value for name, value in options.items() if value not in (None, ())}
    question = dict(file.question.get(kind, {}))
    senses = ("minimize", "maximize")
    if not given.keys().isdisjoint(senses):
        # Other objectives are another question: the file's would otherwise linger in the other sense.
        for sense in senses:
            question.pop(sense, None)
    compared = ("then",) if kind == "near" else senses
    if not given.keys().isdisjoint(compared) and isinstance(question.get("resolution"), Mapping):
        # It would name what is gone.
        del question["resolution"]
    return question | given


def _asked_for(file: SweepFile) -> tuple[str, ...]:
    """Return what the file's questions name: objectives, then columns."""
    names: dict[str, None] = {}
    for part in ("minimize", "maximize", "then", "columns"):
        for question in file.question.values():
            several = question.get(part, ())
            names |= dict.fromkeys([several] if isinstance(several, str) else several)
    return tuple(names)


def _read_resolution(words: Sequence[str]) -> float | dict[str, float]:
    try:
        if len(words) == 1 and "=" not in words[0]:
            return read_number(words[0])
        # An objective may be a formula with `==` in it; the number stands behind the last sign.
        pairs = [word.rpartition("=") for word in words]
        return {objective.strip(): read_number(number) for objective, _, number in pairs}
    except ValueError:
        raise Mistake(
            f"--resolution {' '.join(words)}: must be a number in 0..1, or OBJECTIVE=NUMBER for some of them"
        ) from None


def _summary(profile: iso.Profile) -> str:
    seconds = sum(profile.seconds.values())
    rate = float(f"{profile.size / max(seconds, 1e-9):.3g}")
    # A search knows this only of the configurations that it looked at.
    undefined = f", {profile.nan:,} of them without a defined objective" if profile.nan else ""
    looked = f", {profile.evaluated:,} of them looked at" if profile.method == "search" else ""
    return (
        f"{counted(profile.rows, 'row')} on the front of {counted(profile.size, 'configuration')}"
        f"{looked}{undefined}, "
        f"{seconds:.2f} s, {rate:,.0f} configurations per second"
    )
