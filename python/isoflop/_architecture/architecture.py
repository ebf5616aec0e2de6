"""Architectures: the catalogue's and the user's own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from isoflop._accounting.quantities import quantities as standard
from isoflop._accounting.vocabulary import LAW_QUANTITIES
from isoflop._architecture.content import CAUSAL, ArchitectureContent
from isoflop._architecture.evaluate import counts
from isoflop._architecture.page import architecture_page
from isoflop._architecture.records import (
    Check,
    Source,
    Variable,
    read_checks,
    read_formulas,
    read_source,
    read_text,
    read_texts,
    read_variables,
)
from isoflop._architecture.rows import is_name, needed, reached, rows_of, undefined
from isoflop._architecture.written import content_table
from isoflop._exceptions import ArchitectureError, FormulaError
from isoflop._text.frozen import Frozen
from isoflop._text.given import shown
from isoflop._text.portable import rebuild
from isoflop._text.spelling import did_you_mean
from isoflop.catalog.files import common_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import polars as pl


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Architecture(ArchitectureContent):
    """Formulas from a shape to counts, compute and memory. Immutable, comparable, hashable.

    In a sweep the dimensions of the shape are axes, and all that the formulas give follows from them.

    Parameters
    ----------
    quantities
        Formulas by name over the dimensions, each other and any standard quantity. ``params`` is required;
        ``active_params`` makes it a mixture of experts. What is given of ``embedding_params``,
        ``kv_bytes_per_token``, ``expert_params``, ``kept_activation_bytes`` (of one token in all layers,
        without scores) and ``score_bytes`` lets every architecture's rows of memory follow.
    variables
        The dimensions by name, each a mapping with any of ``default`` (the formula that stands for it where
        it is not given) and ``doc``. Without it, whatever the formulas read and nobody defines is one.
    limits
        What a dimension may be at most: another dimension or a number, both as text, such as
        ``{"top_k": "experts"}``. A sweep with shapes beyond is refused.
    attention_flops
        Training FLOP of the attention scores for each token, by convention: ``causal`` counts what the mask
        leaves, ``full`` all pairs. Without it the accounting's full count stands.
    train_flops
        Training FLOP for each token as codes count them, by the name of the code.
    attention, flops
        The conventions chosen: of `attention_flops`; and a name of `train_flops`, or ``None`` for
        the accounting's ``6*active_params + attention_flops_per_token``.
    id, title, convention
        Identifier, title, and what is counted.
    evidence
        ``V1``, ``V2`` or ``V3`` as for laws.
    caveats
        Sentences: what to know before using it.
    source
        A mapping with any of ``cite`` and ``where``.
    checks
        Values that it must give, in the form of an architecture's file.

    Raises
    ------
    FormulaError
        If a formula cannot be read.
    ArchitectureError
        If ``params`` is missing, a formula reads a name that nobody defines, or there is no such convention.

    Examples
    --------
    >>> import isoflop as iso
    >>> mine = iso.Architecture({"params": "12*layers*d_model**2 + vocab_size*d_model"}, id="mine")
    >>> mine.counts(layers=12, d_model=768, vocab_size=50257)["params"]
    123532032.0
    """

    def __init__(
        self,
        quantities: Mapping[str, str],
        *,
        variables: Mapping[str, Variable | Mapping[str, str]] | None = None,
        limits: Mapping[str, str] | None = None,
        attention_flops: Mapping[str, str] | None = None,
        train_flops: Mapping[str, str] | None = None,
        attention: str = CAUSAL,
        flops: str | None = None,
        id: str = "custom",
        title: str = "",
        convention: str = "",
        evidence: str = "",
        caveats: Iterable[str] = (),
        source: Source | Mapping[str, str] | None = None,
        checks: Iterable[Check | Mapping[str, Any]] = (),
    ) -> None:
        where = f"architecture `{id}`"
        texts = {"id": id, "title": title, "convention": convention, "evidence": evidence}
        values: dict[str, Any] = {key: read_text(text, f"{where}: {key}") for key, text in texts.items()}
        if evidence not in ("", "V1", "V2", "V3"):
            raise ArchitectureError(f"{where}: evidence must be V1, V2, V3 or empty, not {evidence!r}")
        own = read_formulas(quantities, f"{where}: quantities")
        scores = read_formulas(attention_flops or {}, f"{where}: attention_flops")
        codes = read_formulas(train_flops or {}, f"{where}: train_flops")
        values["limits"] = read_formulas(limits or {}, f"{where}: limits")
        values |= {"quantities": own, "attention_flops": scores, "train_flops": codes, "catalogued": False}
        values["caveats"] = read_texts(caveats, f"{where}: caveats")
        values["source"] = read_source(source or Source(), where)
        values["checks"] = read_checks(checks, where)
        if "params" not in own:
            raise ArchitectureError(f"{where} needs `params`, the formula of its parameters", architecture=id)
        values["attention"] = _convention(attention, scores or {CAUSAL: ""}, f"{where}: attention")
        values["flops"] = None if flops is None else _convention(flops, codes, f"{where}: flops")
        if flops is not None and attention != CAUSAL:
            raise ArchitectureError(
                f"{where}: flops={flops!r} says itself how scores are counted; leave attention out",
                architecture=id,
            )
        declared = read_variables(variables or {}, where)
        for name in (*own, *declared, *(f"{code}_flops_per_token" for code in codes)):
            if not is_name(name) or name in LAW_QUANTITIES:
                message = f"{where}: {shown(name)} is no name for a dimension or a formula"
                raise ArchitectureError(message, architecture=id)
        rows = rows_of(own, declared, scores.get(attention), codes)
        if flops is not None:
            rows["train_flops_per_token"] = f"{flops}_flops_per_token"
        found = undefined(rows, {name: x.default for name, x in declared.items() if x.default})
        if variables is None:
            declared = Frozen(dict.fromkeys(found, Variable()))
            # A standard input that the formulas read is a dimension too, if it has no value of its own.
            reads = reached(["params", "active_params"] if "active_params" in own else ["params"], rows, ())
            declared = Frozen(dict.fromkeys((*reads, *declared), Variable()))
        for name in found:
            if name not in declared:
                hint = did_you_mean(name, (*declared, *rows, *standard()))
                message = f"{where} reads `{name}`, which is no dimension, row or standard quantity{hint}"
                raise ArchitectureError(message, architecture=id, missing=(name,))
        both = [name for name in declared if name in rows]
        if both:
            raise ArchitectureError(
                f"{where}: `{both[0]}` is both a dimension and a formula", architecture=id
            )
        common = read_variables(common_table()["variables"], "catalog/architecture.toml")
        values["variables"], values["rows"] = declared, Frozen(rows)
        values["dimensions"] = Frozen(
            {**declared, **{n: x for n, x in common.items() if n not in declared and n not in rows}}
        )
        for name, limit in values["limits"].items():
            if name not in declared or not (limit in declared or _is_number(limit)):
                message = f"{where}: limits: `{name}` at most `{limit}`"
                message += ": both must be dimensions, or the second a number"
                raise ArchitectureError(message, architecture=id)
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def dimensions_needed(self, given: Collection[str] = ()) -> tuple[str, ...]:
        """Return the dimensions that the parameters need and that are not given."""
        return needed(self, given)

    def counts(self, **shape: float) -> dict[str, float]:
        """Return what follows from one shape.

        Parameters
        ----------
        **shape
            Numbers by name: the dimensions, and inputs of the accounting such as ``context``.

        Returns
        -------
        dict of str to float
            Every row for which all that it reads is given, by name: parameters, bytes, FLOP for each token.

        Raises
        ------
        ArchitectureError
            If a dimension is missing that ``params`` needs.
        SpaceError
            If a name is a row of the architecture and so no dimension.

        Examples
        --------
        >>> import isoflop as iso
        >>> shape = {"layers": 32, "d_model": 4096, "heads": 32, "kv_heads": 8, "d_ff": 14336}
        >>> int(iso.architecture("llama").counts(**shape, vocab_size=128256)["params"])
        8030261248
        """
        return counts(self, shape)

    def models(self) -> pl.DataFrame:
        """Return the real models among the checks with their shapes, one row for each.

        Returns
        -------
        pl.DataFrame
            ``model``, then the dimensions that any of them gives; null where one leaves a dimension at its
            default. A row is a shape for a linked axis, if it has no nulls.

        Examples
        --------
        >>> import isoflop as iso
        >>> iso.architecture("llama").models().filter(model="Llama 3 8B")["d_ff"].item()
        14336
        """
        from isoflop._architecture.models import models

        return models(self)

    def replace(self, **changes: Any) -> Architecture:
        """Return a changed copy, by the names of the fields.

        Checks are dropped if more than conventions change, and ``id`` then ends in ``*`` unless it is among
        the changes.

        Examples
        --------
        >>> import isoflop as iso
        >>> iso.architecture("llama").replace(flops="megatron")
        iso.architecture('llama', flops='megatron')
        """
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.compare}
        for name in changes:
            if name not in values:
                hint = did_you_mean(name, values)
                raise ArchitectureError(
                    f"`{name}` is no field of an architecture{hint}", architecture=self.id
                )
        conventions = changes.keys() <= {"attention", "flops"}
        if not conventions:
            values |= {"checks": (), "id": self.id if self.id.endswith("*") else f"{self.id}*"}
        if "attention" in changes and "flops" not in changes and changes["attention"] != CAUSAL:
            values["flops"] = None
        if changes.get("flops") is not None and "attention" not in changes:
            values["attention"] = CAUSAL
        changed = type(self)(**values | changes)
        object.__setattr__(changed, "catalogued", self.catalogued and conventions)
        return changed

    def __hash__(self) -> int:
        return hash((self.id, self.quantities["params"], self.attention, self.flops))

    def named_table(self) -> dict[str, Any]:
        """Return a table of plain values: of the catalogue's the identifier with the conventions chosen."""
        return {"id": self.id, **self.conventions} if self.catalogued else content_table(self)

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.conventions.items())
        if self.catalogued:
            return f"iso.architecture({self.id!r}{options})"
        table = content_table(self)
        start = f"iso.Architecture({table.pop('quantities')!r}"
        return start + "".join(f", {name}={value!r}" for name, value in table.items()) + ")"

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, ("Architecture", content_table(self), self.catalogued)

    @classmethod
    def _rebuilt(cls, table: Mapping[str, Any], catalogued: bool) -> Architecture:
        made = cls(**table)
        object.__setattr__(made, "catalogued", catalogued)
        return made

    def __str__(self) -> str:
        return architecture_page(self).text()

    def _repr_html_(self) -> str:
        return architecture_page(self).html()


def architecture_from_mapping(mapping: object, where: str) -> Architecture:
    """Make an architecture from a table with the keys of its file, or from one of formulas alone.

    Raises
    ------
    FormulaError, ArchitectureError
        If it describes none; the message begins with `where`.
    """
    if not isinstance(mapping, dict) and not hasattr(mapping, "keys"):
        raise ArchitectureError(f"{where} must be a table, not {shown(mapping)}")
    table = dict(mapping)  # type: ignore[call-overload]
    keys = [f.name for f in fields(Architecture) if f.compare]
    if "quantities" not in table and "params" in table:
        table = {"quantities": table}
    for key in table:
        if key not in keys:
            hint = did_you_mean(key, keys, f"; the keys are {', '.join(keys)}")
            raise ArchitectureError(f"{where}: unknown key `{key}`{hint}")
    if "quantities" not in table:
        raise ArchitectureError(f"{where}: an architecture needs `quantities`, `params` among them")
    try:
        return Architecture(**table)
    except (FormulaError, ArchitectureError) as error:
        error.args = (f"{where}: {error.args[0]}",)
        if isinstance(error, FormulaError):
            error.message = f"{where}: {error.message}"
        raise


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _convention(wanted: object, known: Mapping[str, str], where: str) -> str:
    if not isinstance(wanted, str) or wanted not in known:
        there = f"; there are {', '.join(known)}" if known else "; the architecture states none"
        raise ArchitectureError(f"{where} must be one of its conventions, not {shown(wanted)}{there}")
    return wanted
