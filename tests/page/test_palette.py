"""Ctrl-K: one field that finds rooms, people and actions."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from playwright.sync_api import Route, expect

from harness.people import Person
from tests.page.conftest import Visitor
from tests.page.faults import axe_faults

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

# Whether the chosen one is to be seen whole in its list.
CHOSEN_IS_IN_VIEW = """() => {
  const inner = document.querySelector("[role=option][aria-selected=true]").getBoundingClientRect();
  const outer = document.querySelector("[role=listbox]").getBoundingClientRect();
  return inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
}"""


def test_rooms_are_found_by_a_part_of_their_name_and_opened_by_enter(
    enter: Enter, people: People
) -> None:
    (ann,) = people("ann")
    for name in ("Walkers", "Night walkers", "Readers"):
        ann.create_group(name=name)
    visitor = enter(ann, bypass_csp=True)
    page = visitor.page
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox")
    expect(page.get_by_role("group", name="Conversations").get_by_role("option")).to_have_count(3)
    for _ in range(20):  # through all that there is, and around
        page.keyboard.press("ArrowDown")
        assert page.evaluate(CHOSEN_IS_IN_VIEW)
    page.keyboard.type("walk")
    rooms = page.get_by_role("group", name="Conversations").get_by_role("option")
    expect(rooms).to_have_text([re.compile("Walkers$"), re.compile("Night walkers$")])
    expect(rooms.first).to_have_attribute("aria-selected", "true")
    assert axe_faults(page) == []
    page.keyboard.press("ArrowDown")
    chosen = rooms.nth(1)
    expect(chosen).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    page.keyboard.press("Enter")
    expect(page.locator(".room-head h2")).to_have_text("Night walkers")
    expect(page.get_by_role("dialog")).to_have_count(0)

    # What was found last is offered first where something else is open
    page.locator(".room", has_text="Readers").click()
    page.locator(".search-button").click()
    last = page.get_by_role("group", name="Recent searches").get_by_role("option")
    expect(last).to_have_text([re.compile("Night walkers$")])
    page.keyboard.type("nothing like it")
    expect(page.get_by_text("Nothing found.").first).to_be_visible()
    page.keyboard.press("Escape")
    assert visitor.complaints == []


def test_people_and_actions_are_found_beside_rooms(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    shared = secrets.token_hex(4)  # people of other tests have names too
    bob.patch("/users/me", json={"nickname": f"{shared} Robert"})
    ann.create_group(name=f"{shared} Robots")
    visitor = enter(ann)
    page = visitor.page
    page.keyboard.press("Control+k")
    page.keyboard.type(shared)
    expect(page.get_by_role("group", name="Conversations").get_by_role("option")).to_have_count(1)
    person = page.get_by_role("group", name="People").get_by_role("option", name=bob.username)
    expect(person).to_contain_text(f"{shared} Robert")
    # The first choice stays the first while people come in below it
    expect(page.get_by_role("option", name=f"{shared} Robots")).to_have_attribute(
        "aria-selected", "true"
    )
    person.click()
    expect(page.locator(".room-head h2")).to_have_text(f"{shared} Robert")
    page.keyboard.press("Control+k")
    page.keyboard.type("create")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Group name")).to_be_visible()
    page.keyboard.press("Escape")
    assert visitor.complaints == []


def test_a_pasted_number_or_link_leads_into_the_group(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(name="Walkers")
    number = group["number"]
    visitor = enter(bob)
    page = visitor.page
    page.keyboard.press("Control+k")
    spaced = f"{number[:3]} {number[3:6]} {number[6:]}"
    page.get_by_role("combobox").fill(f"join us: {number[:3]}-{number[3:6]}-{number[6:]}!")
    expect(page.get_by_role("option", name=f"Join group {spaced}")).to_be_visible()
    page.keyboard.press("Enter")
    held: list[Route] = []
    page.route("**/api/rooms/join", lambda route: held.append(route))
    with page.expect_request("**/api/rooms/join"):
        page.get_by_role("button", name="Join group").click()
    bob.post("/rooms/join", json={"number": number})
    expect(page.locator(".room-head h2")).to_have_text("Walkers")  # a push may be first
    page.go_back()
    expect(page.locator(".main .placeholder")).to_be_visible()
    with page.expect_response("**/api/rooms/join"):
        held[0].continue_()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    expect(page.locator(".main .placeholder")).to_be_visible()  # the answer leads nobody back
    page.get_by_role("combobox").fill(f"{visitor.url}/r/{number}")  # where one is already
    page.keyboard.press("Enter")
    expect(page.locator(".room-head h2")).to_have_text("Walkers")
    assert visitor.complaints == []


def test_a_hidden_conversation_is_found_again(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    room = ann.talk_to(bob)
    bob.say(room, "hello")
    ann.put(f"/rooms/{room['id']}/hidden", json={"hidden": True})
    page = enter(ann).page
    expect(page.locator(".room")).to_have_count(0)
    page.keyboard.press("Control+k")
    page.keyboard.type(bob.username)
    conversations = page.get_by_role("group", name="Conversations")
    option = conversations.get_by_role("option", name=bob.username)
    expect(option).to_have_count(1)
    expect(option).to_contain_text("hidden")
    page.keyboard.press("Enter")
    expect(page.locator(".room", has_text=bob.username)).to_be_visible()


def test_the_list_shows_the_line_of_what_was_found(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    for number in range(40):
        ann.create_group(name=f"Room {number:02}")
    page = enter(ann).page
    oldest, newest = (page.locator(".room", has_text=name) for name in ("Room 00", "Room 39"))
    expect(newest).to_be_in_viewport()
    page.keyboard.press("Control+k")
    page.keyboard.type("Room 00")
    page.keyboard.press("Enter")
    expect(page.locator(".room-head h2")).to_have_text("Room 00")
    expect(oldest).to_be_in_viewport(ratio=1)
    page.keyboard.press("Control+k")
    page.keyboard.type("Room 39")
    page.keyboard.press("Enter")
    expect(newest).to_be_in_viewport(ratio=1)
