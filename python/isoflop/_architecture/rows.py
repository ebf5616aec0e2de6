"""What an architecture tells a sweep: a formula for each name that follows from a shape.

own formulas + what every architecture knows + conventions --> rows
rows + names that a sweep gives                             --> the formulas of that sweep
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from isoflop._accounting.formula import names_in, names_of
from isoflop._accounting.quantities import quantities
from isoflop._exceptions import ArchitectureError, FormulaError, SpaceError
from isoflop._text.spelling import slip
from isoflop.catalog.files import common_table

if TYPE_CHECKING:
    from isoflop._architecture.content import ArchitectureContent

SIZES = ("params", "active_params", "activation", "non_embedding_params", "active_non_embedding_params")
"""What a shape decides, be it by a row of the accounting."""

DATA = ({"tokens"}, {"tokens_per_param"}, {"epochs", "unique_tokens"})
"""Any of these says how many tokens there are."""


def rows_of(
    own: Mapping[str, str], variables: Collection[str], attention: str | None, flops: Mapping[str, str]
) -> dict[str, str]:
    """Return every formula of an architecture.

    Parameters
    ----------
    own
        Its own formulas; they go before those that every architecture has.
    variables
        Its dimensions.
    attention
        The formula of the attention scores by the convention chosen; ``None`` leaves it to the accounting.
    flops
        Formulas of training FLOP per token by the codes that count so.
    """
    rows = dict(own)
    if attention is not None:
        rows.setdefault("attention_flops_per_token", attention)
    for code, formula in flops.items():
        rows[f"{code}_flops_per_token"] = formula
    table = common_table()
    kind = table["mixture" if "active_params" in own else "dense"]
    common = {
        name: formula
        for name, formula in {**table["quantities"], **kind}.items()
        if name not in rows and name not in variables
    }
    # What reads a row that the architecture lacks, say the bytes of its activations, is left out with it.
    known = {*rows, *variables, *table["variables"], *quantities()}
    while lacking := [
        name for name, text in common.items() if not known.union(common).issuperset(names_in(text))
    ]:
        for name in lacking:
            del common[name]
    return rows | common


def is_name(name: str) -> bool:
    """Tell whether a formula can read a name."""
    try:
        return names_in(name) == (name,)
    except FormulaError:
        return False


def undefined(rows: Mapping[str, str], defaults: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names that formulas read and nobody defines: neither the architecture nor the accounting."""
    known = {*rows, *common_table()["variables"], *quantities()}
    found: dict[str, None] = {}
    for name, text in (*rows.items(), *defaults.items()):
        found |= dict.fromkeys(other for other in names_of(name, text) if other not in known)
    return tuple(found)


def formulas_for(
    architecture: ArchitectureContent, given: Collection[str], axes: Collection[str], more: Iterable[str] = ()
) -> dict[str, str]:
    """Return the formulas that an architecture adds to a sweep.

    Parameters
    ----------
    architecture
        Gives the rows.
    given
        Every name that the sweep gives a value.
    axes
        Those of them that are axes, columns or constants: no row of the architecture may be among them.
    more
        Names that stand for themselves beside them, such as the accounting's.

    Raises
    ------
    SpaceError
        If a row is given as an axis, or a name is a slip of a dimension that stands at its default.
    ArchitectureError
        If a dimension is missing that its parameters need.
    """
    _refuse_derived(architecture, axes)
    rows = {name: text for name, text in architecture.rows.items() if name not in given}
    for name, variable in architecture.dimensions.items():
        if name not in given and variable.default:
            _refuse_slip(architecture, name, variable.default, axes, {*more, *architecture.dimensions})
            rows[name] = variable.default
    _require(architecture, rows, given)
    if architecture.flops:
        rows |= _compute(rows, {*given})
    return rows


def _refuse_derived(architecture: ArchitectureContent, axes: Collection[str]) -> None:
    derived = {*architecture.rows, *SIZES, *(["train_flops_per_token"] if architecture.flops else ())}
    wrong = [name for name in axes if name in derived]
    if wrong:
        listed = ", ".join(f"`{name}`" for name in wrong)
        follow = "follows" if len(wrong) == 1 else "follow"
        shape = ", ".join(needed(architecture, ()))
        raise SpaceError(
            f"{listed} {follow} from the shape under the architecture `{architecture.id}` and may be no axis "
            f"or constant; leave {'it' if len(wrong) == 1 else 'them'} out, or leave architecture= out (the "
            f"axes are {shape})",
            axis=wrong[0],
        )


def _refuse_slip(
    architecture: ArchitectureContent, name: str, default: str, axes: Collection[str], known: Collection[str]
) -> None:
    for other in axes:
        if other not in known and slip(other, name):
            raise SpaceError(
                f"the architecture `{architecture.id}` has no `{other}`, and `{name}` is {default} in its "
                f"place; did you mean `{name}`?",
                axis=other,
            )


def _require(architecture: ArchitectureContent, rows: Mapping[str, str], given: Collection[str]) -> None:
    missing = needed(architecture, given)
    if missing:
        listed = ", ".join(f"`{name}`" for name in missing)
        close = [other for other in given if any(slip(other, name) for name in missing)]
        meant = f"; `{close[0]}` is given: a slip of one of these?" if close else ""
        raise ArchitectureError(
            f"the architecture `{architecture.id}` needs {listed}; give each as an axis or scalar{meant}",
            architecture=architecture.id,
            missing=missing,
        )


def needed(architecture: ArchitectureContent, given: Collection[str]) -> tuple[str, ...]:
    """Return the dimensions that the parameters need and that are not given."""
    rows = {**architecture.rows}
    rows |= {name: x.default for name, x in architecture.dimensions.items() if x.default}
    reads = reached([name for name in ("params", "active_params") if name in rows], rows, given)
    return tuple(name for name in architecture.dimensions if name in reads and name not in given)


def reached(names: Iterable[str], rows: Mapping[str, str], given: Collection[str]) -> tuple[str, ...]:
    """Return the names that some read in the end: those that no row defines, in order of first mention."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if name in given or name not in rows:
            found[name] = None
        else:
            waiting.extend(names_in(rows[name]))
    return tuple(found)


def _compute(rows: Mapping[str, str], given: set[str]) -> dict[str, str]:
    """Return what stands for compute, and for tokens where compute is given, by the code's own count."""
    if "train_flops" in rows:
        return {}
    if "train_flops" not in given and any(words <= given for words in DATA):
        return {"train_flops": "train_flops_per_token * tokens"}
    if "tokens" in given:
        return {}
    budget: dict[str, str] = {}
    if "train_flops" not in given:
        for needs, (step, _), _ in quantities()["train_flops"].alternatives[1:]:
            if any(need and need <= given for need in needs) and step.formula is not None:
                budget = {"train_flops": step.formula}
                break
        else:
            return {"train_flops": "train_flops_per_token * tokens"}
    return budget | {"tokens": "train_flops / train_flops_per_token"}
