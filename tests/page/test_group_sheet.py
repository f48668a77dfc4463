"""The sheet of a group, also of a very large one."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from playwright.sync_api import expect

from chat.clock import now_ms
from chat.models import Membership
from chat.repositories.memberships import MembershipRepository
from harness.accounts import new_password
from harness.people import Person
from tests.page.conftest import Visitor
from tests.page.hands import node_count, open_sheet

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

MANY = 5_000
MOST_NODES = 2_000


def fill_group(app: Flask, group: dict[str, object], count: int) -> None:
    """Let so many people, called pupil1, pupil2 and so on, be members of a group."""
    services = app.extensions["chat"]
    names = [f"pupil{number}" for number in range(1, count + 1)]
    users = services.accounts.create_many(names, new_password())
    now = now_ms()
    members = [
        Membership(
            room_id=str(group["id"]),
            user_id=user.id,
            role="member",
            last_read_seq=0,
            created_at=now,
        )
        for user in users
    ]
    MembershipRepository(services.database).insert_many(members)


def test_five_thousand_members_are_a_window_to_look_through(
    enter: Enter, people: People, beside: Flask
) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="School")
    fill_group(beside, group, MANY)
    visitor = enter(ann, f"/r/{group['number']}")
    page = visitor.page
    sheet = open_sheet(visitor)
    rows = page.locator(".member-window li")
    expect(page.locator(".part-title").first).to_contain_text("5001 members")
    expect(rows.nth(1)).to_contain_text("pupil1")
    expect(rows.nth(2)).to_contain_text("pupil2")  # and not pupil10
    expect(rows.first).to_have_attribute("aria-setsize", str(MANY + 1))
    assert node_count(page) <= MOST_NODES
    # Leaving is near however many there are
    page.get_by_role("button", name="Delete group").scroll_into_view_if_needed()
    height = sheet.evaluate("one => one.scrollHeight")
    assert height < 2 * 800

    page.get_by_role("button", name=f"{ann.username} (you)").focus()
    page.keyboard.press("ArrowDown")
    focused = page.locator(":focus")
    expect(focused).to_contain_text("pupil1")
    page.keyboard.press("End")
    expect(focused).to_contain_text("pupil5000")
    expect(page.locator("li:has(:focus)")).to_have_attribute("aria-posinset", str(MANY + 1))
    assert node_count(page) <= MOST_NODES
    page.keyboard.press("Tab")
    expect(focused).to_have_attribute("aria-label", "What to do with pupil5000")
    page.keyboard.press("Enter")
    for item in page.get_by_role("menuitem").all():
        expect(item).to_be_in_viewport(ratio=0.99)
    page.keyboard.press("Escape")
    expect(focused).to_have_attribute("aria-label", "What to do with pupil5000")

    page.get_by_role("searchbox", name="Search members").fill("L499")
    expect(rows).to_have_count(11)
    expect(rows.first).to_contain_text("pupil499")
    page.get_by_role("searchbox", name="Search members").fill("no such")
    expect(page.get_by_text("No member has that in their name.")).to_be_visible()
    assert visitor.complaints == []


def test_the_list_of_members_stays_where_it_is_while_people_come_and_go(
    enter: Enter, people: People
) -> None:
    ann, early, *others = people("ann", "aaron", *(f"m{number:02}" for number in range(30)))
    group = ann.create_group(*others, name="Busy")
    visitor = enter(ann, f"/r/{group['number']}")
    page = visitor.page
    open_sheet(visitor)
    scroller = page.locator(".member-window")
    row = page.locator(".member-window li", has_text=others[20].username)
    scroller.evaluate("node => { node.scrollTop = 18 * 56; }")
    row.wait_for()
    before = row.bounding_box()
    # At the server itself: what happens beside it is not pushed for people without a page.
    api, path = page.request, f"{visitor.url}/api/rooms"
    assert api.post(f"{path}/join", data={"number": group["number"]}, headers=early.headers).ok
    for gone in others[:2]:
        assert api.delete(f"{path}/{group['id']}/members/{gone.id}", headers=gone.headers).ok
    expect(page.locator(".part-title").first).to_contain_text("30 members")
    assert row.bounding_box() == before
    scroller.evaluate("node => { node.scrollTop = 0; }")
    expect(page.locator(".member-window li").nth(1)).to_contain_text(early.username)


def test_members_see_who_may_write_and_what_only_leaders_change_is_not_there(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="News")
    ann.patch(f"/rooms/{group['id']}", json={"posting": "admins", "info": "What is new"})
    sheet = open_sheet(enter(bob, f"/r/{group['number']}"))
    expect(sheet).to_contain_text("What is new")
    expect(sheet).to_contain_text("Only the owner and the admins can write in this group.")
    expect(sheet.get_by_role("button", name="Leave group")).to_be_visible()
    expect(sheet.get_by_role("combobox")).to_have_count(0)
    expect(sheet.get_by_text("Invitation links")).to_have_count(0)
    ann.patch(f"/rooms/{group['id']}/members/{bob.id}", json={"role": "admin"})
    expect(sheet.get_by_role("combobox", name="Add people")).to_be_visible()
    expect(sheet.get_by_text("Invitation links")).to_be_visible()
