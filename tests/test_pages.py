"""Laws, rules, sweeps and profiles to read: as printed, and in notebooks; repr is to be typed back."""

from __future__ import annotations

import sys
import types
from html.parser import HTMLParser
from typing import Any

import polars as pl
import pytest

import isoflop as iso
from isoflop.cli import main

SWEEP = iso.Sweep(
    {
        "params": iso.geomspace(1e8, 1e10, 21),
        "web_tokens": [1e10],
        "gpu": pl.DataFrame({"gpu": ["a<b>", "b"], "peak_flops": [1e15, 3e14]}),
        "mfu": 0.4,
    },
    law="besiroglu2024",
    quantities={"weeks": "days / 7"},
    where=["train_flops <= 1e22", "loss < 3"],
    pools=pl.DataFrame({"pool": ["web"], "unique_tokens": [1e12]}),
)


class Tags(HTMLParser):
    """Checks that what is opened is closed, and keeps the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


def read(html: str) -> str:
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    return tags.text


@pytest.mark.parametrize("id", iso.laws()["id"])
def test_a_printed_law_is_the_page_of_the_command(id: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["law", id]) == 0
    assert capsys.readouterr().out == f"{iso.law(id)}\n"
    assert repr(iso.law(id)) == f"iso.law({id!r})"


@pytest.mark.parametrize(
    "shown", [*map(iso.law, iso.laws()["id"]), *map(iso.allocation, iso.allocations()["id"]), SWEEP], ids=repr
)
def test_a_notebook_shows_what_print_does(shown: Any) -> None:
    words = read(shown._repr_html_()).split()
    assert [word for word in str(shown).split() if word not in ("=", "-")] == [
        word for word in words if word not in ("=", "-")
    ]


def test_a_printed_rule_says_what_it_is() -> None:
    rule = iso.allocation("llama3-2024")
    page = str(rule)
    assert page.startswith(f"{rule.id}: {rule.title}\n")
    for text in (*rule.formulas.values(), rule.corpus, str(rule.source), rule.evidence, *rule.caveats):
        assert text in page
    assert repr(rule) == "iso.allocation('llama3-2024')"


def test_a_printed_sweep_lists_all_that_it_was_given() -> None:
    assert str(SWEEP) == (
        "Sweep: 42 configurations\n"
        "\n"
        "axes\n"
        "  params      21 values, 1e+08 to 1e+10\n"
        "  web_tokens  1 value, 1e+10\n"
        "  gpu         2 values, linked: gpu, peak_flops\n"
        "\n"
        "constants\n"
        "  mfu  0.4\n"
        "\n"
        "law\n"
        f"  besiroglu2024  loss = {iso.law('besiroglu2024').formula}\n"
        "\n"
        "quantities\n"
        "  weeks = days / 7\n"
        "\n"
        "where\n"
        "  - train_flops <= 1e22\n"
        "  - loss < 3\n"
        "\n"
        "pools\n"
        "  web  quality 1, 1e+12 tokens, 0 US dollars"
    )
    assert str(iso.Sweep({"x": 1.0})) == "Sweep: 1 configuration\n\nconstants\n  x  1"


def test_a_profile_reads_the_same_in_a_notebook() -> None:
    _, profile = iso.Sweep({"x": [1.0, 2.0]}).profile(minimize="x")
    assert read(profile._repr_html_()).split()[1:] == str(profile).split()


def test_html_is_escaped() -> None:
    sweep = iso.Sweep({"x": [1.0, 2.0]}, where="x < 2")
    assert "x &lt; 2" in sweep._repr_html_()


def test_one_is_singular() -> None:
    sweep = iso.Sweep({"x": [1.0]}, where="x > 0")
    assert "1 configuration\n" in sweep.explain(minimize="x")
    assert "enumerate: 1 configuration is looked at" in sweep.explain(minimize="x")
    _, profile = sweep.profile(minimize="x", threads=1)
    assert "1 configurations" not in str(profile)
    law = iso.Law("1 + 1/params", {}, variables={"params": {"range": (1e8, 1e9)}})
    with pytest.warns(iso.ExtrapolationWarning, match="up to 1 decade above"):
        iso.Sweep({"params": [1e10]}, law=law).best(minimize="loss")
    with pytest.raises(iso.LimitError, match="more than 1 row;"):
        iso.Sweep({"x": [1.0, 2.0]}).pareto(minimize="x", maximize="2 * x", max_rows=1)


def test_a_time_is_hedged_once() -> None:
    told = iso.Sweep({"x": [1.0, 2.0]}).explain(minimize="x")
    assert "about a millisecond on " in told
    assert "roughly" not in told


def test_the_filter_says_first_that_nan_is_never_on_a_front() -> None:
    assert iso.pareto.__doc__ is not None
    assert "NaN" in "".join(iso.pareto.__doc__.splitlines()[:4])


def test_a_notebook_draws_a_bar_and_takes_it_away(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    display = types.ModuleType("IPython.display")
    handle = types.SimpleNamespace(update=drawn.append)

    def show(html: str, display_id: bool) -> Any:
        assert display_id
        drawn.append(html)
        return handle

    vars(display).update(HTML=str, display=show)
    notebook = types.ModuleType("IPython")
    vars(notebook).update(get_ipython=lambda: types.SimpleNamespace(kernel=object()), display=display)
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    iso.Sweep({"x": iso.linspace(1, 2, 3000), "y": iso.linspace(1, 2, 3000)}).table(columns=(), progress=True)
    assert "<progress" in drawn[0]
    assert "0% of the configurations settled" in drawn[0]
    assert drawn[-1] == ""


def test_a_terminal_of_ipython_is_no_notebook(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = types.ModuleType("IPython")
    vars(terminal).update(get_ipython=lambda: types.SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", terminal)
    iso.Sweep({"x": [1.0, 2.0]}).table(columns=(), progress=True)
    assert capsys.readouterr() == ("", "")
