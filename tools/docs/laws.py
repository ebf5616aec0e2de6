"""Pages of the catalogue: one for each law, and one for all allocation rules, made from their files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from importlib.resources import files

import isoflop as iso
from isoflop._law.checks import Checked, checked, inputs_text
from isoflop._law.records import Source
from isoflop._text.numbers import number_text
from prose import listed, table

EVIDENCE = {
    "V1": "read in the paper or in its authors' code",
    "V2": "from two independent secondary sources, or from one, and a published number comes out",
    "V3": "from one secondary source only",
}
ORIGINS = {"printed": "printed", "recomputed": "recomputed by us", "derived": "guards our digits"}


LEFT_OUT = (
    """**Learning-rate schedules.** The multi-power law (Luo et al. 2025) sums over the steps of a
    schedule, and each term reads what came before. A formula here reads numbers, not sequences, so that
    its range over a box is known; a schedule of 24,000 steps would be as many inputs. Its three curves
    know neither size nor batch.""",
    """**Farseer** (2025). Printed to three digits, its exponents of exponents have no best size from 1e23
    FLOP on, where the paper's figure has one: good for values inside its range, and not for plans.""",
    """**Quantisation after training by Kumar et al. 2024.** Whether the offset of its exponent belongs to
    it is not settled: a factor of three. `ouyang2024` is another law of the same thing.""",
    """**Membership inference by Morris et al. 2025.** As printed it rises where its text says it falls.""",
    """**Fits by quality of the data (QualityPajama).** Which exponent belongs to the size is printed in
    two ways.""",
    """**Forms whose coefficients we did not obtain**: over-fitting by Lovelace et al. and Bryant and Liu
    (2026), Skaling, D-CPT, BiMix, optimal mixtures by Shukor et al., annealing by Tissue et al.,
    downstream laws by Krajewski et al. and of Llama 3, and the observational laws of Ruan et al.""",
)
"""What a reader may look for in vain, and why."""

MADE = "<!-- Made by `make docs` from the file in python/isoflop/catalog: change that and make it again. -->"


def index() -> str:
    """Return the laws in a table, each with a link to its page."""
    rows = [
        [f"[`{law.id}`]({law.id}.md)", law.title, law.unit, law.corpus, law.evidence]
        for law in map(iso.law, _ids())
    ]
    lines = [
        "# The laws",
        "",
        "One page for each, made from its file in `python/isoflop/catalog/laws`. `iso.law(id)` gives the "
        "law, `iso.laws()` this list as a frame, `isoflop laws --check` every published value beside ours. "
        "Losses are comparable only between laws of the same unit, corpus and tokenizer.",
        "",
        *_table(["law", "title", "unit of the loss", "corpus", "evidence"], rows),
        "",
        *(f"- **{mark}**: {meaning}." for mark, meaning in EVIDENCE.items()),
        "",
        "Rules that give size and tokens without a loss have [their own page](../allocations.md); what "
        "goes wrong in the literature is on [another](../traps.md). Laws of something else than a loss, such "
        "as accuracies, knowledge and critical batches, are quantities of "
        "[the accounting](../accounting.md). What the laws say together is on pages of their own: "
        "[six questions](../questions.md), [how many epochs](../epochs.md), [emergence](../emergence.md), "
        "[forecasts and what was measured](../forecasts.md).",
        "",
        "## What is not here",
        "",
        *(f"- {' '.join(text.split())}" for text in LEFT_OUT),
    ]
    return _text(lines)


def law_page(law: iso.Law) -> str:
    """Return formula, coefficients, inputs, source, caveats and checks of a law."""
    return _text(_law_lines(law))


def allocations_page() -> str:
    """Return all allocation rules with their checks."""
    lines = [
        "# Allocation rules",
        "",
        "Published rules of how to divide a training budget between size and tokens, without a loss. "
        "`iso.allocation(id).compute_optimal(flops)` applies one, `iso.allocations()` lists them.",
    ]
    for rule in map(iso.allocation, iso.allocations()["id"]):
        formulas = [f"{name} = {formula}" for name, formula in rule.formulas.items()]
        coefficients = [[f"`{name}`", _number(value)] for name, value in rule.coefficients.items()]
        lines += ["", f"## {rule.id}", "", f"{rule.title}.", "", "```", *formulas, "```", ""]
        if coefficients:
            lines += [*_table(["coefficient", "value"], coefficients), ""]
        lines += _facts(
            {
                "Parameters": rule.convention,
                "Corpus": rule.corpus,
                "Tokenizer": rule.tokenizer,
                "Compute fitted on": _range(rule.range, "FLOP"),
                "Source": _source(rule.source),
                "Evidence": _evidence(rule.evidence),
            }
        )
        lines += _caveats(rule.caveats)
        lines += _checks("allocation", rule.id)
    return _text(lines)


def _ids() -> list[str]:
    return iso.laws()["id"].to_list()


def _law_lines(law: iso.Law) -> Iterator[str]:
    yield from (f"# {law.id}", "", f"{law.title}.", "", "```", f"loss = {law.formula}")
    yield from (f"{name} = {formula}" for name, formula in law.quantities.items())
    yield from ("```", "")
    coefficients = []
    for name, value in law.coefficients.items():
        error = law.standard_errors.get(name)
        coefficients.append([f"`{name}`", _number(value), "" if error is None else _number(error)])
    if law.standard_errors:
        yield from _table(["coefficient", "value", "standard error"], coefficients)
    else:
        yield from _table(["coefficient", "value"], [row[:2] for row in coefficients])
    yield ""
    inputs = [
        [f"`{name}`", variable.unit, _range(variable.range, ""), f"`{variable.reads}`"]
        for name, variable in law.variables.items()
    ]
    yield from _table(["input", "unit", "fitted on", "read as"], inputs)
    yield ""
    yield from _facts(
        {
            "Unit of the loss": law.unit,
            "Irreducible": f"`{law.irreducible}`" if law.irreducible else "",
            "Parameters": law.convention,
            "Corpus": law.corpus,
            "Tokenizer": law.tokenizer,
            "Source": _source(law.source),
            "Evidence": _evidence(law.evidence),
            "Speaks for it in second opinions": f"`{law.superseded_by}`" if law.superseded_by else "",
        }
    )
    yield from _caveats(law.caveats)
    if law.covariance is not None:
        of, matrix, note = law.covariance
        rows = [[f"`{name}`", *map(_number, row)] for name, row in zip(of, matrix, strict=True)]
        yield from (
            "",
            "## Covariance of the coefficients",
            "",
            f"{_sentence(note)} `sample` draws from it.",
            "",
        )
        yield from _table(["", *(f"`{name}`" for name in of)], rows)
    if law.size is not None:
        yield from ("", "## Stored size", "")
        needs = ", and ".join(
            listed((f"`{name.strip()}`" for name in need.split("|")), "or") for need in law.size.needs
        )
        if law.size.params:
            yield from ("```", f"params = {law.size.params}", "```", "")
            yield f"It needs {needs}. Sweeps use it where neither `params` nor `activation` is given."
        else:
            yield f"The source gives no relation: give {needs}."
        if law.size.note:
            yield from ("", _sentence(law.size.note))
    if law.optimal is not None and law.optimal.formulas:
        yield from ("", f"## Compute-optimal ({law.optimal.kind})", "")
        if law.optimal.note:
            yield from (_sentence(law.optimal.note), "")
        if law.optimal.rule:
            yield f"The rule [`{law.optimal.rule}`](../allocations.md#{law.optimal.rule})."
        else:
            yield from ("```", *(f"{name} = {text}" for name, text in law.optimal.formulas.items()), "```")
    yield from _checks("law", law.id, "optimum")


@cache
def _all_checks() -> tuple[Checked, ...]:
    return tuple(checked())


def _checks(kind: str, id: str, *others: str) -> list[str]:
    rows = [
        [
            f"`{check.name}`",
            inputs_text(check.at) or "any",
            _number(check.value),
            f"{ours:.{max(8, len(repr(check.value).partition('e')[0]))}g}",
            f"{ours - check.value:.1g}",
            f"{check.tolerance:.2g}",
            f"{ORIGINS[check.origin]}; {check.reason}",
        ]
        for found, entry, check, ours in _all_checks()
        if entry == id and found in (kind, *others)
    ]
    heads = [
        "value",
        "at",
        "expected",
        "ours",
        "deviation",
        "tolerance",
        "origin; what the tolerance allows for",
    ]
    return ["", "### Checks" if kind == "allocation" else "## Checks", "", *_table(heads, rows)]


def _caveats(caveats: Sequence[str]) -> list[str]:
    return ["", "Caveats:", "", *(f"- {text}" for text in caveats)] if caveats else []


def _facts(facts: dict[str, str]) -> list[str]:
    return [f"- {name}: {text}" for name, text in facts.items() if text]


def _evidence(mark: str) -> str:
    return f"{mark}, {EVIDENCE[mark]}"


def _source(source: Source) -> str:
    entry = references()[source.cite]
    link = f", [arXiv:{source.arxiv}](https://arxiv.org/abs/{source.arxiv})" if source.arxiv else ""
    if not link and (address := _addresses().get(source.cite)):
        link = f", <{address}>"
    return f"{entry}, {source.where}{link}"


@cache
def _addresses() -> dict[str, str]:
    text = files("isoflop").joinpath("catalog", "references.bib").read_text(encoding="utf-8")
    return dict(re.findall(r"(?ms)^@\w+\{(\w+),(?:(?!^\}).)*?^  url = \{(.*?)\}", text))


@cache
def references() -> dict[str, str]:
    """Return author, year and title of each entry of ``references.bib``."""
    text = files("isoflop").joinpath("catalog", "references.bib").read_text(encoding="utf-8")
    found = {}
    for key, body in re.findall(r"(?ms)^@\w+\{(\w+),(.*?)^\}", text):
        fields = dict(re.findall(r"(\w+) = \{(.*?)\},?$", body, re.MULTILINE))
        authors = fields["author"].replace("{", "").replace("}", "").split(" and ")
        first = authors[0].split(",")[0]
        who = f"{first} et al." if len(authors) > 1 else first
        found[key] = f"{who} {fields['year']}, *{fields['title']}*"
    return found


def _sentence(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}."


def _range(range: tuple[float, float] | None, unit: str) -> str:
    return f"{_number(range[0])} to {_number(range[1])} {unit}".rstrip() if range is not None else ""


def _number(value: float) -> str:
    whole = value.is_integer() and abs(value) < 1e5
    return str(int(value)) if whole else number_text(value)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return table(heads, cells, text=True).splitlines()


def _text(lines: Iterable[str]) -> str:
    return "\n".join([MADE, "", *lines]) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "laws/README.md": index,
    **{f"laws/{id}.md": partial(law_page, iso.law(id)) for id in _ids()},
    "allocations.md": allocations_page,
}
"""What writes each page, by file name in docs/."""
