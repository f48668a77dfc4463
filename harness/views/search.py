"""Search for messages, beside a room on a desktop and in its place on a phone."""

from __future__ import annotations

import time

from playwright.sync_api import Page

from harness.tour import PATIENCE_MS, Stage, view


def _search(stage: Stage, query: str) -> None:
    """Open the search from the open room, and look for something."""
    stage.page.locator(".message").first.wait_for()
    stage.page.keyboard.press("Control+f")
    stage.page.locator(".search-text").fill(query)


def found(page: Page) -> None:
    """Search again until there is a result: the index follows a moment behind."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end:
        with page.expect_response("**/api/search?*"):
            page.locator(".search-text").press("Enter")
        page.locator(".search-results:not(.is-waiting)").wait_for()
        if page.locator(".hit").count():
            return
    raise AssertionError("nothing was found")


def _find(stage: Stage, query: str) -> None:
    _search(stage, query)
    found(stage.page)


@view("/search")
def search_page(stage: Stage) -> None:
    stage.shows(".search-page .search-help")


@view("hikes")
def search_results(stage: Stage) -> None:
    _find(stage, "the")
    stage.page.locator(".search-scope .segment").last.click()
    stage.shows(".search-results:not(.is-waiting) .hit-room")
    stage.page.locator(".hit-more").nth(1).click()
    stage.shows(".hit-near .hit-author")


@view("hikes")
def search_suggestions(stage: Stage) -> None:
    _search(stage, "from:")
    stage.shows(".search-offer")


@view("hikes")
def search_nothing(stage: Stage) -> None:
    _search(stage, "zzzzzz")
    stage.shows(".search-note .button")
