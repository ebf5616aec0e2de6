"""What a law is made of, without what it can do: the parts that compute read this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from isoflop._accounting.vocabulary import Alternative, Row
from isoflop._law.records import Check, Covariance, Optimal, Size, Source, Variable
from isoflop._text.frozen import Frozen


@dataclass(frozen=True, slots=True, init=False, repr=False)
class LawContent:
    """The fields of `isoflop.Law`, which documents them; a `Vocabulary` of the accounting."""

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
    superseded_by: str
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
    # Whether the catalogue holds this very law, so that its identifier says everything.
    catalogued: bool = field(compare=False)

    def equivalent_row(self) -> Row:
        """Return what ``equivalent_flops`` stands for where the law has no closed form of it."""
        raise NotImplementedError

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
