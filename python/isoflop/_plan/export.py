"""A plan to hand on: as Markdown, as an HTML page, as what JSON can hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from isoflop._plan.text import plan_html, sections

if TYPE_CHECKING:
    import polars as pl

    from isoflop._plan.content import PlanContent

SUFFIXES = (".md", ".html", ".json")

FRAMES = ("recommended", "front", "ranges", "margins", "opinions", "more_data", "baseline")

STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; margin: 0.5em 0 1.5em; }
th, td { padding: 0.15em 0.8em; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
"""


def exported(plan: PlanContent, suffix: str) -> str:
    """Return a plan in the format that a file's suffix tells.

    Raises
    ------
    ValueError
        If it is none of `SUFFIXES`.
    """
    if suffix == ".md":
        return markdown(plan)
    if suffix == ".html":
        return page(plan)
    if suffix == ".json":
        return json.dumps(as_dict(plan), indent=2, allow_nan=False) + "\n"
    raise ValueError(f"the suffix must be one of {', '.join(SUFFIXES)}, not {suffix!r}")


def markdown(plan: PlanContent) -> str:
    """Return a plan as Markdown; see `Plan.to_markdown`."""
    lines: list[str] = []
    for number, section in enumerate(sections(plan, len(plan.opinions))):
        lines += [f"{'#' if not number else '##'} {_plain(section.title)}", ""]
        if section.rows:
            header = section.header or ("",) * len(section.rows[0])
            right = "---:" if section.header else "---"
            rule = ["---", *[right] * (len(header) - 1)]
            for row in (header, rule, *section.rows):
                lines.append(f"| {' | '.join(map(_plain, row))} |")
            lines.append("")
        if section.sentences:
            lines += [*(f"- {_plain(sentence)}" for sentence in section.sentences), ""]
    return "\n".join(lines).rstrip() + "\n"


def _plain(text: str) -> str:
    """Return a text in which Markdown sees no marks of its own, but for code in backticks."""
    parts = text.replace("|", "\\|").split("`")
    parts[::2] = [part.replace("*", "\\*").replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def page(plan: PlanContent) -> str:
    """Return a plan as a page of HTML; see `Plan.to_html`."""
    title = escape(next(iter(sections(plan, 0))).title)
    head = f'<meta charset="utf-8">\n<title>{title}</title>\n<style>\n{STYLE}</style>'
    body = plan_html(plan)
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def as_dict(plan: PlanContent) -> dict[str, Any]:
    """Return a plan as what JSON can hold; see `Plan.to_dict`."""
    from isoflop._native import __version__

    found: dict[str, Any] = {"version": __version__}
    found["question"] = {name: _value(value) for name, value in plan.question.items()}
    non_finite: dict[str, list[str]] = {}
    for name in FRAMES:
        frame = getattr(plan, name)
        found[name] = None if frame is None else _records(frame)
        if frame is None:
            continue
        columns = [column for column in frame.columns if _has_non_finite(frame[column])]
        if columns:
            non_finite[name] = columns
    return found | {"warnings": list(plan.warnings), "non_finite": non_finite}


def _has_non_finite(column: pl.Series) -> bool:
    return column.dtype.is_float() and not bool(column.drop_nulls().is_finite().all())


def _records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return [{name: _number(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _value(value: Any) -> Any:
    """Return an argument as given, as far as JSON has it: frames as columns, laws by their identifier."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return {name: _value(column) for name, column in value.to_dict(as_series=False).items()}
    if isinstance(value, Mapping):
        return {str(name): _value(part) for name, part in value.items()}
    if hasattr(value, "tolist"):
        return _value(value.tolist())
    if hasattr(value, "to_list"):
        return _value(value.to_list())
    if isinstance(value, Sequence):
        return [_value(part) for part in value]
    if hasattr(value, "formula") and hasattr(value, "id"):
        return value.id
    try:
        return _number(float(value))
    except (TypeError, ValueError):
        return str(value)
