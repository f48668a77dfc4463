"""A tour through views of the page, for tests and for screenshots; `harness/views/` has the views.

A view is a function that takes a Stage, which shows the view's address to its person already. It
finds things by the keys of their texts, so it works in every language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from harness.browsing import signed_in
from harness.cast import Cast
from harness.texts import text

LOCALES = {"en": "en-US", "zh": "zh-CN"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PATIENCE_MS = 60_000  # with a busy machine
# Somebody who never looks reads nothing, so the line of what is unread stays where it is.
BROWSER = """document.hasFocus = () => false;
if (location.search === "?keeps-nothing") {
  Object.defineProperty(window, "indexedDB", { get() { throw new Error("refused"); } });
}"""

# Drafts, an open panel: each view begins as if it were the first.
FORGET = """() => {
  for (const key of Object.keys(localStorage)) {
    if (/^chat[.](draft|panel|found|emoji)/.test(key)) localStorage.removeItem(key);
  }
}"""


class Stage:
    """One page in one language, with the cast; views look for things on it."""

    def __init__(self, page: Page, cast: Cast, language: str) -> None:
        self.page = page
        self.cast = cast
        self.language = language

    def text(self, key: str, **values: object) -> str:
        """Return a text of the page in the language of this stage."""
        return text(self.language, key, **values)

    def button(self, key: str, **values: object) -> Locator:
        """Find a button by its text, the last one: what is open lies on top of what is not."""
        name = self.text(key, **values)
        return self.page.get_by_role("button", name=name, exact=True).last

    def press(self, *keys: str) -> None:
        """Press buttons, one after the other."""
        for key in keys:
            self.button(key).click()

    def fill(self, key: str, value: str) -> None:
        """Fill in a field, found by its label."""
        name = re.compile(re.escape(self.text(key)))
        self.page.get_by_label(name).locator("visible=true").last.fill(value)

    def message(self) -> Locator:
        """Find the newest message of somebody else."""
        return self.page.locator(".message:not(.mine) .bubble").last

    def hold(self, requests: str) -> None:
        """Give requests no answer."""
        self.page.route(requests, lambda _: None)

    def unfold(self, key: str) -> None:
        """Open a part of a page, found by its title."""
        part = self.page.locator("summary", has_text=self.text(key))
        part.click()
        part.evaluate("node => node.scrollIntoView()")

    def shows(self, selector: str) -> None:
        """Wait until something can be seen."""
        self.page.locator(selector).locator("visible=true").first.wait_for()


@dataclass(frozen=True)
class View:
    """One view: whose page it is, at which place of the cast or which path, and what is done."""

    name: str
    part: str  # the module that has it
    who: str | None
    at: str
    prepare: Callable[[Stage], None] | None
    act: Callable[[Stage], None]
    only: str | None
    starts: bool


VIEWS: dict[str, View] = {}


def view(
    at: str = "/",
    who: str | None = "linxiao",
    prepare: Callable[[Stage], None] | None = None,
    only: str | None = None,
    starts: bool = True,
) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Make a function the way to the view of its name; `prepare` comes before the page opens.

    `only` says where there is such a view, on a "phone" or a "desktop"; None: on both. `starts`
    says whether the page gets as far as its first form or its connection.
    """

    def register(act: Callable[[Stage], None]) -> Callable[[Stage], None]:
        name, part = act.__name__, act.__module__.rpartition(".")[2]
        assert name not in VIEWS
        VIEWS[name] = View(name, part, who, at, prepare, act, only, starts)
        return act

    return register


class Tour:
    """Goes through the views in browsers of each person, in one language and size."""

    def __init__(
        self, browser: Browser, app: Flask, url: str, cast: Cast, language: str, **options: Any
    ) -> None:
        self._browser = browser
        self._app = app
        self._url = url
        self._cast = cast
        self._language = language
        self._options = {
            "locale": LOCALES[language],
            "reduced_motion": "reduce",
            "service_workers": "block",  # or a worker answers the requests that a view refuses
            **options,
        }
        self._contexts: dict[str | None, BrowserContext] = {}

    def __enter__(self) -> Tour:
        return self

    def __exit__(self, *_: object) -> None:
        for context in self._contexts.values():
            context.close()

    def show(self, views: Iterable[View]) -> Iterator[tuple[str, Stage]]:
        """Show those of the views that this device has; yield the name and the stage of each."""
        device = "phone" if self._options.get("is_mobile") else "desktop"
        for one in views:
            if one.only in (None, device):
                with self._shown(one) as stage:
                    yield one.name, stage

    @contextmanager
    def _shown(self, view: View) -> Iterator[Stage]:
        # A tab of its own: what an earlier view opened may still go back in its history.
        page = self._context_of(view.who).new_page()
        page.set_default_timeout(PATIENCE_MS)
        stage = Stage(page, self._cast, self._language)
        if view.prepare is not None:
            view.prepare(stage)
        page.goto(self._url + self._cast.path_of(view.at))
        if view.starts:
            stage.shows(".shell[data-connection=online]" if view.who else ".auth h1")
        try:
            view.act(stage)
            yield stage
        finally:
            page.evaluate(FORGET)
            page.context.set_offline(False)
            page.close()

    def _context_of(self, who: str | None) -> BrowserContext:
        if who not in self._contexts:
            kept: Any = signed_in(self._app, self._cast[who], self._url) if who else None
            context = self._browser.new_context(**self._options, storage_state=kept)
            context.add_init_script(BROWSER)
            self._contexts[who] = context
        return self._contexts[who]
