"""Random questions by the hundred thousand: the engine, by both methods, against the oracle on arrays.

    python tests/fuzz.py --cases 300000 --seed 7 --jobs 2

draws the questions of the property tests from a seed, each with trouble planted (`support/plantings.py`; in
the tests a third of them), some over larger spaces, some asked of an `iso.Sweep`. It prints the seed, what
differs as code that can be pasted, and a count at the end; the exit status is 1 if anything differed, else
130 after Ctrl-C. Each case depends on the seed and its own number alone: `--seed 7 --first 4711 --cases 1`
asks one again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import secrets
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice

from support import generators, plantings
from support.compare import Difference, differences
from support.draws import Seeded
from support.question import Question
from support.shrink import shrink
from support.surface import surface_differences, sweep_code

CHUNK = 200
PATIENCE = 120
"""Seconds after which a case is said to hang."""
PROGRESS = 30_000
SHOWN = 5
"""How many findings are shrunk and shown; the others are counted."""


@dataclass(frozen=True)
class Finding:
    """A case in which something differed."""

    number: int
    planted: tuple[str, ...]
    kind: str
    note: str = ""
    """What to do where the case cannot be asked again in this process."""


def drawn(seed: int, number: int, kinds: Sequence[str]) -> Question:
    """Return the question of a case: of five, one is over a larger space, of a hundred one is over tables."""
    draw = Seeded(seed, number)
    if number % 100 == 50:
        return generators.large_question(draw, kinds=kinds, every=1, largest=3000)
    if number % 5 == 4:
        return generators.question(draw, kinds=kinds, every=1, largest=1500, longest=30)
    return generators.question(draw, kinds=kinds, every=1)


def asked(question: Question, number: int) -> Iterator[Difference]:
    """Yield what differs: of the engine, for some cases of fronts of few rows, and of the surface, too."""
    yield from differences(question, few=number % 16 == 3)
    if number % 16 == 7:
        yield from surface_differences(question)


def first_difference(question: Question, number: int) -> Difference | None:
    """Return what differs first; an exception, a warning, a panic or a hang is a difference, too."""
    signal.alarm(PATIENCE)
    try:
        return next(asked(question, number), None)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # panics of Rust are no `Exception`
        text = str(error).splitlines() or [""]
        return Difference(type(error).__name__, text[0], "an answer", f"{sweep_code(question)}# {question}\n")
    finally:
        signal.alarm(0)


def hangs(*_: object) -> None:
    raise TimeoutError(f"no answer within {PATIENCE} seconds")


def work(seed: int, numbers: range, kinds: Sequence[str]) -> list[Finding]:
    """Ask cases one after the other."""
    found = []
    for number in numbers:
        question = drawn(seed, number, kinds)
        difference = first_difference(question, number)
        if difference is not None:
            found.append(Finding(number, question.planted, difference.kind))
    return found


def reproduction(seed: int, finding: Finding, kinds: Sequence[str]) -> str:
    """Return the code of a finding, made as small as it still shows the same."""
    if finding.note:
        return finding.note

    def shows(question: Question) -> bool:
        difference = first_difference(question, finding.number)
        return difference is not None and difference.kind == finding.kind

    least = shrink(drawn(seed, finding.number, kinds), shows)
    difference = first_difference(least, finding.number)
    return f"{difference.code}# {difference}" if difference is not None else "(it does not differ again)"


def prepare(*, ignore_interrupts: bool) -> None:
    """Set a process up: a hang and a warning are failures, and Ctrl-C is for the parent alone."""
    signal.signal(signal.SIGALRM, hangs)
    warnings.simplefilter("error")
    if ignore_interrupts:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    else:
        # Also in the background, where a shell has Ctrl-C ignored; and what ends the parent ends them all.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def chunks(first: int, cases: int) -> list[range]:
    last = first + cases
    return [range(start, min(start + CHUNK, last)) for start in range(first, last, CHUNK)]


def results(
    seed: int, parts: Sequence[range], kinds: Sequence[str], jobs: int
) -> Iterator[tuple[range, list[Finding]]]:
    """Yield what was found in each part, as it comes."""
    if jobs == 1:
        for part in parts:
            yield part, work(seed, part, kinds)
        return
    # Polars may not be forked once it has run.
    executor = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), ignoring_interrupts)
    try:
        waiting = iter(parts)
        running: dict[Future[list[Finding]], range] = {}
        while True:
            for part in islice(waiting, 2 * jobs - len(running)):
                running[executor.submit(work, seed, part, kinds)] = part
            if not running:
                return
            done = next(iter(wait(running, return_when=FIRST_COMPLETED).done))
            part = running.pop(done)
            try:
                yield part, done.result()
            except BrokenProcessPool:
                yield (
                    range(0),
                    [Finding(part.start, (), "a process died", suspects(seed, [part, *running.values()]))],
                )
                return
    finally:
        executor.shutdown(cancel_futures=True)


def suspects(seed: int, parts: Sequence[range]) -> str:
    """Return how to ask the cases again that may have killed a process."""
    return "\n".join(
        f"python tests/fuzz.py --seed {seed} --first {part.start} --cases {len(part)} --jobs 1"
        for part in parts
    )


def ignoring_interrupts() -> None:
    prepare(ignore_interrupts=True)


def positive(text: str) -> int:
    """Read a number of something of which there must be some."""
    if (number := int(text)) < 1:
        raise ValueError
    return number


def read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Ask random questions of the engine and of an oracle.")
    parser.add_argument("--cases", type=positive, default=10_000, help="how many (10,000)")
    parser.add_argument("--seed", type=int, help="what the cases are drawn from (another each time)")
    parser.add_argument("--first", type=int, default=0, help="number of the first case (0)")
    parser.add_argument("--jobs", type=positive, default=os.cpu_count(), help="processes (one for each CPU)")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=sorted(plantings.KINDS),
        help="plant none of this kind",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return the exit status."""
    given = read(arguments)
    seed = secrets.randbelow(2**32) if given.seed is None else given.seed
    kinds = tuple(kind for kind in plantings.KINDS if kind not in given.without)
    print(f"fuzz: {given.cases:,} cases of seed {seed} in {given.jobs} processes", flush=True)
    prepare(ignore_interrupts=False)
    start = time.perf_counter()
    done, findings, interrupted = 0, 0, False
    try:
        for part, found in results(seed, chunks(given.first, given.cases), kinds, given.jobs):
            for finding in found:
                findings += 1
                if findings <= SHOWN:
                    planted = ", ".join(finding.planted) or "nothing"
                    after = time.perf_counter() - start
                    print(f"\nfuzz: case {finding.number}: {finding.kind}; planted: {planted}; {after:.0f} s")
                    print(reproduction(seed, finding, kinds), flush=True)
            before, done = done, done + len(part)
            if before // PROGRESS < done // PROGRESS:
                print(f"fuzz: {done:,} cases so far, {findings} differ", flush=True)
    except KeyboardInterrupt:
        interrupted = True
    seconds = time.perf_counter() - start
    print(
        f"fuzz: {done:,} of {given.cases:,} cases of seed {seed} in {seconds:.0f} s "
        f"({done / seconds:.0f} a second): {findings} differ{' (stopped)' if interrupted else ''}"
    )
    return 130 if interrupted and not findings else int(findings > 0)


if __name__ == "__main__":
    sys.exit(main())
