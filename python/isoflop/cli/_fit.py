"""The command that fits: runs in, a law's file out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from isoflop.cli._arguments import Count, Number, Several
from isoflop.cli._input import read_frame
from isoflop.cli._messages import Mistake, mistakes, tell
from isoflop.cli._output import check_destination, deliver

Residual = Literal["huber-log", "huber", "squares", "squares-log", "absolute", "absolute-log"]


def fit(
    runs: Annotated[
        Path,
        Parameter(
            name="RUNS",
            help="Training runs, one in a row: .csv, .parquet, .json, or .jsonl with an object in each line.",
            show_default=False,
        ),
    ],
    /,
    *,
    law: str = "additive",
    loss: str = "loss",
    columns: Annotated[tuple[str, ...], Several] = (),
    fixed: Annotated[tuple[str, ...], Several] = (),
    tie: Annotated[tuple[str, ...], Several] = (),
    residual: Residual = "huber-log",
    delta: Number | None = None,
    groups: Annotated[tuple[str, ...], Several] = (),
    bootstrap: Count | None = None,
    seed: int = 0,
    threads: Count | None = None,
    out: Path | None = None,
    format: Literal["table", "csv", "json"] | None = None,
) -> None:
    """Fit the coefficients of a law to runs; the law's file stands wherever a law's name may.

    Parameters
    ----------
    law
        A form by name, a formula, a law of the catalogue, or a law's file.
    loss
        The column of the loss.
    columns
        NAME=COLUMN where a name of the formula is another column.
    fixed
        NAME=NUMBER: coefficients that stand still.
    tie
        NAME=NAME: coefficients that are one.
    residual
        What is made small.
    delta
        Of Huber's function; from the residuals' own scale if not given.
    groups
        Columns that tell which rows are one run.
    bootstrap
        How many times runs are drawn anew and refitted.
    seed
        Of the search and the draws.
    threads
        Worker threads; the answer is the same.
    out
        Where the law's file goes: a name that ends in .toml.
    format
        table: the summary; csv or json: the coefficients.
    """
    if out is not None and out.suffix != ".toml":
        raise Mistake(f"--out {out}: a law's file ends in .toml")
    check_destination(None, format)
    frame = read_frame(runs, "a file of runs", text=())
    keywords: dict[str, Any] = {"residual": residual, "delta": delta, "seed": seed, "threads": threads}
    from isoflop._fit.fit import fit as fit_form

    with mistakes(runs):
        found = fit_form(
            frame,
            law,
            loss=loss,
            columns=dict(_pair("columns", word) for word in columns),
            fixed={name: _number("fixed", name, text) for name, text in (_pair("fixed", w) for w in fixed)},
            tie=[_pair("tie", word) for word in tie],
            groups=list(groups) or None,
            bootstrap=bootstrap or 0,
            **keywords,
        )
        if format in ("csv", "json"):
            table = found.coefficients
            table = table.with_columns(table["trades_with"].list.join(" ")) if format == "csv" else table
            deliver(table, None, format, whole=True)
        else:
            deliver_text(found.summary())
        if out is not None:
            found.save(out)
            tell(f"wrote {out}")


def deliver_text(text: str) -> None:
    """Print a text."""
    print(text)


def _pair(option: str, word: str) -> tuple[str, str]:
    name, sign, value = word.partition("=")
    if not sign or not name or not value:
        raise Mistake(f"--{option} takes NAME=VALUE, not {word}")
    return name, value


def _number(option: str, name: str, text: str) -> float:
    from isoflop.cli._arguments import read_number

    try:
        return read_number(text)
    except ValueError as error:
        raise Mistake(f"--{option} {name}: {error}") from None
