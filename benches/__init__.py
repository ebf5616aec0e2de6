"""Benchmarks: isoflop against what people use today. ``python -m benches`` prints one table.

Every benchmark asserts its answer, so a wrong result cannot be fast. Rivals of one question run under the
same name and alternate with isoflop within one run, so that a busy machine slows all of them alike.

- `spaces`: the yardsticks, as NumPy axes and as isoflop sweeps.
- `harness`: timing, the machine, the table.
- `agree`: when two fronts count as the same answer.
- `card`, `plane`, `kaplan`, `best`, `filter`, `tiny`, `startup`, `bits`: one question each.
- `baseline`: the pure-Python loop; `staircase`: the running front of the numba rivals; `memory`: peak memory.
"""
