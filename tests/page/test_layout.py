"""Everything stays on the screen: with any name, on small and large screens, in large text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, ViewportSize, expect

from harness.accounts import data_of
from harness.people import Person
from tests.page.conftest import Visitor
from tests.page.faults import PHONES
from tests.page.faults import layout_faults as faults

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

NAMES = {
    "23 Latin characters": "Saturday morning choir!",
    "14 Chinese characters": "高三二班家长通知与作业讨论群",
    "50 without a space": "W" * 50,
    "50 Chinese": "国" * 50,
    "right to left": "مجموعة " * 7,
    "emoji": "👩‍👩‍👧‍👦" * 7,
}
BELOW_PANEL = (*PHONES, (768, 1024))  # a sheet that moves takes along what was opened from it
LATER = re.compile(r"/later[^/]*\.js")
NO_PANEL: ViewportSize = {"width": 1180, "height": 800}  # wider, a sheet stands beside its room


@contextmanager
def opened(page: Page, name: str) -> Iterator[None]:
    """Open a dialog by its button, and close it afterwards."""
    page.set_viewport_size(NO_PANEL)
    before = page.get_by_role("dialog").count()
    page.get_by_role("button", name=name).last.click()
    expect(page.get_by_role("dialog")).to_have_count(before + 1)
    yield
    page.set_viewport_size(NO_PANEL)
    page.locator("dialog").last.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(before)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_group_of_any_name_is_usable(enter: Enter, people: People, name: str) -> None:
    ann, bob = people("ann", "bob")
    for person in (ann, bob):
        assert person.patch("/users/me", json={"nickname": name.strip()[:30]}).status_code == 200
    group = ann.create_group(bob, name=name)
    for number in range(20):
        (ann if number % 3 else bob).say(group, f"line {number}" + number * "x" * 20)
    page = enter(ann, f"/r/{group['number']}").page
    expect(page.locator(".message")).to_have_count(20)
    assert faults(page) == []
    with opened(page, "Group and members"):
        assert faults(page) == []  # over the room, and beside it
        page.set_viewport_size(NO_PANEL)
        page.get_by_role("button", name="What to do with").click()
        assert faults(page, [(1180, 800)]) == []
        page.keyboard.press("Escape")
        with opened(page, "Delete group"):
            assert faults(page, BELOW_PANEL) == []


def test_dialogs_and_lists_hold_long_names(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    for person, letter in ((ann, "W"), (bob, "长")):
        data_of(person.patch("/users/me", json={"nickname": letter * 30}))
    ann.say(ann.talk_to(bob), "W" * 100)
    ann.say(ann.create_group(bob, name="W" * 50), "长" * 100)
    page = enter(ann, f"/d/{bob.username}").page

    def check() -> None:
        assert faults(page) == []

    check()
    with opened(page, "About this conversation"):
        check()
    page.keyboard.press("Control+k")
    check()
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1440, "height": 900})
    with opened(page, "New conversation"):
        page.get_by_label("Who do you want to write to?").fill("bob")
        expect(page.locator("button.person")).not_to_have_count(0)
        check()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator(".me").click()
    for summary in page.locator(".profile summary").all():
        summary.click()
    check()
    page.goto("about:blank")
    page = enter(bob).page
    check()


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_the_way_in_fits_every_screen(visit: Callable[..., Visitor], language: str) -> None:
    visitor = visit(locale=language)
    page = visitor.open()
    for link in page.locator(".link-button").all_text_contents():
        page.get_by_role("link", name=link).click()
        assert faults(page) == []
        visitor.open()


def test_the_page_itself_never_scrolls(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Long")
    for number in range(1, 61):
        ann.say(group, f"message {number:02}")
    page = enter(ann, f"/r/{group['number']}/m/59", viewport={"width": 390, "height": 700}).page
    target = page.locator(".message.target")
    expect(target).to_contain_text("message 59")
    for _ in range(2):
        expect(target).to_be_in_viewport(ratio=1)
        tops = page.evaluate(
            "() => [document.documentElement, document.body, document.querySelector('#app'),"
            " ...document.querySelectorAll('.shell, .panes, .main, .room-view')]"
            ".map((node) => node.scrollTop)"
        )
        assert tops == [0] * 7
        assert page.locator(".room-head").bounding_box()["y"] == 0  # type: ignore[index]
        # What a browser does for links, finding and focus moves the list and nothing around it
        page.evaluate(
            "() => document.querySelectorAll('.state .visually-hidden')"
            ".forEach((node) => node.scrollIntoView())"
        )
        target.evaluate("node => node.scrollIntoView()")


def start_of(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box
    return box["x"]


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (2560, 1440)])
def test_head_messages_and_composer_stand_in_one_column(
    enter: Enter, people: People, width: int, height: int
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Aligned")
    for number in range(30):
        bob.say(group, f"line {number}")
    page = enter(ann, f"/r/{group['number']}", viewport={"width": width, "height": height}).page
    expect(page.locator(".message").last).to_contain_text("line 29")
    starts = {start_of(page, one) for one in (".head-avatar", ".messages", ".composer-box")}
    assert max(starts) - min(starts) <= 1
    column = page.locator(".composer-box").bounding_box()
    assert column and 840 <= column["width"] <= 880
    # The list is beside the column, not a window's width away
    sidebar = page.locator(".sidebar").bounding_box()
    assert sidebar and 300 <= sidebar["width"] <= 341
    assert column["x"] - (sidebar["x"] + sidebar["width"]) < 260


def test_a_sheet_stands_beside_the_room_where_there_is_space(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    for name in ("Walkers", "Readers"):
        ann.create_group(bob, name=name)
    visitor = enter(ann, viewport={"width": 1440, "height": 900})
    page = visitor.page
    panel = page.locator("aside.side-panel")
    visitor.open_room("Walkers")
    button = page.get_by_role("button", name="Group and members")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(panel.get_by_role("heading", name="Walkers")).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)
    visitor.write("what we see is beside what we say")  # nothing is dimmed
    visitor.sees("beside")
    assert faults(page) == []

    # Narrower, the same sheet lies over the room; wider, it stands beside it again
    page.set_viewport_size({"width": 1000, "height": 900})
    expect(page.get_by_role("dialog", name="Walkers")).to_be_visible()
    expect(panel).to_have_count(0)
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(panel).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)

    # It is of the room that is open, also after a reload, until it is closed
    visitor.open_room("Readers")
    expect(panel.locator("h2")).to_have_text("Readers")
    page.reload()
    visitor.is_in()
    expect(panel.locator("h2")).to_have_text("Readers")
    expect(page.locator(".composer-input")).to_be_focused()
    page.go_back()
    expect(page.locator(".room-head h2")).to_have_text("Walkers")
    expect(panel.locator("h2")).to_have_text("Walkers")
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    visitor.open_room("Readers")
    expect(panel).to_have_count(0)

    # Escape and Back close one that was opened by hand, and nothing else
    for leave in (lambda: page.keyboard.press("Escape"), page.go_back):
        button.click()
        expect(panel).to_be_visible()
        leave()
        expect(panel).to_have_count(0)
        expect(button).to_be_focused()
        expect(page.locator(".room-head h2")).to_have_text("Readers")
    assert visitor.complaints == []


def test_what_somebody_asks_for_opens_beside_a_sheet_that_comes_back_late(
    enter: Enter, people: People
) -> None:
    """The script of both is still on its way: the one does not take the place of the other."""
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Late")
    page = enter(ann, f"/r/{group['number']}", viewport={"width": 1440, "height": 900}).page
    page.get_by_role("button", name="Group and members").click()
    expect(page.locator("aside.side-panel")).to_be_visible()
    held: list[Route] = []
    page.route(LATER, lambda route: held.append(route))
    with page.expect_request(LATER):
        page.reload()
        page.get_by_role("button", name="New conversation").click()
    for route in held:
        route.continue_()
    expect(page.get_by_role("dialog", name="New conversation")).to_be_visible()
    expect(page.locator("aside.side-panel")).to_be_visible()


def test_what_was_asked_for_does_not_open_after_escape(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Withdrawn")
    visitor = enter(ann)
    page = visitor.page
    held: list[Route] = []
    page.route(LATER, lambda route: held.append(route))
    visitor.open(f"/r/{group['number']}")
    with page.expect_request(LATER):
        page.get_by_role("button", name="Group and members").click()
    page.keyboard.press("Escape")
    with page.expect_response(LATER):
        for route in held:
            route.continue_()
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_role("dialog")).to_have_count(1)
    expect(page.get_by_role("dialog", name="New conversation")).to_be_visible()
