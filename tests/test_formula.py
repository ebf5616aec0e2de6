"""The formula language through Python: trees, names, the table of operations, errors with a caret."""

from __future__ import annotations

import ast
import random
from pathlib import Path
from typing import Any

import pytest

from isoflop import _native
from isoflop._exceptions import FormulaError

OPERATIONS = {row["name"]: row for row in _native.operations()}


def error_blocks() -> list[tuple[str, str, str]]:
    """Text, caret line and message of each syntax error in the table shared with the Rust tests."""
    table = Path(__file__).with_name("formula_errors.txt").read_text(encoding="utf-8")
    section = next(part for part in table.split("\n## ") if part.startswith("syntax"))
    blocks = [block.strip("\n").split("\n") for block in section.split("\n\n")[1:]]
    return [(text, caret, message) for text, caret, message in blocks]


@pytest.mark.parametrize(
    ("text", "caret", "message"), error_blocks(), ids=[text for text, _, _ in error_blocks()]
)
def test_a_syntax_error_shows_the_text_with_a_caret(text: str, caret: str, message: str) -> None:
    with pytest.raises(FormulaError) as raised:
        _native.parse(text)
    assert str(raised.value) == f"{message}\n  {text}\n  {caret}"
    assert raised.value.text == text
    # At the end of the text the caret stands one past the last character.
    span = (caret.index("^"), min(len(caret), len(text)))
    assert raised.value.span == span
    assert raised.value.quantity is None
    with pytest.raises(FormulaError):
        _native.names(text)


def test_the_table_of_errors_is_not_empty() -> None:
    assert len(error_blocks()) > 50


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_formula_is_refused(text: str) -> None:
    with pytest.raises(FormulaError, match="the formula is empty; write a number, a name or an expression"):
        _native.parse(text)


def test_spans_count_characters_and_not_bytes() -> None:
    with pytest.raises(FormulaError) as raised:
        _native.parse("a + 'é' \u00d7 b")
    assert raised.value.span == (4, 5)
    with pytest.raises(FormulaError) as raised:
        _native.parse("a \u00d7\u00d7 b")
    assert raised.value.span == (2, 3)


def test_a_megabyte_is_refused_with_a_short_message() -> None:
    for text in ["x+" * 500_000, "é" * 500_000, "\0" * 1_000_000]:
        with pytest.raises(
            FormulaError, match="the formula has 1000000 bytes, more than the limit of 65536"
        ) as raised:
            _native.parse(text)
        assert len(str(raised.value)) < 500


def test_ten_thousand_parentheses_are_refused_at_the_first_too_many() -> None:
    with pytest.raises(FormulaError, match="nested deeper than the limit of 200") as raised:
        _native.parse("(" * 10_000 + "x" + ")" * 10_000)
    assert raised.value.span == (200, 201)


def test_lone_surrogates_are_an_error_and_no_crash() -> None:
    for text in ["\ud800", "a + \udfff * b"]:
        with pytest.raises((UnicodeError, FormulaError)):
            _native.parse(text)
        with pytest.raises((UnicodeError, FormulaError)):
            _native.names(text)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1", 1.0),
        ("1_000", 1000.0),
        ("params", "params"),
        ("6*params", ("*", 6.0, "params")),
        ("a + b - c", ("-", ("+", "a", "b"), "c")),
        ("-a**2", ("neg", ("**", "a", 2.0))),
        ("2**-1", ("**", 2.0, ("neg", 1.0))),
        ("+a", "a"),
        ("a < b <= c", ("and", ("<", "a", "b"), ("<=", "b", "c"))),
        ("not a or b and c", ("or", ("not", "a"), ("and", "b", "c"))),
        ("min(a, b, c)", ("min", ("min", "a", "b"), "c")),
        ("where(a < 1, b, exp(c))", ("where", ("<", "a", 1.0), "b", ("exp", "c"))),
    ],
)
def test_a_tree_is_made_of_tuples(text: str, tree: _native.Tree) -> None:
    assert _native.parse(text) == tree


def test_names_come_once_in_order_of_first_appearance() -> None:
    assert _native.names("b + a*b - exp(c)/a") == ["b", "a", "c"]
    assert _native.names("1 + 2") == []


def test_deep_trees_are_built_and_dropped() -> None:
    for text in ["a+" * 32_000 + "a", "-" * 60_000 + "a", "a**" * 20_000 + "a", "a<" * 30_000 + "a"]:
        tree = _native.parse(text)
        assert isinstance(tree, tuple)
        depth = 0
        while isinstance(tree, tuple):
            tree = next((part for part in tree[1:] if isinstance(part, tuple)), tree[1])
            depth += 1
        assert depth >= 20_000


def from_python(node: ast.expr) -> Any:
    """Python's own syntax tree in our form; comparisons there are a node of their own."""
    symbols: dict[type[ast.AST], str] = {
        ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
        ast.USub: "neg", ast.Not: "not", ast.And: "and", ast.Or: "or",
        ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    }  # fmt: skip
    match node:
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return name
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return from_python(operand)
        case ast.UnaryOp(op=op, operand=operand):
            return (symbols[type(op)], from_python(operand))
        case ast.BinOp(left=left, op=binary, right=right):
            return (symbols[type(binary)], from_python(left), from_python(right))
        case ast.BoolOp(op=boolean, values=values):
            return fold(symbols[type(boolean)], [from_python(value) for value in values])
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [from_python(side) for side in (left, *comparators)]
            links = [(symbols[type(op)], sides[i], sides[i + 1]) for i, op in enumerate(ops)]
            return fold("and", links)
        case ast.Call(func=ast.Name(id=name), args=args):
            operands = [from_python(argument) for argument in args]
            return fold(name, operands) if name in ("min", "max") else (name, *operands)
    raise AssertionError(ast.dump(node))


def fold(name: str, operands: list[Any]) -> Any:
    """``min(a, b, c)`` as ``min(min(a, b), c)``."""
    tree = operands[0]
    for operand in operands[1:]:
        tree = (name, tree, operand)
    return tree


def test_random_formulas_mean_what_python_takes_them_for() -> None:
    draw = random.Random(2)
    infix = [row["name"] for row in OPERATIONS.values() if row["syntax"] == "infix"]

    def text(depth: int) -> str:
        if depth == 0 or draw.random() < 0.1:
            return draw.choice(["a", "b", "1", "2.5", "1e9", ".5", "5.", "1_0"])
        kind = draw.randrange(8)
        if kind == 0:
            return f"({text(depth - 1)})"
        if kind == 1:
            return draw.choice(["-", "+", "- "]) + text(depth - 1)
        if kind == 2:
            name = draw.choice([name for name, row in OPERATIONS.items() if row["syntax"] == "call"])
            return f"{name}({', '.join(text(depth - 1) for _ in range(OPERATIONS[name]['arity']))})"
        if kind == 3:
            return f"not {text(depth - 1)}"
        return f"{text(depth - 1)} {draw.choice(infix)} {text(depth - 1)}"

    read = 0
    for _ in range(3000):
        formula = text(4)
        try:
            expected = from_python(ast.parse(formula, mode="eval").body)
        except SyntaxError:
            with pytest.raises(FormulaError):
                _native.parse(formula)
            continue
        assert _native.parse(formula) == expected, formula
        read += 1
    assert read > 1000


def formula_error(text: str) -> FormulaError | None:
    """What `parse` raises, if anything; other exceptions pass."""
    try:
        _native.parse(text)
    except FormulaError as error:
        return error
    return None


def test_random_characters_give_a_tree_or_a_formula_error() -> None:
    draw = random.Random(3)
    characters = "ab1.e_ ()+-*/<>=!&|^%,\t\n\0é\u00d7\U0001f600'\"[]{}"
    read = 0
    for _ in range(5000):
        text = "".join(draw.choice(characters) for _ in range(draw.randrange(1, 20)))
        error = formula_error(text)
        if error is None:
            read += 1
            continue
        start, end = error.span
        assert 0 <= start <= end <= len(text)
        assert error.text == text
    assert read > 0


def test_the_table_says_how_each_operation_is_written() -> None:
    assert list(OPERATIONS)[:6] == ["+", "-", "*", "/", "**", "neg"]
    for name, row in OPERATIONS.items():
        assert set(row) == {"name", "arity", "doc", "syntax", "written", "conditions", "condition"}
        assert row["syntax"] in ("infix", "prefix", "call")
        assert len(row["conditions"]) == row["arity"]
        written = _native.parse(row["written"].replace(", ...", ""))
        assert isinstance(written, tuple)
        assert written[0] == name
        assert len(written) == row["arity"] + 1
    assert OPERATIONS["where"]["conditions"] == [True, False, False]
    assert OPERATIONS["<"]["condition"] is True


def test_names_of_several_formulas_are_those_of_each() -> None:
    texts = ["a + b*a", "x @ y", "", "log(c) / c", "7"]
    assert _native.names_of_each(texts) == [["a", "b"], None, None, ["c"], []]
