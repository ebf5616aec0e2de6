"""What a law tells the accounting: what each of its names stands for, and which inputs it has."""

from __future__ import annotations

from collections.abc import Iterator

from isoflop._accounting.formula import names_in, names_of
from isoflop._accounting.quantities import quantities
from isoflop._accounting.vocabulary import Alternative, Row, Step, read_needs
from isoflop._law.chinchilla import EQUIVALENT_FLOPS, is_chinchilla
from isoflop._law.content import LawContent
from isoflop._law.records import extrapolation_formula


def reads_of(law: LawContent) -> tuple[str, ...]:
    """Names that the formula reads, directly or not, and that the law does not define."""
    reads: dict[str, None] = {}
    seen: set[str] = set()
    waiting = [("loss", law.formula)]
    for quantity, text in waiting:
        for name in names_of(quantity, text):
            if name in law.quantities and name not in seen:
                seen.add(name)
                waiting.append((name, law.quantities[name]))
            elif name not in law.own_names:
                reads[name] = None
    return tuple(reads)


def size_names(law: LawContent) -> Iterator[str]:
    """Names in the law's size relation, and in what it needs."""
    assert law.size is not None
    if law.size.params:
        yield from names_of("params", law.size.params)
    for need in law.size.needs:
        yield from (name.strip() for name in need.split("|"))


def rows_of(law: LawContent) -> dict[str, Row]:
    source, standard = str(law.source), quantities()
    step = Step("loss", law.formula, None, "law", law.title, law.unit, source)
    rows: dict[str, Row] = {"loss": (step, names_in(law.formula))}
    if law.irreducible is not None:
        formula = "loss" if law.irreducible == "0" else f"loss - ({law.irreducible})"
        step = Step("reducible_loss", formula, None, "law", "", law.unit, source)
        rows["reducible_loss"] = step, names_of("reducible_loss", formula)
    if is_chinchilla(law.formula, law.coefficients, law.quantities):
        note = "the compute at which this law's own optimum is as good"
        step = Step("equivalent_flops", EQUIVALENT_FLOPS, None, "law", note, "FLOP", source)
        rows["equivalent_flops"] = step, names_in(EQUIVALENT_FLOPS)
    for name, formula in law.quantities.items():
        unit = standard[name].unit if name in standard else ""
        rows[name] = Step(name, formula, None, "law", "", unit, source), names_of(name, formula)
    for name, value in law.coefficients.items():
        error = law.standard_errors.get(name)
        note = f"standard error {error:g}" if error is not None else ""
        rows[name] = Step(name, None, value, "coefficient", note, "", source), ()
    if law.ranged:
        formula = extrapolation_formula(law.ranged)
        step = Step("extrapolation", formula, None, "law", "decades outside the fitted range", "1", source)
        rows["extrapolation"] = step, names_in(formula)
    return rows


def stored_of(law: LawContent) -> Alternative | None:
    if law.size is None or not law.size.params:
        return None
    step = Step("params", law.size.params, None, "law", law.size.note, "parameter", str(law.source))
    return Alternative(read_needs(law.size.needs), (step, names_in(law.size.params)), False)


def inputs_of(law: LawContent, reads: tuple[str, ...]) -> tuple[str, ...]:
    standard = quantities()
    found = dict.fromkeys((*law.variables, *law.quantities))
    waiting = [*reads, *law.variables]
    for name in waiting:
        if name in law.own_names:
            continue
        found[name] = None
        quantity = standard.get(name)
        for alternative in quantity.alternatives if quantity is not None else ():
            for other in (*alternative.row[1], *(need for needs in alternative.needs for need in needs)):
                if other not in found:
                    found[other] = None
                    waiting.append(other)
    return tuple(name for name in found if name not in law.coefficient_names)
