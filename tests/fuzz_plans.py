"""Random plans against an oracle that tries: none is beaten, breaks a limit, or is refused that exists.

    python tests/fuzz_plans.py --cases 500 --seed 7

prints what differs, and the question to ask it again; the exit status is 1 if anything did.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any

import isoflop as iso
from support import plan_oracle, plan_questions

SHARE = 1e-3
"""How much better, in compute or cost, makes another plan one that beats it."""


def differences(arguments: dict[str, Any], seed: int = 0) -> Iterator[str]:
    """Yield what is wrong with the plan for a question."""
    task = plan_oracle.task(arguments)
    serving = arguments.get("goal") == "serving"
    try:
        plan = iso.plan(**arguments)
    except iso.SpaceError as refused:
        if "beyond what the budget can train" in str(refused):
            return
        found = plan_oracle.best(task, seed=seed)
        if found is not None:
            yield f"refused ({refused}), but there is {_short(found)}"
        return
    (row,) = plan.recommended.to_dicts()
    own = _evaluated(task, row)
    if abs(own["loss"] / row["loss"] - 1) > 1e-9:
        yield f"its loss is {own['loss']}, not {row['loss']}"
    if not _allowed(task, row):
        yield f"it breaks a limit: {_short(row)}"
    reference = {"experts": 1.0} if task.law.id == "ludziejewski2025" else {}

    def worth(loss: float) -> float:
        return float(task.law.equivalent_flops(loss, **reference))

    objective, target, top = "loss", None, None
    if serving:
        objective, target = "total_usd", arguments.get("target_loss")
        if target is None:
            loss = {name: x for name, x in arguments.items() if name not in ("goal", "within")}
            top = iso.plan(**loss).recommended.row(0, named=True)
            within = arguments.get("within", 0.05)
            if worth(row["loss"]) < (1 - within) * worth(top["loss"]) * (1 - SHARE / 10):
                yield f"its loss {row['loss']} is not worth {1 - within} of the compute of {top['loss']}"
            target = row["loss"] if row["loss"] > top["loss"] else top["loss"]
    shown = [row] if top is None else [row, top]
    found = plan_oracle.best(task, objective, target=target, shown=shown, seed=seed)
    if found is None:
        return
    beaten = row["total_usd"] / found["total_usd"] if serving else worth(found["loss"]) / worth(row["loss"])
    if beaten > 1 + SHARE:
        yield f"beaten by {100 * (beaten - 1):.3g} %: {_short(row)} by {_short(found)}"
    again = plan.sweep.best(minimize="loss", columns=["loss"]) if not plan.warnings else None
    if again is not None and again["loss"].item() != row["loss"]:
        yield "its sweep gives another plan"


def _evaluated(task: plan_oracle.Task, row: dict[str, float]) -> dict[str, float]:
    import numpy as np

    taken = [[row[f"{pool[0]}_tokens"] if pool[0] else row["tokens"]] for pool in task.pools]
    chosen = {name: np.array([row[name]]) for name in task.choices}
    at = plan_oracle.evaluate(task, np.array([row[task.size]]), chosen, np.array(taken))
    return {name: float(np.broadcast_to(column, 1)[0]) for name, column in at.items()}


def _allowed(task: plan_oracle.Task, row: dict[str, float]) -> bool:
    import numpy as np

    at = {name: np.array([value]) for name, value in _evaluated(task, row).items()}
    return bool(plan_oracle.allowed(task, at, slack=1e-9)[0])


def _short(row: dict[str, float]) -> str:
    told = ("params", "active_params", "activation", "experts", "loss", "total_usd")
    names = [name for name in row if name in told or name == "tokens" or name[2:] == "_tokens"]
    return ", ".join(f"{name} {row[name]:.5g}" for name in names)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    print(f"plans: {options.cases} cases of seed {seed}", flush=True)
    wrong, slowest = 0, (0.0, 0)
    for number in range(options.first, options.first + options.cases):
        arguments = plan_questions.question(seed * 1_000_003 + number)
        start = time.perf_counter()
        try:
            found = list(differences(arguments, number))
        except KeyboardInterrupt:
            return 130
        except Exception:
            found = [traceback.format_exc()]
        slowest = max(slowest, (time.perf_counter() - start, number))
        if found:
            wrong += 1
            print(f"case {number}: iso.plan(**{arguments!r})")
            for text in found:
                print(f"    {text}", flush=True)
    seconds, number = slowest
    print(
        f"plans: {options.cases} cases of seed {seed}: {wrong} differ; {number} took longest, {seconds:.1f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
