"""What is planted in random questions is there, so that the property tests look where bounds go wrong."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import fuzz
from support import arrays, generators, plantings
from support.draws import Seeded
from support.question import Question

CASES = 300


def formulas(question: Question) -> Iterator[str]:
    """Yield every formula of a question."""
    yield from (formula for formula, _ in question.objectives)
    yield from question.where
    yield from question.shown
    yield from (meaning for meaning in question.names.values() if isinstance(meaning, str))


def nodes(question: Question) -> Iterator[ast.AST]:
    for formula in formulas(question):
        yield from ast.walk(arrays.read(formula))


def has_an_operation_on_a_term_and_itself(question: Question) -> bool:
    for node in nodes(question):
        match node:
            case ast.BinOp(left=left, right=right) if not isinstance(left, ast.Name | ast.Constant):
                pass
            case ast.Compare(left=left, comparators=[right]) if not isinstance(left, ast.Name):
                pass
            case ast.Call(args=[left, right]):
                pass
            case _:
                continue
        if ast.dump(left) == ast.dump(right):
            return True
    return False


def has_two_names_for_one_formula(question: Question) -> bool:
    return max(Counter(question.names.values()).values(), default=0) > 1


def has_a_choice_of_what_decides(question: Question) -> bool:
    for node in nodes(question):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "where":
            inside = {ast.dump(part) for part in ast.walk(node.args[0])}
            if any(ast.dump(part) in inside for branch in node.args[1:] for part in ast.walk(branch)):
                return True
    return False


def has_a_sum_that_loses_a_term(question: Question) -> bool:
    """Tell whether something is added and taken away again, multiplied and divided by."""
    for node in nodes(question):
        if isinstance(node, ast.BinOp | ast.Call):
            names = Counter(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
            if any(count > 1 for name, count in names.items() if name not in arrays.CALLS):
                return True
    return False


def has_values_that_are_no_numbers(question: Question) -> bool:
    whole = question.grid()
    return any(np.isnan(whole.values(formula)).any() for formula in formulas(question))


def has_infinite_or_tiny_values(question: Question) -> bool:
    whole = question.grid()
    values = np.concatenate([whole.values(formula) for formula in formulas(question)])
    return bool(np.isinf(values).any() or ((np.abs(values) < 1e-300) & (values != 0)).any())


def has_an_objective_twice(question: Question) -> bool:
    costs = question.grid().costs(question.objectives).T
    return any(
        np.array_equal(a, b, equal_nan=True) or np.array_equal(a, b / 2, equal_nan=True)
        for position, b in enumerate(costs)
        for a in costs[:position]
    )


def has_objectives_in_conflict(question: Question) -> bool:
    texts = [formula for formula, _ in question.objectives]
    return any(
        first in second and len(texts) > 1
        for position, first in enumerate(texts)
        for second in texts[position + 1 :]
    )


def has_an_objective_on_no_axis(question: Question) -> bool:
    whole = question.grid()
    return any(not whole.touched([formula]) for formula, _ in question.objectives)


def has_a_constraint_twice(question: Question) -> bool:
    return len(set(question.where)) < len(question.where)


def has_constraints_that_agree(question: Question) -> bool:
    whole = question.grid()
    met = [whole.values(formula) for formula in question.where]
    return any(np.array_equal(a, b) for position, a in enumerate(met) for b in met[:position])


def has_a_term_in_two_places(question: Question) -> bool:
    """Tell whether two of the formulas that are asked for share a sum or product, or the name of one."""
    asked = [formula for formula, _ in question.objectives] + list(question.where)
    defined = {name for name, meaning in question.names.items() if isinstance(meaning, str)}
    parts = [
        {
            ast.dump(node)
            for node in ast.walk(arrays.read(formula))
            if isinstance(node, ast.BinOp) or (isinstance(node, ast.Name) and node.id in defined)
        }
        for formula in asked
    ]
    return any(a & b for position, a in enumerate(parts) for b in parts[:position])


HOLDS: dict[str, Callable[[Question], bool]] = {
    "repeated_term": has_an_operation_on_a_term_and_itself,
    "equal_quantities": has_two_names_for_one_formula,
    "where_on_what_it_chooses": has_a_choice_of_what_decides,
    "cancellation": has_a_sum_that_loses_a_term,
    "zero_times_infinity": has_values_that_are_no_numbers,
    "infinity_less_infinity": has_values_that_are_no_numbers,
    "overflow": has_infinite_or_tiny_values,
    "equal_objectives": has_an_objective_twice,
    "opposite_objectives": has_objectives_in_conflict,
    "constant_objective": has_an_objective_on_no_axis,
    "constraint_twice": has_a_constraint_twice,
    "constraint_in_other_words": has_constraints_that_agree,
    "term_on_both_sides": has_a_term_in_two_places,
}


def test_every_kind_is_drawn_and_a_third_of_all_questions_has_one() -> None:
    questions = [generators.question(Seeded(0, number)) for number in range(10 * CASES)]
    planted = [question for question in questions if question.planted]
    assert len(questions) * 0.30 < len(planted) < len(questions) * 0.37
    counts = Counter(kind for question in planted for kind in question.planted)
    assert set(counts) == set(plantings.KINDS)
    assert min(counts.values()) > 50


@pytest.mark.parametrize("kind", plantings.KINDS)
def test_a_kind_plants_what_it_says(kind: str) -> None:
    def held(kinds: tuple[str, ...]) -> int:
        drawn = (generators.question(Seeded(0, number), kinds=kinds, every=1) for number in range(CASES))
        return sum(map(HOLDS[kind], drawn))

    assert held((kind,)) > max(CASES / 2, 1.3 * held(()))


def test_a_kind_that_is_left_out_is_not_planted() -> None:
    kinds = tuple(kind for kind in plantings.KINDS if kind != "overflow")
    for number in range(CASES):
        assert "overflow" not in fuzz.drawn(0, number, kinds).planted


def test_large_questions_have_trouble_planted_too() -> None:
    drawn = [generators.large_question(Seeded(0, number)) for number in range(60)]
    assert 5 < sum(bool(question.planted) for question in drawn) < 40


def test_a_case_is_drawn_again_from_its_seed_and_number() -> None:
    kinds = tuple(plantings.KINDS)
    assert all(fuzz.drawn(3, number, kinds) == fuzz.drawn(3, number, kinds) for number in range(110))
    assert fuzz.drawn(3, 1, kinds) != fuzz.drawn(4, 1, kinds)
