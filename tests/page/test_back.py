"""Back, on a phone and elsewhere: it closes what lies on top, and leads to where one came from."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from harness.people import Person
from harness.tour import PHONE
from tests.page.conftest import Visitor
from tests.page.hands import open_sheet, pick

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]


def open_groups(enter: Enter, people: People, *names: str) -> tuple[Visitor, list[str]]:
    """Open the list of someone in these groups on a phone; return the paths of the groups, too."""
    ann, bob = people("ann", "bob")
    groups = [ann.create_group(bob, name=name) for name in names]
    return enter(ann, **PHONE), [f"/r/{group['number']}" for group in groups]


def at(page: Page, path: str) -> None:
    expect(page).to_have_url(re.compile(f"{re.escape(path)}$"))


def focused(page: Page) -> str:
    return str(
        page.evaluate("() => document.activeElement.className || document.activeElement.tagName")
    )


def test_back_closes_sheet_menu_and_question_and_nothing_else(enter: Enter, people: People) -> None:
    visitor, (path,) = open_groups(enter, people, "Walkers")
    page = visitor.page
    visitor.open_room("Walkers")
    dialogs = page.get_by_role("dialog")
    open_sheet(visitor)
    menu = page.get_by_role("menu")
    page.get_by_role("button", name="What to do with").click()
    expect(menu).to_be_visible()
    page.go_back()
    expect(menu).to_be_hidden()
    expect(dialogs).to_have_count(1)
    page.get_by_role("button", name="What to do with").click()
    page.get_by_role("menuitem", name="Remove from group").click()
    expect(dialogs).to_have_count(2)
    page.go_back()
    expect(dialogs).to_have_count(1)
    at(page, path)
    page.go_back()
    expect(dialogs).to_have_count(0)
    at(page, path)
    expect(page.locator(".room-head")).to_be_visible()
    page.go_back()
    at(page, "/")
    assert focused(page) == "room"
    assert visitor.complaints == []


def test_a_dialog_closed_by_hand_leaves_no_step_behind(enter: Enter, people: People) -> None:
    visitor, (path,) = open_groups(enter, people, "Walkers")
    page = visitor.page
    visitor.open_room("Walkers")
    length = page.evaluate("history.length")
    for _ in range(3):
        open_sheet(visitor)
        page.get_by_role("button", name="Close").click()
        page.wait_for_function("() => !history.state.layers")
    assert page.evaluate("history.length") == length + 1  # the way forward, which is gone
    page.reload()
    visitor.is_in()
    page.go_back()
    at(page, "/")
    expect(page.locator(".rooms")).to_be_visible()


def test_the_arrow_goes_back_and_adds_no_steps(enter: Enter, people: People) -> None:
    visitor, paths = open_groups(enter, people, "First", "Second")
    page = visitor.page
    length = page.evaluate("history.length")
    for name in ("First", "Second", "First"):
        visitor.open_room(name)
        page.get_by_role("button", name="Back").click()
        at(page, "/")
        expect(page.locator(".room", has_text=name)).to_be_focused()
    assert page.evaluate("history.length") == length + 1


def test_the_arrow_of_a_room_opened_by_a_link_leads_to_the_list(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Linked")
    ann.say(group, "hello")
    visitor = enter(ann, f"/r/{group['number']}/m/1", **PHONE)
    page = visitor.page
    length = page.evaluate("history.length")
    page.get_by_role("button", name="Back").click()
    at(page, "/")
    expect(page.locator(".room")).to_be_focused()
    assert page.evaluate("history.length") == length
    visitor.open_room("Linked")
    page.go_back()
    at(page, "/")


def test_a_place_chosen_in_a_dialog_takes_its_step(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    for name in ("Walkers", "Readers"):
        ann.create_group(bob, name=name)
    visitor = enter(ann)
    page = visitor.page
    visitor.open_room("Walkers")
    page.keyboard.press("Control+k")
    page.keyboard.type("Read")
    page.keyboard.press("Enter")
    expect(page.locator(".room-head h2")).to_have_text("Readers")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.go_back()
    expect(page.locator(".room-head h2")).to_have_text("Walkers")
    page.go_back()
    at(page, "/")


def look_at_members(visitor: Visitor, name: str) -> None:
    """Open a group and its dialog; each has been told who its members are."""
    page = visitor.page
    with page.expect_response(lambda response: response.url.endswith("/members")):
        visitor.open_room(name)
    with page.expect_response(lambda response: response.url.endswith("/members")):
        open_sheet(visitor)


def test_one_who_is_removed_while_reading_hears_from_which_room_and_why(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    groups = {name: ann.create_group(bob, name=name) for name in ("Walkers", "Readers", "Singers")}
    visitor = enter(bob, **PHONE)
    page = visitor.page
    toast = page.locator(".toast")
    look_at_members(visitor, "Walkers")
    ann.delete(f"/rooms/{groups['Walkers']['id']}/members/{bob.id}")
    expect(toast).to_have_text(
        "You are no longer in “Walkers”: you were removed, or left on another device."
    )
    expect(page.get_by_role("dialog")).to_have_count(0)
    at(page, "/")
    expect(page.locator("ul.rooms")).to_be_focused()

    look_at_members(visitor, "Readers")
    page.get_by_role("button", name="Leave group").click()
    expect(page.get_by_role("dialog")).to_have_count(2)
    ann.delete(f"/rooms/{groups['Readers']['id']}")
    expect(toast).to_have_text("“Readers” was deleted.")
    expect(page.get_by_role("dialog")).to_have_count(0)
    at(page, "/")
    expect(page.locator("ul.rooms")).to_be_focused()

    look_at_members(visitor, "Singers")
    page.get_by_role("button", name="Leave group").click()
    page.locator("dialog").last.get_by_role("button", name="Leave group").click()
    expect(toast).to_have_text("You left “Singers”.")
    at(page, "/")
    expect(page.locator(".empty-list button").first).to_be_focused()
    assert visitor.complaints == []


def test_a_dialog_about_something_else_stays_when_the_room_behind_it_is_gone(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Walkers")
    visitor = enter(bob)
    page = visitor.page
    visitor.open_room("Walkers")
    page.get_by_role("button", name="New conversation").click()
    pick(page, "New group")
    page.get_by_label("Group name").fill("Half a na")
    ann.delete(f"/rooms/{group['id']}")
    expect(page.locator(".toast")).to_have_text("“Walkers” was deleted.")
    expect(page.get_by_label("Group name")).to_have_value("Half a na")
    expect(page.get_by_label("Group name")).to_be_focused()
    page.keyboard.press("Escape")
    at(page, "/")
