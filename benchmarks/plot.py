"""Plots as SVG that needs no script and reads in black and white."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from xml.sax.saxutils import escape

from benchmarks.figure import Figure

WIDTH, LEFT, RIGHT, ROW = 720, 330, 110, 26


def bars(figures: Sequence[Figure]) -> str:
    """Each figure that has a bound as a bar, the bound as a line at one and the same place for all.

    A bar is as long as the figure is of its bound: up to the line where it must not be more, past it where it must not
    be less. What is far past the line is cut off with its number beside it.
    """
    held = [f for f in figures if f.bound]
    mark = LEFT + (WIDTH - LEFT - RIGHT) / 2
    rows = [
        _row(n, figure, min(2.0, figure.value / (figure.bound or 1)) * (mark - LEFT), meets=figure.meets)
        for n, figure in enumerate(held)
    ]
    return _bars(rows, at=mark, mark="bound", title="Figures beside their bounds")


def ratios(figures: Sequence[Figure]) -> str:
    """Each figure that is a ratio as a bar on a scale of tens, with a line where both sides are alike."""
    found = [f for f in figures if f.unit == "×"]
    most = max(max(log10(f.value) for f in found), 1.0)
    least = min(min(log10(f.value) for f in found), 0.0)
    scale = (WIDTH - LEFT - RIGHT) / (most - least)
    rows = [_row(n, figure, (log10(figure.value) - least) * scale, meets=True) for n, figure in enumerate(found)]
    return _bars(rows, at=LEFT - least * scale, mark="1×", title="One side beside the other, on a scale of tens")


def _row(n: int, figure: Figure, wide: float, *, meets: bool) -> str:
    top = 8 + n * ROW
    return (
        f'<text x="{LEFT - 8}" y="{top + 14}" text-anchor="end">{escape(_short(figure.words))}</text>'
        f'<rect x="{LEFT}" y="{top}" width="{wide:.0f}" height="{ROW - 8}" fill="{"#2b6cb0" if meets else "#c53030"}"/>'
        f'<text x="{WIDTH - RIGHT + 8}" y="{top + 14}">{escape(figure.row.split(" | ")[1])}</text>'
    )


def _bars(rows: Sequence[str], *, at: float, mark: str, title: str) -> str:
    high = 8 + len(rows) * ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high + 22}" font-family="sans-serif" '
        f'font-size="12" role="img"><title>{title}</title>'
        f'<rect width="{WIDTH}" height="{high + 22}" fill="#fff"/>{"".join(rows)}'
        f'<line x1="{at:.0f}" y1="2" x2="{at:.0f}" y2="{high}" stroke="#111" stroke-dasharray="4 3"/>'
        f'<text x="{at:.0f}" y="{high + 15}" text-anchor="middle">{mark}</text></svg>\n'
    )


def line(values: Sequence[float], *, words: str, unit: str) -> str:
    """A series in its order, from zero, so that what is flat looks flat.

    Args:
        values: two or more.
        words: what goes from left to right, and what is measured.
        unit: of the values.
    """
    top = max(values) * 1.15 or 1.0
    step = (WIDTH - 90) / (len(values) - 1)
    points = " ".join(f"{60 + n * step:.0f},{200 - 170 * value / top:.0f}" for n, value in enumerate(values))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 240" font-family="sans-serif" font-size="12" '
        f'role="img"><title>{escape(words)}</title><rect width="{WIDTH}" height="240" fill="#fff"/>'
        f'<line x1="60" y1="200" x2="{WIDTH - 30}" y2="200" stroke="#888"/>'
        f'<line x1="60" y1="20" x2="60" y2="200" stroke="#888"/><text x="54" y="204" text-anchor="end">0</text>'
        f'<text x="54" y="{204 - 170 / 1.15:.0f}" text-anchor="end">{max(values):.3g} {escape(unit)}</text>'
        f'<polyline points="{points}" fill="none" stroke="#2b6cb0" stroke-width="2"/>'
        f'<text x="{WIDTH / 2:.0f}" y="226" text-anchor="middle">{escape(words)}</text></svg>\n'
    )


def _short(words: str) -> str:
    return words if len(words) <= 50 else words[:49] + "…"
