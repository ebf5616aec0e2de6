"""A plan to read: as plain text, and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from isoflop._law.catalogue import read_law
from isoflop._plan.question import WITHIN
from isoflop._sweep.pools import read_pools

if TYPE_CHECKING:
    import polars as pl

    from isoflop._plan.content import PlanContent

WIDTH, LINES = 100, 45
"""What the text keeps within; second opinions give way, down to so many."""
FEWEST_OPINIONS = 4

SCALES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))

BUDGETS = {"train_flops": "{} FLOP", "days": "{} days", "budget_usd": "${}", "total_usd": "${} in all"}


class Section(NamedTuple):
    """A table, or sentences, under a title."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    sentences: Sequence[str] = ()


def plan_text(plan: PlanContent) -> str:
    """Return a plan as text of at most 100 columns."""
    return "\n".join(_lines(plan))


def plan_html(plan: PlanContent) -> str:
    """Return a plan as HTML."""
    parts = []
    for section in sections(plan, len(plan.opinions)):
        parts.append(f"<p><b>{escape(section.title)}</b></p>")
        header = "".join(f"<th>{escape(cell)}</th>" for cell in section.header)
        body = [f"<tr>{header}</tr>"] if header else []
        for row in section.rows:
            body.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>")
        if body:
            parts.append(f"<table>{''.join(body)}</table>")
        if section.sentences:
            items = "".join(f"<li>{escape(sentence)}</li>" for sentence in section.sentences)
            parts.append(f"<ul>{items}</ul>")
    return f"<div>{''.join(parts)}</div>"


def human(value: float, unit: str = "") -> str:
    """Return a number with three digits, and with a power of ten where no word is in use.

    Examples
    --------
    >>> human(7.02e10), human(2048), human(3.5e16)
    ('70.2 B', '2.05 k', '3.50e16')
    """
    if abs(value) >= 9.995e14 or (value and abs(value) < 1e-3):
        return f"{_flops(value)}{unit}"
    for scale, name in SCALES:
        if abs(value) >= scale * 0.9995:
            return f"{_digits(value / scale)} {name}{unit}"
    return f"{_digits(value)}{f' {unit}' if unit else ''}"


def _digits(value: float) -> str:
    text = f"{value:#.3g}"
    return "0" if value == 0 else text.rstrip(".") if "e" not in text else f"{value:.0f}"


def _bytes(value: float) -> str:
    return human(value, "B").replace("BB", "GB")


def _money(value: float) -> str:
    return f"${human(value)}"


def _amount(name: str, value: float) -> str:
    """Return an amount of a budget."""
    number = f"{value:g}" if name == "days" else _flops(value) if name == "train_flops" else human(value)
    return BUDGETS[name].format(number)


def _flops(value: float) -> str:
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _share(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{100 * value:+.{digits}f} %"


def _lines(plan: PlanContent) -> list[str]:
    most = len(plan.opinions)
    while True:
        lines: list[str] = []
        for section in sections(plan, most):
            lines += [*([""] if lines else []), *wrap(section.title, WIDTH), *_table(section)]
            for sentence in section.sentences:
                lines += wrap(sentence, WIDTH, initial_indent="  - ", subsequent_indent="    ")
        if len(lines) <= LINES or most <= FEWEST_OPINIONS:
            return lines
        most = max(FEWEST_OPINIONS, min(most, _counted(plan)) - (len(lines) - LINES))


def _counted(plan: PlanContent) -> int:
    return int((plan.opinions["counts"] | plan.opinions["own"]).sum())


def _table(section: Section) -> Iterator[str]:
    rows = [*([section.header] if section.header else []), *section.rows]
    if not rows:
        return
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        first, *others = zip(row, widths, strict=True)
        left = not section.header
        cells = [first[0].ljust(first[1])]
        cells += [text.ljust(width) if left else text.rjust(width) for text, width in others]
        yield f"  {'  '.join(cells)}".rstrip()


def sections(plan: PlanContent, most: int) -> Iterator[Section]:
    """Yield the parts of a plan's text, with at most so many second opinions."""
    (row,) = plan.recommended.to_dicts()
    yield Section(_title(plan), (), list(_facts(plan, row)))
    if plan.ranges.height:
        yield _ranges(plan.ranges)
    yield _margins(plan.margins)
    if plan.more_data is not None and plan.more_data.height:
        rows = [
            (name, human(supply), f"{loss:.4f}", f"{change:+.4f}", _share(compute))
            for name, supply, loss, change, compute in plan.more_data.iter_rows()
        ]
        header = ("pool", "supply", "loss", "change", "worth in compute")
        yield Section("Twice the supply of one pool", header, rows)
    yield _opinions(plan, row, most)
    if plan.warnings:
        yield Section("Mind", (), (), plan.warnings)


def _title(plan: PlanContent) -> str:
    question = plan.question
    law = read_law(question["law"]).id
    (row,) = plan.recommended.to_dicts()
    machine = f"{question['gpu']} ({question['precision']})".lower()
    budget = ""
    if question["flops"] is not None:
        budget = f"{_flops(question['flops'])} FLOP"
    elif question["usd"] is not None:
        budget = f"{_money(question['usd'])} of training and data on {machine}"
    elif question["days"] is not None:
        budget = f"{question['days']:g} days of {question['gpu_count']:,.0f} {machine}"
    if question["goal"] == "serving":
        served = human(question["inference_tokens"])
        reach = f"a loss of {question['target_loss']:.4g}" if question["target_loss"] is not None else ""
        if not reach:
            within = WITHIN if question["within"] is None else question["within"]
            reach = f"a loss worth {100 * (1 - within):.3g} % of the compute of the best"
        source = f" within {budget}" if budget else ""
        return f"Plan by {law}: the cheapest life for {reach}{source}, serving {served} tokens"
    if question["goal"] == "data":
        return f"Plan by {law}: the best data for {human(row['params'])} parameters and {budget}"
    return f"Plan by {law}: the lowest loss for {budget}"


def _facts(plan: PlanContent, row: dict[str, float]) -> Iterator[tuple[str, str]]:
    size = human(row["params"])
    if "active_params" in row:
        chosen = [f"1/{1 / row['activation']:.3g}"]
        chosen += [
            f"{name} {row[name]:.3g}" for name in ("experts", "granularity", "sparsity") if name in row
        ]
        size += f", {human(row['active_params'])} active ({', '.join(chosen)})"
    yield "parameters", size
    active = "active " if "active_params" in row else ""
    pools = read_pools(plan.sweep.pools)
    epochs = f", {row['epochs']:.3g} epochs" if not pools and row["epochs"] > 1.0005 else ""
    yield (
        "tokens",
        f"{human(row['tokens'])}, {human(row['tokens_per_param'])} per {active}parameter{epochs}",
    )
    if pools:
        parts = []
        for pool in pools:
            seen = row.get(f"{pool.name}_epochs")
            taken = row[pool.tokens]
            told = f" ({seen:.3g} epochs)" if seen and taken else ""
            parts.append(f"{pool.name} {human(taken)}{told}")
        yield "from", ", ".join(parts)
    law = plan.sweep.law
    yield "loss", f"{row['loss']:.4f} {law.unit if law is not None else ''}".rstrip()
    days = f", {row['days']:.3g} days on {plan.question['gpu_count']:,.0f} GPUs" if "days" in row else ""
    yield "compute", f"{_flops(row['train_flops'])} FLOP, {human(row['train_gpu_hours'])} GPU-hours{days}"
    costs = [f"training {_money(row['train_usd'])}", f"data {_money(row['data_usd'])}"]
    if "inference_usd" in row:
        costs.append(f"serving {_money(row['inference_usd'])}")
    yield "cost", f"{_money(row['total_usd'])}: {', '.join(costs)}"
    cache = row["serving_bytes"] - row["weight_bytes"]
    held = "weights alone" if not cache else f"{_bytes(cache)} of it keys and values"
    yield "memory", f"{_bytes(row['serving_bytes'])} to serve from, {held}"
    if plan.baseline is not None:
        (other,) = plan.baseline.to_dicts()
        saved = 1 - row["total_usd"] / other["total_usd"]
        told = (
            f"{human(other['params'])}, {human(other['tokens'])} tokens, {_money(other['total_usd'])} in all"
        )
        than = f"{abs(100 * saved):.1f} % {'less' if saved >= 0 else 'more'} than"
        yield "baseline", f"{than} the cheapest to train: {told}"


def _ranges(ranges: pl.DataFrame) -> Section:
    rows = []
    for name, *values in ranges.iter_rows():
        shares = name in ("activation", "experts", "granularity", "sparsity")
        shown = [f"{value:.3g}" if shares else human(value) for value in values]
        rows.append((name, *shown))
    header = ("", "80 %", "95 %", "plan", "95 %", "80 %")
    return Section("How far each axis can move until compute is worth 95 and 80 %", header, rows)


def _margins(margins: pl.DataFrame) -> Section:
    name = margins.columns[1]
    rows = []
    for row in margins.iter_rows(named=True):
        if row["loss"] is None:
            continue
        change = (
            [f"{row['loss_change']:+.4f}", _share(row["compute_change"])] if row["share"] != 1 else ["", ""]
        )
        rows.append((_amount(name, row[name]), f"{row['loss']:.4f}", *change))
    return Section("More or less of the budget", ("budget", "loss", "change", "worth in compute"), rows)


def _opinions(plan: PlanContent, row: dict[str, float], most: int) -> Section:
    frame = plan.opinions
    low, high = plan.spread
    count = int(frame["counts"].sum())
    shown = frame.filter(frame["counts"] | frame["own"])
    if shown.height > most:
        # The plan's own law, and an even choice of the rest with both ends.
        rest = shown.height - 1
        places = {1 + round(place * (rest - 1) / max(most - 2, 1)) for place in range(most - 1)}
        shown = shown[[0, *sorted(places)]]
    rows = []
    sparse = bool((frame["params"] != frame["active_params"]).any())
    for opinion in shown.iter_rows(named=True):
        efficiency, decades = opinion["compute_efficiency"], opinion["extrapolation"]
        rows.append((
            f"{opinion['id']}{' *' if opinion['own'] else ''}",
            human(opinion["params"]),
            *((human(opinion["active_params"]),) if sparse else ()),
            human(opinion["tokens"]),
            human(opinion["tokens_per_param"]),
            "" if efficiency is None else f"{efficiency:.2f}",
            "" if decades is None else f"{decades:.1f}",
            opinion["evidence"],
        ))  # fmt: skip
    title = f"Second opinions at {_flops(row['train_flops'])} FLOP: {human(low)} to {human(high)} tokens per "
    title += f"{'active ' if sparse else ''}parameter by {count} that count, of {frame.height}"
    sizes = ("stored", "active", "tokens", "per active") if sparse else ("parameters", "tokens", "per param")
    header = ("", *sizes, "efficiency", "decades out", "evidence")
    return Section(title, header, rows)
