"""The page about oneself."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from harness.accounts import data_of
from harness.people import Person
from tests.page.conftest import Visitor
from tests.page.hands import SMALL_PHONE

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]


def test_the_account_has_an_address_and_back_leads_to_where_one_was(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    ann.create_group(bob, name="Walkers")
    visitor = enter(ann)
    page = visitor.page
    visitor.open_room("Walkers")
    page.locator(".me").click()
    expect(page).to_have_url(re.compile("/me$"))
    page.reload()
    visitor.is_in()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    page.locator(".room-head h2", has_text="Walkers").wait_for()
    page.go_back()
    expect(page).to_have_url(re.compile(f"{visitor.url}/$"))
    assert visitor.complaints == []


def test_one_button_saves_what_others_see(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Walkers")
    ann.say(group, "hello")
    anns, bobs = enter(ann, "/me"), enter(bob, f"/r/{group['number']}")
    page = anns.page
    page.get_by_label("Nickname").fill("Ann of Green Gables")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", name="我的账号")).to_be_visible()
    expect(page.get_by_label("昵称")).to_have_value("Ann of Green Gables")  # not saved, not lost
    expect(page.get_by_role("button", name="中文")).to_be_focused()
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="Save").click()
    expect(bobs.page.locator(".message .author")).to_have_text("Ann of Green Gables")
    page.get_by_label("Nickname").fill("")
    page.get_by_role("button", name="Save").click()
    expect(bobs.page.locator(".message .author")).to_have_text(ann.username)  # as the hint says
    expect(page.get_by_label("Nickname")).to_have_value(ann.username)
    data_of(ann.patch("/users/me", json={"nickname": "Elsewhere"}))
    expect(page.get_by_label("Nickname")).to_have_value("Elsewhere")


def test_the_end_of_the_account_is_far_from_the_end_of_the_session(
    enter: Enter, people: People
) -> None:
    (ann,) = people("ann")
    page = enter(ann, "/me", **SMALL_PHONE).page
    expect(page.get_by_role("button", name="Delete account for good")).to_be_hidden()
    out = page.get_by_role("button", name="Log out").bounding_box()
    end = page.locator("summary", has_text="Delete account").bounding_box()
    assert out and end and end["y"] - (out["y"] + out["height"]) >= 40
    for summary in page.locator(".profile summary").all():
        summary.tap()
    page.locator(".session").first.wait_for()
    width, needed = page.locator(".profile-scroll").evaluate(
        "one => [one.clientWidth, one.scrollWidth]"
    )
    assert needed == width
