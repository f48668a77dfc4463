"""Ways to a conversation or a message beside list and palette: keys, links."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from harness.people import Person
from tests.page.conftest import Visitor

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]


def test_alt_and_arrows_go_through_the_list(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    for name in ("third", "second", "first"):  # the newest stands first
        ann.say(ann.create_group(name=name), "hello")
    page = enter(ann).page
    heading = page.locator(".room-head h2")
    for key, name in (("Down", "first"), ("Down", "second"), ("Down", "third"), ("Up", "second")):
        page.keyboard.press(f"Alt+Arrow{key}")
        expect(heading).to_have_text(name)
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")  # the end of the list: nothing happens
    expect(heading).to_have_text("first")


def test_a_link_opens_the_room_around_its_message(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Archive")
    for number in range(1, 151):
        ann.say(group, f"message {number:03}")
    visitor = enter(bob, f"/r/{group['number']}/m/40")
    page = visitor.page
    meant = page.locator(".message.target")
    expect(meant).to_have_text(re.compile("message 040"))
    expect(meant).to_be_in_viewport()
    expect(page.locator(".jump")).to_be_visible()

    # Every message's time is the link to it
    other = page.locator(".message", has_text="message 043")
    other.hover()
    other.locator(".permalink").click()
    expect(page).to_have_url(re.compile(rf"/r/{group['number']}/m/43$"))
    expect(meant).to_have_text(re.compile("message 043"))

    page.locator(".jump").click()
    expect(page.locator(".bubble", has_text="message 150")).to_be_in_viewport()
    page.go_back()
    expect(meant).to_have_text(re.compile("message 040"))
    expect(meant).to_be_in_viewport()
    assert visitor.complaints == []


def test_a_link_to_a_message_that_is_not_there_opens_the_room(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Short")
    ann.say(group, "the only one")
    visitor = enter(ann, f"/r/{group['number']}/m/77")
    visitor.sees("the only one")
    expect(visitor.page.locator(".toast")).to_have_text(
        "The message this link leads to is not here."
    )
    expect(visitor.page.locator(".message.target")).to_have_count(0)
