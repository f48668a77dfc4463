"""Invitation links, who may join and who may write, in real browsers."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import APIResponse, Route, expect

from harness.accounts import data_of
from harness.people import Person
from harness.servers import Server
from tests.page.conftest import Visitor, register
from tests.page.faults import axe_faults
from tests.page.hands import SMALL_PHONE, open_sheet, pick

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]


def open_settings(visitor: Visitor) -> None:
    """Open what the owner and the admins of the open group choose."""
    open_sheet(visitor)
    visitor.page.get_by_text("Who can join and write").click()
    visitor.page.get_by_text("Invitation links").click()


def make_link(visitor: Visitor) -> str:
    """Make an invitation in the open settings and return its link."""
    visitor.page.get_by_role("button", name="Make a link").click()
    link = visitor.page.get_by_label("Invitation link", exact=True)
    expect(link).to_be_visible()
    return link.input_value()


def test_a_newcomer_registers_by_a_link_and_joins(
    enter: Enter, visit: Callable[..., Visitor], people: People, server: Server
) -> None:
    (ann,) = people("ann")
    ann.patch("/users/me", json={"nickname": "Ann"})
    ann.create_group(name="Walkers")
    host = enter(ann)
    host.open_room("Walkers")
    open_settings(host)
    pick(host.page, "By invitation only")
    expect(host.page.locator("dialog .number")).to_contain_text("invitation link")
    pick(host.page, "10", exact=True)
    link = make_link(host)
    assert re.fullmatch(re.escape(f"{server.url}/#invite=") + r"[\w-]{22}", link)
    expect(host.page.locator("dialog .session")).to_contain_text("For 10 more people")

    guest = visit()
    guest.page.goto(link)
    expect(guest.page.locator(".note")).to_contain_text("You are invited")
    assert "#" not in guest.page.url
    register(guest, server, "Bob")
    dialog = guest.page.get_by_role("dialog", name="Invitation to a group")
    expect(dialog).to_contain_text("Walkers")
    expect(dialog).to_contain_text("1 member")
    expect(dialog).to_contain_text("Invited by Ann")
    dialog.get_by_role("button", name="Ann").click()  # who is that?
    card = guest.page.get_by_role("dialog", name="Ann")
    expect(card).to_contain_text(f"@{ann.username}")
    guest.page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(guest.page.locator(".room")).to_have_count(0)
    dialog.get_by_role("button", name="Join").click()
    guest.page.locator(".room-head h2", has_text="Walkers").wait_for()
    guest.write("I am in")
    host.page.get_by_role("button", name="Close").click()
    host.sees("I am in")
    guest.page.reload()
    guest.sees("I am in")
    expect(guest.page.get_by_role("dialog")).to_have_count(0)  # it is answered
    open_settings(host)
    expect(host.page.locator("dialog .session")).to_contain_text("For 9 more people")
    assert host.complaints == guest.complaints == []


def test_a_link_can_be_declined_and_revoked(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    ann.create_group(name="Walkers")
    host, guest = enter(ann), enter(bob)
    host.open_room("Walkers")
    open_settings(host)
    link = make_link(host)

    guest.page.goto(link)  # in a page that is open already
    dialog = guest.page.get_by_role("dialog", name="Invitation to a group")
    dialog.get_by_role("button", name="Not now").click()
    expect(dialog).to_have_count(0)
    guest.page.wait_for_function("() => !history.state?.layers")
    guest.page.reload()
    guest.is_in()
    expect(dialog).to_have_count(0)
    expect(guest.page.locator(".room")).to_have_count(0)

    host.page.get_by_role("button", name="Revoke").click()
    expect(host.page.locator("dialog .session")).to_have_count(0)
    guest.page.goto(link)
    expect(dialog).to_contain_text("not valid")
    expect(dialog.locator(".actions").get_by_role("button", name="Close")).to_be_focused()
    guest.page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    # The browser notes each answer that is no success.
    assert [text for text in guest.complaints if "404" not in text] == []


def test_a_link_that_is_opened_on_the_log_in_page_waits_for_the_log_in(
    visit: Callable[..., Visitor], people: People, server: Server
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(name="Walkers")
    token = data_of(ann.post(f"/rooms/{group['id']}/invitations", json={}), 201)["token"]
    guest = visit()
    guest.open().get_by_role("button", name="Log in", exact=True).wait_for()
    guest.open(f"/#invite={token}")  # the page is there already
    expect(guest.page.locator(".note")).to_contain_text("You are invited")
    assert "#" not in guest.page.url
    guest.log_in(bob.username, bob.password)
    dialog = guest.page.get_by_role("dialog", name="Invitation to a group")
    expect(dialog).to_contain_text("Walkers")
    guest.page.reload()
    expect(dialog).to_contain_text("Walkers")  # until it is answered
    dialog.get_by_role("button", name="Join").click()
    guest.page.locator(".room-head h2", has_text="Walkers").wait_for()
    assert guest.complaints == []


def test_where_admins_write_the_composer_gives_way_to_a_sentence(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="News")
    host, reader = enter(ann), enter(bob)
    for visitor in (host, reader):
        visitor.open_room("News")
    reader.write("May I?")
    reader.sees("May I?")
    open_settings(host)
    pick(host.page, "Owner and admins")
    closed = reader.page.locator(".composer-closed")
    expect(closed).to_contain_text("Only the owner and the admins can write in this group.")
    expect(reader.page.locator(".composer-input")).to_be_hidden()
    host.page.get_by_role("button", name="Close").click()
    host.write("The news")
    reader.sees("The news")
    reader.page.reload()
    expect(closed).to_be_visible()
    ann.patch(f"/rooms/{group['id']}/members/{bob.id}", json={"role": "admin"})
    expect(reader.page.locator(".composer-input")).to_be_visible()
    reader.write("As an admin")
    host.sees("As an admin")


def test_a_list_of_members_that_was_overtaken_is_not_shown(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="News")
    data_of(ann.patch(f"/rooms/{group['id']}", json={"posting": "admins"}))
    reader = enter(bob)
    held: list[tuple[Route, APIResponse]] = []

    def hold_the_first(route: Route) -> None:
        answer = route.fetch()
        if held:
            route.fulfill(response=answer)
        else:
            held.append((route, answer))

    reader.page.route(f"**/rooms/{group['id']}/members", hold_the_first)
    reader.open_room("News")
    composer = reader.page.locator(".composer-input")
    while not held:
        reader.page.wait_for_timeout(20)
    ann.patch(f"/rooms/{group['id']}/members/{bob.id}", json={"role": "admin"})
    expect(composer).to_be_visible()
    route, answer = held[0]
    with reader.page.expect_response(f"**/rooms/{group['id']}/members"):
        route.fulfill(response=answer)
    reader.page.evaluate("() => new Promise((done) => setTimeout(done, 0))")
    expect(composer).to_be_visible()
    reader.write("As an admin")
    reader.sees("As an admin")


def test_a_new_number_leaves_the_open_group_where_it_is(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Walkers")
    host, member = enter(ann), enter(bob)
    for visitor in (host, member):
        visitor.open_room("Walkers")
    open_settings(host)
    host.page.get_by_role("button", name="New number").click()
    host.page.get_by_role("dialog").last.get_by_role("button", name="New number").click()
    old = re.sub(r"(\d{3})(?=\d)", r"\1 ", group["number"])
    expect(host.page.locator("dialog .number-figures")).not_to_have_text(old)
    new = host.page.locator("dialog .number-figures").inner_text()
    open_sheet(member)
    expect(member.page.locator("dialog .number-figures")).to_have_text(new)
    for visitor in (host, member):
        visitor.page.get_by_role("button", name="Close").click()
    host.write("Still here")
    member.sees("Still here")


def test_on_a_phone_all_of_it_fits(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    ann.create_group(name="A-name-" + "x" * 43)
    host, guest = enter(ann, **SMALL_PHONE), enter(bob, **SMALL_PHONE)
    host.open_room("A-name")
    open_settings(host)
    link = make_link(host)
    guest.page.goto(link)
    guest.page.locator(".invited-name").wait_for()
    for page in (host.page, guest.page):
        width, needed = page.locator("dialog").evaluate("one => [one.clientWidth, one.scrollWidth]")
        assert needed == width
        assert axe_faults(page) == []


def test_a_removed_member_is_told_that_the_number_does_not_help(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Walkers")
    ann.delete(f"/rooms/{group['id']}/members/{bob.id}")
    visitor = enter(bob, f"/r/{group['number']}")
    visitor.page.get_by_role("button", name="Join group").click()
    expect(visitor.page.get_by_role("alert")).to_contain_text("You were removed from this group")
