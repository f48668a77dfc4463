"""Take a picture of every view of the page: sizes × themes × languages.

    python tools/screenshots.py                  all of them, into `build/screenshots`
    python tools/screenshots.py group profile    only these views
    python tools/screenshots.py --small          on a phone, in English and in light alone

`build/screenshots/index.html` shows them side by side. The views are those of `harness/views/`.
"""

from __future__ import annotations

import argparse
import html
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from chat.bundle import is_fresh  # noqa: E402
from harness.cast import Cast  # noqa: E402
from harness.people import app_beside  # noqa: E402
from harness.programs import whole_chromium  # noqa: E402
from harness.servers import Server  # noqa: E402
from harness.tour import DESKTOP, LOCALES, PHONE, Tour  # noqa: E402
from harness.views import VIEWS  # noqa: E402

FOLDER = ROOT / "build" / "screenshots"
SIZES: dict[str, dict[str, Any]] = {"phone": PHONE, "desktop": DESKTOP}
THEMES = ("light", "dark")
# What is asked for is there, what is drawn is on the screen.
SETTLED = """async () => {
  await document.fonts.ready;
  await Promise.all([...document.images].map((one) => one.decode().catch(() => {})));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


@dataclass(frozen=True)
class Look:
    """One way in which views are shown."""

    size: str
    theme: str
    language: str

    @property
    def name(self) -> str:
        return f"{self.size}-{self.theme}-{self.language}"


@dataclass(frozen=True)
class Studio:
    """A server, the app beside it, and the people whose pages are pictured."""

    browser: Browser
    app: Flask
    url: str
    cast: Cast

    def take(self, look: Look, names: Sequence[str]) -> Iterator[str]:
        """Take pictures of views; yield the names of those that could not be taken."""
        options = {**SIZES[look.size], "color_scheme": look.theme, "service_workers": "block"}
        with Tour(self.browser, self.app, self.url, self.cast, look.language, **options) as tour:
            for name in names:
                try:
                    for _, stage in tour.show([VIEWS[name]]):
                        take(stage.page, FOLDER / name / f"{look.name}.png")
                except Exception:
                    traceback.print_exc()
                    yield f"{name}/{look.name}"


def take(page: Page, file: Path) -> None:
    """Take a picture of what is on the screen once it rests."""
    page.evaluate(SETTLED)
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file)


@contextmanager
def studio() -> Iterator[Studio]:
    """Run a server and a browser."""
    bundle = "on" if is_fresh() else "off"
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder), RATE_LIMITS="off", MAIL="terminal", BUNDLE=bundle) as server,
        app_beside(Path(folder), "", RATE_LIMITS=False) as app,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**whole_chromium())
        yield Studio(browser, app, server.url, Cast(app, plain_names=True))
        browser.close()


def index(looks: Sequence[Look]) -> str:
    """Return a page that shows all pictures there are."""
    parts = [
        "<!doctype html><meta charset=utf-8><title>Screenshots</title>",
        "<style>body{font:14px system-ui;background:#888}img{height:420px;margin:4px}</style>",
    ]
    for name in VIEWS:
        parts.append(f"<h2>{html.escape(name)}</h2>")
        for look in looks:
            file = f"{name}/{look.name}.png"
            if (FOLDER / file).exists():
                parts.append(f'<a href="{file}"><img src="{file}" alt="{look.name}"></a>')
    return "\n".join(parts) + "\n"


def main() -> int:
    """Take the pictures and return 1 if one is missing."""
    parser = argparse.ArgumentParser(description="Take a picture of every view of the page.")
    parser.add_argument("views", nargs="*", metavar="VIEW", help="all when none is named")
    parser.add_argument("--small", action="store_true", help="a phone, English, light")
    arguments = parser.parse_args()
    names = arguments.views or list(VIEWS)
    unknown = set(names) - set(VIEWS)
    if unknown:
        parser.error(
            f"there is no view {', '.join(sorted(unknown))}; there are: {', '.join(VIEWS)}"
        )
    looks = [Look(size, theme, one) for size in SIZES for theme in THEMES for one in LOCALES]
    taken = [Look("phone", "light", "en")] if arguments.small else looks
    for name in names:
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    missing: list[str] = []
    with studio() as place:
        for look in taken:
            missing += place.take(look, names)
            print(look.name, flush=True)
    (FOLDER / "index.html").write_text(index(looks), "utf-8")
    print(f"{len(names) * len(taken) - len(missing)} pictures: {FOLDER / 'index.html'}")
    if missing:
        print(f"not taken: {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
