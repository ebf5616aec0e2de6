"""Scaling laws: the catalogue's and the user's own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, overload

from isoflop._accounting.vocabulary import Row
from isoflop._law import equivalent, evaluate, optimum, sample
from isoflop._law.allocation import allocation
from isoflop._law.chinchilla import is_chinchilla, optimal_formulas
from isoflop._law.content import LawContent
from isoflop._law.names import check_names, error_of
from isoflop._law.page import law_page
from isoflop._law.records import (
    Check,
    Covariance,
    Optimal,
    Size,
    Source,
    Variable,
    read_checks,
    read_covariance,
    read_number,
    read_optimal,
    read_size,
    read_source,
    read_text,
    read_texts,
    read_variable,
)
from isoflop._law.rows import inputs_of, reads_of, rows_of, stored_of
from isoflop._law.written import content_table
from isoflop._text.frozen import Frozen
from isoflop._text.portable import rebuild
from isoflop._text.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    import polars as pl
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Law(LawContent):
    """A loss formula with its coefficients, fitted range and source. Immutable, comparable, hashable.

    A law of one's own needs a formula and coefficients. Written over ``effective_params`` and
    ``effective_tokens`` it works with sparsity, quality and repetition as the catalogue's dense laws do.

    Parameters
    ----------
    formula
        The loss, over coefficients, the law's quantities and variables, and any standard quantity.
    coefficients
        Numbers by name. They may also set an input of the accounting, say ``repetition_scale``.
    variables
        The inputs by name, each a mapping with any of ``unit``, ``range`` (lowest and highest value that the
        law was fitted on) and ``reads`` (the quantity that the formula reads in its place). Without it,
        whatever the formula reads and the law does not define is a variable.
    quantities
        Formulas by name that belong to the law; they take the place of standard quantities.
    standard_errors
        Of coefficients, as far as the source prints them.
    irreducible
        The loss that no compute removes, as a formula: ``reducible_loss`` is what lies above it. Known for
        the form ``E + A / effective_params**alpha + B / effective_tokens**beta``; ``None`` if not known.
    covariance
        How the errors of coefficients go together: a mapping with ``of`` (coefficients, or their logarithms
        as in ``"log(A)"``), ``matrix`` and ``note``. `sample` draws from it.
    id, title, unit, corpus, tokenizer, convention
        Identifier, title, unit of the loss, training corpus, tokenizer, and how parameters are counted.
    evidence
        How well the coefficients are known: ``V1``, ``V2`` or ``V3``, see `laws`.
    superseded_by
        The law of the same runs that speaks for this one: second opinions of plans leave this one out. Empty
        if it speaks for itself.
    caveats
        Sentences: what to know before using it.
    source
        Where it was printed: a mapping with any of ``cite``, ``where`` and ``arxiv``.
    checks
        Values that it must give, in the form of a law's file.
    optimal
        Formulas of ``train_flops`` for `compute_optimal`, in the form of a law's file. Without them it
        searches, unless the law has the form above, whose optimum is known.
    size
        What the models of a law of mixtures store: a mapping with any of ``params``, a formula of all stored
        parameters, ``needs``, names that must be given for it (or, without a formula, in its place), and
        ``note``. Sweeps use the formula where neither ``params`` nor ``activation`` is given.

    Raises
    ------
    FormulaError
        If a formula cannot be read.
    LawError
        If a coefficient is not a finite number, if names clash, or if the formula reads a name that nobody
        defines.

    Examples
    --------
    >>> import isoflop as iso
    >>> formula = "E + A/effective_params**0.3 + B/effective_tokens**0.3"
    >>> mine = iso.Law(formula, {"E": 1.7, "A": 300, "B": 900})
    >>> round(mine.loss(params=1e9, tokens=2e10), 3)
    3.03
    """

    def __init__(
        self,
        formula: str,
        coefficients: Mapping[str, float],
        *,
        variables: Mapping[str, Variable | Mapping[str, Any]] | None = None,
        quantities: Mapping[str, str] | None = None,
        standard_errors: Mapping[str, float] | None = None,
        irreducible: str | None = None,
        covariance: Covariance | Mapping[str, Any] | None = None,
        id: str = "custom",
        title: str = "",
        unit: str = "nats/token",
        corpus: str = "",
        tokenizer: str = "",
        convention: str = "",
        evidence: str = "",
        superseded_by: str = "",
        caveats: Iterable[str] = (),
        source: Source | Mapping[str, Any] | None = None,
        checks: Iterable[Check | Mapping[str, Any]] = (),
        optimal: Optimal | Mapping[str, Any] | None = None,
        size: Size | Mapping[str, Any] | None = None,
    ) -> None:
        where = f"law `{id}`"
        self._set({"told": set(), "declared": frozenset(variables or ()), "catalogued": False})
        texts = {"id": id, "title": title, "unit": unit, "corpus": corpus}
        texts |= {"tokenizer": tokenizer, "convention": convention, "evidence": evidence}
        texts |= {"superseded_by": superseded_by}
        values: dict[str, object] = {key: read_text(text, f"{where}: {key}") for key, text in texts.items()}
        values["formula"] = formula
        for key, numbers in (("coefficients", coefficients), ("standard_errors", standard_errors or {})):
            # Every number by its name, so that a slip in one of twenty is found.
            values[key] = Frozen(
                {n: read_number(x, f"{where}: {key}: `{n}`") for n, x in dict(numbers).items()}
            )
        values["quantities"] = Frozen(quantities or {})
        values["source"] = read_source(source or Source(), where)
        values["checks"] = read_checks(checks, where)
        values["caveats"] = read_texts(caveats, f"{where}: caveats")
        values["covariance"] = None if covariance is None else read_covariance(covariance, where)
        chinchilla = is_chinchilla(formula, coefficients, quantities or {})
        known = optimal_formulas(formula) if chinchilla else None
        if known is not None and irreducible is None:
            irreducible = "E"
        values["irreducible"] = irreducible
        if optimal is None and known is not None:
            optimal = {"kind": "closed"}
        values["optimal"] = None if optimal is None else read_optimal(optimal, where, known, _rule)
        values["size"] = None if size is None else read_size(size, where)
        values["coefficient_names"] = frozenset(coefficients)
        values["own_names"] = frozenset((*coefficients, *(quantities or {})))
        self._set(values)
        reads = reads_of(self)
        given = variables or dict.fromkeys(reads, Variable())
        self._set({"variables": Frozen({n: read_variable(v, n, where) for n, v in given.items()})})
        check_names(self, reads)
        ranged = ((variable.reads, variable.range) for variable in self.variables.values())
        self._set({"ranged": tuple((name, *range) for name, range in ranged if range is not None)})
        self._set({"rows": rows_of(self), "stored": stored_of(self)})
        self._set(
            {"names": tuple(dict.fromkeys((*self.rows, *self.variables))), "inputs": inputs_of(self, reads)}
        )

    def _set(self, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @overload
    def loss(self, **inputs: float) -> float: ...
    @overload
    def loss(self, **inputs: ArrayLike) -> float | NDArray[np.float64]: ...
    def loss(self, **inputs: ArrayLike) -> float | NDArray[np.float64]:
        """Return the predicted loss.

        Parameters
        ----------
        **inputs
            Numbers or arrays by name, broadcast against each other: the law's variables, and anything of the
            accounting that the formula reaches (``activation``, ``moe_gain``, ``quality``, ``unique_tokens``,
            ``effective_params`` and so on; the attribute ``inputs`` lists all).

        Returns
        -------
        float or ndarray
            In the law's ``unit``. A float if all inputs are numbers, else float64 of the broadcast shape. NaN
            where an input has a value that it cannot have, such as a negative size.

        Raises
        ------
        LawError
            If an input is missing (``.missing``), unknown or without effect; if it is text, ``None``, a truth
            value, masked, null or beyond binary64 (NaN is a number: its loss is NaN); or if sparsity varies
            and the law is a dense one without ``moe_gain``; or if a law of mixtures needs stored and active
            parameters and is given one of them.

        Warns
        -----
        DomainWarning
            If an input has a value that it cannot have; once for each law.
        ExtrapolationWarning
            If a plan lies outside the range that the law was fitted on; once for each law.

        Examples
        --------
        >>> import isoflop as iso
        >>> round(iso.law("hoffmann2022").loss(params=70e9, tokens=1.4e12), 4)
        1.9366
        """
        return evaluate.loss(self, inputs)

    def compute_optimal(
        self,
        flops: ArrayLike | None = None,
        *,
        params: ArrayLike | None = None,
        method: str | None = None,
        **given: float,
    ) -> pl.DataFrame:
        """Return the size and the tokens of the least loss under a training budget, or the budget of a size.

        Parameters
        ----------
        flops
            Training FLOP, a number or several; the accounting's ``train_flops``.
        params
            In place of ``flops``: all stored parameters, a number or several. Asked for is the budget at
            which this size is the optimal one, and so how many tokens a model of this size wants.
        method
            ``"closed"``: the law's formulas of ``train_flops``; ``"search"``: minimise the loss over sizes,
            tokens being what the budget leaves; ``None``: the first where it applies, else the second.
        **given
            Anything of the accounting that stays fixed, such as ``activation=1/8, moe_gain=0.35``; it makes a
            closed form inapplicable.

        Returns
        -------
        pl.DataFrame
            One row for each budget or size: ``train_flops``, the size by the law's convention (``params`` or
            ``non_embedding_params``), ``params`` if given and counted otherwise by the law, ``tokens``,
            ``tokens_per_param``, ``loss``, and ``extrapolation`` (decades outside the fitted range) if the
            law states a range. A search is good to about six digits in size.

        Raises
        ------
        LawError
            If not exactly one of ``flops`` and ``params`` is given; if a budget or a size is not a positive
            and finite number, or so small or large that no optimum can be computed; if the method does not
            apply; if the loss has no minimum at a fixed budget; or if a size is optimal at none.
        ValueError
            If there is no such method.

        Examples
        --------
        >>> import isoflop as iso
        >>> iso.law("besiroglu2024").compute_optimal(1e21)["tokens_per_param"].round(1).to_list()
        [21.6]
        >>> iso.law("besiroglu2024").compute_optimal(params=7e9)["tokens_per_param"].round(1).to_list()
        [20.6]
        """
        return optimum.compute_optimal(self, flops, params, method, given)

    @overload
    def equivalent_flops(self, loss: float, **given: float) -> float: ...
    @overload
    def equivalent_flops(self, loss: ArrayLike, **given: float) -> float | NDArray[np.float64]: ...
    def equivalent_flops(self, loss: ArrayLike, **given: float) -> float | NDArray[np.float64]:
        """Return the training compute at which this law's own optimum reaches a loss.

        Differences of loss are told in compute this way: a thousandth of the loss is 7 % of compute at 1e24
        FLOP, a hundredth 51 % (besiroglu2024). A law of the form ``E + A/N**alpha + B/D**beta`` has it in
        closed form; for others it is found by search, good to about five digits. Sweeps have it as the
        quantity ``equivalent_flops``, under laws whose optimum needs size and tokens only.

        Parameters
        ----------
        loss
            In the law's ``unit``: a number or an array.
        **given
            As for `compute_optimal`.

        Returns
        -------
        float or ndarray
            FLOP. A float if `loss` is a number, else float64 of its shape. NaN where the loss is NaN,
            infinity where no compute reaches it (up to 1e40 FLOP, if it is searched for).

        Raises
        ------
        LawError
            If a loss is no number, the law has no optimum at a fixed budget, or it lacks an input.

        Examples
        --------
        >>> import isoflop as iso
        >>> law = iso.law("besiroglu2024")
        >>> float(f"{law.equivalent_flops(law.loss(params=8e9, tokens=15e12)):.3g}")
        1.31e+23
        """
        return equivalent.equivalent_flops(self, loss, given)

    def sample(self, n: int, *, seed: int | None = None) -> pl.DataFrame:
        """Draw sets of coefficients as uncertain as the source says they are.

        Each row is a scenario: ``law.replace(**row)`` for ``row in law.sample(100).iter_rows(named=True)``.
        Coefficients are drawn together, since their errors go together: drawn independently, predictions
        would be uncertain beyond measure.

        Parameters
        ----------
        n
            How many.
        seed
            For the same draws again (`numpy.random.default_rng`).

        Returns
        -------
        pl.DataFrame
            A row for each draw, a float64 column for each coefficient; those without an error are the same
            everywhere.

        Raises
        ------
        ValueError
            If `n` is negative, or does not fit into 64 bits.
        TypeError
            If `n` is no whole number.
        LawError
            If no joint covariance of the coefficients is known.

        Examples
        --------
        >>> import isoflop as iso
        >>> iso.law("besiroglu2024").sample(3, seed=0).shape
        (3, 5)
        """
        return sample.sample(self, n, seed)

    def replace(self, **changes: Any) -> Law:
        """Return a changed copy.

        A coefficient is changed by its name, everything else by the name of the field. What is known of the
        unchanged law only is dropped: checks, the standard errors of changed coefficients and the covariance,
        ``optimal`` and ``irreducible`` if the formula or the quantities change, and ``size`` if the
        quantities do. The copy's ``id`` ends in
        ``*`` unless it is among the changes.

        Raises
        ------
        LawError
            If a name is neither a coefficient nor a field; the message names the nearest.

        Examples
        --------
        >>> import isoflop as iso
        >>> iso.law("besiroglu2024").replace(alpha=0.35).id
        'besiroglu2024*'
        """
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.compare}
        values |= {"checks": (), "id": self.id if self.id.endswith("*") else f"{self.id}*"}
        if "formula" in changes or "quantities" in changes:
            values["optimal"] = None
            values["irreducible"] = None
            if "quantities" in changes:
                values["size"] = None
        elif self.optimal is not None:
            values["optimal"] = self.optimal._replace(checks=())
        if any(name in self.coefficients for name in changes):
            values["covariance"] = None
        coefficients = dict(changes.get("coefficients", self.coefficients))
        for name, value in changes.items():
            if name in self.coefficients:
                coefficients[name] = value
            elif name in values:
                values[name] = value
            else:
                hint = did_you_mean(name, (*self.coefficients, *values))
                raise error_of(self, f"`{name}` is no coefficient or field of `{self.id}`{hint}")
        if "standard_errors" not in changes:
            errors = self.standard_errors.items()
            values["standard_errors"] = {
                n: e for n, e in errors if coefficients.get(n) == self.coefficients[n]
            }
        return Law(**values | {"coefficients": coefficients})

    def equivalent_row(self) -> Row:
        """Return what ``equivalent_flops`` stands for where the law has no closed form of it."""
        return equivalent.equivalent_row(self)

    def __repr__(self) -> str:
        if self.catalogued:
            return f"iso.law({self.id!r})"
        table = self._table()
        start = f"iso.Law({table.pop('formula')!r}, {table.pop('coefficients')!r}"
        return start + "".join(f", {name}={value!r}" for name, value in table.items()) + ")"

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, ("Law", self._table(), self.catalogued)

    @classmethod
    def _rebuilt(cls, table: Mapping[str, Any], catalogued: bool) -> Law:
        law = cls(**table)
        law._set({"catalogued": catalogued})
        return law

    def _table(self) -> dict[str, Any]:
        return content_table(self, Law(self.formula, self.coefficients, quantities=self.quantities))

    def __str__(self) -> str:
        return law_page(self).text()

    def _repr_html_(self) -> str:
        return law_page(self).html()


def _rule(id: str) -> tuple[str, Mapping[str, str]]:
    """Return identifier and formulas of an allocation rule."""
    rule = allocation(id)
    return rule.id, rule.bound_formulas
