"""The meaning of a sweep in plain Python: slow, obvious, and right to the bit.

    text --parse--> tree --evaluate--> numbers --front, best, near--> rows

`docs/design.md`, "The meaning", read aloud: a formula's value is its tree as written, every configuration is
looked at in the order of its index, and every row is compared with every other. Whatever the engine does to
be fast, it must return what this module returns; the tests see to that.

Only two things are shared with the engine: the parser, and the kernels of exp, log and pow, whose last bit no
other library would repeat. All else is Python's own binary64 arithmetic, with IEEE results where it raises.
"""

from isoflop.reference.formulas import OPERATIONS, evaluate, names_in, parse
from isoflop.reference.rows import bits_of, few, front, key, places
from isoflop.reference.space import Space
from isoflop.reference.sweeps import axes_of, best, near, pareto, space_of, table

__all__ = [
    "OPERATIONS",
    "Space",
    "axes_of",
    "best",
    "bits_of",
    "evaluate",
    "few",
    "front",
    "key",
    "names_in",
    "near",
    "pareto",
    "parse",
    "places",
    "space_of",
    "table",
]
