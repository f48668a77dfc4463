"""Draw the icons of the installed page from `chat/static/favicon.svg`.

    python tools/icons.py    write `chat/static/icons` anew

Run it when the picture changes, and commit what it draws.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from chat.bundle import STATIC  # noqa: E402
from harness.programs import quick_chromium  # noqa: E402

PICTURE = STATIC / "favicon.svg"
ICONS = STATIC / "icons"
PLAIN = {"icon-192": 192, "icon-512": 512}
# Systems cut these to their own shape: the picture keeps to the middle of a filled square.
FILLED = {"maskable-512": 512, "apple-touch-icon": 180}
BLUE, WHITE = "#1f5fd1", "#fff"
BADGE = 96  # pixels; in the status bar of Android, which takes its shape alone
MARGIN = 0.2  # at each side


def draw(browser: Browser, name: str, svg: str, size: int, inset: float, ground: str) -> None:
    """Draw a picture `inset` into a square of `size` pixels on a colour."""
    page = browser.new_page(viewport={"width": size, "height": size})
    page.set_content(
        f"<style>body {{ background: {ground} }}"
        f" svg {{ position: fixed; inset: {inset:g}px; width: {size - 2 * inset:g}px }}</style>"
        + svg
    )
    page.screenshot(path=ICONS / f"{name}.png", omit_background=True)
    page.close()


def shape_of(svg: str) -> str:
    """Return the picture in white, with holes where it was white."""
    head, tail = svg.index(">") + 1, svg.rindex("</svg>")
    inner = svg[head:tail].replace(WHITE, "#000").replace(BLUE, WHITE)
    whole = f'<rect width="32" height="32" fill="{WHITE}" mask="url(#shape)"/>'
    return f'{svg[:head]}<mask id="shape">{inner}</mask>{whole}</svg>'


def main() -> None:
    """Draw all of them."""
    svg = PICTURE.read_text("utf-8")
    swapped = svg.replace(BLUE, "?").replace(WHITE, BLUE).replace("?", WHITE)
    ICONS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**quick_chromium())
        for name, size in PLAIN.items():
            draw(browser, name, svg, size, 0, "transparent")
        for name, size in FILLED.items():
            draw(browser, name, swapped, size, MARGIN * size, BLUE)
        draw(browser, f"badge-{BADGE}", shape_of(svg), BADGE, 0, "transparent")
        browser.close()
    for file in sorted(ICONS.iterdir()):
        print(f"{file.stat().st_size:>8,} bytes  {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
