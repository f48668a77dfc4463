"""Blocking, hiding and being invited, in real browsers."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from harness.people import Person
from tests.page.conftest import Visitor, state_of
from tests.page.hands import SMALL_PHONE, open_account, open_sheet

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]


def test_a_person_is_blocked_and_unblocked_where_one_talks_to_them(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    room = bob.talk_to(ann)
    bob.say(room, "Hello Ann")
    anns, bobs = enter(ann), enter(bob)
    page = anns.page
    anns.open_room(bob.username)
    page.get_by_role("button", name="About this conversation").click()
    sheet = page.get_by_role("dialog", name="About this conversation")
    sheet.get_by_role("button", name="Block").click()
    page.get_by_role("dialog", name="Block bob").get_by_role("button", name="Block").click()
    expect(sheet.get_by_role("button", name="Unblock")).to_be_visible()
    sheet.get_by_role("button", name="Close").click()
    expect(page.locator(".composer-closed")).to_contain_text("You have blocked this person")
    expect(page.locator(".composer")).to_be_hidden()
    anns.sees("Hello Ann")

    bobs.open_room(ann.username)
    bobs.write("Are you there?")
    expect(state_of(bobs, "Are you there?")).to_have_attribute("data-state", "failed")
    expect(bobs.page.locator(".shell")).not_to_contain_text("block")

    page.locator(".composer-closed").get_by_role("button", name="Unblock").click()
    expect(page.locator(".composer-input")).to_be_focused()
    anns.write("Now I am")
    bobs.sees("Now I am")


def test_a_long_name_leaves_room_for_the_word_that_its_owner_is_blocked(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    bob.patch("/users/me", json={"nickname": "Bob the Builder of long Bridges"[:30]})
    bob.talk_to(ann)
    ann.put(f"/users/me/blocks/{bob.id}")
    line = enter(ann).page.locator(".room-name")
    word = line.locator(".room-muted")
    expect(word).to_have_text("blocked")
    whole, part = line.bounding_box(), word.bounding_box()
    assert whole and part
    assert part["width"] > 0 and part["x"] + part["width"] <= whole["x"] + whole["width"] + 1


def test_the_menu_of_a_member_is_seen_whole_however_low_it_opens(
    enter: Enter, people: People
) -> None:
    ann, *others = people("ann", "bob", "cleo", "dan", "eve")
    ann.create_group(*others, name="Walkers")
    visitor = enter(ann, viewport={"width": 1280, "height": 620})
    page = visitor.page
    open_sheet(visitor, "Walkers")
    page.get_by_role("button", name="What to do with").last.click()
    for item in page.get_by_role("menuitem").all():
        expect(item).to_be_in_viewport(ratio=0.99)


def test_blocked_people_are_listed_in_the_account_and_can_be_unblocked(
    enter: Enter, people: People
) -> None:
    ann, bob, cleo = people("ann", "bob", "cleo")
    ann.create_group(bob, cleo, name="Walkers")
    visitor = enter(ann)
    page = visitor.page
    open_sheet(visitor, "Walkers")
    page.get_by_label(f"What to do with {bob.username}").click()
    page.get_by_role("menuitem", name="Block").click()
    page.get_by_role("dialog", name="Block bob").get_by_role("button", name="Block").click()
    expect(page.locator(".toast")).to_contain_text("is blocked")  # and the list is drawn anew
    page.get_by_label(f"What to do with {bob.username}").click()
    expect(page.get_by_role("menuitem", name="Unblock")).to_be_visible()
    page.reload()
    visitor.is_in()
    part = open_account(page, "Blocked people")
    expect(part.locator(".person")).to_have_count(1)
    part.get_by_role("button", name=f"Unblock: {bob.username}").click()
    expect(part).to_contain_text("You have blocked nobody.")
    assert visitor.complaints == []


def test_a_hidden_conversation_comes_back_with_a_message_or_when_it_is_looked_for(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    room = bob.talk_to(ann)
    visitor = enter(ann)
    page = visitor.page

    def hide() -> None:
        page.get_by_role("button", name="About this conversation").click()
        page.get_by_role("button", name="Hide conversation").click()
        expect(page.locator(".room", has_text=bob.username)).to_have_count(0)

    visitor.open_room(bob.username)
    hide()
    page.reload()
    visitor.is_in()
    expect(page.get_by_text("No conversations yet")).to_be_visible()
    bob.say(room, "Hello Ann")
    visitor.open_room(bob.username)
    hide()
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("searchbox").fill(bob.username)
    with page.expect_response("**/hidden"):
        page.locator(".people button", has_text=bob.username).click()
    page.reload()
    visitor.is_in()
    expect(page.locator(".room", has_text=bob.username)).to_be_visible()


def test_an_invitation_is_shown_at_once_and_accepted_or_declined(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    tea = ann.create_group(name="Tea")
    water = ann.create_group(name="Water")
    anns, bobs = enter(ann, f"/r/{tea['number']}"), enter(bob)
    open_sheet(anns)
    anns.page.get_by_label("Add people").fill(bob.username)
    anns.page.get_by_role("button", name="Add", exact=True).click()
    expect(anns.page.locator(".toast")).to_contain_text("was invited")

    page = bobs.page
    waiting = page.get_by_role("region", name="Invitations to you")
    expect(waiting).to_contain_text(ann.username)
    waiting.get_by_role("button", name="Accept: Tea").click()
    page.locator(".room-head h2", has_text="Tea").wait_for()
    expect(waiting).to_be_hidden()

    bob.delete(f"/rooms/{tea['id']}/members/{bob.id}")  # strangers again
    ann.post(f"/rooms/{water['id']}/members", json={"username": bob.username})
    waiting.get_by_role("button", name="Decline: Water").click()
    expect(waiting).to_be_hidden()
    expect(page.locator(".toast", has_text="“Water” again for 30 days")).to_be_visible()
    page.reload()
    bobs.is_in()
    expect(page.locator(".rooms")).not_to_contain_text("Water")
    expect(waiting).to_be_hidden()


def test_on_a_small_phone_an_invitation_is_no_wider_than_the_list(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = bob.create_group(name="W" * 50)
    bob.patch(f"/rooms/{group['id']}", json={"info": "w" * 500})
    bob.post(f"/rooms/{group['id']}/members", json={"username": ann.username})
    page = enter(ann, **SMALL_PHONE).page
    page.locator(".request").wait_for()
    width, needed = page.locator(".sidebar-list").evaluate(
        "one => [one.clientWidth, one.scrollWidth]"
    )
    assert needed == width
