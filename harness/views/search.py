"""Search for messages, beside a room on a desktop and in its place on a phone."""

from __future__ import annotations

from harness.tour import Stage, view


def _search(stage: Stage, query: str) -> None:
    """Open the search from the open room, and look for something."""
    stage.page.locator(".message").first.wait_for()
    stage.page.keyboard.press("Control+f")
    stage.page.locator(".search-text").fill(query)


def _found(stage: Stage, query: str) -> None:
    """Look for something until it is there: the index follows a moment behind."""
    _search(stage, query)
    for _ in range(100):
        stage.shows(".search-results:not(.is-waiting)")
        if stage.page.locator(".hit").count():
            return
        with stage.page.expect_response("**/api/search?*"):
            stage.page.locator(".search-text").press("Enter")
    raise AssertionError(f"{query} was not found")


def _refuse(stage: Stage) -> None:
    stage.page.route("**/api/search?*", lambda route: route.abort())


def _hold(stage: Stage) -> None:
    stage.page.route("**/api/search?*", lambda route: stage.held.append(route))


@view("hikes")
def search_help(stage: Stage) -> None:
    _search(stage, "")
    stage.shows(".search-help")


@view("/search")
def search_page(stage: Stage) -> None:
    stage.shows(".search-page .search-help")


@view("hikes")
def search_results(stage: Stage) -> None:
    _found(stage, "周六")
    stage.shows(".hit mark")


@view("hikes")
def search_everywhere(stage: Stage) -> None:
    _found(stage, "the")
    stage.page.locator(".search-scope .segment").last.click()
    stage.shows(".hit-room")
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


@view("hikes", prepare=_refuse)
def search_offline(stage: Stage) -> None:
    _search(stage, "周六")
    stage.shows(".search-note [role=alert]")


@view("hikes", prepare=_hold)
def search_waiting(stage: Stage) -> None:
    _search(stage, "周六")
    stage.shows(".search-note .skeleton")
