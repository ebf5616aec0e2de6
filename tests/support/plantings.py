"""Trouble, planted on purpose: what random formulas hardly ever hold, and what bounds go wrong on.

Each kind is a small function that changes a :class:`Draft`. A question names the kinds that were planted in
it, so that a failure tells where to look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .draws import Draw, coin, one_in

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
OPERANDS = ("6 * {0}", "{0} ** 0.5", "exp({0})", "abs({0})", "log({0})", "{0} ** 2")
LIMITS = ("0", "1", "2", "3", "0.5", "10", "1e-9", "1e9", "(-1)")

SHELLS = (
    *("abs({x})", "({x}) ** 2", "({x}) ** 4", "({x}) * ({x})", "sqrt({x})", "log({x})", "exp({x})", "-({x})"),
    *(
        "({x}) * ({u})",
        "({u}) / ({x})",
        "({x}) / ({u})",
        "1 / (1 + ({x}))",
        "({u}) ** ({x})",
        "({u}) - ({x})",
    ),
    *("({x}) ** 3", "({x}) ** -1", "({x}) ** 0.5", "min({x}, {u})", "max({u}, {x})", "floor({x})"),
    *("{u} + abs({x})", "{u} * (1 + 0.1 * ({x}) ** 2)", "{u} + 1e6 * ({x})", "{u} * abs({x} - 1)"),
    *("{u} + abs({x}) / ({u})", "{u} + ({x}) ** 2", "{u} - abs({x})", "{u} + sqrt({x})"),
)
"""What may stand around a term ``x``; ``u`` is another one."""


@dataclass
class Draft:
    """A question in the making."""

    draw: Draw
    columns: list[tuple[str, int]]  # of numbers, with their axes
    numbers: list[str]
    conditions: list[str]
    names: dict[str, float | str]
    objectives: list[tuple[str, bool]]
    where: list[str]
    shown: list[str]

    def term(self) -> str:
        """Draw a sum or product over several axes, where there are several."""
        draw = self.draw
        operands = []
        first = draw.integer(0, self.columns[-1][1])
        for step in range(draw.integer(2, 3)):
            axis = (first + step) % (self.columns[-1][1] + 1)
            name = draw.choice([name for name, number in self.columns if number == axis])
            if one_in(draw, 8):
                name = draw.choice(self.numbers)
            operands.append(draw.choice(OPERANDS).format(name) if one_in(draw, 5) else name)
        return draw.choice((" + ", " * ", " - ", " / ", " + ", " * ")).join(operands)

    def other(self) -> str:
        """Draw something simple that may stand beside a term."""
        return self.draw.choice((*self.numbers, "1", "2"))

    def limit(self) -> str:
        """Draw what something may be held against."""
        return self.draw.choice(self.numbers) if coin(self.draw) else self.draw.choice(LIMITS)

    def define(self, meaning: str) -> str:
        """Give a formula a name of its own, and return that."""
        name = f"t{sum(known.startswith('t') for known in self.names)}"
        self.names[name] = meaning
        return name

    def place(self, term: str) -> None:
        """Put a term into a formula, and that where it matters: an objective, a constraint, a column."""
        draw = self.draw
        for _ in range(draw.choice((1, 1, 0, 2))):
            term = draw.choice(SHELLS).format(x=term, u=self.other())
        if one_in(draw, 5):
            term = self.define(term)
        where = draw.integer(0, 9)
        if where < 4:
            self.objective(term)
        elif where < 7:
            position = draw.integer(0, len(self.objectives) - 1)
            text, maximize = self.objectives[position]
            symbol = draw.choice(("+", "-", "*", "/"))
            self.objectives[position] = (f"({text}) {symbol} ({term})", maximize)
        elif where < 9:
            self.where.append(f"({term}) {draw.choice(COMPARISONS)} {self.limit()}")
        else:
            self.shown.append(term)

    def place_condition(self, condition: str) -> None:
        """Put a condition where it matters."""
        draw = self.draw
        match draw.integer(0, 3):
            case 0:
                self.where.append(condition)
            case 1:
                self.where.append(f"not ({condition})")
            case 2:
                self.place(f"where({condition}, {self.term()}, {self.term()})")
            case _:
                self.place(f"({condition}) + ({self.limit()})")

    def clear(self) -> None:
        """Leave nothing else that could hide what will be planted."""
        self.objectives[:] = [
            (self.draw.choice(self.numbers), coin(self.draw)) for _ in range(self.draw.integer(1, 2))
        ]
        self.where.clear()

    def objective(self, text: str) -> None:
        """Make it the first objective, or a further one."""
        if coin(self.draw):
            self.objectives[0] = (text, coin(self.draw))
        else:
            self.objectives.append((text, coin(self.draw)))

    def with_itself(self, left: str, right: str) -> None:
        """Place an operation on two terms that are one."""
        symbol = self.draw.choice(("-", "-", "-", "-", "-", "/", "/", "/", *COMPARISONS, "+", "max"))
        if symbol in COMPARISONS:
            self.place_condition(f"({left}) {symbol} ({right})")
        elif symbol == "max":
            self.place(f"max({left}, {right})")
        else:
            self.place(f"({left}) {symbol} ({right})")


# Terms --------------------------------------------------------------------------------------------


def repeated_term(draft: Draft) -> None:
    term = draft.term()
    draft.with_itself(term, term)


def equal_quantities(draft: Draft) -> None:
    term = draft.term()
    left, right = draft.define(term), draft.define(term)
    for _ in range(draft.draw.integer(0, 2)):
        # A chain: what reads one is equal to what reads the other.
        link = draft.draw.choice(("{0}", "{0} + 1", "2 * {0}", "abs({0})"))
        left, right = draft.define(link.format(left)), draft.define(link.format(right))
    if coin(draft.draw):
        draft.with_itself(left, right)
    else:
        more = draft.term()
        draft.with_itself(draft.define(f"{left} + {more}"), draft.define(f"{right} + {more}"))


def where_on_what_it_chooses(draft: Draft) -> None:
    x, y, limit = draft.term(), draft.term(), draft.limit()
    template = draft.draw.choice(
        (
            "where({x} > {c}, {x}, {y})",
            "where({x} <= {c}, {c}, {x})",
            "where({x} == {x}, {x}, {y})",
            "where({x} >= {x}, {x}, {y})",
            "where({x} < {x}, {x}, {y})",
            "where({x} < {y}, {x}, {y})",
            "where({x} < {y}, {y} - ({x}), {x} - ({y}))",
            "where({x} != 0, {y} / ({x}), {c})",
            "where({x} > 0, log({x}), {y})",
            "where(abs({x}) < {c}, 1 / ({x}), {x})",
            "where({x} < {c}, where({x} < {c}, {x}, {y}), {c})",
            "where(not ({x} > {c}), {x}, {c})",
            "where({x} > {c}, {x}, {x})",
        )
    )
    draft.place(template.format(x=x, y=y, c=limit))


def cancellation(draft: Draft) -> None:
    a, b = draft.term(), draft.term()
    template = draft.draw.choice(
        (
            "(({a}) + ({b})) - ({a})",
            "(({a}) + ({b})) - (({b}) + ({a}))",
            "({a}) * ({b}) / ({b})",
            "({a}) / ({b}) * ({b}) - ({a})",
            "1 + 1e-16 * ({a}) - 1",
            "(1 + ({a}) - 1) - ({a})",
            "({a}) - ({a}) * (1 + 2.220446049250313e-16)",
            "({a}) * (1 / ({a})) - 1",
            "sqrt({a}) ** 2 - ({a})",
            "exp(log({a})) - ({a})",
            "log(({a}) * ({b})) - log({a}) - log({b})",
            "(({a}) - ({b})) + (({b}) - ({a}))",
            "(({a}) - ({b})) * (({a}) + ({b})) - (({a}) ** 2 - ({b}) ** 2)",
            "(({a}) + 1e16) - 1e16",
            "({a}) * 3 - ({a}) - ({a}) - ({a})",
            "-({a}) + ({a})",
            "floor({a}) - ({a})",
            "max({a}, {b}) - min({a}, {b})",
            "abs({a}) - ({a})",
        )
    )
    draft.place(template.format(a=a, b=b))


def zero_times_infinity(draft: Draft) -> None:
    a, b = draft.term(), draft.term()
    template = draft.draw.choice(
        (
            "0 * ((1 / 0) * ({a}))",
            "0 * exp(1e3 * ({a}))",
            "({b}) * exp(1e3 * ({a}))",
            "(0 * ({b})) * (1 / ({a}))",
            "({a}) * (1 / ({a}))",
            "({b}) * log({a})",
            "({a}) / exp(1e3 * ({a}))",
            "({a}) / ({b})",
            "(1e300 * ({a})) ** 2 * (1e-300 * ({b})) ** 2",
            "min(({b}) * 0 * (1 / ({a})), {a})",
        )
    )
    draft.place(template.format(a=a, b=b))


def infinity_less_infinity(draft: Draft) -> None:
    a, b = draft.term(), draft.term()
    template = draft.draw.choice(
        (
            "exp(1e3 * ({a})) - exp(1e3 * ({b}))",
            "(1 / ({a})) - (1 / ({b}))",
            "log({a}) - log({b})",
            "(({a}) * 1e300) * 1e300 - (({b}) * 1e300) * 1e300",
            "({b}) - (1 / 0) + (1 / ({a}))",
            "where({a} > 1, 1 / 0, {a}) - where({b} > 1, 1 / 0, {b})",
            "exp(1e3 * ({a})) / exp(1e3 * ({b}))",
        )
    )
    draft.place(template.format(a=a, b=b))


def overflow(draft: Draft) -> None:
    a, b = draft.term(), draft.term()
    template = draft.draw.choice(
        (
            "1e308 * ({a}) + 1e308 * ({b})",
            "1e308 + (1e308 + ({a}))",
            "(1e200 * ({a})) * (1e200 * ({b}))",
            "({a}) ** 200",
            "({a}) ** (10 * ({b}))",
            "exp(100 * ({a}))",
            "(1e-200 * ({a})) * (1e-200 * ({b}))",
            "(1e-308 * ({a})) / 1e10",
            "1e308 * ({a}) - 1e308 * ({b})",
            "5e-324 * ({a}) * 0.5",
            "(1e308 * ({a})) / (1e308 * ({b}))",
        )
    )
    draft.place(template.format(a=a, b=b))


# Objectives ---------------------------------------------------------------------------------------


def equal_objectives(draft: Draft) -> None:
    text, maximize = draft.draw.choice(draft.objectives)
    same = draft.draw.choice(("{0}", "({0})", "({0}) + 0", "1 * ({0})", "2 * ({0})"))
    draft.objectives.append((same.format(text), maximize))
    if coin(draft.draw):
        # As the last of two, also the only other one.
        draft.objectives[:-1] = [(text, maximize)]


def opposite_objectives(draft: Draft) -> None:
    text, maximize = draft.draw.choice(draft.objectives)
    if coin(draft.draw):
        draft.objectives.append((text, not maximize))
    else:
        opposite = draft.draw.choice(("-({0})", "0 - ({0})", "1 / ({0})", "1 - ({0})"))
        draft.objectives.append((opposite.format(text), maximize))


def constant_objective(draft: Draft) -> None:
    constant = draft.draw.choice(
        ("0", "1", "-0.0", "1 / 0", "-1 / 0", "0 / 0", "1e308 * 10", "0 * 3", "2 < 3")
    )
    if draft.names and coin(draft.draw):
        constants = [name for name, value in draft.names.items() if not isinstance(value, str)]
        constant = draft.draw.choice((*constants, constant))
    draft.objective(constant)


# Constraints --------------------------------------------------------------------------------------


def constraint_twice(draft: Draft) -> None:
    if not draft.where:
        draft.where.append(f"{draft.term()} {draft.draw.choice(COMPARISONS)} {draft.limit()}")
    draft.where.append(draft.draw.choice(draft.where))


def constraint_in_other_words(draft: Draft) -> None:
    a, b = draft.term(), draft.term() if coin(draft.draw) else draft.limit()
    wordings = draft.draw.choice(
        (
            ("{a} <= {b}", "{b} >= {a}", "not ({a} > {b})", "{a} - ({b}) <= 0", "max({a}, {b}) == {b}"),
            ("{a} < {b}", "{b} > {a}", "not ({a} >= {b})", "{a} - ({b}) < 0", "{a} <= {b} and {a} != {b}"),
            ("{a} == {b}", "{b} == {a}", "{a} <= {b} <= {a}", "abs({a} - ({b})) <= 0", "not ({a} != {b})"),
        )
    )
    for _ in range(2):
        draft.where.append(draft.draw.choice(wordings).format(a=a, b=b))


def term_on_both_sides(draft: Draft) -> None:
    """Have something gain from a term that something else loses from."""
    draw, term = draft.draw, draft.term()
    if coin(draw):
        term = draft.define(term)
    match draw.integer(0, 4):
        case 0:
            draft.objectives[0] = (term, False)
            draft.where.append(f"{term} >= {draft.limit()}")
        case 1:
            draft.objectives[0] = (term, True)
            draft.where.append(f"{term} <= {draft.limit()}")
        case 2:
            draft.objectives[:] = [(term, False), (term, True)]
        case 3:
            draft.objectives[0] = (f"{draft.term()} + {term}", False)
            draft.objectives.append((f"{draft.term()} - ({term})", False))
        case _:
            draft.objectives.append((f"{term} * {draw.choice(draft.numbers)}", coin(draw)))
            draft.where.append(f"{draft.limit()} {draw.choice(COMPARISONS)} {term}")


KINDS: dict[str, Callable[[Draft], None]] = {
    plant.__name__: plant
    for plant in (
        repeated_term,
        equal_quantities,
        where_on_what_it_chooses,
        cancellation,
        zero_times_infinity,
        infinity_less_infinity,
        overflow,
        equal_objectives,
        opposite_objectives,
        constant_objective,
        constraint_twice,
        constraint_in_other_words,
        term_on_both_sides,
    )
}
