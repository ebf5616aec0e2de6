"""The names of a law: which clash, which nobody defines."""

from __future__ import annotations

from isoflop._accounting.formula import names_in, names_of
from isoflop._accounting.quantities import quantities
from isoflop._accounting.vocabulary import LAW_QUANTITIES
from isoflop._exceptions import FormulaError, LawError
from isoflop._law.content import LawContent
from isoflop._law.rows import size_names
from isoflop._text.given import shown
from isoflop._text.spelling import did_you_mean

EVIDENCE = ("V1", "V2", "V3")


def check_names(law: LawContent, reads: tuple[str, ...]) -> None:
    kinds: dict[str, str] = {}
    for kind, names in (
        ("coefficient", law.coefficients),
        ("quantity", law.quantities),
        ("variable", law.variables),
    ):
        for name in names:
            if not is_name(name):
                raise error_of(
                    law, f"{kind} {shown(name)} of `{law.id}` is not a name that a formula can read"
                )
            if name in LAW_QUANTITIES:
                raise error_of(law, f"`{name}` is what a law defines; give the {kind} another name")
            if name in kinds:
                raise error_of(
                    law, f"`{name}` of `{law.id}` is both a {kinds[name]} and a {kind}; rename one"
                )
            kinds[name] = kind
    errors = () if law.covariance is None else zip(law.covariance.of, law.covariance.names, strict=True)
    for entry, name in errors:
        if name not in law.coefficients:
            raise error_of(law, f"covariance of `{name}`, which is no coefficient of `{law.id}`")
        if entry != name and law.coefficients[name] <= 0:
            raise error_of(law, f"covariance of {entry}, of which {law.coefficients[name]} has none")
    if law.evidence not in ("", *EVIDENCE):
        raise error_of(law, f"evidence must be {', '.join(EVIDENCE)} or empty, not {law.evidence!r}")
    for name in law.standard_errors:
        if name not in law.coefficients:
            raise error_of(law, f"standard error of `{name}`, which is no coefficient of `{law.id}`")
    standard = quantities()
    known = (*kinds, *standard)
    reads = (
        *reads,
        *(names_of("irreducible", law.irreducible) if law.irreducible is not None else ()),
        *(size_names(law) if law.size is not None else ()),
    )
    for name in (*reads, *(variable.reads for variable in law.variables.values())):
        if name not in kinds and name not in standard:
            message = f"`{law.id}` reads `{name}`, which is no coefficient, variable or quantity"
            raise error_of(law, message + did_you_mean(name, known), (name,))


def error_of(law: LawContent, message: str, missing: tuple[str, ...] = ()) -> LawError:
    """Return an error that names the law."""
    return LawError(message, law=law.id, missing=missing)


def is_name(name: object) -> bool:
    try:
        return isinstance(name, str) and names_in(name) == (name,)
    except FormulaError:
        return False
