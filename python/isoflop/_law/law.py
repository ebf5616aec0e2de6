"""Scaling laws: the catalogue's and the user's own."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import lru_cache
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, overload

from isoflop._accounting.resolve import (
    LAW_QUANTITIES,
    Alternative,
    Row,
    Step,
    names_in,
    quantities,
    read_needs,
)
from isoflop._exceptions import FormulaError, LawError
from isoflop._law.chinchilla import EQUIVALENT_FLOPS, is_chinchilla, optimal_formulas
from isoflop._law.file import is_law_file, law_from_file
from isoflop._law.records import (
    Check,
    Covariance,
    Optimal,
    Size,
    Source,
    Variable,
    extrapolation_formula,
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
from isoflop._law.table import law_from_mapping, law_to_mapping
from isoflop._text.frozen import Frozen
from isoflop._text.given import shown
from isoflop._text.spelling import did_you_mean
from isoflop.catalog.files import law_id, law_ids, law_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy as np
    import polars as pl
    from numpy.typing import ArrayLike, NDArray

EVIDENCE = ("V1", "V2", "V3")

__all__ = ["Law", "in_catalogue", "law", "law_from_mapping", "law_to_mapping", "laws", "read_law"]


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Law:
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

    formula: str
    coefficients: Mapping[str, float]
    variables: Mapping[str, Variable]
    quantities: Mapping[str, str]
    standard_errors: Mapping[str, float]
    irreducible: str | None
    covariance: Covariance | None
    id: str
    title: str
    unit: str
    corpus: str
    tokenizer: str
    convention: str
    evidence: str
    caveats: tuple[str, ...]
    source: Source
    checks: tuple[Check, ...]
    optimal: Optimal | None
    size: Size | None
    # Made once, because `resolve` and `loss` ask for them all the time: what each name of the law stands for,
    # every name it adds to formulas, those it defines, its coefficients, what `loss` may be given, what its
    # fitted ranges apply to, with lowest and highest value, and its formula of the stored size.
    rows: dict[str, Row] = field(compare=False)
    names: tuple[str, ...] = field(compare=False)
    own_names: frozenset[str] = field(compare=False)
    coefficient_names: frozenset[str] = field(compare=False)
    inputs: tuple[str, ...] = field(compare=False)
    ranged: tuple[tuple[str, float, float], ...] = field(compare=False)
    stored: Alternative | None = field(compare=False)
    # Variables that were declared, not found in the formula.
    declared: frozenset[str] = field(compare=False)
    # What `loss` has warned of, each once a law; the one thing that changes.
    told: set[str] = field(compare=False)

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
        caveats: Iterable[str] = (),
        source: Source | Mapping[str, Any] | None = None,
        checks: Iterable[Check | Mapping[str, Any]] = (),
        optimal: Optimal | Mapping[str, Any] | None = None,
        size: Size | Mapping[str, Any] | None = None,
    ) -> None:
        where = f"law `{id}`"
        self._set({"told": set(), "declared": frozenset(variables or ())})
        texts = {"id": id, "title": title, "unit": unit, "corpus": corpus}
        texts |= {"tokenizer": tokenizer, "convention": convention, "evidence": evidence}
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
        values["optimal"] = None if optimal is None else read_optimal(optimal, where, known)
        values["size"] = None if size is None else read_size(size, where)
        values["coefficient_names"] = frozenset(coefficients)
        values["own_names"] = frozenset((*coefficients, *(quantities or {})))
        self._set(values)
        reads = self._reads()
        given = variables or dict.fromkeys(reads, Variable())
        self._set({"variables": Frozen({n: read_variable(v, n, where) for n, v in given.items()})})
        self._check_names(reads)
        ranged = ((variable.reads, variable.range) for variable in self.variables.values())
        self._set({"ranged": tuple((name, *range) for name, range in ranged if range is not None)})
        self._set({"rows": self._make_rows(), "stored": self._make_stored()})
        self._set(
            {"names": tuple(dict.fromkeys((*self.rows, *self.variables))), "inputs": self._make_inputs(reads)}
        )

    def _set(self, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _reads(self) -> tuple[str, ...]:
        """Names that the formula reads, directly or not, and that the law does not define."""
        reads: dict[str, None] = {}
        seen: set[str] = set()
        waiting = [("loss", self.formula)]
        for quantity, text in waiting:
            for name in _names_of(quantity, text):
                if name in self.quantities and name not in seen:
                    seen.add(name)
                    waiting.append((name, self.quantities[name]))
                elif name not in self.own_names:
                    reads[name] = None
        return tuple(reads)

    def _check_names(self, reads: tuple[str, ...]) -> None:
        kinds: dict[str, str] = {}
        for kind, names in (
            ("coefficient", self.coefficients),
            ("quantity", self.quantities),
            ("variable", self.variables),
        ):
            for name in names:
                if not _is_name(name):
                    raise self._error(
                        f"{kind} {shown(name)} of `{self.id}` is not a name that a formula can read"
                    )
                if name in LAW_QUANTITIES:
                    raise self._error(f"`{name}` is what a law defines; give the {kind} another name")
                if name in kinds:
                    raise self._error(
                        f"`{name}` of `{self.id}` is both a {kinds[name]} and a {kind}; rename one"
                    )
                kinds[name] = kind
        errors = (
            () if self.covariance is None else zip(self.covariance.of, self.covariance.names, strict=True)
        )
        for entry, name in errors:
            if name not in self.coefficients:
                raise self._error(f"covariance of `{name}`, which is no coefficient of `{self.id}`")
            if entry != name and self.coefficients[name] <= 0:
                raise self._error(f"covariance of {entry}, of which {self.coefficients[name]} has none")
        if self.evidence not in ("", *EVIDENCE):
            raise self._error(f"evidence must be {', '.join(EVIDENCE)} or empty, not {self.evidence!r}")
        for name in self.standard_errors:
            if name not in self.coefficients:
                raise self._error(f"standard error of `{name}`, which is no coefficient of `{self.id}`")
        standard = quantities()
        known = (*kinds, *standard)
        reads = (
            *reads,
            *(_names_of("irreducible", self.irreducible) if self.irreducible is not None else ()),
            *(self._size_names() if self.size is not None else ()),
        )
        for name in (*reads, *(variable.reads for variable in self.variables.values())):
            if name not in kinds and name not in standard:
                message = f"`{self.id}` reads `{name}`, which is no coefficient, variable or quantity"
                raise self._error(message + did_you_mean(name, known), (name,))

    def _make_rows(self) -> dict[str, Row]:
        source, standard = str(self.source), quantities()
        step = Step("loss", self.formula, None, "law", self.title, self.unit, source)
        rows: dict[str, Row] = {"loss": (step, names_in(self.formula))}
        if self.irreducible is not None:
            formula = "loss" if self.irreducible == "0" else f"loss - ({self.irreducible})"
            step = Step("reducible_loss", formula, None, "law", "", self.unit, source)
            rows["reducible_loss"] = step, _names_of("reducible_loss", formula)
        if is_chinchilla(self.formula, self.coefficients, self.quantities):
            note = "the compute at which this law's own optimum is as good"
            step = Step("equivalent_flops", EQUIVALENT_FLOPS, None, "law", note, "FLOP", source)
            rows["equivalent_flops"] = step, names_in(EQUIVALENT_FLOPS)
        for name, formula in self.quantities.items():
            unit = standard[name].unit if name in standard else ""
            rows[name] = Step(name, formula, None, "law", "", unit, source), _names_of(name, formula)
        for name, value in self.coefficients.items():
            error = self.standard_errors.get(name)
            note = f"standard error {error:g}" if error is not None else ""
            rows[name] = Step(name, None, value, "coefficient", note, "", source), ()
        if self.ranged:
            formula = extrapolation_formula(self.ranged)
            step = Step(
                "extrapolation", formula, None, "law", "decades outside the fitted range", "1", source
            )
            rows["extrapolation"] = step, names_in(formula)
        return rows

    def _size_names(self) -> Iterator[str]:
        """Names in the law's size relation, and in what it needs."""
        assert self.size is not None
        if self.size.params:
            yield from _names_of("params", self.size.params)
        for need in self.size.needs:
            yield from (name.strip() for name in need.split("|"))

    def _make_stored(self) -> Alternative | None:
        if self.size is None or not self.size.params:
            return None
        step = Step("params", self.size.params, None, "law", self.size.note, "parameter", str(self.source))
        return Alternative(read_needs(self.size.needs), (step, names_in(self.size.params)), False)

    def _make_inputs(self, reads: tuple[str, ...]) -> tuple[str, ...]:
        standard = quantities()
        found = dict.fromkeys((*self.variables, *self.quantities))
        waiting = [*reads, *self.variables]
        for name in waiting:
            if name in self.own_names:
                continue
            found[name] = None
            quantity = standard.get(name)
            for alternative in quantity.alternatives if quantity is not None else ():
                for other in (*alternative.row[1], *(need for needs in alternative.needs for need in needs)):
                    if other not in found:
                        found[other] = None
                        waiting.append(other)
        return tuple(name for name in found if name not in self.coefficient_names)

    def __hash__(self) -> int:
        # Cheap, because plans are cached by law: hashes of texts and of frozen sets are computed once.
        return hash((self.id, self.formula, self.coefficient_names))

    @property
    def of_mixtures(self) -> bool:
        """Whether the law itself says what share of a mixture of experts is active."""
        return not {"active_params", "active_non_embedding_params"}.isdisjoint(self.quantities)

    @property
    def size_relation(self) -> Mapping[str, str] | None:
        """``params``, all stored parameters, as a formula of what the law reads; ``None`` if not known."""
        return Frozen({"params": self.size.params}) if self.size is not None and self.size.params else None

    @property
    def has_range(self) -> bool:
        """Whether a fitted range is stated, so that ``extrapolation`` can be computed."""
        return "extrapolation" in self.rows

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
            If an input has a value that it cannot have; once for each input of a law.

        Warns
        -----
        ExtrapolationWarning
            If a plan lies outside the range that the law was fitted on; once for each law.

        Examples
        --------
        >>> import isoflop as iso
        >>> round(iso.law("hoffmann2022").loss(params=70e9, tokens=1.4e12), 4)
        1.9366
        """
        from isoflop._law.evaluate import loss

        return loss(self, inputs)

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
        from isoflop._law.optimum import compute_optimal

        return compute_optimal(self, flops, params, method, given)

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
        from isoflop._law.optimum import equivalent_flops

        return equivalent_flops(self, loss, given)

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
        from isoflop._law.sample import sample

        return sample(self, n, seed)

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
                raise self._error(f"`{name}` is no coefficient or field of `{self.id}`{hint}")
        if "standard_errors" not in changes:
            errors = self.standard_errors.items()
            values["standard_errors"] = {
                n: e for n, e in errors if coefficients.get(n) == self.coefficients[n]
            }
        return Law(**values | {"coefficients": coefficients})

    def __repr__(self) -> str:
        if in_catalogue(self):
            return f"iso.law({self.id!r})"
        table = law_to_mapping(self)
        start = f"iso.Law({table.pop('formula')!r}, {table.pop('coefficients')!r}"
        return start + "".join(f", {name}={value!r}" for name, value in table.items()) + ")"

    def __str__(self) -> str:
        from isoflop._text.page import law_page

        return law_page(self).text()

    def _repr_html_(self) -> str:
        from isoflop._text.page import law_page

        return law_page(self).html()

    def _error(self, message: str, missing: tuple[str, ...] = ()) -> LawError:
        return LawError(message, law=self.id, missing=missing)


def _names_of(quantity: str, formula: object) -> tuple[str, ...]:
    if not isinstance(formula, str):
        raise FormulaError(f"a formula is a text, not {shown(formula)}", quantity=quantity)
    try:
        return names_in(formula)
    except FormulaError as error:
        error.quantity = quantity
        raise


def _is_name(name: object) -> bool:
    try:
        return isinstance(name, str) and names_in(name) == (name,)
    except FormulaError:
        return False


def law(id: str) -> Law:
    """Return a law of the catalogue, or one from a file.

    Parameters
    ----------
    id
        Its identifier, as listed by `laws`; upper and lower case are the same. Or the path of a law's file,
        in the form of the catalogue's: a text that ends in ``.toml``, or one with a slash.

    Raises
    ------
    CatalogError
        If there is none; ``.close_matches`` holds identifiers that may have been meant. The message also
        tells if there is an allocation rule of this name.
    TypeError
        If the identifier is no text.
    LawError, FormulaError
        If a file holds no law; the message begins with its path.
    OSError
        If a file cannot be read.

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.law("kaplan2020").coefficients["alpha_D"]
    0.103
    """
    if is_law_file(id):
        return law_from_file(id)
    return _law(id if isinstance(id, str) else law_id(id))


@lru_cache(maxsize=128)
def _law(wanted: str) -> Law:
    id = law_id(wanted)
    if id != wanted:  # in capitals: the same object all the same
        return _law(id)
    return law_from_mapping(law_table(id), f"catalog/laws/{id}.toml")


def read_law(given: object) -> Law:
    """Return the law of an identifier or of a file, or the law itself.

    Raises
    ------
    TypeError
        If it is none of these.
    CatalogError, LawError, FormulaError, OSError
        As `law` does.
    """
    if type(given) is str:
        return law(given)
    if isinstance(given, str | PathLike):
        return law(fspath(given))
    if not isinstance(given, Law):
        raise TypeError(
            f"law must be an identifier of the catalogue, a law's file or a Law, not {shown(given)}"
        )
    return given


def in_catalogue(candidate: Law) -> bool:
    """Tell whether the catalogue holds this very law, so that its identifier says everything."""
    return candidate.id in law_ids() and candidate == law(candidate.id)


def laws() -> pl.DataFrame:
    """Return the catalogue of laws as a frame, one row for each, sorted by identifier.

    Losses are comparable only between laws of the same unit, corpus and tokenizer.

    Returns
    -------
    pl.DataFrame
        Text columns ``id``, ``title``, ``formula``, ``unit``, ``corpus``, ``tokenizer``, ``convention`` (how
        parameters are counted), ``range`` (fitted range of each variable), ``evidence``, ``source`` and
        ``caveats``. Evidence is ``V1`` for coefficients read in the paper or in its authors' code, ``V2`` for
        such from two independent secondary sources (or from one, and they reproduce a published number),
        ``V3`` for such from one secondary source only.

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.laws().filter(id="sardana2024")["evidence"].item()
    'V2'
    """
    import polars as pl

    columns = ("id", "title", "formula", "unit", "corpus", "tokenizer", "convention")
    rows = []
    for entry in map(law, law_ids()):
        ranges = (f"{n} {v.range[0]:g} to {v.range[1]:g}" for n, v in entry.variables.items() if v.range)
        texts = (getattr(entry, column) for column in columns)
        rows.append([*texts, ", ".join(ranges), entry.evidence, str(entry.source), " ".join(entry.caveats)])
    names = (*columns, "range", "evidence", "source", "caveats")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
