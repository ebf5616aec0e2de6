"""Benchmarks: isoflop against what people use today. ``python -m benches`` prints one table.

Every benchmark asserts its answer, so a wrong result cannot be fast. Rivals of one question run under the
same name and alternate with isoflop within one run, so that a busy machine slows all of them alike.

- `yardsticks`: one question each.
- `rivals`: the pure-Python loop (`baseline`), and the running front of the numba rivals (`staircase`).
- `tools`: the spaces (`spaces`), timing and the table (`harness`), when two fronts count as the same answer
  (`agree`), peak memory (`memory`), the drawing of growth (`chart`).

`README.md` says what each yardstick stands for.
"""
