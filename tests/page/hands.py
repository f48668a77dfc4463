"""What a person does with the page in several tests, and finds there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from harness.tour import PHONE
from tests.page.conftest import Visitor

SHEET = ".side-panel, dialog.sheet"  # which of them is a matter of space
HEART, THUMB = "❤️", "👍"
SMALL_PHONE: dict[str, Any] = PHONE | {"viewport": {"width": 320, "height": 640}}
# Some texts are gone after seconds, perhaps before the test looks: the page notes it showed them.
NOTE = """(node, text) => {
  window.noted = false;
  const look = () => { window.noted ||= node.textContent.includes(text); };
  new MutationObserver(look).observe(node, {childList: true, characterData: true, subtree: true});
}"""


def node_count(page: Page) -> int:
    """Return how many elements the page has."""
    found: int = page.evaluate("() => document.querySelectorAll('*').length")
    return found


def note(place: Locator, text: str) -> Callable[[], object]:
    """Watch a place from now on; return a function that waits until it has shown a text."""
    place.evaluate(NOTE, text)
    return lambda: place.page.wait_for_function("() => window.noted")


def pick(page: Page, label: str, exact: bool = False) -> None:
    """Choose one of several values; what can be seen of it is its label."""
    radio = page.get_by_label(label, exact=exact)
    page.locator("label").filter(has=radio).click()
    expect(radio).to_be_checked()


def ask_to_log_out(visitor: Visitor) -> None:
    """Press “Log out” on the page about oneself."""
    visitor.page.locator(".me").click()
    visitor.page.get_by_role("button", name="Log out", exact=True).click()


def log_out(visitor: Visitor) -> None:
    """Log out and wait for the page of those who are not in."""
    ask_to_log_out(visitor)
    visitor.page.get_by_role("heading", name="Log in").wait_for()


def open_account(page: Page, name: str) -> Locator:
    """Open a part of the page about oneself; return it."""
    page.locator(".me").click()
    return open_part(page, name)


def open_part(page: Page, name: str) -> Locator:
    """Open a part of the page that is open, found by its title; return it."""
    part = page.locator("details", has=page.get_by_text(name, exact=True).locator("visible=true"))
    part.locator("summary").click()
    return part


def go_offline(visitor: Visitor) -> None:
    """Take the connection away and wait until the page has noticed."""
    visitor.context.set_offline(True)
    visitor.page.locator(".shell:not([data-connection=online])").wait_for()


def open_sheet(visitor: Visitor, name: str | None = None) -> Locator:
    """Open the sheet of a group, by default of the one that is open, and return it."""
    if name is not None:
        visitor.open_room(name)
    visitor.page.get_by_role("button", name="Group and members").click()
    sheet = visitor.page.locator(SHEET)
    sheet.locator(".person").first.wait_for()
    return sheet


def line_of(page: Page, name: str) -> Locator:
    """Return the line of a room in the list."""
    return page.locator(".room", has=page.locator(".room-name", has_text=name))


def row_of(visitor: Visitor, text: str) -> Locator:
    """Return the row of a message."""
    return visitor.page.locator(".message", has_text=text)


def open_menu(visitor: Visitor, text: str) -> Locator:
    """Open the menu of a message with the mouse and return it."""
    row_of(visitor, text).locator(".bubble").click(button="right")
    menu = visitor.page.get_by_role("menu")
    menu.wait_for()
    return menu
