"""A conversation of two begins with its first message: looking at somebody makes nothing."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from harness.people import Person
from tests.page.conftest import Visitor
from tests.page.line import Line, kept

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]


def test_a_look_makes_no_room_and_the_first_message_does(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    anns, bobs = enter(ann, f"/d/{bob.username}"), enter(bob)
    page = anns.page
    expect(page.locator(".room-head h2")).to_have_text(bob.username)
    expect(page.locator(".empty-title")).to_be_visible()
    expect(page.locator(".room")).to_have_count(0)
    assert ann.rooms() == bob.rooms() == []

    page.locator(".composer-input").fill("one")
    page.keyboard.press("Enter")
    page.keyboard.type("half of the next")  # goes on while the room begins
    bobs.open_room(ann.username)
    bobs.sees("one")
    expect(page.locator(".room")).to_have_count(1)
    expect(page.locator(".message .state")).to_have_attribute("data-state", "sent")
    expect(page.locator(".composer-input")).to_be_focused()
    expect(page.locator(".composer-input")).to_have_value("half of the next")
    page.keyboard.press("Enter")
    bobs.sees("half of the next")
    bobs.write("hello")
    anns.sees("hello")
    assert [len(person.rooms()) for person in (ann, bob)] == [1, 1]
    assert anns.complaints == bobs.complaints == []


def test_a_first_message_without_a_connection_is_kept_and_sent_once(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    visitor = enter(ann, f"/d/{bob.username}")
    visitor.page.locator(".composer-input").wait_for()
    line = Line(visitor)
    visitor.write("one")
    visitor.write("two")
    kept(visitor, 2)
    page = visitor.page
    page.goto(visitor.url)
    room = page.locator(".room", has_text=bob.username)
    expect(room).to_contain_text("two")  # in the list, for as long as something waits in it
    room.click()
    expect(page.locator(".mine .bubble")).to_have_text(["one", "two"])
    line.mend()
    kept(visitor, 0)
    expect(page.locator(".mine .bubble")).to_have_text(["one", "two"])
    (made,) = bob.rooms()
    assert [message["data"] for message in bob.history(made)["messages"]] == ["one", "two"]


def test_what_is_half_written_to_somebody_is_there_again(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    page = enter(ann, f"/d/{bob.username}").page
    page.locator(".composer-input").fill("half a thought")
    page.reload()
    expect(page.locator(".composer-input")).to_have_value("half a thought")
    bob.say(bob.talk_to(ann), "I was first")  # the room begins, from the other side
    expect(page.locator(".bubble")).to_have_text(["I was first"])
    expect(page.locator(".composer-input")).to_have_value("half a thought")
    page.reload()
    expect(page.locator(".composer-input")).to_have_value("half a thought")


def test_a_name_that_leads_to_nobody_is_said(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    page = enter(ann, "/d/there.is.nobody").page
    expect(page.locator("h2")).to_have_text("There is nobody with this username.")
    page.goto(page.url.replace("there.is.nobody", ann.username))
    expect(page.locator("h2")).to_have_text("This is your own username.")
