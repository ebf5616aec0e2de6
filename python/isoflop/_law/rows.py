"""What follows from the fields of a law: its inputs, and what each of its names stands for.

All formulas of a law are read in one crossing into the engine, and all in this file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from isoflop._accounting.formula import learn, names_of, read_needs, unreadable
from isoflop._accounting.quantities import quantities
from isoflop._accounting.vocabulary import LAW_QUANTITIES, Alternative, Row, Step
from isoflop._exceptions import LawError
from isoflop._law.chinchilla import EQUIVALENT_FLOPS
from isoflop._law.content import LawContent
from isoflop._law.records import Variable
from isoflop._text.frozen import Frozen
from isoflop._text.given import shown
from isoflop._text.spelling import did_you_mean

EVIDENCE = ("V1", "V2", "V3")

_set = object.__setattr__  # of a frozen record that is being made


def complete(law: LawContent, chinchilla: bool, cited: str) -> None:
    """Set the fields of a law that follow from the others.

    Parameters
    ----------
    law
        With everything else set; without variables, whatever the formula reads is one.
    chinchilla
        Whether the law has the form whose optimum is known.
    cited
        Its source in words.

    Raises
    ------
    FormulaError
        If a formula cannot be read.
    LawError
        If names clash, or one is defined by nobody.
    """
    irreducible, size = law.irreducible, law.size
    reducible = "loss" if irreducible == "0" else f"loss - ({irreducible})"
    ranged = [(variable.reads, *variable.range) for variable in law.variables.values() if variable.range]
    extrapolation = extrapolation_formula(ranged)
    texts = [law.formula, irreducible, reducible, EQUIVALENT_FLOPS, extrapolation, *law.quantities.values()]
    known = learn(texts if size is None else [*texts, size.params])
    wrong = unreadable([*law.coefficients, *law.quantities, *law.variables])
    needs = () if size is None else read_needs(size.needs)
    reads = _reads_of(law, known)
    if not law.variables:
        _set(law, "variables", Frozen({name: Variable(reads=name) for name in reads}))
    further = [*(_names(known, "irreducible", irreducible) if irreducible is not None else ())]
    if size is not None:
        further += [
            *(_names(known, "params", size.params) if size.params else ()),
            *(n for need in needs for n in need),
        ]
    _check_names(law, (*reads, *further), wrong)
    _set(law, "ranged", tuple(ranged))
    _set(law, "rows", _rows_of(law, known, cited, chinchilla, reducible, extrapolation))
    stored = None
    if size is not None and size.params:
        step = Step("params", size.params, None, "law", size.note, "parameter", cited)
        stored = Alternative(needs, (step, known[size.params]), False)
    _set(law, "stored", stored)
    _set(law, "names", tuple(dict.fromkeys((*law.rows, *law.variables))))
    _set(law, "inputs", _inputs_of(law, reads))


def _names(known: Mapping[str, tuple[str, ...]], quantity: str, text: object) -> tuple[str, ...]:
    found = known.get(text) if isinstance(text, str) else None
    return names_of(quantity, text) if found is None else found


def extrapolation_formula(ranged: Sequence[tuple[str, float, float]]) -> str:
    """Return the formula of the decades by which the furthest of some quantities leaves its range."""
    decades = []
    for name, low, high in ranged:
        decades += [f"log10({name} / {high!r})", f"log10({low!r} / {name})"]
    return f"max(0, {', '.join(decades)})" if decades else ""


def _reads_of(law: LawContent, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names that the formula reads, directly or not, and that the law does not define."""
    reads: dict[str, None] = {}
    seen: set[str] = set()
    waiting = [("loss", law.formula)]
    for quantity, text in waiting:
        for name in _names(known, quantity, text):
            if name in law.quantities and name not in seen:
                seen.add(name)
                waiting.append((name, law.quantities[name]))
            elif name not in law.own_names:
                reads[name] = None
    return tuple(reads)


def _check_names(law: LawContent, reads: Sequence[str], wrong: Sequence[object]) -> None:
    kinds: dict[str, str] = {}
    named = (
        ("coefficient", law.coefficients),
        ("quantity", law.quantities),
        ("variable", law.variables),
    )
    for kind, names in named:
        for name in names:
            if name in wrong:
                raise error_of(
                    law, f"{kind} {shown(name)} of `{law.id}` is not a name that a formula can read"
                )
            if name in LAW_QUANTITIES:
                raise error_of(law, f"`{name}` is what a law defines; give the {kind} another name")
            if name in kinds:
                raise error_of(
                    law, f"`{name}` of `{law.id}` is both a {kinds[name]} and a {kind}; rename one"
                )
            kinds[name] = kind
    errors = () if law.covariance is None else zip(law.covariance.of, law.covariance.names, strict=True)
    for entry, name in errors:
        if name not in law.coefficients:
            raise error_of(law, f"covariance of `{name}`, which is no coefficient of `{law.id}`")
        if entry != name and law.coefficients[name] <= 0:
            raise error_of(law, f"covariance of {entry}, of which {law.coefficients[name]} has none")
    if law.evidence not in ("", *EVIDENCE):
        raise error_of(law, f"evidence must be {', '.join(EVIDENCE)} or empty, not {law.evidence!r}")
    for name in law.standard_errors:
        if name not in law.coefficients:
            raise error_of(law, f"standard error of `{name}`, which is no coefficient of `{law.id}`")
    standard = quantities()
    there = (*kinds, *standard)
    for name in (*reads, *(variable.reads for variable in law.variables.values())):
        if name not in kinds and name not in standard:
            message = f"`{law.id}` reads `{name}`, which is no coefficient, variable or quantity"
            raise error_of(law, message + did_you_mean(name, there), (name,))


def _rows_of(
    law: LawContent,
    known: Mapping[str, tuple[str, ...]],
    source: str,
    chinchilla: bool,
    reducible: str,
    extrapolation: str,
) -> dict[str, Row]:
    standard = quantities()
    step = Step("loss", law.formula, None, "law", law.title, law.unit, source)
    rows: dict[str, Row] = {"loss": (step, known[law.formula])}
    if law.irreducible is not None:
        step = Step("reducible_loss", reducible, None, "law", "", law.unit, source)
        rows["reducible_loss"] = step, _names(known, "reducible_loss", reducible)
    if chinchilla:
        note = "the compute at which this law's own optimum is as good"
        step = Step("equivalent_flops", EQUIVALENT_FLOPS, None, "law", note, "FLOP", source)
        rows["equivalent_flops"] = step, known[EQUIVALENT_FLOPS]
    for name, formula in law.quantities.items():
        unit = standard[name].unit if name in standard else ""
        step = Step(name, formula, None, "law", "", unit, source)
        rows[name] = step, _names(known, name, formula)
    for name, value in law.coefficients.items():
        error = law.standard_errors.get(name)
        note = f"standard error {error:g}" if error is not None else ""
        rows[name] = Step(name, None, value, "coefficient", note, "", source), ()
    if extrapolation:
        note = "decades outside the fitted range"
        step = Step("extrapolation", extrapolation, None, "law", note, "1", source)
        rows["extrapolation"] = step, known[extrapolation]
    return rows


def _inputs_of(law: LawContent, reads: tuple[str, ...]) -> tuple[str, ...]:
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


def error_of(law: LawContent, message: str, missing: tuple[str, ...] = ()) -> LawError:
    """Return an error that names the law."""
    return LawError(message, law=law.id, missing=missing)
