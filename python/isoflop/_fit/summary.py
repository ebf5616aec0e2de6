"""What a fit says of itself, as text and HTML."""

from __future__ import annotations

import html as markup
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isoflop._fit.content import FitContent


def _head(fit: FitContent) -> list[tuple[str, str]]:
    setting, found = fit._setting, fit._found
    bound = setting.bound
    rows = len(setting.observed)
    runs = f"{setting.runs}" if setting.runs == rows else f"{setting.runs} ({rows} rows)"
    residual = setting.residual + (f", delta {fit.delta:.4g}" if fit.delta is not None else "")
    lines = [
        ("form", bound.formula),
        ("runs", runs),
        ("variables", ", ".join(bound.variables)),
        ("coefficients", ", ".join(bound.coefficients)),
    ]
    if bound.tied:
        lines.append(("tied", ", ".join(f"{name} = {other}" for name, other in bound.tied.items())))
    if bound.held:
        lines.append(("fixed", ", ".join(f"{name} = {value:g}" for name, value in bound.held.items())))
    lines += [
        ("residual", residual),
        ("objective", f"{fit.objective:.9g} (sum over runs)"),
        (
            "search",
            f"{found['at_best']} of {found['polishes']} polishes at the best objective, "
            f"{found['rounds']} rounds of perturbation, {found['evaluations']} evaluations, "
            f"{len(found['others'])} other minima within 1 %: a heuristic",
        ),
    ]
    return lines


def _number(value: float) -> str:
    return "open" if math.isinf(value) else f"{value:.5g}"


def _table(fit: FitContent) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("", "value", "standard error", "90 % interval", "")]
    for row in fit.coefficients.iter_rows(named=True):
        said = [] if row["determined"] else ["not determined" + _ends(row)]
        if row["at_bound"]:
            said.append("at its bound")
        if row["trades_with"]:
            said.append(f"trades off with {', '.join(row['trades_with'])}")
        interval = f"{_number(row['low'])} to {_number(row['high'])}"
        rows.append(
            (
                row["coefficient"],
                f"{row['value']:.6g}",
                f"{row['standard_error']:.3g}",
                interval,
                "; ".join(said),
            )
        )
    return rows


def _ends(row: dict[str, object]) -> str:
    low, high = float(str(row["low"])), float(str(row["high"]))
    if math.isinf(high):
        return " above" if low > 0 and not math.isinf(low) else ""
    return " below" if low <= 0 or math.isinf(low) else ""


def text(fit: FitContent) -> str:
    """Return the summary as text."""
    lines = [f"{name:<13}{value}" for name, value in _head(fit)]
    table = _table(fit)
    widths = [max(len(row[i]) for row in table) for i in range(4)]
    lines.append("")
    for row in table:
        cells = [row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in range(1, 4)), row[4]]
        lines.append("  ".join(cells).rstrip())
    lines.append("")
    lines.append(_draws(fit))
    lines += [f"- {remark}" for remark in fit.remarks]
    return "\n".join(lines)


def _draws(fit: FitContent) -> str:
    setting = fit._setting
    if setting.bootstrap:
        lost = fit._draws[1]
        said = f"{setting.bootstrap} draws: runs drawn anew and refitted"
        return said + (f"; {lost} of them do not determine the form" if lost else "")
    return "draws: from the normal approximation of the profile (bootstrap= refits)"


def html(fit: FitContent) -> str:
    """Return the summary as HTML."""
    escape = markup.escape
    head = "".join(f"<tr><th>{escape(n)}</th><td>{escape(v)}</td></tr>" for n, v in _head(fit))
    first, *rest = _table(fit)
    titles = "".join(f"<th>{escape(cell)}</th>" for cell in first)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rest)
    remarks = "".join(f"<li>{escape(remark)}</li>" for remark in (_draws(fit), *fit.remarks))
    return f"<table>{head}</table><table><tr>{titles}</tr>{body}</table><ul>{remarks}</ul>"
