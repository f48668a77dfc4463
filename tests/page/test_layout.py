"""Everything stays on the screen: with any name, on small and large screens, in large text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from harness.accounts import data_of
from harness.people import Person
from tests.page.conftest import Visitor
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


@contextmanager
def opened(page: Page, name: str) -> Iterator[None]:
    """Open a dialog by its button, and close it afterwards."""
    before = page.get_by_role("dialog").count()
    page.get_by_role("button", name=name).last.click()
    expect(page.get_by_role("dialog")).to_have_count(before + 1)
    yield
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
        page.locator(".menu summary").click()
        assert faults(page) == []
        page.locator(".menu summary").press("Escape")
        with opened(page, "Delete group"):
            assert faults(page) == []


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
    check()
    for name in ("Where you are logged in", "Delete account", "Change password"):
        with opened(page, name):
            check()
    page.goto("about:blank")
    page = enter(bob).page
    check()


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_the_way_in_fits_every_screen(visit: Callable[..., Visitor], language: str) -> None:
    page = visit(locale=language).open()
    for link in page.locator(".link-button").all_text_contents():
        page.get_by_role("button", name=link).click()
        assert faults(page) == []
        page.reload()


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
