"""What an architecture is made of, without what it can do: the parts that compute read this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from isoflop._architecture.records import Check, Source, Variable

CAUSAL = "causal"
"""How attention scores are counted if nothing else is said: those that the mask leaves."""


@dataclass(frozen=True, slots=True, init=False, repr=False)
class ArchitectureContent:
    """The fields of `isoflop.Architecture`, which documents them."""

    quantities: Mapping[str, str]
    variables: Mapping[str, Variable]
    limits: Mapping[str, str]
    attention_flops: Mapping[str, str]
    train_flops: Mapping[str, str]
    attention: str
    flops: str | None
    id: str
    title: str
    convention: str
    evidence: str
    caveats: tuple[str, ...]
    source: Source
    checks: tuple[Check, ...]
    # Made once: every formula, the dimensions with those that every architecture has, and whether the
    # catalogue holds this very architecture but for its conventions.
    rows: Mapping[str, str] = field(compare=False)
    dimensions: Mapping[str, Variable] = field(compare=False)
    catalogued: bool = field(compare=False)

    @property
    def conventions(self) -> dict[str, str]:
        """The conventions chosen that are not the usual ones, by keyword."""
        found = {"attention": self.attention} if self.attention != CAUSAL else {}
        return found | ({"flops": self.flops} if self.flops is not None else {})
