"""Random spaces, formulas and questions, whoever draws.

Formulas are drawn as text from the engine's own table of operations, so that an operation which joins the
table joins the tests. Spaces are full of ties, and small enough for an oracle that compares all with all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from isoflop import _native, reference

from . import awkward, plantings
from .draws import Draw, coin, one_in
from .plantings import Draft
from .question import Column, Question

OPERATIONS = [row | {"arity": int(row["arity"])} for row in _native.operations()]
COUNTING_NUMBERS = [row for row in OPERATIONS if not row["condition"]]
CONDITIONS = [row for row in OPERATIONS if row["condition"]]

LITERALS = (
    "0",
    "1",
    "2",
    "3",
    "0.5",
    "7",
    "0.1",
    "1.5",
    "1e-3",
    "100",
    "1e308",
    "5e-324",
    "1e-9",
    "0.34",
    "(-0.0)",
    "(1 / 0)",
)
RESOLUTIONS = (0.0, 1.0, 0.5, 0.25, 2.0**-10, 2.0**-30, 2.0**-51, 2.0**-52, 1e-9, 0.05, 1e-16)
SHARES = (0.0, 5e-324, 1e-9, 1e-3, 0.1, 0.5, 1.0, 3.0, 1e308)
"""How close is near."""

LARGEST_SPACE = 400
LONGEST_AXIS = 7

# Formulas -----------------------------------------------------------------------------------------


def written(row: dict[str, object], operands: Sequence[str]) -> str:
    """Return an operation's text, in parentheses where an operator could be torn apart."""
    name = str(row["name"])
    if len(operands) > 1 and (name in ("and", "or") or not name.isidentifier()):
        return "(" + f" {name} ".join(operands) + ")"
    if name in ("not", "-", "neg"):
        return f"({'-' if name == 'neg' else name} {operands[0]})"
    return f"{name}({', '.join(operands)})"


def formula(
    draw: Draw,
    numbers: Sequence[str],
    conditions: Sequence[str],
    *,
    condition: bool = False,
    depth: int = 3,
) -> str:
    """Draw a well-typed formula that reads some of these names."""
    if depth == 0 or draw.integer(0, 4) == 0:
        return leaf(draw, numbers, conditions, condition=condition)
    if not condition and draw.integer(0, 9) == 0:
        # A comparison used as a number is 0 or 1.
        return formula(draw, numbers, conditions, condition=True, depth=depth)
    row = draw.choice(CONDITIONS if condition else COUNTING_NUMBERS)
    wanted = list(row["conditions"])
    if row["name"] in ("min", "max", "<", "<=") and draw.integer(0, 3) == 0:
        wanted.append(False)  # min(a, b, c) and a < b < c
    operands = [formula(draw, numbers, conditions, condition=bool(kind), depth=depth - 1) for kind in wanted]
    return written(row, operands)


def leaf(draw: Draw, numbers: Sequence[str], conditions: Sequence[str], *, condition: bool) -> str:
    if condition:
        if coin(draw) and conditions:
            return draw.choice(conditions)
        left, right = (leaf(draw, numbers, conditions, condition=False) for _ in range(2))
        return f"({left} {draw.choice(['<', '<=', '>', '>=', '==', '!='])} {right})"
    if numbers and draw.integer(0, 3) != 0:
        return draw.choice(numbers)
    return draw.choice(LITERALS)


TERMS = (
    *("{x}", "{c} * {x}", "{c} / {x} ** 0.34", "{x} * {y}", "{x} / {y}", "{x} ** 0.5 * {y}", "{c} - {x}"),
    *("log({x})", "exp(-0.1 * {x})", "max({x}, {c})", "min({x}, {y})", "abs({x} - {c})", "floor({x} / {c})"),
    *("where({x} > {c}, {y}, {c})", "{c} / ({x} * {y}) ** 0.28", "({x} - {y}) ** 2"),
)
"""What laws and costs are sums of."""


def law(draw: Draw, numbers: Sequence[str]) -> str:
    """Draw a sum, or a product, of a few plain terms: what a search has bounds and directions for."""
    found = [
        draw.choice(TERMS).format(
            x=draw.choice(numbers), y=draw.choice(numbers), c=draw.choice(("1", "2", "0.5", "7"))
        )
        for _ in several(draw, 1, 4)
    ]
    return draw.choice((" + ", " + ", " - ")).join(found) if coin(draw) else f"({') * ('.join(found)})"


# Spaces -------------------------------------------------------------------------------------------


def tame(draw: Draw) -> float:
    """Draw a positive number of three digits."""
    return float(f"{draw.integer(100, 999)}e{draw.integer(-3, -1)}")


def axis_values(draw: Draw, length: int, *, positive: bool) -> tuple[float, ...]:
    """Draw the values of a column: awkward ones, many ties, or positives on a log grid."""
    match draw.integer(0, 2 if positive else 4):
        case 0:
            return tuple(float(draw.integer(1, 12)) for _ in range(length))
        case 1:
            return tuple(tame(draw) for _ in range(length))
        case 3:
            return tuple(draw.choice(awkward.FINITE) for _ in range(length))
        case 4:
            return tuple(float(draw.integer(-1, 2)) for _ in range(length))
    first, last = draw.choice([(1e9, 1e12), (1.0, 2.0), (1e-3, 1e3), (64.0, 1.0)])
    return tuple(_native.geomspace(first, last, length, True).tolist()) if length > 1 else (first,)


def space(draw: Draw, *, least: int, largest: int, longest: int) -> tuple[tuple[int, ...], list[Column]]:
    """Draw lengths and columns, of axes that are ``least`` long where there is room.

    Every axis has a column of numbers, linked ones have several.
    """
    lengths: list[int] = []
    columns: list[Column] = []
    room = largest
    # Where one number is awkward, others soon are NaN: half of all spaces are as those of people.
    positive = coin(draw)
    for axis in range(draw.integer(least, 4)):
        longest = max(1, min(longest, room))
        length = draw.integer(min(least, longest), longest)
        room //= length
        lengths.append(length)
        columns.append((f"x{axis}", axis, axis_values(draw, length, positive=positive), False))
        if one_in(draw, 3):
            columns.append((f"y{axis}", axis, axis_values(draw, length, positive=positive), False))
        if one_in(draw, 3):
            columns.append((f"is{axis}", axis, tuple(float(coin(draw)) for _ in range(length)), True))
    return tuple(lengths), columns


# Questions ----------------------------------------------------------------------------------------


def definitions(draw: Draw, numbers: list[str], conditions: list[str]) -> dict[str, float | str]:
    """Draw constants and quantities that read columns and one another; add their names to the lists."""
    names: dict[str, float | str] = {}
    for position in range(draw.integer(0, 2)):
        name = f"c{position}"
        names[name] = draw.choice(awkward.FINITE) if coin(draw) else tame(draw)
        numbers.append(name)
    for position in range(draw.integer(0, 3)):
        name, condition = f"q{position}", draw.integer(0, 3) == 0
        names[name] = formula(draw, numbers, conditions, condition=condition, depth=2)
        (conditions if condition else numbers).append(name)
    return names


def several(draw: Draw, least: int, most: int) -> range:
    """Draw how often to draw something."""
    return range(draw.integer(least, most))


def question(
    draw: Draw,
    *,
    kinds: Sequence[str] = tuple(plantings.KINDS),
    every: int = 3,
    largest: int = LARGEST_SPACE,
    longest: int = LONGEST_AXIS,
) -> Question:
    """Draw a small space with names, and a question; one in ``every`` three with trouble planted."""
    planted = kinds_drawn(draw, kinds, every)
    # Boxes need axes to be split along.
    lengths, columns = space(draw, least=2 if planted else 1, largest=largest, longest=longest)
    by = None
    if coin(draw):
        axis = draw.integer(0, len(lengths) - 1)
        by = (axis, tuple(draw.integer(0, lengths[axis] - 1) for _ in range(lengths[axis])))
    return asked(draw, lengths, columns, by, planted)


def kinds_drawn(draw: Draw, kinds: Sequence[str], every: int = 3) -> tuple[str, ...]:
    """Draw which kinds of trouble are planted: in one of ``every`` three cases one or two."""
    return tuple(draw.choice(kinds) for _ in several(draw, 1, 2)) if kinds and one_in(draw, every) else ()


def asked(
    draw: Draw,
    lengths: tuple[int, ...],
    columns: Sequence[Column],
    by: tuple[int, Sequence[int]] | None,
    planted: tuple[str, ...],
) -> Question:
    """Draw names and what is asked of a space."""
    numbers = [name for name, *_, boolean in columns if not boolean]
    conditions = [name for name, *_, boolean in columns if boolean]
    names = definitions(draw, numbers, conditions)

    def objective() -> tuple[str, bool]:
        match draw.integer(0, 3):
            case 0:
                text = draw.choice(numbers)
            case 1:
                text = law(draw, numbers)
            case _:
                text = formula(draw, numbers, conditions)
        return text, coin(draw)

    def constraint() -> str:
        return formula(draw, numbers, conditions, condition=True, depth=2)

    draft = Draft(
        draw,
        [(name, axis) for name, axis, _, boolean in columns if not boolean],
        numbers,
        conditions,
        names,
        objectives=[objective() for _ in several(draw, 1, 4)],
        where=[constraint() for _ in several(draw, 0, 2)],
        shown=[formula(draw, numbers, conditions) for _ in several(draw, 0, 2)],
    )
    if planted and coin(draw):
        draft.clear()
    for kind in planted:
        plantings.KINDS[kind](draft)
    return Question(
        lengths=lengths,
        columns=tuple(columns),
        # Later definitions stand first, so that nothing can rely on the order.
        names=dict(reversed(draft.names.items())),
        objectives=tuple(draft.objectives),
        where=tuple(draft.where),
        shown=tuple(draft.shown),
        bits=tuple(reference.bits_of(draw.choice(RESOLUTIONS)) for _ in draft.objectives),
        all_ties=coin(draw),
        by=by,
        within=draw.choice(SHARES),
        further=coin(draw),
        threads=draw.integer(1, 3),
        planted=planted,
    )


LENGTHS = (1, 2, 3, 7, 16, 40, 64, 65, 300, 1024, 1025, 5000)
LARGE_SPACE = 60_000


def large_question(
    draw: Draw, *, kinds: Sequence[str] = tuple(plantings.KINDS), every: int = 3, largest: int = LARGE_SPACE
) -> Question:
    """Draw a space of some ten thousand configurations, whose values come from a seed, and a question.

    Its objectives are sums and products of terms on few axes, as laws and costs are, so that the engine has
    something to put into tables; where they are more than two the resolutions are coarse. Planted objectives
    stay as they are.
    """
    lengths: list[int] = []
    while len(lengths) < 5 and (not lengths or draw.integer(0, 5)):
        room = largest // int(np.prod(lengths, dtype=int))
        lengths.append(draw.choice([length for length in LENGTHS if length <= room]))
    generator = np.random.default_rng(draw.integer(0, 2**32 - 1))
    columns: list[Column] = []
    for axis, length in enumerate(lengths):
        values = [
            np.geomspace(1.0, 10.0 ** generator.integers(-2, 6), length),
            generator.integers(-3, 9, length).astype(np.float64),
            generator.choice(awkward.FINITE, length),
            generator.random(length) * 10.0,
        ]
        columns.append((f"x{axis}", axis, values[draw.choice([0, 0, 1, 2, 3, 3])].tolist(), False))
        columns.append((f"y{axis}", axis, values[draw.integer(0, 1)].tolist(), False))
        columns.append(
            (f"is{axis}", axis, (generator.random(length) < 0.7).astype(np.float64).tolist(), True)
        )
    axis = draw.integer(0, len(lengths) - 1)
    groups = generator.integers(0, min(9, lengths[axis]), lengths[axis])
    by = (axis, groups.tolist()) if coin(draw) else None
    found = asked(draw, tuple(lengths), columns, by, kinds_drawn(draw, kinds, every))
    if found.planted:
        objectives = list(found.objectives[:4])
    else:
        objectives = [(terms(draw, columns, len(lengths)), coin(draw)) for _ in several(draw, 1, 4)]
    for position in range(1, len(objectives)):
        # Objectives in conflict make long fronts.
        if not found.planted and coin(draw):
            text, maximize = objectives[position]
            first, upwards = objectives[0]
            objectives[position] = (f"{text} {'-' if maximize == upwards else '+'} ({first})", maximize)
    coarsest = [0, 2, 4] if len(objectives) > 2 else [4, 10, 30, 52]
    bits = [draw.choice(coarsest) for _ in objectives]
    return replace(found, objectives=tuple(objectives), bits=tuple(bits))


def terms(draw: Draw, columns: Sequence[Column], axes: int) -> str:
    """Draw a sum or product of terms, each of one or two axes."""
    found = []
    for _ in several(draw, 1, 4):
        chosen = {draw.integer(0, axes - 1) for _ in several(draw, 1, 2)}
        mine = [(name, boolean) for name, axis, _, boolean in columns if axis in chosen]
        numbers = [name for name, boolean in mine if not boolean]
        conditions = [name for name, boolean in mine if boolean]
        found.append(formula(draw, numbers, conditions, depth=draw.integer(1, 3)))
    return draw.choice([" + ", " + ", " * "]).join(found)
