"""What each name of a formula is: a column, a quantity that follows from columns, or a coefficient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from isoflop._accounting.formula import names_in
from isoflop._accounting.quantities import quantities
from isoflop._accounting.resolve import resolve
from isoflop._exceptions import FitError, IsoflopError, SpaceError
from isoflop._law.catalogue import read_law
from isoflop._law.law import Law
from isoflop._text.given import shown
from isoflop._text.spelling import did_you_mean

if TYPE_CHECKING:
    from isoflop._fit.runs import Runs


@dataclass(frozen=True, slots=True)
class Bound:
    """A form over the columns of runs.

    Attributes
    ----------
    formula
        The formula of the loss.
    law
        The law that is refitted, if one was given.
    coefficients
        What is fitted, in the order in which the form names it.
    fixed
        Coefficients that stand still, and numbers of the accounting.
    formulas
        Quantities by name; coefficients tied to another are formulas too.
    variables
        Columns that the formula reads, directly or not.
    tied, held
        Coefficients tied to another, and those that stand still.
    own
        Formulas that belong to the form.
    """

    formula: str
    law: Law | None
    coefficients: tuple[str, ...]
    fixed: Mapping[str, float]
    formulas: Mapping[str, str]
    variables: tuple[str, ...]
    tied: Mapping[str, str]
    held: Mapping[str, float]
    own: Mapping[str, str]


def bind(
    form: object,
    runs: Runs,
    *,
    loss: str,
    fixed: Mapping[str, float] | None,
    tie: Sequence[Sequence[str]],
    named: Mapping[str, Sequence[str]],
    quantities_of: Mapping[str, str] = MappingProxyType({}),
) -> Bound:
    """Sort the names of a form.

    `named` are the coefficients that keywords speak of, by keyword; `quantities_of` are formulas that
    belong to a formula.
    """
    law = _law(form)
    own: Mapping[str, str] = quantities_of if law is None else {}
    formula = law.formula if law is not None else str(form)
    columns = {name for name in (*runs.frame.columns, *runs.names) if name != loss}
    if law is None:
        reads = [name for name in _all_names(formula, own) if name not in own]
        coefficients = [name for name in reads if name not in columns and not _follows(name, columns)]
        spoken = {*(fixed or {}), *(name for group in tie for name in group)}.union(*named.values())
        for name in coefficients:
            # A gain or a scale may be fitted; a number of parameters or tokens is a column that is not there.
            if name in quantities() and quantities()[name].unit != "1" and name not in spoken:
                raise runs.missing(name)
    else:
        coefficients = list(law.coefficients)
        clash = sorted(columns.intersection(coefficients))
        if clash:
            columns -= set(clash)
    known = tuple(coefficients)
    held = {}
    for name, value in (fixed or {}).items():
        _check(name, "fixed", known, columns)
        held[name] = float(value)
    tied = _tied(tie, known, columns)
    for keyword, names in named.items():
        for name in names:
            _check(name, keyword, known, columns)
            if name in tied or name in held:
                raise FitError(
                    f"{keyword}=: `{name}` is {'tied' if name in tied else 'fixed'}, and not fitted"
                )
    definitions = _definitions(formula, columns, law, set(known), own)
    formulas = {
        name: text for name, text in definitions.items() if isinstance(text, str) and name not in known
    }
    numbers = {name: x for name, x in definitions.items() if not isinstance(x, str) and name not in known}
    free = tuple(name for name in known if name not in held and name not in tied)
    if not free:
        raise FitError("nothing is left to fit: every coefficient is fixed or tied")
    reached = _all_names(formula, formulas)
    unread = [name for name in free if name not in reached]
    # A law may set inputs of the accounting that this form does not reach.
    free = tuple(name for name in free if name in reached)
    if law is None and unread:
        raise FitError(f"the formula does not read {', '.join(unread)}")
    variables = tuple(name for name in reached if name in columns and name not in definitions)
    if not variables:
        raise FitError(
            f"the formula reads no column: {', '.join(reached[:12])} are all taken for coefficients; the "
            f"columns are {', '.join(runs.frame.columns[:12])}; columns={{name of the formula: column}} says "
            "which is which"
        )
    return Bound(formula, law, free, held | numbers, formulas | tied, variables, tied, held, own)


def _law(form: object) -> Law | None:
    if isinstance(form, Law):
        return form
    if not isinstance(form, str):
        return read_law(form)
    from isoflop._law.catalogue import is_law_file, laws

    if form in set(laws()["id"]) or (is_law_file(form) and form.endswith(".toml")):
        return read_law(form)
    return None


def _follows(name: str, columns: set[str]) -> bool:
    """Tell whether the accounting gives a name from columns, and not from its defaults alone."""
    if name not in quantities():
        return False
    try:
        resolution = resolve((name,), columns=columns, scalars={}, quantities={}, law=None)
    except IsoflopError:
        return False
    texts = {key: text for key, text in resolution.definitions.items() if isinstance(text, str)}
    return any(read in columns for read in _all_names(name, texts))


def _all_names(formula: str, formulas: Mapping[str, str]) -> tuple[str, ...]:
    """Return every name that a formula reads, directly or through others."""
    found: dict[str, None] = {}
    waiting = [formula]
    for text in waiting:
        for name in names_in(text):
            if name not in found:
                found[name] = None
                if name in formulas:
                    waiting.append(formulas[name])
    return tuple(found)


def _definitions(
    formula: str, columns: set[str], law: Law | None, coefficients: set[str], own: Mapping[str, str]
) -> dict[str, float | str]:
    if law is not None:
        try:
            given = columns - set(law.own_names)
            resolution = resolve((law.formula,), columns=given, scalars={}, quantities={}, law=law)
        except SpaceError as error:
            raise FitError(f"{error}; columns={{name: column}} says which column it is") from None
        return dict(resolution.definitions)
    definitions: dict[str, float | str] = dict(own)
    for name in _all_names(formula, own):
        if name not in columns and name not in coefficients and name not in own:
            resolution = resolve((name,), columns=columns, scalars={}, quantities={}, law=None)
            definitions |= {key: x for key, x in resolution.definitions.items() if key not in columns}
    clash = sorted(coefficients.intersection(definitions))
    if clash:
        raise FitError(
            f"`{clash[0]}` would be a coefficient, and is an input of a quantity that the formula reads: "
            "rename it"
        )
    return definitions


def _check(name: str, keyword: str, coefficients: Sequence[str], columns: set[str]) -> None:
    if name in coefficients:
        return
    if name in columns:
        raise FitError(f"{keyword}=: `{name}` is a column of the runs, and not fitted")
    hint = did_you_mean(name, coefficients, f"; they are {', '.join(coefficients)}")
    raise FitError(f"{keyword}=: `{name}` is no coefficient of the formula{hint}")


def _tied(tie: Sequence[Sequence[str]], coefficients: Sequence[str], columns: set[str]) -> dict[str, str]:
    tied: dict[str, str] = {}
    for group in tie:
        if isinstance(group, str) or len(group) < 2:
            raise FitError(
                f'tie= takes groups of coefficients, as in [("alpha", "beta")], not {shown(group)}'
            )
        for name in group:
            _check(name, "tie", coefficients, columns)
        for name in group[1:]:
            if name in tied or name == group[0]:
                raise FitError(f"tie=: `{name}` stands in two groups; one group may hold more than two")
            tied[name] = group[0]
    if any(first in tied for first in tied.values()):
        raise FitError("tie=: groups overlap; put them into one")
    return tied
