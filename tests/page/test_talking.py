"""What people do with the page, in real browsers on a real server."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect

from harness.browsing import AT_TOP, SCROLLED_DOWN
from harness.drawings import drawing
from harness.people import Person, settle
from harness.servers import Server
from tests.page.conftest import Visitor, register
from tests.page.hands import note, open_sheet, pick

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]
LongGroup = Callable[[int], tuple[Person, Person, dict[str, Any]]]


def test_two_newcomers_register_and_talk_one_to_one_and_in_a_group(
    visit: Callable[..., Visitor], server: Server
) -> None:
    ann, bob = visit(), visit()
    for visitor in (ann, bob):
        visitor.open()
    register(ann, server, "Ann")
    bobs_name = register(bob, server, "Bob")

    # The first thing the page offers to someone without conversations
    ann.page.get_by_role("button", name="Message someone").click()
    ann.page.get_by_role("searchbox").fill(bobs_name)
    ann.page.locator(".people button", has_text="Bob").click()
    ann.write("Hello Bob")
    expect(ann.page.locator(".state")).to_have_attribute("data-state", "sent")
    bob.open_room("Ann")
    bob.sees("Hello Bob")
    bob.write("Hello Ann")
    ann.sees("Hello Ann")

    ann.page.get_by_role("button", name="New conversation").click()
    pick(ann.page, "New group")
    ann.page.get_by_label("Group name").fill("Walkers")
    ann.page.get_by_role("button", name="Create group").click()
    ann.page.locator(".room-head h2", has_text="Walkers").wait_for()
    shown = ann.page.locator(".list-top .number-figures").inner_text()
    bob.page.get_by_role("button", name="New conversation").click()
    pick(bob.page, "Join group")
    bob.page.get_by_label("Group number").fill(shown)
    bob.page.get_by_role("button", name="Join group").click()
    bob.page.locator(".room-head h2", has_text="Walkers").wait_for()
    bob.write("I am in")
    ann.sees("I am in")
    ann.write("Welcome")
    bob.sees("Welcome")

    for visitor in (ann, bob):
        visitor.page.reload()
        visitor.sees("I am in")
        visitor.sees("Welcome")
        assert visitor.complaints == []
    ann.open_room("Bob")
    ann.sees("Hello Ann")


def test_markup_stays_text_everywhere(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    evil = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"
    ann.patch("/users/me", json={"nickname": "<i>Ann</i>"})
    group = ann.create_group(bob, name="<script>document.title='owned'</script>")
    ann.say(group, evil + " javascript:alert(1)")
    visitor = enter(bob)
    page = visitor.page
    expect(page.locator(".room-name")).to_have_text("<script>document.title='owned'</script>")
    visitor.open_room("<script>")
    visitor.sees("<b>bold</b>")
    expect(page.locator(".author")).to_have_text("<i>Ann</i>")
    assert page.locator(".shell img, .shell b, .shell i, .bubble a").count() == 0
    assert "owned" not in page.title().replace("document.title='owned'", "")
    sheet = open_sheet(visitor)
    expect(sheet.locator(".person", has_text="<i>Ann</i>")).to_be_visible()
    assert visitor.complaints == []


def test_unread_messages_are_counted_until_they_are_seen(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Counting")
    ann.say(group, "one")
    bobs, anns = enter(bob), enter(ann, f"/r/{group['number']}")
    other_tab = bobs.new_tab()
    other_tab.goto(bobs.url + "/")
    expect(other_tab.locator(".badge")).to_contain_text("1")
    badge = bobs.page.locator(".badge")
    expect(badge).to_contain_text("1")
    anns.write("two")
    expect(badge).to_contain_text("2")
    expect(bobs.page).to_have_title(re.compile(r"^\(2\) "))
    bobs.open_room("Counting")
    bobs.sees("two")
    expect(badge).to_be_hidden()
    expect(bobs.page).to_have_title(re.compile("^Counting"))
    # The mark reaches the server, and from there the other tabs
    expect(other_tab.locator(".badge")).to_be_hidden()


def test_coming_back_shows_where_the_unread_begin(
    enter: Enter, people: People, beside: Flask
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Line")
    for number in range(1, 4):
        ann.say(group, f"early {number}")
    bob.put(f"/rooms/{group['id']}/read", json={"seq": 3})
    for number in range(1, 61):
        ann.say(group, f"late {number:02}")
    settle(beside)  # or the server may not know Bob's mark yet
    visitor = enter(bob, f"/r/{group['number']}")
    line = visitor.page.locator(".unread-line")
    expect(line).to_be_in_viewport()
    expect(visitor.page.locator(".bubble", has_text="late 01")).to_be_in_viewport()
    jump = visitor.page.locator(".jump")
    expect(jump).to_be_visible()
    jump.click()
    expect(visitor.page.locator(".bubble", has_text="late 60")).to_be_in_viewport()
    expect(visitor.page.locator(".badge")).to_be_hidden()


def say(person: Person, group: dict[str, Any], *numbers: int) -> None:
    for number in numbers:
        person.say(group, f"message {number:03}")


@pytest.fixture
def long_group(people: People) -> LongGroup:
    """A function that makes a group of two with so many messages, all of them read."""

    def make(count: int) -> tuple[Person, Person, dict[str, Any]]:
        ann, bob = people("ann", "bob")
        group = ann.create_group(bob, name="Long")
        say(ann, group, *range(1, count + 1))
        bob.put(f"/rooms/{group['id']}/read", json={"seq": count})
        return ann, bob, group

    return make


def test_scrolling_up_loads_history_and_keeps_the_place(
    enter: Enter, long_group: LongGroup
) -> None:
    _, bob, group = long_group(300)
    visitor = enter(bob, f"/r/{group['number']}")
    page = visitor.page
    expect(page.locator(".bubble", has_text="message 300")).to_be_in_viewport()
    page.locator(".transcript").hover()
    seen = set()
    for _ in range(200):
        # At the top of what is there, the wheel moves nothing before the next page has come.
        page.wait_for_function("() => !(%s)() || (%s)()" % (AT_TOP, AT_BEGINNING))
        if page.evaluate(AT_TOP):
            break
        before = page.evaluate(VISIBLE)
        page.mouse.wheel(0, -400)
        moved = "before => (%s)()[0] !== before[0] || (%s)()" % (VISIBLE, AT_TOP)
        page.wait_for_function(moved, arg=before)
        after = page.evaluate(VISIBLE)
        seen.update(before + after)
        # What was in sight is still near: nothing jumped by more than the turn of the wheel.
        assert set(before) & set(after), (before, after)
    expect(page.locator(".bubble", has_text="message 001")).to_be_visible()
    assert len(seen) == 300
    assert page.locator(".message").count() <= 170
    page.locator(".jump").click()
    expect(page.locator(".bubble", has_text="message 300")).to_be_in_viewport()
    assert visitor.complaints == []


def test_what_comes_while_one_reads_further_up_waits_below(
    enter: Enter, long_group: LongGroup
) -> None:
    ann, bob, group = long_group(40)
    visitor = enter(bob, f"/r/{group['number']}")
    page = visitor.page
    page.locator(".transcript").hover()
    page.mouse.wheel(0, -600)
    expect(page.locator(".jump")).to_be_visible()
    before = page.evaluate(VISIBLE)
    say(ann, group, *range(41, 301))
    expect(page.locator(".jump")).to_have_text("260 new messages")
    assert page.evaluate(VISIBLE) == before
    assert page.locator(".message").count() <= 160
    page.wait_for_function(SCROLLED_DOWN)
    expect(page.locator(".bubble", has_text="message 300")).to_be_in_viewport()
    assert page.locator(".message").count() <= 170
    assert visitor.complaints == []


AT_BEGINNING = """() => document.querySelector(".list-top").textContent.includes(
  "This is where the conversation began."
)"""
VISIBLE = """() => {
  const box = document.querySelector(".transcript").getBoundingClientRect();
  return [...document.querySelectorAll(".message")]
    .filter((row) => {
      const {top, bottom} = row.getBoundingClientRect();
      return bottom > box.top && top < box.bottom;
    })
    .map((row) => row.querySelector(".bubble").textContent);
}"""


def test_typing_is_shown_to_the_others(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Typing")
    anns, bobs = (enter(one, f"/r/{group['number']}") for one in (ann, bob))
    anns.write("Hello")
    bobs.sees("Hello")  # so both are connected by now
    typing = note(anns.page.locator(".typing"), "is typing")
    bobs.page.locator(".composer-input").press_sequentially("Well")
    typing()
    bobs.page.keyboard.press("Enter")
    anns.sees("Well")
    expect(anns.page.locator(".typing")).to_be_empty()


def test_a_group_is_led_from_its_sheet(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    bob.say(ann.talk_to(bob), "Hello")  # so they are no strangers
    group = ann.create_group(name="Sheet")
    anns, bobs = enter(ann, f"/r/{group['number']}"), enter(bob)
    page = anns.page
    sheet = open_sheet(anns)
    page.get_by_label("Add people").fill(bob.username)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".part-title").first).to_contain_text("2 members")
    bobs.open_room("Sheet")

    page.get_by_text("Edit name and description").click()
    page.get_by_label("Group name").fill("Renamed")
    page.get_by_role("button", name="Save").click()
    expect(bobs.page.locator(".room-head h2")).to_have_text("Renamed")

    sheet.get_by_role("button", name="What to do with").click()
    page.get_by_role("menuitem", name="Make admin").click()
    expect(page.locator(".person-line", has_text=bob.username).locator(".tag")).to_have_text(
        "Admin"
    )

    sheet.get_by_role("button", name="What to do with").click()
    page.get_by_role("menuitem", name="Remove from group").click()
    page.locator("dialog").last.get_by_role("button", name="Remove from group").click()
    expect(page.locator(".part-title").first).to_contain_text("1 member,")
    expect(bobs.page.locator(".room", has_text="Renamed")).to_have_count(0)
    expect(bobs.page.locator(".toast")).to_contain_text("You are no longer in “Renamed”")
    assert anns.complaints == bobs.complaints == []


def test_what_is_being_typed_survives_that_somebody_joins(enter: Enter, people: People) -> None:
    ann, bob, cleo = people("ann", "bob", "cleo")
    group = ann.create_group(name="Busy")
    anns = enter(ann, f"/r/{group['number']}")
    page = anns.page
    open_sheet(anns)
    expect(page.locator(".part-title").first).to_contain_text("1 member,")
    page.get_by_label("Add people").fill(cleo.username)
    page.get_by_text("Edit name and description").click()
    page.get_by_label("Group name").fill("Half a na")
    visitor = enter(bob, f"/r/{group['number']}")
    visitor.page.get_by_role("button", name="Join group").click()
    expect(page.locator(".part-title").first).to_contain_text("2 members")
    expect(page.get_by_label("Add people")).to_have_value(cleo.username)
    expect(page.get_by_label("Group name")).to_have_value("Half a na")
    expect(page.get_by_label("Group name")).to_be_focused()


def test_a_link_to_a_group_or_a_person_offers_to_begin(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(name="Linked")
    visitor = enter(bob, f"/r/{group['number']}")
    visitor.page.get_by_role("button", name="Join group").click()
    visitor.page.locator(".composer-input").wait_for()
    visitor.write("Hello all")
    visitor.sees("Hello all")
    expect(visitor.page.locator(".state")).to_have_attribute("data-state", "sent")
    visitor.open(f"/d/{ann.username}")
    visitor.page.locator(".composer-input").wait_for()
    visitor.write("Hello you")
    visitor.sees("Hello you")
    expect(visitor.page.locator(".state")).to_have_attribute("data-state", "sent")
    assert [room["kind"] for room in ann.rooms()] == ["direct", "group"]
    visitor.open("/d/nobody-at-all")
    expect(visitor.page.get_by_text("There is nobody with this username.")).to_be_visible()


def test_two_tabs_of_one_person_show_the_same(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Tabs")
    visitor = enter(ann, f"/r/{group['number']}")
    other = visitor.new_tab()
    other.goto(f"{visitor.url}/r/{group['number']}")
    other.locator(".shell[data-connection=online]").wait_for()
    other.locator(".empty-title").wait_for()  # the room has been loaded
    visitor.write("from one tab")
    expect(other.locator(".bubble")).to_have_text("from one tab")
    expect(other.locator(".state")).to_have_attribute("data-state", "sent")


def test_a_new_name_and_picture_show_wherever_they_are_on_an_open_page(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Names")
    direct = ann.talk_to(bob)
    ann.say(group, "in the group")
    ann.say(direct, "to you alone")
    anns, bobs = enter(ann), enter(bob, f"/r/{group['number']}")
    bobs.sees("in the group")
    page = bobs.page
    anns.page.locator(".me").click()
    anns.page.get_by_label("Nickname").fill("Ännchen")
    anns.page.get_by_role("button", name="Save").click()
    expect(page.locator(".message .author")).to_have_text("Ännchen")
    expect(page.locator(".room", has_text="to you alone")).to_contain_text("Ännchen")
    expect(page.locator(".room", has_text="Names")).to_contain_text("Ännchen: in the group")
    page.locator(".room", has_text="to you alone").click()
    expect(page.locator(".room-head h2")).to_have_text("Ännchen")
    page.locator(".room-head").get_by_role("button", name="About this conversation").click()
    expect(page.locator(".card-name")).to_have_text("Ännchen")
    assert ann.patch("/users/me", json={"nickname": "Anne"}).status_code == 200
    drawn = drawing(64, 64, 1)
    answer = ann.put("/users/me/avatar", data=drawn, content_type="application/octet-stream")
    assert answer.status_code == 200
    expect(page.locator(".card-name")).to_have_text("Anne")
    for place in (".card-face", ".room-head", ".room"):
        expect(page.locator(f"{place} .avatar img")).to_be_visible()
    expect(anns.page.locator(".me-name")).to_have_text("Anne")
