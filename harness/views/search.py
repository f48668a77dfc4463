"""Search for messages, beside a room on a desktop and in its place on a phone."""

from __future__ import annotations

from harness.tour import Stage, view


def _search(stage: Stage, query: str) -> None:
    """Open the search from the open room, and look for something."""
    stage.page.locator(".message").first.wait_for()
    stage.page.keyboard.press("Control+f")
    stage.page.locator(".search-text").fill(query)


@view("/search")
def search_page(stage: Stage) -> None:
    stage.shows(".search-page .search-help")


@view("hikes")
def search_results(stage: Stage) -> None:
    _search(stage, "the")
    stage.shows(".hit")
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
