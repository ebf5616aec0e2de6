"""Allocation rules: optimal size and tokens as published formulas of compute, without a loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from isoflop._accounting.formula import names_in
from isoflop._exceptions import LawError
from isoflop._law.budgets import as_frame, read_budgets, require_numbers
from isoflop._law.optimum_of_size import budgets_of, read_one_of, read_sizes
from isoflop._law.page import about, heading
from isoflop._law.records import (
    Check,
    Source,
    extrapolation_formula,
    read_checks,
    read_formulas,
    read_number,
    read_range,
    read_source,
    read_table,
    read_text,
    read_texts,
)
from isoflop._text.frozen import Frozen
from isoflop._text.page import Page, Section
from isoflop._text.portable import rebuild
from isoflop.catalog.files import allocation_id, allocation_ids, allocation_table

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import ArrayLike, NDArray

SIZES = ("params", "non_embedding_params")
TEXTS = ("id", "title", "corpus", "tokenizer", "convention", "evidence")


@dataclass(frozen=True, slots=True)
class Allocation:
    """A published rule of how to divide a training budget between size and tokens. Immutable.

    Attributes
    ----------
    id, title
        Its identifier in the catalogue, and its title.
    formulas
        Formulas of ``train_flops`` by name, over each other and the coefficients: ``tokens``, and ``params``
        or ``non_embedding_params``; often also batch size and learning rate.
    coefficients
        Numbers by name.
    range
        Lowest and highest training compute that it was fitted on, in FLOP; ``None`` if not stated.
    sparse
        Whether it is one for mixtures of experts.
    corpus, tokenizer, convention
        Training corpus, tokenizer, and how parameters are counted.
    evidence
        How well the numbers are known: ``V1``, ``V2`` or ``V3``, see `laws`.
    caveats
        What to know before using it.
    source
        Where it was printed.
    checks
        Values that it must give.
    """

    id: str
    title: str
    formulas: Frozen[str]
    coefficients: Frozen[float]
    range: tuple[float, float] | None
    sparse: bool
    corpus: str
    tokenizer: str
    convention: str
    evidence: str
    caveats: tuple[str, ...]
    source: Source
    checks: tuple[Check, ...]

    def __repr__(self) -> str:
        return f"iso.allocation({self.id!r})"

    def __str__(self) -> str:
        return self._page().text()

    def _repr_html_(self) -> str:
        return self._page().html()

    def _page(self) -> Page:
        """Return formulas, coefficients, fitted range, conventions, source, caveats."""
        span = "" if self.range is None else f"{self.range[0]:g} to {self.range[1]:g} FLOP"
        return Page(
            heading(self),
            [
                Section("", list(self.formulas.items()), " = "),
                Section(
                    "coefficients", [(name, f"{value:.10g}") for name, value in self.coefficients.items()]
                ),
                about(self, {"fitted on": span}, {"for": "mixtures of experts" if self.sparse else ""}),
                Section("caveats", [("-", text) for text in self.caveats], " "),
            ],
        )

    def __reduce__(self) -> tuple[Any, ...]:
        plain = {
            "formulas": dict(self.formulas),
            "coefficients": dict(self.coefficients),
            "source": tuple(self.source),
            "checks": [(dict(check.at), *check[1:]) for check in self.checks],
        }
        return rebuild, (
            "Allocation",
            {field.name: getattr(self, field.name) for field in fields(self)} | plain,
        )

    @classmethod
    def _rebuilt(cls, plain: Mapping[str, Any]) -> Allocation:
        made = {
            "formulas": Frozen(plain["formulas"]),
            "coefficients": Frozen(plain["coefficients"]),
            "source": Source(*plain["source"]),
            "checks": tuple(Check(Frozen(at), *rest) for at, *rest in plain["checks"]),
        }
        return cls(**{**plain, **made})

    @property
    def size(self) -> str:
        """``params`` or ``non_embedding_params``: the size that it counts in."""
        return next(name for name in SIZES if name in self.formulas)

    @property
    def bound_formulas(self) -> dict[str, str]:
        """All formulas, with coefficients written as formulas of their own."""
        return {**{name: repr(value) for name, value in self.coefficients.items()}, **self.formulas}

    def compute_optimal(
        self, flops: ArrayLike | None = None, *, params: ArrayLike | None = None
    ) -> pl.DataFrame:
        """Return size and tokens for a training budget, or tokens and budget for a size.

        Parameters
        ----------
        flops
            Training FLOP as the rule counts it, a number or several.
        params
            In place of ``flops``: the size as the rule counts it, a number or several. Asked for is the
            budget to which the rule gives this size.

        Returns
        -------
        pl.DataFrame
            One row for each budget or size: ``train_flops``, the size by the rule's convention (``params`` or
            ``non_embedding_params``), ``tokens``, ``tokens_per_param``, and ``extrapolation`` (decades of
            compute outside the fitted range) if the rule states a range.

        Raises
        ------
        LawError
            If not exactly one of ``flops`` and ``params`` is given, or it is not a positive and finite number
            or so small or large that no optimum can be computed.

        Examples
        --------
        >>> import isoflop as iso
        >>> round(iso.allocation("llama3-2024").compute_optimal(3.8e25)["tokens"].item() / 1e12, 1)
        16.3
        >>> round(iso.allocation("hoffmann2022-approach1").compute_optimal(params=7e9)["tokens"].item() / 1e9)
        143
        """
        read_one_of(flops, params, self.id)
        sizes = None
        if flops is not None:
            budgets = read_budgets(flops, self.id)
        else:
            assert params is not None, "one of the two is given"
            sizes = read_sizes(params, self.id)
            budgets = budgets_of(sizes, self._sizes, self.id, searched=False)
        asked = {self.size: self.size, "tokens": "tokens", "tokens_per_param": f"tokens / {self.size}"}
        if self.range is not None:
            asked["extrapolation"] = extrapolation_formula([("train_flops", *self.range)])
        values = self.evaluate(tuple(asked.values()), budgets)
        found = {"train_flops": budgets, **dict(zip(asked, values, strict=True))}
        if sizes is not None:
            found[self.size] = sizes
        require_numbers(found, self.id)
        return as_frame(found)

    def _sizes(self, budgets: NDArray[np.float64]) -> NDArray[np.float64]:
        sizes: NDArray[np.float64] = self.evaluate((self.size,), budgets)[0]
        return sizes

    def evaluate(self, formulas: tuple[str, ...], budgets: Any) -> list[Any]:
        """Evaluate formulas over the rule's names at some budgets, each an array of as many values."""
        import numpy as np

        from isoflop import _native

        names = self.bound_formulas
        space = _native.Space([len(budgets)], [("train_flops", 0, budgets, False)])
        points = [np.arange(len(budgets), dtype=np.uint32)]
        return space.evaluate(names, ("train_flops", *names), list(formulas), points)


def allocation(id: str) -> Allocation:
    """Return an allocation rule of the catalogue.

    Parameters
    ----------
    id
        Its identifier, as listed by `allocations`; upper and lower case are the same.

    Raises
    ------
    CatalogError
        If there is none; ``.close_matches`` holds identifiers that may have been meant. The message also
        tells if there is a law of this name.
    TypeError
        If the identifier is no text.

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.allocation("deepseek2024").compute_optimal(1e21)["tokens"].item() < 1e11
    True
    """
    return _allocation(allocation_id(id))


@lru_cache(maxsize=64)
def _allocation(id: str) -> Allocation:
    where = f"catalog/allocations/{id}.toml"
    keys = (*TEXTS, "caveats", "range", "sparse", "coefficients", "formulas", "source", "checks")
    table = read_table(allocation_table(id), keys, where)
    texts = {key: read_text(table.get(key, ""), f"{where}: {key}") for key in TEXTS}
    coefficients = Frozen(
        {
            name: _coefficient(value, f"{where}: `{name}`")
            for name, value in table.get("coefficients", {}).items()
        }
    )
    formulas = read_formulas(table.get("formulas"), where)
    if not any(size in formulas for size in SIZES):
        raise LawError(f"{where}: formulas must give {' or '.join(SIZES)}")
    known = {"train_flops", *coefficients, *formulas}
    for name, formula in formulas.items():
        for other in names_in(formula):
            if other not in known:
                raise LawError(
                    f"{where}: `{name}` reads `{other}`, which is no formula or coefficient of the rule"
                )
    return Allocation(
        formulas=formulas,
        coefficients=coefficients,
        range=read_range(table.get("range"), where),
        sparse=bool(table.get("sparse", False)),
        caveats=read_texts(table.get("caveats", ()), f"{where}: caveats"),
        source=read_source(table.get("source", {}), where),
        checks=read_checks(table.get("checks", ()), where),
        **texts,
    )


def _coefficient(value: Any, where: str) -> float:
    return read_number(read_table(value, ("value",), where).get("value"), where)


def allocations() -> pl.DataFrame:
    """Return the catalogue's allocation rules as a frame, one row for each, sorted by identifier.

    Returns
    -------
    pl.DataFrame
        Text columns ``id``, ``title``, ``params`` (formula of the size, by the rule's convention),
        ``tokens``, ``convention``, ``corpus``, ``range`` (of training compute), ``evidence`` (see `laws`),
        ``source`` and ``caveats``.

    Examples
    --------
    >>> import isoflop as iso
    >>> iso.allocations()["id"][0]
    'deepseek2024'
    """
    import polars as pl

    rows = []
    for rule in map(allocation, allocation_ids()):
        span = f"{rule.range[0]:g} to {rule.range[1]:g}" if rule.range is not None else ""
        rows.append({
            "id": rule.id,
            "title": rule.title,
            "params": rule.formulas[rule.size],
            "tokens": rule.formulas["tokens"],
            "convention": rule.convention,
            "corpus": rule.corpus,
            "range": span,
            "evidence": rule.evidence,
            "source": str(rule.source),
            "caveats": " ".join(rule.caveats),
        })  # fmt: skip
    return pl.DataFrame(rows)
