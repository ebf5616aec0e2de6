"""A chart of time against size, as SVG in plain text.

Nothing is painted behind it and every colour is a middle one, so that it reads on white and on black.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 860, 540
LEFT, RIGHT, TOP, BOTTOM = 84, 836, 64, 472
"""Edges of the frame that the curves lie in."""

INK = "#7d838c"
COLOURS = ("#b8752b", "#2f9a63", "#3f86d9", "#d64a66")

Curves = Mapping[str, Sequence[tuple[float, float]]]


def log_log(curves: Curves, title: str, across: str, left: Sequence[str] = ()) -> str:
    """Draw curves by name, each a sequence of sizes and seconds.

    A name stands above the last point of its curve and to its right, or to its left if `left` has it.
    """
    points = [point for curve in curves.values() for point in curve]
    sizes, seconds = (_powers(values) for values in zip(*points, strict=True))

    def place(size: float, time: float) -> tuple[float, float]:
        x = (math.log10(size) - sizes[0]) / (len(sizes) - 1)
        y = (math.log10(time) - seconds[0]) / (len(seconds) - 1)
        return LEFT + x * (RIGHT - LEFT), BOTTOM - y * (BOTTOM - TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' font-family="system-ui, sans-serif" font-size="14" fill="{INK}">',
        f"<title>{title}</title>",
        f'<text x="{LEFT}" y="36" font-size="18" font-weight="600">{title}</text>',
        f'<text x="{(LEFT + RIGHT) / 2}" y="{HEIGHT - 16}" text-anchor="middle">{across}</text>',
        f'<text transform="translate(20 {(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        "time to the front (seconds)</text>",
    ]
    for power in sizes:
        x, _ = place(10.0**power, 10.0 ** seconds[0])
        parts.append(f'<path d="M{x:.1f} {TOP}V{BOTTOM}" stroke="{INK}" stroke-opacity="0.25"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{BOTTOM + 22}" text-anchor="middle">10'
            f'<tspan dy="-6" font-size="10">{power}</tspan></text>'
        )
    for power in seconds:
        _, y = place(10.0 ** sizes[0], 10.0**power)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="{INK}" stroke-opacity="0.25"/>')
        parts.append(f'<text x="{LEFT - 10}" y="{y + 5:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for (name, curve), colour in zip(curves.items(), COLOURS, strict=True):
        parts += _curve(name, [place(*point) for point in curve], colour, name in left)
    return "\n".join([*parts, "</svg>", ""])


def _curve(name: str, points: Sequence[tuple[float, float]], colour: str, left: bool) -> list[str]:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    x, anchor = (x - 8, "end") if left else (x + 8, "start")
    return [
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in points),
        f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="{anchor}" fill="{colour}"'
        f' font-weight="600">{name}</text>',
    ]


def _powers(values: Sequence[float]) -> range:
    """Return the powers of ten from just below the least value to just above the greatest."""
    return range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
