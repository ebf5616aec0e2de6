"""The form E + A/N^alpha + B/D^beta, whose optimum at a fixed budget 6*N*D has a closed form.

Hoffmann et al. 2022, Eq. 4; laws written so, with these names of coefficients, need not repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping

# What the law reads as its size, and the size in which its optimum is given.
SIZES = {"effective_params": "params", "effective_non_embedding_params": "non_embedding_params"}
FORMS = {f"E + A / {read}**alpha + B / effective_tokens**beta": size for read, size in SIZES.items()}
COEFFICIENTS = frozenset(("E", "A", "B", "alpha", "beta"))

EQUIVALENT_FLOPS = (
    "6 * (A * (1 + alpha / beta) / ((alpha * A / (beta * B))**(alpha / (alpha + beta)) * reducible_loss))"
    "**(1 / alpha + 1 / beta)"
)
"""Training compute at which the least loss is E + reducible_loss."""


# Size without embeddings, scaled by sparsity and architecture as the whole is.
EFFECTIVE_NON_EMBEDDING = "active_non_embedding_params * (effective_params / active_params)"


def is_chinchilla(formula: str, coefficients: Mapping[str, float], quantities: Mapping[str, str]) -> bool:
    """Tell whether a law is written in this form, over the sizes and tokens of the accounting."""
    meanings = {"effective_non_embedding_params": EFFECTIVE_NON_EMBEDDING}
    own = (name for name in ("effective_tokens", *SIZES) if name in quantities)
    return (
        formula in FORMS
        and coefficients.keys() >= COEFFICIENTS
        and all(quantities[name] == meanings.get(name) for name in own)
    )


def optimal_formulas(formula: str) -> dict[str, str]:
    """Return size and tokens of the least loss as formulas of ``train_flops``."""
    return {
        "G": "(alpha * A / (beta * B))**(1 / (alpha + beta))",
        FORMS[formula]: "G * (train_flops / 6)**(beta / (alpha + beta))",
        "tokens": "(train_flops / 6)**(alpha / (alpha + beta)) / G",
    }
