"""What a law reads, as far as plans care."""

from __future__ import annotations

from isoflop._accounting.formula import names_in
from isoflop._law.law import Law


def reads(law: Law, name: str) -> bool:
    """Tell whether the loss depends on an input where size and tokens are given."""
    # A supply may also give the tokens, by epochs: then it is an input of every law that reads tokens.
    if name == "unique_tokens":
        return name in law.variables or "fresh_tokens" in law.inputs
    return name in law.inputs


def names_of_loss(law: Law) -> set[str]:
    """Return every name that the loss reads by the law's own formulas."""
    found: set[str] = set()
    waiting = [law.formula]
    while waiting:
        for name in names_in(waiting.pop()):
            if name not in found:
                found.add(name)
                if name in law.quantities:
                    waiting.append(law.quantities[name])
    return found


def only_effective_tokens(law: Law) -> bool:
    """Tell whether data count for the loss by their effective tokens alone, so that pools add up."""
    return names_of_loss(law).isdisjoint(("tokens", "quality", "fresh_tokens", "unique_tokens", "epochs"))
