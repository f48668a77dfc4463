"""Take a picture of every view of the page: sizes × themes × languages.

    python tools/screenshots.py                 all of them, into `build/screenshots`
    python tools/screenshots.py --only group    only views whose name has this in it
    python tools/screenshots.py --small         on a phone in English and in light alone

`build/screenshots/index.html` shows them side by side; `tools/screenshot_views.py` has the views.
"""

from __future__ import annotations

import argparse
import html
import secrets
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from chat.bundle import is_fresh  # noqa: E402
from harness.programs import whole_chromium  # noqa: E402
from harness.servers import Server, environment  # noqa: E402
from tools.screenshot_views import VIEWS, Scene, View, log_in  # noqa: E402

FOLDER = ROOT / "build" / "screenshots"
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
THEMES = ("light", "dark")
PEOPLE = {"en": "emma.reed", "zh": "chenmo"}  # of the demo; the page speaks their language
PATIENCE_MS = 20_000
SEED_SECONDS = 120


@dataclass(frozen=True)
class Look:
    """One way in which a view is shown."""

    size: str
    theme: str
    locale: str

    @property
    def name(self) -> str:
        return f"{self.size}-{self.theme}-{self.locale}"

    def options(self) -> dict[str, Any]:
        """Return the arguments of a browser's context."""
        width, height = SIZES[self.size]
        return {
            "viewport": {"width": width, "height": height},
            "has_touch": self.size == "phone",
            "is_mobile": self.size == "phone",
            "color_scheme": self.theme,
            "locale": self.locale,
            "reduced_motion": "reduce",
            "service_workers": "block",
        }


@contextmanager
def serving(password: str) -> Iterator[Server]:
    """Run a server with the people of the demo, and one who has talked to nobody."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = "on" if is_fresh() else "off"
        with Server(Path(folder), RATE_LIMITS="off", BUNDLE=bundle) as server:
            for command in (["demo"], ["users", "--count", "1", "--prefix", "newcomer"]):
                seed(Path(folder), password, command)
            yield server


def seed(folder: Path, password: str, command: list[str]) -> None:
    """Run a command of `flask seed` on the server's data."""
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "chat.app", "seed", *command],
        cwd=ROOT,
        env=environment({"DATA_DIR": folder, "SEED_PASSWORD": password}),
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=SEED_SECONDS,
    )


class Photographer:
    """Takes the pictures; each person logs in once."""

    def __init__(self, browser: Browser, server: Server, password: str) -> None:
        self._browser = browser
        self._server = server
        self._password = password
        self._sessions: dict[str, Any] = {}

    def take(self, view: View, look: Look) -> None:
        """Take one picture."""
        who = None if view.who is None else view.who or PEOPLE[look.locale]
        context = self._browser.new_context(
            **look.options(), storage_state=self._session(who) if who else None
        )
        try:
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            cookie = {"name": "locale", "value": look.locale, "url": self._server.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
            scene = Scene(page, self._server.url, look.size == "phone", look.locale, self._password)
            view.prepare(scene)
            scene.settle()
            file = FOLDER / view.name / f"{look.name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=file)
        finally:
            if who:
                self._sessions[who] = context.storage_state()  # its refresh token is another one
            context.close()

    def _session(self, who: str) -> Any:
        """Return what a browser keeps of somebody who is logged in."""
        if who not in self._sessions:
            context = self._browser.new_context()
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.goto(self._server.url)
            log_in(page, who, self._password)
            self._sessions[who] = context.storage_state()
            context.close()
        return self._sessions[who]


def index(views: list[View], looks: list[Look]) -> str:
    """Return a page that shows all pictures."""
    parts = ["<!doctype html><meta charset=utf-8><title>Screenshots</title>"]
    parts.append(
        "<style>body{font:14px system-ui;background:#888}img{height:420px;margin:4px}</style>"
    )
    for view in views:
        parts.append(f"<h2>{html.escape(view.name)}</h2>")
        for look in looks:
            file = f"{view.name}/{look.name}.png"
            parts.append(
                f'<a href="{file}"><img src="{file}" alt="{look.name}" loading="lazy"></a>'
            )
    return "\n".join(parts) + "\n"


def take_all(playwright: Playwright, views: list[View], looks: list[Look]) -> list[str]:
    """Take all pictures; return the names of those that could not be taken."""
    missing = []
    password = secrets.token_urlsafe(12)
    browser = playwright.chromium.launch(**whole_chromium())
    with serving(password) as server:
        photographer = Photographer(browser, server, password)
        for view in views:
            for look in looks:
                try:
                    photographer.take(view, look)
                except Exception:
                    traceback.print_exc()
                    missing.append(f"{view.name}/{look.name}")
            print(view.name, flush=True)
    browser.close()
    return missing


def main() -> int:
    """Take the pictures and return 1 if one is missing."""
    parser = argparse.ArgumentParser(description="Take a picture of every view of the page.")
    parser.add_argument("--only", default="", help="views whose name has this in it")
    parser.add_argument("--small", action="store_true", help="a phone, English, light")
    arguments = parser.parse_args()
    views = [view for view in VIEWS if arguments.only in view.name]
    looks = [Look(size, theme, locale) for size in SIZES for theme in THEMES for locale in PEOPLE]
    if arguments.small:
        looks = [Look("phone", "light", "en")]
    for view in views:
        shutil.rmtree(FOLDER / view.name, ignore_errors=True)
    with sync_playwright() as playwright:
        missing = take_all(playwright, views, looks)
    (FOLDER / "index.html").write_text(index(views, looks), "utf-8")
    print(f"{len(views) * len(looks) - len(missing)} pictures: {FOLDER / 'index.html'}")
    if missing:
        print(f"not taken: {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
