"""How names find what they stand for.

Given axis columns, scalars, a user's quantities and a law, what does each name in some formulas mean? The
answer, a `Resolution`, is what the engine needs; nothing is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from isoflop._accounting.formula import names_in, names_of
from isoflop._accounting.quantities import Further, Quantity, quantities
from isoflop._accounting.vocabulary import LAW_QUANTITIES, Row, Step, Vocabulary, mixture_inputs
from isoflop._exceptions import LawError, SpaceError
from isoflop._text.given import shown
from isoflop._text.spelling import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

MOST_WAYS = 6
"""Ways out that a message names."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What every name stands for that some formulas reach.

    Attributes
    ----------
    definitions
        All that the engine needs besides the axis columns: a number or a formula by name.
    sparsity
        ``None``, or a formula of the share of active parameters that must have the same value in every
        configuration: a dense law is used without ``moe_gain``. See `require_same_sparsity`.
    dense
        The law is one of mixtures, and the share of active parameters stands at its default. See
        `isoflop._accounting.mixtures.require_sizes`.
    """

    definitions: dict[str, float | str]
    sparsity: str | None
    dense: bool
    _outline: Outline

    @property
    def steps(self) -> tuple[Step, ...]:
        """One for each name reached, whatever a formula reads before the formula itself."""
        steps = list(self._outline.steps)
        for position, name in self._outline.scalars:
            value = self.definitions[name]
            assert not isinstance(value, str), "a scalar is a number"
            steps[position] = Step(name, None, value, "given", "", steps[position].unit)
        return tuple(steps)


def resolve(
    formulas: Iterable[str],
    *,
    columns: Collection[str],
    scalars: Mapping[str, float],
    quantities: Mapping[str, str],
    law: Vocabulary | None,
) -> Resolution:
    """Find what every name stands for that `formulas` reach, directly or through others.

    A name is looked up among axis columns, scalars, the user's quantities, the law, and the accounting, in
    this order. Names that nobody knows are left to the engine, whose error points at the character; so are
    cycles.

    Parameters
    ----------
    formulas
        Formulas, or names of quantities.
    columns
        Names of the numeric axis columns.
    scalars
        Numbers by name.
    quantities
        The user's formulas by name.
    law
        Gives ``loss``, ``extrapolation``, its own quantities and its coefficients; ``None`` for no law.

    Raises
    ------
    FormulaError
        If a formula cannot be read.
    LawError
        If ``extrapolation`` is asked of a law without a fitted range.
    SpaceError
        If an input has neither value nor default, if ``loss`` is read and there is no law, or if names clash.
    """
    for name, formula in quantities.items():
        if not isinstance(formula, str):
            raise SpaceError(f"quantity `{name}` must be a formula, a text, not {shown(formula)}", axis=name)
    found = outline(tuple(formulas), frozenset(columns), frozenset(scalars), tuple(quantities.items()), law)
    definitions = found.definitions.copy()
    for _, name in found.scalars:
        definitions[name] = float(scalars[name])
    return Resolution(definitions, found.sparsity, found.dense, found)


class Outline(NamedTuple):
    """A resolution but for the values of scalars."""

    definitions: dict[str, float | str]
    steps: tuple[Step, ...]
    scalars: tuple[tuple[int, str], ...]  # position among the steps, and name
    sparsity: str | None
    dense: bool


# Names decide everything, values nothing: a script that asks the same question of many values plans once.
@lru_cache(maxsize=512)
def outline(
    formulas: tuple[str, ...],
    columns: frozenset[str],
    scalars: frozenset[str],
    user: tuple[tuple[str, str], ...],
    law: Vocabulary | None,
) -> Outline:
    """Do what `resolve` does, but for the values of scalars."""
    own = dict(user)
    given = columns.union(scalars, own)
    if len(given) != len(columns) + len(scalars) + len(own):
        raise _clash(columns, scalars, own)
    if law is not None:
        if not law.coefficient_names.isdisjoint(given):
            raise _coefficient_clash(law, given)
        stored = _stored_by_law(law, given)
        given |= law.own_names
        if stored:
            given |= {"params"}
    walk = _Walk(columns, scalars, own, law, given)
    for formula in formulas:
        walk.follow(formula)
    sparsity = None
    if walk.same_sparsity:
        sparsity = "active_params / params" if {"params", "active_params"} <= given else "activation"
        walk.follow(sparsity)
        if sparsity in scalars or isinstance(walk.definitions.get(sparsity), float):
            sparsity = None  # a number is the same everywhere
    steps = tuple(walk.steps)
    places = tuple((place, step.name) for place, step in enumerate(steps) if step.name in scalars)
    return Outline(walk.definitions, steps, places, sparsity, walk.dense)


def _stored_by_law(law: Vocabulary, given: frozenset[str]) -> bool:
    """Tell whether the stored size follows from the law: what the user says of it himself goes first."""
    return (
        law.stored is not None
        and given.isdisjoint(("params", "non_embedding_params", "activation"))
        and any(need <= given for need in law.stored.needs)
    )


class _Walk:
    """Depth first through what names stand for; what a formula reads comes before it."""

    def __init__(
        self,
        columns: frozenset[str],
        scalars: frozenset[str],
        user: Mapping[str, str],
        law: Vocabulary | None,
        given: frozenset[str],
    ) -> None:
        self.columns = columns
        self.scalars = scalars
        self.quantities = user
        self.law = law
        self.given = given
        self.rows = quantities()
        self.seen: set[str] = set()
        self.definitions: dict[str, float | str] = {}
        self.steps: list[Step] = []
        self.same_sparsity = False
        self.dense = False

    def follow(self, formula: str) -> None:
        # A stack of our own: a user may chain more quantities than Python allows nested calls.
        seen, steps = self.seen, self.steps
        stack: list[tuple[Step | None, Iterator[str]]] = [(None, iter(names_in(formula)))]
        while stack:
            step, names = stack[-1]
            for name in names:
                if name in seen:
                    continue
                seen.add(name)
                row = self.row(name, formula, step)
                if row is None:
                    continue
                child, reads = row
                if child.formula is not None:
                    self.definitions[name] = child.formula
                elif child.value is not None:
                    self.definitions[name] = child.value
                if reads:
                    stack.append((child, iter(reads)))
                    break
                steps.append(child)
            else:
                stack.pop()
                if step is not None:
                    steps.append(step)

    def row(self, name: str, formula: str, parent: Step | None) -> Row | None:
        if name in self.columns or name in self.scalars:
            return Step(name, None, None, "given", "", self.unit(name)), ()
        if name in self.quantities:
            return self.user(name, self.quantities[name])
        law = self.law
        if law is not None and name in law.rows:
            return law.rows[name]
        if name == "params" and name in self.given:
            assert law is not None, "given by nobody else"
            assert law.stored is not None, "given by nobody else"
            return law.stored.row
        quantity = self.rows.get(name)
        if quantity is None:
            if name == "equivalent_flops" and law is not None:
                return law.equivalent_row()
            self.refuse(name, formula, parent)
            return None  # the engine points at it
        given = self.given
        for needs, row, same_sparsity in quantity.alternatives:
            for need in needs:
                if need <= given:
                    self.same_sparsity |= same_sparsity
                    return row
        if quantity.default is None:
            raise _missing(name, formula, parent, quantity, self.meant(name))
        if name == "activation" and self.law is not None and mixture_inputs(self.law):
            self.dense = True
        return quantity.default, ()

    def user(self, name: str, formula: str) -> Row:
        return Step(name, formula, None, "quantity", "", self.unit(name)), names_of(name, formula)

    def refuse(self, name: str, formula: str, parent: Step | None) -> None:
        law = self.law
        if law is None:
            if name in LAW_QUANTITIES:
                message = f'`{name}` needs a law; pass law=, e.g. law="besiroglu2024"'
                raise SpaceError(message, axis=name)
        elif name in LAW_QUANTITIES:
            lacks = {
                "extrapolation": "states no fitted range, so how far it is extrapolated is not known",
                "reducible_loss": "does not say which part of the loss is irreducible",
            }
            raise LawError(f"`{law.id}` {lacks[name]}", law=law.id)
        elif name in law.variables:
            meant = did_you_mean(name, (*self.given, *self.rows))
            message = f"{_reader(formula, parent, name)} `{name}`, a variable of the law `{law.id}`; "
            raise SpaceError(f"{message}give it as an axis or scalar{meant}", axis=name)

    def meant(self, name: str) -> str:
        """Return the end of a message that names what may have been meant for a missing input."""
        known = (*self.rows, *(self.law.names if self.law is not None else ()))
        for other in sorted((self.columns | self.scalars).difference(known)):
            if nearest(other, known)[:1] == (name,):
                return f"; `{other}` is given: did you mean `{name}`?"
        return ""

    def unit(self, name: str) -> str:
        quantity = self.rows.get(name)
        return quantity.unit if quantity is not None else ""


def require_same_sparsity(law: Vocabulary | None, lowest: float, highest: float) -> None:
    """Refuse a dense law over configurations of different sparsity.

    Parameters
    ----------
    law
        The law in use.
    lowest, highest
        Extremes over the space of the formula `Resolution.sparsity`. A difference of rounding is none.

    Raises
    ------
    LawError
        If they differ.
    """
    if highest - lowest <= 1e-9 * abs(highest):
        return
    subject = f"`{law.id}`" if law is not None else "`effective_params`"
    message = (
        f"{subject} is a dense law, and the share of active parameters varies from {lowest:.6g} to "
        f"{highest:.6g}: it cannot rank sparse models by their active parameters alone. Three ways out: "
        'give `moe_gain`, what further experts are worth, e.g. "moe_gain": 0.35; give `effective_params`, '
        "as an axis or a quantity; or use a law that models sparsity itself"
    )
    raise LawError(message, law=law.id if law is not None else None, missing=("moe_gain",))


def _reader(formula: str, parent: Step | None, name: str) -> str:
    if parent is not None:
        asked = "" if formula == parent.name else f" (read by `{formula}`)"
        return f"`{parent.name}`{asked} needs"
    return f"`{formula}` needs" if formula != name else "this needs"


def _missing(
    name: str, formula: str, parent: Step | None, quantity: Quantity | Further, meant: str
) -> SpaceError:
    if parent is None and formula == name:
        start = f"`{name}` has"
    else:
        start = f"{_reader(formula, parent, name)} `{name}`, which has"
    needs = dict.fromkeys(need for alternative in quantity.alternatives for need in alternative.needs)
    # What one name gives comes first, and a reader wants a few ways, not all.
    ways = [" with ".join(f"`{other}`" for other in sorted(need)) for need in sorted(needs, key=len)]
    instead = f"; or give {' or '.join(ways[:MOST_WAYS])}" if ways else ""
    example = f', e.g. "{name}": {quantity.example}' if quantity.example else ""
    message = f"{start} no value and no default; give it as an axis or scalar{example}{instead}{meant}"
    return SpaceError(message, axis=name)


def _clash(columns: frozenset[str], scalars: frozenset[str], user: Mapping[str, str]) -> SpaceError:
    for name in user:
        if name in columns or name in scalars:
            kind = "an axis" if name in columns else "a scalar"
            message = f"`{name}` is both a quantity and {kind}; remove one, or give the quantity another name"
            return SpaceError(message, axis=name)
    name = min(scalars & columns)
    return SpaceError(f"`{name}` is both an axis and a scalar; remove one of the two", axis=name)


def _coefficient_clash(law: Vocabulary, given: frozenset[str]) -> SpaceError:
    name = min(law.coefficient_names & given)
    message = (
        f"`{name}` is a coefficient of {law.id}; sets of coefficients are scenarios, not axes, since "
        f"dominance must not cross them: make one sweep for each, with law=law.replace({name}=...)"
    )
    return SpaceError(message, axis=name)
