"""The conversation list: what a line says, how one goes through it, and that it may be long."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Route, expect

from harness.people import Person, settle
from tests.page.conftest import Visitor
from tests.page.hands import line_of, node_count, note
from tests.page.line import Line

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

MANY = 2_000
# Let Tab begin where it begins on a fresh page.
FROM_THE_START = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""


def test_a_line_tells_of_drafts_typing_and_what_became_of_ones_own(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    direct = bob.talk_to(ann)
    bob.say(direct, "hello")
    ann.create_group(bob, name="Walkers")
    anns = enter(ann, f"/d/{bob.username}")
    page = anns.page
    preview = line_of(page, bob.username).locator(".room-preview")
    anns.write("hi")
    expect(preview).to_have_text("Sent: You: hi")
    bobs = enter(bob, f"/d/{ann.username}")
    bobs.sees("hi")
    expect(preview).to_have_text("Read: You: hi")
    page.locator(".composer-input").fill("half a **thought**")
    expect(preview).to_have_text("Read: You: hi")  # one sees it below
    anns.open_room("Walkers")
    expect(preview).to_have_text("Draft: half a **thought**")
    typing = note(preview, "typing…")
    bobs.write("I am writing")
    typing()
    expect(preview).to_have_text("Draft: half a **thought**")

    Line(anns)
    anns.write("into the dark")
    expect(line_of(page, "Walkers").locator(".room-preview")).to_have_text(
        "Sending: You: into the dark"
    )


def test_the_list_is_one_stop_of_tab_and_arrows_lead_through_it(
    enter: Enter, people: People
) -> None:
    (ann,) = people("ann")
    for name in ("third", "second", "first"):
        ann.say(ann.create_group(name=name), "hello")
    visitor = enter(ann)
    page = visitor.page
    line_of(page, "first").focus()
    assert page.locator(".room[tabindex='0']").count() == 1
    for key, name in (("Down", "second"), ("Down", "third"), ("Down", "third"), ("Up", "second")):
        page.keyboard.press(f"Arrow{key}")
        expect(line_of(page, name)).to_be_focused()
    page.keyboard.press("Home")
    expect(line_of(page, "first")).to_be_focused()
    expect(line_of(page, "first")).to_have_css("outline-style", "solid")
    # A line that rises takes the focus along
    page.keyboard.press("End")
    third = next(room for room in ann.rooms() if room["name"] == "third")
    ann.say(third, "again")
    expect(page.locator(".room").first).to_contain_text("third")
    expect(line_of(page, "third")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".composer-input")).to_be_focused()
    page.emulate_media(forced_colors="active")
    expect(line_of(page, "third")).to_have_css("outline-style", "solid")
    expect(line_of(page, "first")).not_to_have_css("outline-style", "solid")
    assert visitor.complaints == []


def test_the_composer_is_a_few_stops_of_tab_away(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    groups = [ann.create_group(name=f"Group {number:02}") for number in range(12)]
    for number in range(12):
        ann.say(groups[0], f"message {number}")
    page = enter(ann, f"/r/{groups[0]['number']}").page
    composer = page.locator(".composer-input")
    expect(composer).to_be_focused()
    page.evaluate(FROM_THE_START)
    page.keyboard.press("Tab")
    skip = page.get_by_role("button", name="Skip to message")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(composer).to_be_focused()
    # However many rooms and messages there are: one line, one row and one of its buttons
    line_of(page, "Group 00").focus()
    stops = 0
    while not composer.and_(page.locator(":focus")).count():
        page.keyboard.press("Tab")
        stops += 1
        assert stops <= 9


def test_a_list_of_two_thousand_is_drawn_as_far_as_it_is_seen(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    made = ann.create_group(name="Room 0000")
    visitor = enter(ann)

    def answer(route: Route) -> None:
        """Tell of many rooms where the server knows one."""
        rooms = [
            made
            | {
                "id": f"{number:024x}",
                "number": f"{number:09}",
                "name": f"Room {number:04}",
                "created_at": made["created_at"] - number,
            }
            for number in range(MANY)
        ]
        route.fulfill(body=json.dumps({"data": rooms}), content_type="application/json")

    page = visitor.page
    page.route("**/api/rooms", answer)
    page.reload()
    visitor.is_in()
    first, last = line_of(page, "Room 0000"), line_of(page, f"Room {MANY - 1}")
    expect(first).to_be_visible()
    assert node_count(page) < 1_000
    first.focus()
    page.keyboard.press("End")
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport(ratio=1)
    expect(page.locator("li", has=last)).to_have_attribute("aria-posinset", str(MANY))
    page.locator(".sidebar-list").evaluate("node => { node.scrollTop = 30000; }")
    expect(line_of(page, "Room 0460")).to_be_in_viewport()
    expect(last).to_be_focused()  # it is kept, however far away
    assert node_count(page) < 1_000
    page.keyboard.press("ArrowUp")
    expect(line_of(page, f"Room {MANY - 2}")).to_be_in_viewport(ratio=1)
    assert visitor.complaints == []


def test_the_menu_of_a_line_pins_quiets_and_hides(
    enter: Enter, people: People, beside: Flask
) -> None:
    ann, bob = people("ann", "bob")
    bob.say(bob.talk_to(ann), "hello")
    older, newer = (ann.create_group(bob, name=name) for name in ("older", "newer"))
    for group in (older, newer):
        ann.say(group, "words")
    settle(beside)  # or the server may not know yet that one has read one's own words
    visitor = enter(ann)
    other_tab = visitor.new_tab()
    other_tab.goto(visitor.url)
    page = visitor.page
    lines = page.locator(".room")
    menu = page.get_by_role("menu")

    def choose(name: str, item: str) -> None:
        line_of(page, name).click(button="right")
        menu.get_by_role("menuitem", name=item).click()
        expect(menu).to_have_count(0)

    choose("older", "Pin to the top")
    expect(lines.first).to_contain_text("older")
    expect(lines.first).to_contain_text("pinned")
    expect(other_tab.locator(".room").first).to_contain_text("older")
    expect(page).to_have_title(re.compile(r"^\(1\)"))
    choose(bob.username, "Mark as read")
    expect(page).not_to_have_title(re.compile(r"^\("))
    choose("older", "Notify of mentions only")
    bob.say(older, "by the way")
    expect(line_of(page, "older").locator(".badge-quiet")).to_contain_text("1")
    expect(page).not_to_have_title(re.compile(r"^\("))
    bob.say(older, f"@{ann.username} look")
    expect(line_of(page, "older")).to_contain_text("You are mentioned")
    expect(page).to_have_title(re.compile(r"^\(1\) @ "))
    choose("older", "Mute")
    expect(line_of(page, "older")).to_contain_text("muted")
    expect(page).not_to_have_title(re.compile(r"^\("))

    # By the keyboard, the focus comes back; Back closes the menu and nothing else
    line_of(page, bob.username).focus()
    page.keyboard.press("Shift+F10")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    page.go_back()
    expect(menu).to_have_count(0)
    expect(line_of(page, bob.username)).to_be_focused()
    choose(bob.username, "Hide conversation")
    expect(line_of(page, bob.username)).to_have_count(0)
    expect(page.locator(".toast")).to_contain_text(f"You find “{bob.username}” again by searching.")
    choose("newer", "Pin to the top")
    expect(lines.nth(1)).to_contain_text("newer")
    expect(lines.nth(1)).to_contain_text("pinned")
    assert visitor.complaints == []
