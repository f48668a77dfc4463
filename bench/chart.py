"""The chart in the README: deliveries per second by server."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from bench.runner import Result, number
from bench.sides import SIDES
from harness.servers import ROOT

CHART = ROOT / "docs" / "bench.svg"
FIGURE = "deliveries/s"
WIDTH, LEFT, RIGHT = 780, 270, 90
BAR, GAP, TOP, TITLE = 22, 10, 16, 30

STYLE = """
text { font: 14px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.bar { fill: #8c959f }
.ours { fill: #1f883d }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .bar { fill: #6e7681 }
  .ours { fill: #3fb950 }
}
"""


def draw(results: list[Result]) -> str:
    """Return an SVG with a group of bars for each workload; each group has its own scale."""
    lines: list[str] = []
    y = TOP
    for result in results:
        medians = {side: figures[FIGURE] for side, figures in result.medians().items()}
        longest = max(medians.values())
        y += TITLE
        title = f"{result.workload.title}: messages delivered a second"
        lines.append(f'<text class="title" x="8" y="{y - 10}">{escape(title)}</text>')
        for side, value in medians.items():
            width = (WIDTH - LEFT - RIGHT) * value / longest
            look = "bar ours" if side == "ours" else "bar"
            middle = y + BAR - 6
            lines += [
                f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">'
                f"{escape(SIDES[side].title)}</text>",
                f'<rect class="{look}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}"'
                ' rx="3"/>',
                f'<text x="{LEFT + width + 8:.1f}" y="{middle}">{number(value)}</text>',
            ]
            y += BAR + GAP
        y += GAP
    body = "\n".join(lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img"'
        f' aria-label="Messages delivered a second">\n<style>{STYLE}</style>\n{body}\n</svg>\n'
    )


def write(results: list[Result], path: Path = CHART) -> None:
    """Draw the workloads with deliveries and write the chart to a file."""
    charted = [
        result for result in results if result.workload.shown[0] == FIGURE and result.medians()
    ]
    path.write_text(draw(charted), "utf-8")
