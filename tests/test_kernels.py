"""Kernels against 200-bit arithmetic, lanes against kernels at every SIMD level, and geomspace."""

import math
from collections.abc import Callable, Iterable, Iterator

import mpmath  # type: ignore[import-untyped]  # it ships no types
import numpy as np
import pytest
from mpmath import mpf
from numpy.typing import NDArray

from isoflop import _native

Float64 = NDArray[np.float64]

POINTS = 1000  # for each kernel and region
LARGEST = mpf(np.finfo(np.float64).max)
SMALLEST_SUBNORMAL = mpf(2) ** -1074
AWKWARD = np.array(
    [
        *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, 4.0, -2.0, -3.0, 1.5, 1 + 2**-52, 1 - 2**-53),
        *(2.0**-1022, -(2.0**-1022), 5e-324, -5e-324, 2.2e-308, math.inf, -math.inf, math.nan),
        *(1.7976931348623157e308, -1.7976931348623157e308, 1e300, -1e300, 710.0, -746.0),
        *(2.0**52 + 1, 2.0**53 - 1, 2.0**53),
    ]
)


@pytest.fixture(autouse=True)
def _precision() -> Iterator[None]:
    with mpmath.workprec(200):
        yield


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(20_24)


def truth(name: str, x: float, y: float = 0.0) -> mpf:
    """The kernel's value at operands inside its domain."""
    if name == "pow":
        if float(y).is_integer() and abs(y) <= 4:
            return mpf(x) ** int(y)
        return mpmath.exp(mpf(y) * mpmath.log(mpf(x)))
    if name == "exp":
        return mpmath.exp(mpf(x))
    return mpmath.log(mpf(x)) / {"log": mpf(1), "log2": mpmath.log(2), "log10": mpmath.log(10)}[name]


def ulps_between(result: float, exact: mpf) -> float:
    """Distance in ulps; an infinity is right where rounding gives one."""
    if math.isnan(result):
        return math.inf
    if abs(exact) > LARGEST:
        unit = mpf(2) ** 971
        return float((abs(exact) - LARGEST) / unit) if math.isfinite(result) else 0.0
    _, exponent = mpmath.frexp(exact)
    unit = max(mpf(2) ** (exponent - 53), SMALLEST_SUBNORMAL)
    # One step beyond the largest number stands for infinity.
    value = mpf(result) if math.isfinite(result) else mpmath.sign(result) * (LARGEST + mpf(2) ** 971)
    return float(abs(value - exact) / unit)


def largest_error(name: str, x: Float64, y: Float64 | None = None) -> float:
    results = _native.kernel(name, x, y)
    others: Iterable[float] = np.zeros_like(x) if y is None else np.broadcast_to(y, x.shape)
    rows = zip(results.tolist(), x.tolist(), list(others), strict=True)
    return max(ulps_between(result, truth(name, one, float(other))) for result, one, other in rows)


def positive(random: np.random.Generator) -> Float64:
    """Positive finite numbers of any size, log-uniform, subnormal ones among them."""
    return random.integers(1, 0x7FF0_0000_0000_0000, POINTS).view(np.float64)


def around(random: np.random.Generator, centre: float) -> Float64:
    """Numbers at all small distances on both sides."""
    return centre + random.choice([-1.0, 1.0], POINTS) * np.exp(random.uniform(-36, -1, POINTS))


def subnormal(random: np.random.Generator) -> Float64:
    return random.integers(1, 1 << 52, POINTS).view(np.float64)


EXP_REGIONS: dict[str, Callable[[np.random.Generator], Float64]] = {
    "whole range": lambda random: random.uniform(-708.3, 709.78, POINTS),
    "near zero": lambda random: around(random, 0.0),
    "near overflow": lambda random: random.uniform(709.7, 709.79, POINTS),
    "subnormal results": lambda random: random.uniform(-745.2, -708.3, POINTS),
}
LOG_REGIONS: dict[str, Callable[[np.random.Generator], Float64]] = {
    "whole range": positive,
    "near one": lambda random: around(random, 1.0),
    "one octave": lambda random: random.uniform(0.5, 2.0, POINTS),
    "subnormal": subnormal,
}


@pytest.mark.parametrize("region", EXP_REGIONS)
def test_exp_stays_within_its_ulps(region: str, random: np.random.Generator) -> None:
    assert largest_error("exp", EXP_REGIONS[region](random)) <= _native.ulps("exp")


@pytest.mark.parametrize("name", ["log", "log2", "log10"])
@pytest.mark.parametrize("region", LOG_REGIONS)
def test_logarithms_stay_within_their_ulps(name: str, region: str, random: np.random.Generator) -> None:
    assert largest_error(name, LOG_REGIONS[region](random)) <= _native.ulps(name)


@pytest.mark.parametrize(
    ("lowest", "highest"),
    [(-708.3, 709.7), (708.0, 709.79), (-708.4, -700.0), (-745.2, -708.3), (-1e-3, 1e-3)],
)
def test_pow_stays_within_its_ulps_over_the_whole_range_of_results(
    lowest: float, highest: float, random: np.random.Generator
) -> None:
    x = positive(random)
    assert largest_error("pow", x, random.uniform(lowest, highest, POINTS) / np.log(x)) <= _native.ulps("pow")


@pytest.mark.parametrize("region", ["near one", "one octave"])
def test_pow_stays_within_its_ulps_at_huge_exponents(region: str, random: np.random.Generator) -> None:
    x = LOG_REGIONS[region](random)
    with np.errstate(divide="ignore"):
        y = random.choice([-1.0, 1.0], POINTS) * random.uniform(600, 708, POINTS) / np.log(x)
    keep = np.isfinite(y)
    assert largest_error("pow", x[keep], y[keep]) <= _native.ulps("pow")


def test_pow_stays_within_its_ulps_at_the_exponents_of_scaling_laws(random: np.random.Generator) -> None:
    x, y = np.exp(random.uniform(0, 80, POINTS)), random.uniform(-1, 1, POINTS)
    assert largest_error("pow", x, y) <= _native.ulps("pow")


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0])
def test_exponents_with_a_path_of_their_own_stay_within_its_ulps(
    exponent: float, random: np.random.Generator
) -> None:
    for x in (random.uniform(1, 2, POINTS), positive(random)):
        assert largest_error("pow", x, np.array([exponent])) <= _native.ulps("pow", exponent)


def test_every_path_states_its_ulps() -> None:
    stated = {y: _native.ulps("pow", y) for y in (0.0, 1.0, 0.5, -1.0, 2.0, 3.0, 5.0)}
    assert stated[0.0] == stated[1.0] == 0.0
    assert stated[0.5] == stated[-1.0] == stated[2.0] == 0.5
    assert stated[3.0] == 1.5
    assert stated[5.0] == _native.ulps("pow") < 1.0


def test_pow_agrees_with_python_at_awkward_values() -> None:
    for x in AWKWARD.tolist():
        for y in AWKWARD.tolist():
            if y == 0.5 and (x == -math.inf or (x == 0.0 and math.copysign(1.0, x) < 0)):
                continue  # the square root's own answers
            try:
                expected = math.pow(x, y)
            except OverflowError:
                expected = -math.inf if x < 0 and y % 2 == 1 else math.inf
            except ValueError:
                # Python raises for a power of zero that C gives as an infinity.
                odd = y % 2 == 1
                expected = (math.copysign(math.inf, x) if odd else math.inf) if x == 0 else math.nan
            (result,) = _native.kernel("pow", np.array([x]), np.array([y])).tolist()
            if math.isnan(expected):
                assert math.isnan(result), (x, y)
            else:
                unit = math.ulp(expected) if math.isfinite(expected) else 0.0
                assert math.copysign(1, result) == math.copysign(1, expected), (x, y)
                assert result == expected or abs(result - expected) <= unit, (x, y)


@pytest.mark.parametrize("level", _native.simd_levels())
def test_lanes_have_the_bits_of_the_kernels_at_every_level(
    level: str, random: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOFLOP_SIMD", level)
    assert _native.simd_level() == level
    any_bits = random.integers(0, 1 << 64, 20_000, dtype=np.uint64).view(np.float64)
    first, second = np.meshgrid(AWKWARD, AWKWARD)
    x = np.concatenate([any_bits, positive(random), first.ravel()])
    y = np.concatenate([any_bits[::-1], random.uniform(-9, 9, POINTS), second.ravel()])
    for name in ("exp", "log", "log2", "log10"):
        np.testing.assert_array_equal(bits(_native.lanes(name, x)), bits(_native.kernel(name, x)))
    for base, exponent in [(x, y), (x, np.array([0.34])), (np.array([3.7]), y), (x, np.array([3.0]))]:
        lanes, kernel = _native.lanes("**", base, exponent), _native.kernel("pow", base, exponent)
        np.testing.assert_array_equal(bits(lanes), bits(kernel))


def bits(values: Float64) -> NDArray[np.uint64]:
    """The numbers to the bit, all NaN alike."""
    return np.where(np.isnan(values), np.nan, values).view(np.uint64)


def test_an_unknown_simd_level_is_refused_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOFLOP_SIMD", "avx9")
    with pytest.raises(ValueError, match=rf"ISOFLOP_SIMD: `avx9` .*{_native.simd_levels()[0]}"):
        _native.lanes("+", np.ones(2), np.ones(2))


def test_the_highest_simd_level_is_in_use_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ISOFLOP_SIMD", raising=False)
    assert _native.simd_level() == _native.simd_levels()[-1]


def test_operands_that_do_not_fit_are_refused_in_words() -> None:
    two, three = np.ones(2), np.ones(3)
    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: _native.kernel("sin", two), "`sin` is not a kernel; there are exp, log"),
        (lambda: _native.lanes("sin", two), "`sin` is not an operation; there are "),
        (lambda: _native.kernel("exp", two, two), "`exp` takes 1 operand, not 2"),
        (lambda: _native.lanes("where", two, two), "`where` takes 3 operands, not 2"),
        (lambda: _native.lanes("+", two, three), "lengths 2 and 3"),
    ]
    for call, words in cases:
        with pytest.raises(ValueError, match=words):
            call()


def test_geomspace_hits_powers_of_ten() -> None:
    assert _native.geomspace(1, 1000, 4, True).tolist() == [1, 10, 100, 1000]
    assert _native.geomspace(1e9, 1e12, 4, True).tolist() == [1e9, 1e10, 1e11, 1e12]
    assert _native.geomspace(1000, 1, 3, False).tolist() == [1000, 100, 10]
    assert _native.geomspace(-1, -1000, 4, True).tolist() == [-1, -10, -100, -1000]


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize(
    ("start", "stop"), [(1e8, 1e12), (7e-3, 5e-9), (5e-324, 1.7e308), (1.7e308, 3e-310), (1.0, 1.0 + 1e-12)]
)
def test_geomspace_is_within_an_ulp_of_the_true_numbers(start: float, stop: float, endpoint: bool) -> None:
    num = 500
    numbers = _native.geomspace(start, stop, num, endpoint).tolist()
    steps = num - 1 if endpoint else num
    ratio = mpf(stop) / mpf(start)
    errors = [
        ulps_between(number, mpf(start) * ratio ** (mpf(position) / steps))
        for position, number in enumerate(numbers)
    ]
    assert max(errors) <= _native.ulps("exp")
    assert numbers[0] == start
    assert errors[-1] == 0.0 or not endpoint
    assert numbers == sorted(numbers, reverse=stop < start)


def test_geomspace_means_what_numpy_means() -> None:
    for num in (0, 1, 2, 7):
        for endpoint in (True, False):
            ours = _native.geomspace(3e8, 2e12, num, endpoint)
            np.testing.assert_allclose(ours, np.geomspace(3e8, 2e12, num, endpoint), rtol=1e-13)


@pytest.mark.parametrize(
    ("start", "stop", "num", "words"),
    [
        (0.0, 1.0, 3, "cannot start or stop at zero"),
        (-1.0, 1.0, 3, "cannot cross zero"),
        (1.0, math.inf, 3, "between finite numbers"),
        (math.nan, 1.0, 3, "between finite numbers"),
        (1.0, 2.0, -1, "at least 0, not -1"),
    ],
)
def test_geomspace_refuses_what_has_no_ratio(start: float, stop: float, num: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _native.geomspace(start, stop, num, True)


def test_geomspace_of_more_numbers_than_memory_is_refused() -> None:
    with pytest.raises(MemoryError, match="does not fit into memory"):
        _native.geomspace(1.0, 2.0, 2**62, True)
