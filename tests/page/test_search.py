"""Search for messages: beside a room, on a phone, and what it says when it finds nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page, expect

from harness.people import Person, index
from harness.tour import DESKTOP, PHONE
from tests.page.conftest import WAIT_MS, Visitor
from tests.page.hands import pick

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

# Whether the browser gets the last key press, too.
HEAR_KEYS = """() => addEventListener("keydown", (event) => {
  window.isTaken = event.defaultPrevented;
})"""


# More comes as one scrolls.
SCROLL = """(count) => {
  const list = document.querySelector(".search-results");
  list.scrollTop = list.scrollHeight;
  return list.querySelectorAll(".hit").length === count;
}"""


def focused(page: Page) -> str:
    return str(page.evaluate("() => document.activeElement.className"))


def top_of(page: Page) -> int:
    return int(page.locator(".search-results").evaluate("node => node.scrollTop"))


def test_ctrl_f_finds_messages_beside_the_room_and_leads_to_them(
    enter: Enter, people: People, beside: Flask
) -> None:
    ann, bob = people("ann", "bob")
    walkers = ann.create_group(bob, name="Walkers")
    readers = ann.create_group(bob, name="Readers")
    bob.say(readers, "Is there a **slide** at the Wall?")
    bob.say(readers, "I mean the long one.")
    for number in range(60):
        ann.say(walkers, f"step {number}")
    ann.say(walkers, "The slides are closed")
    index(beside, readers, walkers)
    visitor = enter(ann, **DESKTOP)
    page = visitor.page
    visitor.open_room("Walkers")
    visitor.sees("The slides are closed")
    page.evaluate(HEAR_KEYS)
    page.keyboard.press("Control+f")
    assert page.evaluate("() => window.isTaken")
    expect(page.locator(".search-text")).to_be_focused()
    page.keyboard.press("Control+f")
    assert not page.evaluate("() => window.isTaken")

    page.keyboard.type("slide")
    hits = page.locator(".hit")
    expect(hits).to_have_count(1)
    expect(hits.locator("mark")).to_have_text(["slide"])
    pick(page, "Everywhere")
    expect(hits).to_have_count(2)
    expect(page.get_by_role("status").filter(has_text="2 results")).to_be_visible()
    expect(hits.nth(1).locator(".hit-room")).to_have_text("Readers")

    # What was said around it, without leaving
    hits.nth(1).get_by_role("button", name="Messages around").click()
    expect(hits.nth(1).locator(".hit-near-text:visible")).to_have_text("I mean the long one.")

    # The keyboard goes through the results, Enter leads to the message, and the list stays
    page.locator(".search-text").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".room-head h2")).to_have_text("Readers")
    expect(page.locator(".message.target")).to_contain_text("Is there a slide")
    assert focused(page) == "hit-link"
    expect(hits).to_have_count(2)

    # What is deleted meanwhile is not to be read any more
    bob.change(readers, 1, deleted=True)
    expect(hits.nth(1)).to_contain_text("Message deleted")

    page.go_back()
    expect(page.locator(".room-head h2")).to_have_text("Walkers")
    expect(hits).to_have_count(2)
    page.locator(".search-text").press("Escape")
    expect(page.locator(".search")).to_have_count(0)
    expect(page.locator(".composer-input")).to_be_focused()
    # Opened again it is as it was, and Back closes it
    page.get_by_role("button", name="Search in this conversation").click()
    expect(page.locator(".search-text")).to_have_value("slide")
    page.go_back()
    expect(page.locator(".search")).to_have_count(0)
    expect(page.locator(".room-head h2")).to_have_text("Walkers")
    assert visitor.complaints == []


def test_on_a_phone_back_leads_to_the_results_where_one_was(
    enter: Enter, people: People, beside: Flask
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="周末爬山")
    for number in range(1, 46):
        bob.say(group, f"第 {number} 次，周六见。")
    index(beside, group)
    visitor = enter(ann, **PHONE)
    page = visitor.page
    page.locator(".search-button").tap()
    page.get_by_role("combobox").fill("周六见")
    page.get_by_role("option", name="Search messages for “周六见”").tap()
    expect(page).to_have_url(re.compile("/search[?]q="))
    hits = page.locator(".hit")
    expect(hits.locator("mark").first).to_have_text("周六见")
    page.wait_for_function(SCROLL, arg=45, timeout=WAIT_MS)
    expect(page.get_by_text("That is all that was found.")).to_be_visible()
    wanted = hits.filter(has_text="第 9 次")
    wanted.scroll_into_view_if_needed()
    place = top_of(page)
    wanted.locator(".hit-link").tap()
    expect(page.locator(".message.target")).to_contain_text("第 9 次")
    for back in (page.go_back, page.locator(".room-head .back").tap):
        back()
        expect(hits).to_have_count(45)
        expect(wanted.locator(".hit-link")).to_be_focused()
        assert abs(top_of(page) - place) < 2
        wanted.locator(".hit-link").tap()
        expect(page.locator(".message.target")).to_contain_text("第 9 次")
    page.go_back()
    page.reload()
    expect(page.locator(".search-text")).to_have_value("周六见")
    expect(hits).not_to_have_count(0)
    page.locator(".search-back").tap()
    expect(page.locator(".sidebar")).to_be_visible()
    assert visitor.complaints == []


def test_a_search_says_what_it_needs_and_goes_on_by_itself(
    enter: Enter, people: People, beside: Flask
) -> None:
    ann, bob = people("ann", "bob")
    tea, team = ann.create_group(name="Tea"), ann.create_group(bob, name="Team")
    bob.say(team, "We meet on Saturday")
    index(beside, team)
    visitor = enter(ann, f"/r/{tea['number']}", **DESKTOP)
    page = visitor.page
    page.get_by_role("button", name="Search in this conversation").click()
    text, note = page.locator(".search-text"), page.locator(".search-note")
    expect(note).to_contain_text("from:")
    text.fill("s")
    expect(note).to_contain_text("Type a little more")
    # What is composed, as Chinese is, is not searched for before it is whole
    text.fill("")
    keyboard = page.context.new_cdp_session(page)
    where = {"selectionStart": 4, "selectionEnd": 4}
    keyboard.send("Input.imeSetComposition", {"text": "zhou", **where})
    expect(text).to_have_value("zhou")
    expect(note).to_contain_text("from:")
    with page.expect_request("**/api/search?*") as first:
        keyboard.send("Input.insertText", {"text": "周六"})
    assert "zhou" not in first.value.url

    text.fill("saturday")
    expect(note).to_contain_text("Nothing found for “saturday”")
    note.get_by_role("button", name="Search everywhere").click()
    expect(page.locator(".hit")).to_have_count(1)
    text.fill("saturday before:2026-99-99")
    expect(note).not_to_contain_text("Nothing found")
    expect(page.locator(".hit")).to_have_count(0)

    # People are offered by name, found by username
    text.fill(f"saturday from:{bob.username[:-2]}")  # others share the server
    page.locator(".search-offer", has_text=bob.username).click()
    expect(text).to_have_value(f"saturday from:{bob.username} ")
    expect(page.locator(".hit")).to_have_count(1)

    # Without an answer it says so, and asks again once it is connected
    page.context.set_offline(True)
    text.fill("meet")
    expect(note.get_by_role("alert")).to_contain_text("needs a connection")
    page.context.set_offline(False)
    expect(page.locator(".hit mark")).to_have_text(["meet"])

    # What was typed is there again when the language was changed meanwhile
    page.locator(".me").click()
    page.get_by_role("button", name="中文").click()
    page.locator(".room", has_text="Team").click()
    page.get_by_role("button", name="搜索聊天记录").click()
    expect(text).to_have_value("meet")
