"""The generated pages of the documentation: as committed, and their numbers found again by hand."""

from __future__ import annotations

import importlib
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import isoflop as iso
from isoflop._sweep.load import load
from isoflop.cli import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TOOLS = ROOT / "tools" / "docs"
MINE = ("rules-of-thumb.md", "quality.md")
ARCHITECTURES = "architectures.md"

E, A, B, ALPHA, BETA = 1.8172, 482.01, 2085.43, 0.3478, 0.3658  # Besiroglu et al. 2024, Table 1
R_D = 15.387756


@pytest.fixture(scope="module")
def docs() -> Iterator[Any]:
    """Import a module of tools/docs/, which is no package, by name."""
    sys.path.insert(0, str(TOOLS))
    yield importlib.import_module
    sys.path.remove(str(TOOLS))


def cells(name: str, heading: str, row: str) -> list[str]:
    """Return the cells of the first row that starts so, of a table under a heading."""
    section = (DOCS / name).read_text(encoding="utf-8").split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]
    line = next(line for line in section.splitlines() if line.startswith(f"| {row} |"))
    return [cell.strip() for cell in line.strip("| ").split("|")]


def besiroglu(params: Any, tokens: Any) -> Any:
    return E + A / params**ALPHA + B / tokens**BETA


def least(flops: float, quality: float = 1.0) -> tuple[float, float]:
    """Return size and loss of the optimum at a budget, by looking at many sizes."""
    sizes = np.geomspace(1e7, 1e14, 200_001)
    losses = besiroglu(sizes, quality * flops / 6 / sizes)
    return float(sizes[losses.argmin()]), float(losses.min())


# As committed ---------------------------------------------------------------------------------------


def test_every_page_is_committed_as_it_is_made(docs: Any) -> None:
    pages = docs("build").PAGES
    assert set(MINE) <= set(pages)
    for name, page in pages.items():
        assert (DOCS / name).read_text(encoding="utf-8") == page(), f"{name}: run `make docs`"


def test_pages_are_made_once(docs: Any) -> None:
    for name in MINE:
        page = docs("build").PAGES[name]
        assert page() is page()


def test_every_entry_that_a_page_names_is_in_the_catalogue() -> None:
    known = {*iso.laws()["id"], *iso.allocations()["id"]}
    # Prefixes of several laws, and a paper whose two rules stand in one table.
    families = {"clark2022", "sardana2024-mpt", "tian2025"}
    for name in (*MINE, "traps.md"):
        named = set(re.findall(r"`([a-z]+20\d\d[a-z0-9-]*)`", (DOCS / name).read_text(encoding="utf-8")))
        assert named - families <= known
        assert len(named) > 5


def test_links_between_pages_lead_somewhere() -> None:
    for name in (*MINE, "traps.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", (DOCS / name).read_text(encoding="utf-8")):
            assert (DOCS / link).exists(), f"{name}: {link}"


def test_the_index_lists_every_page_by_its_title() -> None:
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^- \[(.+?)\]\((.+?)\): .+\.$", text, re.MULTILINE))
    assert len(listed) == text.count("\n- ")
    pages = {path.name for path in DOCS.glob("*.md")} - {"index.md"} | {"laws/README.md"}
    assert {target for target in listed.values() if not target.startswith("..")} == pages
    for title, target in listed.items():
        lines = (DOCS / target).read_text(encoding="utf-8").splitlines()
        assert f"# {title}" in lines, target
    rows = (DOCS / "laws" / "README.md").read_text(encoding="utf-8")
    for path in (DOCS / "laws").glob("*.md"):
        assert path.name == "README.md" or f"({path.name})" in rows


def test_lines_of_prose_are_no_lists_by_accident() -> None:
    for name in (*MINE, "traps.md"):
        for line in (DOCS / name).read_text(encoding="utf-8").splitlines():
            assert not re.match(r"([+*>]|\d+[.)]) ", line), f"{name}: {line}"


# Rules of thumb -------------------------------------------------------------------------------------


def test_tokens_per_parameter_at_70_b_are_what_a_search_by_hand_finds() -> None:
    low, high = 1e22, 1e25
    for _ in range(40):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if least(middle)[0] < 70e9 else (low, middle)
    ratio = high / 6 / 70e9**2
    row = cells("rules-of-thumb.md", "Twenty tokens", "70 B")
    assert row[-1] == f"{ratio * 70e9 / 1e12:.2f} T ({ratio:.1f})"


def test_twenty_tokens_cost_nothing_under_besiroglu_and_a_tenth_under_hoffmann() -> None:
    for id, (e, a, b, alpha, beta) in {
        "besiroglu2024": (E, A, B, ALPHA, BETA),
        "hoffmann2022": (1.69, 406.4, 410.7, 0.34, 0.28),
    }.items():
        size = (1e22 / 120) ** 0.5
        loss = e + a / size**alpha + b / (20 * size) ** beta
        sizes = np.geomspace(1e8, 1e12, 100_001)
        # The budget whose best loss is this one, by bisection.
        low, high = 1e20, 1e22
        for _ in range(50):
            middle = (low * high) ** 0.5
            best = (e + a / sizes**alpha + b / (middle / 6 / sizes) ** beta).min()
            low, high = (middle, high) if best > loss else (low, middle)
        section = (DOCS / "rules-of-thumb.md").read_text(encoding="utf-8").split("What the rule costs", 1)[1]
        row = next(line for line in section.splitlines() if line.startswith(f"| `{id}` |")).split("|")
        assert float(row[3].strip(" %")) == pytest.approx(100 * high / 1e22, abs=0.06)


def test_attention_at_8_k_is_that_of_palm() -> None:
    share = 12 * 32 * 4096 * 8192 / (6 * 7e9)
    assert cells("rules-of-thumb.md", "Six FLOP", "7 B (32 layers, width 4096)")[2] == f"{100 * share:.0f} %"


def test_the_losses_of_the_two_models_are_those_of_the_formula() -> None:
    small, large = besiroglu(7e9, 200e9), besiroglu(13e9, 100e9)
    row = cells("rules-of-thumb.md", "7 B on 200 B", "`besiroglu2024`")
    assert row[1:4] == [f"{small:.4f}", f"{large:.4f}", "7 B"]


def test_the_laws_that_prefer_a_model_are_listed_as_their_losses_say() -> None:
    text = " ".join((DOCS / "rules-of-thumb.md").read_text(encoding="utf-8").split())
    prose = text.split("laws prefer the 7 B:", 1)[1].split("In compute", 1)[0]
    smaller, larger = (set(re.findall(r"`([^`]+)`", part)) for part in prose.split("prefer the 13 B:"))
    assert len(smaller) + len(larger) >= 15
    for id in smaller | larger:
        law = iso.law(id)
        if {"E", "A", "B", "alpha", "beta"} == set(law.coefficients):
            of = law.coefficients
            losses = [
                of["A"] / p ** of["alpha"] + of["B"] / d ** of["beta"]
                for p, d in ((7e9, 200e9), (13e9, 100e9))
            ]
            assert (losses[0] < losses[1]) == (id in smaller)


def test_prose_follows_the_numbers(docs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = docs("rules_of_thumb.pair")
    before = "\n".join(module.pair_of_models())
    monkeypatch.setattr(module, "SMALL", (3e9, 460e9))
    module.duel.cache_clear()
    after = "\n".join(module.pair_of_models())
    monkeypatch.undo()
    module.duel.cache_clear()
    counts = [int(re.search(r"(\d+) of \d+\s+laws prefer the 7 B", x)[1]) for x in (before, after)]  # type: ignore[index]
    assert counts[1] < counts[0]


def test_epochs_are_worth_what_the_discount_says() -> None:
    total = [1 + R_D * (1 - np.exp(-(e - 1) / R_D)) for e in range(41)]
    for e in (4, 40):
        row = cells("rules-of-thumb.md", "Up to four epochs", f"7 B on 140 B | {e}")
        assert row[2:4] == [f"{total[e] / e:.3f}", f"{total[e] - total[e - 1]:.3f}"]
    for k, until in ((3, 18), (5, 26)):
        assert total[until] - total[until - 1] >= 1 / k > total[until + 1] - total[until]
        row = cells("rules-of-thumb.md", "One good token", str(k))
        assert row[-1] == str(until)


def test_a_gain_of_experts_moves_the_ratio_by_a_power_that_is_known() -> None:
    text = (DOCS / "rules-of-thumb.md").read_text(encoding="utf-8").split("s at 1e20", 1)[1]
    row = next(line for line in text.splitlines() if line.startswith("| `besiroglu2024` |"))
    expected = 2 * 0.35 * ALPHA / (ALPHA + BETA)
    assert [float(x) for x in row.strip("| ").split("|")[1:]] == pytest.approx([expected] * 4, abs=0.006)


def test_doubled_factors_are_worth_compute_not_loss() -> None:
    size, loss = least(1e21)
    both = besiroglu(2 * size, 2e21 / 6 / size)
    row = cells("rules-of-thumb.md", "Performance", "`besiroglu2024`, 1e21 | both")
    assert row[2:5] == [f"{loss:.4f}", f"{both:.4f}", f"{both / loss:.3f}"]
    assert least(4e21)[1] == pytest.approx(both, abs=2e-5)


# Data quality ---------------------------------------------------------------------------------------


def test_a_factor_on_the_tokens_is_the_same_factor_of_compute() -> None:
    size, _ = least(1e21)
    poor, loss = least(1e21, quality=0.25)
    row = cells("quality.md", "A factor on the tokens", "`besiroglu2024`")
    assert [float(row[3]), float(row[4])] == pytest.approx([poor / size] * 2, abs=6e-4)
    assert least(0.25e21)[1] == pytest.approx(loss, rel=1e-9)


def effective(curated: Any, web: Any) -> Any:
    """Return what tokens of the two pools are worth together."""

    def worth(tokens: Any, quality: float, unique: float) -> Any:
        epochs = np.maximum(tokens / unique, 1)
        return quality * np.minimum(tokens, unique) * (1 + R_D * (1 - np.exp(-(epochs - 1) / R_D)))

    return worth(curated, 1.0, 15e12) + worth(web, 0.4, 60e12)


def best_loss(budget: float, price: float, shares: Any) -> float:
    """Return the least loss where data are paid out of the budget's money, over shares and tokens."""
    tokens = np.geomspace(1e9, 1e16, 2001)[:, None]
    curated, web = shares * tokens, (1 - shares) * tokens
    flops_per_dollar = 3600 * 9.89e14 * 0.35 / 2
    left = budget - price * np.minimum(curated, 15e12) * flops_per_dollar
    sizes = np.where(left > 0, left, np.nan) / (6 * tokens)
    return float(np.nanmin(besiroglu(sizes, effective(curated, web))))


def compute(loss: float) -> float:
    """Return the budget whose optimum has this loss, from the closed form."""
    g = (ALPHA * A / (BETA * B)) ** (1 / (ALPHA + BETA))
    factor = A * g**-ALPHA + B * g**BETA
    return float(6 * (factor / (loss - E)) ** ((ALPHA + BETA) / (ALPHA * BETA)))


@pytest.mark.parametrize("price", [0.0, 1e-7])
def test_the_mixture_starts_to_win_where_the_example_says(docs: Any, price: float) -> None:
    _, crossings = docs("quality").mixture(price)
    shares = np.linspace(0, 1, 401)[None, :]
    for times, wins in ((0.98, False), (1.02, True)):
        budget = crossings["mixture"] * times
        single = max(compute(best_loss(budget, price, np.array([[s]]))) for s in (0.0, 1.0))
        assert (compute(best_loss(budget, price, shares)) > 1.01 * single) == wins


def test_the_better_pool_changes_where_the_example_says(docs: Any) -> None:
    assert docs("quality").mixture(0.0)[1]["pool"] is None
    crossing = docs("quality").mixture(1e-7)[1]["pool"]
    for times, better in ((0.98, 0.0), (1.02, 1.0)):
        losses = {s: best_loss(crossing * times, 1e-7, np.array([[s]])) for s in (0.0, 1.0)}
        assert min(losses, key=losses.__getitem__) == better


def test_the_money_of_a_priced_plan_is_the_money_of_the_budget(docs: Any) -> None:
    plans, _ = docs("quality").mixture(1e-7)
    for row in plans.iter_rows(named=True):
        assert row["total_usd"] == pytest.approx(2 * row["budget"] / (9.89e14 * 0.35 * 3600), rel=1e-12)
        assert row["data_usd"] == pytest.approx(1e-7 * min(row["curated_tokens"], 15e12), rel=1e-12)


def test_no_factor_can_turn_the_line_of_optima() -> None:
    exponents = []
    for quality in (0.1, 1.0, 3.0):
        low, high = least(1e20, quality)[0], least(1e24, quality)[0]
        exponents.append(np.log10(high / low) / 4)
    assert exponents == pytest.approx([BETA / (ALPHA + BETA)] * 3, abs=3e-5)
    assert cells("quality.md", "A moving exponent", "`besiroglu2024`, q = 0.5")[1] == f"{exponents[1]:.3f}"


# Sweep files ----------------------------------------------------------------------------------------


def test_the_page_of_sweep_files_tells_every_key_and_no_other(docs: Any) -> None:
    page = docs("sweep_files")
    assert set(page.TOP) == set(page.KEYS)
    assert set(page.KEYWORDS) == {name for keywords in page.QUESTIONS.values() for name in keywords}
    assert set(page.POOLS) == set(page.DEFAULTS)


@pytest.mark.filterwarnings("ignore::isoflop.ExtrapolationWarning", "ignore::isoflop.MissingValueWarning")
def test_the_sweep_files_on_their_page_can_be_asked(docs: Any, tmp_path: Path) -> None:
    page = docs("sweep_files")
    (tmp_path / "gpus.csv").write_text(page.GPUS, encoding="utf-8")
    written = re.findall(
        r"```toml\n(.*?)```", (DOCS / "sweep-files.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert written == [example.lstrip() for example in page.EXAMPLES]
    for example in written:
        path = tmp_path / "sweep.toml"
        path.write_text(example, encoding="utf-8")
        opened = load(path)
        assert opened.question
        for name, question in opened.question.items():
            assert getattr(opened.sweep, name)(**question).height
        again = tmp_path / "again.toml"
        opened.sweep.to_toml(again)
        assert iso.Sweep.from_toml(again) == opened.sweep


@pytest.mark.filterwarnings("ignore::isoflop.ExtrapolationWarning")
def test_the_command_on_the_page_of_sweep_files_works(
    docs: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (DOCS / "sweep-files.md").read_text(encoding="utf-8")
    command = shlex.split(re.findall(r"```console\nisoflop (.*?)\n```", text)[0])
    path = tmp_path / "sweep.toml"
    path.write_text(docs("sweep_files").WHOLE, encoding="utf-8")
    assert main([str(path) if word == "sweep.toml" else word for word in command]) == 0
    assert "loss" in capsys.readouterr().out


# Architectures --------------------------------------------------------------------------------------


def test_the_page_of_architectures_tells_each_and_its_real_models() -> None:
    text = (DOCS / ARCHITECTURES).read_text(encoding="utf-8")
    for id in iso.architectures()["id"]:
        section = text.split(f"\n## {id}\n", 1)[1].split("\n## ", 1)[0]
        built = iso.architecture(id)
        assert built.convention in " ".join(section.split())
        for check in built.checks:
            assert f"| {check.model} | `{check.name}` |" in section


def test_the_books_of_llama_on_the_page_are_those_of_the_codes() -> None:
    rows = {
        told: cells(ARCHITECTURES, "Conventions of compute", f'`flops="{told}"`')[1]
        for told in ("megatron", "torchtitan")
    }
    assert rows == {"megatron": "51,470,401,536", "torchtitan": "57,914,449,920"}
    params, scores = 8_030_261_248, 12 * 32 * 4096 * 8192
    assert (
        cells(ARCHITECTURES, "Conventions of compute", '`attention="full"`')[1] == f"{6 * params + scores:,}"
    )
    assert (
        cells(ARCHITECTURES, "Conventions of compute", "causal, the default")[1]
        == f"{6 * params + scores // 2:,}"
    )


# Paths ----------------------------------------------------------------------------------------------

PATHS = re.compile(r"`((?:python|rust|tests|benches|docs|tools|examples)/[\w./-]+)`")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *sorted(p.name for p in DOCS.glob("*.md"))])
def test_every_file_that_a_page_names_exists(page: str) -> None:
    path = next(folder / page for folder in (ROOT, DOCS) if (folder / page).exists())
    named = [name for name in PATHS.findall(path.read_text(encoding="utf-8")) if "*" not in name]
    bases = (ROOT, ROOT / "rust" / "core")  # pages on the core name its own tests
    assert [name for name in named if not any((base / name).exists() for base in bases)] == []
