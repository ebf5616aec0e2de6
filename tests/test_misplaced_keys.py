"""Sweep files: keys in the wrong place and slips of keys are told as what they are."""

from __future__ import annotations

import pytest

import isoflop as iso
from isoflop._sweep.load import parse

AXES = "[axes]\nparams = [1e9]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (AXES + "where = ['params > 1']", "`where` stands in the table [axes], where it means nothing"),
        (AXES + "where = 'params > 1'", "put `where` above [axes]"),
        (AXES + "law = 'besiroglu2024'", "means nothing; put `law` above [axes]"),
        (AXES + "[quantities]\nx = '1'\nwhere = ['x > 1']", "`where` stands in the table [quantities]"),
        (AXES + "[quantities]\nlaw = 'besiroglu2024'", "`law` stands in the table [quantities]"),
        (AXES + "[quantities]\nlaw = 'mine.toml'", "put `law` above [axes]"),
        (AXES + "[pareto]\nwhere = ['params > 1']", "`where` stands in the table [pareto]"),
        (AXES + "[pools.web]\nquality = 1\nlaw = 'besiroglu2024'", "`law` stands in the table [pools.web]"),
        ("[axes.gpu]\nwhere = ['params > 1']", "put `where` above [axes.gpu], the first table"),
        (
            "[law]\nformula = 'E'\ncoefficients = { E = 1 }\nwhere = ['params > 1']\n" + AXES,
            "put `where` above [law], the first table of the file",
        ),
        ("minimize = 'params'\n" + AXES, "it belongs into the table of a question: [pareto], [best], [near]"),
        ("within = 0.1\n" + AXES, "`within`; it belongs into the table of a question: [near]"),
        ("gpu_count = 8\n" + AXES, "`gpu_count`; an axis or a constant belongs into the table [axes]"),
        ("[axis]\nparams = [1e9]", "unknown key `axis`; did you mean `axes`?"),
        ("wher = ['params > 1']\n" + AXES, "unknown key `wher`; did you mean `where`?"),
        ("[axes]\nparams = { geomspce = [1e9, 1e12, 100] }", "key `geomspce`; did you mean `geomspace`?"),
        ("[axes]\nparams = { lin_space = [1, 2, 3], endpoint = false }", "did you mean `linspace`?"),
        ("[axes]\nparams = { Geomspace = [1, 2, 3], endpont = false }", "did you mean `geomspace`?"),
        ("[axes]\nparams = { logspace = [9, 12, 4] }", "write `geomspace`, whose ends are the numbers"),
        ("[axes]\nparams = { geomspace = [1, 2, 3], endpont = false }", "did you mean `endpoint`?"),
        ("[axes]\nparams = { start = 1, stop = 2 }", "numbers are { geomspace = [start, stop, num] }"),
        ("[axes]\nx.geomspce = [1, 2, 3]", "axes.x: unknown key `geomspce`; did you mean `geomspace`?"),
    ],
)  # fmt: skip
def test_a_key_in_the_wrong_place_is_told(text: str, message: str) -> None:
    with pytest.raises(iso.SpaceError) as caught:
        parse(text, "plan.toml")
    assert str(caught.value).startswith("plan.toml: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "[axes]\nlaw = [1, 2]\n",  # an axis may be called so
        "[axes.place]\nlaw = [1, 2]\n",
        "[axes]\nx = [1]\n[quantities]\nlaw = 'x + 1'\n",
        "[axes.x]\nspaces = [1, 2, 3]\nothers = [1, 2, 3]\n",
        "[axes]\nparams = [1e9]\n[law]\nformula = '1'\ncoefficients = {}\nsource = { where = 'Table 1' }\n",
    ],
)
def test_what_stands_where_it_may_is_read(text: str) -> None:
    assert parse(text, "plan.toml").sweep.size >= 1


@pytest.mark.parametrize("name", ["geomspace", "linspace", "file", "columns", "geomspaces", "logspace"])
def test_a_linked_column_may_have_the_name_of_a_word_of_the_file(name: str) -> None:
    import polars as pl

    for values in ([1.0, 2.0, 3.0], iso.geomspace(1, 10, 7)):
        for more in ({}, {"other": list(range(len(values)))}):
            sweep = iso.Sweep({"axis": pl.DataFrame({name: values, **more}), "z": [1, 2]})
            assert parse(sweep.to_toml(), "plan.toml").sweep == sweep
