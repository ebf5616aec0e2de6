"""The page of sweep files, docs/sweep-files.md: every table and key that a file may hold."""

from __future__ import annotations

from collections.abc import Mapping

from isoflop._law.table import KEYS as LAW_KEYS
from isoflop._sweep.file import KEYS, KINDS, QUESTIONS, SPACINGS
from isoflop._sweep.front import DEFAULT_MAX_ROWS, RUNNING
from isoflop._sweep.pools import DEFAULTS
from isoflop._text.frames import READERS
from isoflop._text.numbers import POWERS, number_text
from prose import MADE, listed, paragraph, points, table

TOP: Mapping[str, str] = {
    "law": "the law that gives `loss`: an identifier of the catalogue; the path of a law's file, which ends "
    "in `.toml` or has a slash; or a table `[law]` in the form of a law's file",
    "where": "constraints, an array of formulas in quotes: conditions that every configuration of an answer "
    "meets; one may stand without the brackets",
    "architecture": "what turns a shape into counts: an identifier of the catalogue; the path of a file; or "
    "a table `[architecture]`, in the form of such a file, or of `id` with the conventions `attention` and "
    "`flops`",
    "axes": "the table of axes and constants",
    "pools": "a table `[pools.NAME]` for each pool of data used side by side",
    "quantities": "formulas by name; they may replace standard quantities, not axes",
    "pareto": "a question: the front",
    "best": "a question: the best configuration, or the best of each group",
    "near": "a question: whatever is close to the best",
    "table": "a question: every configuration",
}
"""What stands at the top of a file, in the words of the page."""

KEYWORDS: Mapping[str, tuple[str, str, str]] = {
    "minimize": ("names or formulas", "none", "objectives; in `best` and `near` one"),
    "maximize": ("names or formulas", "none", "objectives to maximize"),
    "resolution": (
        "a number in 0..1, or a table of one for each objective",
        "1e-9",
        "how finely objectives are compared; a coarser one gives fewer rows, all of them on the front",
    ),
    "rows": (
        "a whole number",
        "all",
        "rows that cover the front: the best by each objective, then the farthest",
    ),
    "columns": ("names or formulas", "none", "further columns; in `table` the law's `loss`"),
    "by": (
        "a name in quotes",
        "none",
        "an axis or a column of a linked one: an answer for each of its values",
    ),
    "ties": ('"first" or "all"', '"first"', "one of several configurations with equal objectives, or all"),
    "max_rows": ("a whole number", f"{DEFAULT_MAX_ROWS:,}", "answers of more rows are refused"),
    "within": ("a number", "must be given", "how close to the best: 1e-3 is a thousandth of it"),
    "then": (
        "names or formulas",
        "none",
        "further objectives to minimize: the front of these among what is near",
    ),
    "max_bytes": ("a whole number", "2 GiB", "tables that take more memory are refused"),
}
"""Of each keyword of the questions what it takes, what it is if it is not given, and what it means."""

POOLS: Mapping[str, str] = {
    "quality": "worth of one of its tokens relative to the corpus that the law was fitted on",
    "unique_tokens": "distinct tokens that there are",
    "usd_per_token": "price of a distinct token in US dollars",
}

WHOLE = """
law = "besiroglu2024"
where = ["days <= 60", "weight_bytes <= 80e9"]

[axes]
params = { geomspace = ["1B", "100B", 61] }
tokens = { geomspace = [1e11, 1e13, 81] }
gpu_count = [512, 1024, 2048]
mfu = 0.4

[quantities]
risk_usd = "total_usd + 1e4 * days"

[pareto]
minimize = ["loss", "risk_usd"]
columns = ["days", "tokens_per_param"]
rows = 10
"""

LINKED = """
law = "besiroglu2024"
where = "train_usd <= 2e6"

[axes]
params = [7e9, 13e9, 70e9]
tokens = { linspace = [1e12, 2e12, 5] }
gpu = { file = "gpus.csv", columns = ["gpu", "peak_flops", "usd_per_gpu_hour"] }

[axes.mixture]
mixture = ["curated", "web", "both"]
quality = [1.0, 0.4, 0.7]
usd_per_token = [1e-6, nan, 5e-7]

[best]
minimize = "loss"
by = "gpu"
columns = ["train_usd"]
"""

GPUS = """gpu,peak_flops,usd_per_gpu_hour
a100,312e12,1.5
h100,989e12,2.5
"""

OWN = """
where = "train_flops <= 1e22"

[axes]
params = { geomspace = [1e8, 1e10, 21] }
web_tokens = { geomspace = [1e9, 1e12, 21] }
book_tokens = [0, "10B", "100B"]

[pools.web]
quality = 0.6

[pools.book]
unique_tokens = "30B"
usd_per_token = 1e-6

[near]
minimize = "loss"
within = 0.01

[law]
formula = "E + A / effective_params**alpha + B / effective_tokens**beta"
coefficients = { E = 1.8, A = 480, B = 2100, alpha = 0.35, beta = 0.37 }
"""

EXAMPLES = (WHOLE, LINKED, OWN)


def page() -> str:
    """Return the page as Markdown."""
    suffixes = listed((f"`{suffix}`" for suffix in READERS), "or")
    letters = listed(f"`{letter}` is 1e{power}" for letter, power in POWERS.items())
    spacings = listed((f"`{name} = [start, stop, num]`" for name in SPACINGS), "or")
    blocks = [
        MADE.format(source="sweep_files.py"),
        "# Sweep files",
        paragraph(
            "A sweep and the questions to ask of it, in [TOML](https://toml.io). `isoflop pareto "
            "sweep.toml` asks the question "
            "`[pareto]`, and so on; `Sweep.from_toml` reads the sweep alone, `Sweep.to_toml` writes one. "
            "`-` in the "
            "place of a file's name is standard input."
        ),
        _toml(WHOLE),
        "## At the top",
        paragraph(
            "Whatever stands below the header of a table belongs to that table, so `law`, `where` "
            "and `architecture` come first."
        ),
        table("key | meaning", ([f"`{key}`", TOP[key]] for key in KEYS), text=True),
        "## Axes",
        paragraph("Each entry of `[axes]` is one of these; the order of the axes is that of the file."),
        points(
            [
                "a number: a constant;",
                "an array of numbers;",
                f"evenly spaced numbers, a table of {spacings}, with `endpoint = false` if `stop` is left "
                "out;",
                "columns that vary together, a table `[axes.NAME]` with an array for each column "
                "(numbers, texts or truth "
                "values; a spacing for numbers); `nan` in such an array is a null, and a column of nulls "
                "alone is "
                f"`{{ nulls = 3 }}` with a `kind` of {listed((f'`{kind}`' for kind in KINDS), 'or')} "
                "(`float` if not said);",
                f'such columns from a file, `{{ file = "gpus.csv" }}`, {suffixes}, with `columns = [...]` '
                "for some of them. Its path starts from the folder of the sweep file, and it is read once: "
                "`to_toml` writes the values.",
            ]
        ),
        paragraph(
            "A table whose column has the name of one of these words is written with the columns in a "
            "table of their own, "
            "`{ columns = { file = [...] } }`."
        ),
        "## Numbers",
        paragraph(
            'Where the file wants a number, a text that is one will do: `"7B"`, `"2T"`, `"1_000"`. '
            f"{letters}; B is a billion. So it is in the numeric columns of a CSV file. Formulas take `7e9`."
        ),
        "## Linked columns and files",
        paragraph("With `gpus.csv` beside the sweep file:"),
        f"```csv\n{GPUS.strip()}\n```",
        _toml(LINKED),
        paragraph(
            "A null is read as NaN: the row is in no `best` and on no front whose question reads it, and "
            "a warning says how many "
            "there are."
        ),
        "## Pools, and a law of one's own",
        _toml(OWN),
        table(
            "key of a pool | if not given | meaning",
            ([f"`{key}`", number_text(value), POOLS[key]] for key, value in DEFAULTS.items()),
            text=True,
        ),
        paragraph(
            f"The table `[law]` has the keys of a law's file: {listed(f'`{key}`' for key in LAW_KEYS)}; "
            "`formula` and "
            "`coefficients` are required."
        ),
        "## Questions",
        paragraph(
            "Names and formulas are texts in quotes, one or an array. The command line's options of the "
            "same names go before the "
            f"file; {listed(f'`{name}`' for name in RUNNING)} change no answer and are not for files."
        ),
        table(
            "keyword | in | takes | if not given | meaning",
            ([f"`{keyword}`", _where(keyword), *KEYWORDS[keyword]] for keyword in _keywords()),
            text=True,
        ),
        "## Changed for one question",
        paragraph(
            "On the command line `--set NAME=VALUE` sets or adds a constant, `--set NAME=VALUE,VALUE` an "
            "axis, and `--where` adds a "
            "constraint; in Python `Sweep.with_axes` and `Sweep.filter` do."
        ),
        "```console\nisoflop pareto sweep.toml --set mfu=0.5 tokens=1T,2T --where 'days <= 30'\n```",
        "## What is refused",
        paragraph(
            "A key that is not known, with the nearest that is; `law` or `where` inside another table, "
            "where TOML would "
            "hide them; a file that cannot be read; a formula with an error, with a caret under it; and "
            "whatever the "
            "constructor of `Sweep` refuses: values outside their domain, a degree of freedom given "
            "twice, names that "
            "clash. Messages begin with the file and the key."
        ),
    ]
    return "\n\n".join(blocks) + "\n"


def _toml(text: str) -> str:
    return f"```toml\n{text.strip()}\n```"


def _keywords() -> list[str]:
    return list(dict.fromkeys(keyword for keywords in QUESTIONS.values() for keyword in keywords))


def _where(keyword: str) -> str:
    return ", ".join(f"`[{name}]`" for name, keywords in QUESTIONS.items() if keyword in keywords)
