"""People: the card that a click on somebody opens, and finding them to write to or to add."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from harness.people import Person
from harness.tour import PHONE
from tests.page.conftest import Visitor
from tests.page.hands import note, open_sheet, pick

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]


def test_the_card_of_a_member_leads_to_a_conversation(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    bob.patch("/users/me", json={"nickname": "Bob Builder"})
    ann.create_group(bob, name="Walkers")
    anns, bobs = enter(ann), enter(bob)
    page = anns.page
    open_sheet(anns, "Walkers")
    row = page.get_by_role("button", name="Bob Builder @")
    row.click()
    card = page.get_by_role("dialog", name="Bob Builder")
    expect(card).to_contain_text(f"@{bob.username}")
    expect(card).to_contain_text("online")
    expect(card.get_by_role("listitem")).to_have_text(["WWalkers"])  # they share it
    where, what = row.bounding_box(), card.bounding_box()
    assert where and what and what["x"] + what["width"] <= where["x"]  # beside it
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(row).to_be_focused()
    row.click()
    bob.patch("/users/me", json={"nickname": "Bobby"})
    expect(page.locator(".card-name")).to_have_text("Bobby")
    card = page.locator("dialog.card")
    card.get_by_role("button", name="Message").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator(".room-head h2", has_text="Bobby").wait_for()
    anns.write("Hello Bob")
    bobs.open_room(ann.username)
    bobs.sees("Hello Bob")
    assert anns.complaints == []


def test_the_card_blocks_and_mutes(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    ann.create_group(bob, name="Walkers")
    bob.say(bob.talk_to(ann), "Hello Ann")
    anns = enter(ann)
    page = anns.page
    open_sheet(anns, "Walkers")
    page.get_by_role("button", name=f"{bob.username} @").click()
    card = page.locator("dialog.card")
    card.get_by_role("button", name="Mute").click()
    expect(card.get_by_role("button", name="Unmute")).to_be_focused()
    expect(page.locator(".room", has_text="Hello Ann")).to_contain_text("muted")
    card.get_by_role("button", name="Block").click()
    page.get_by_role("dialog", name="Block bob").get_by_role("button", name="Block").click()
    expect(card.get_by_role("button", name="Unblock")).to_be_visible()
    expect(card).to_contain_text("blocked")


def test_on_a_phone_the_card_is_at_the_lower_edge_and_back_closes_it(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    ann.create_group(bob, name="Walkers")
    visitor = enter(ann, **PHONE)
    page = visitor.page
    open_sheet(visitor, "Walkers")
    page.get_by_role("button", name=f"{bob.username} @").tap()
    box = page.locator("dialog.card").bounding_box()
    assert box and box["x"] == 0 and box["width"] == 390
    assert abs(box["y"] + box["height"] - 844) <= 1
    page.go_back()
    expect(page.locator("dialog.card")).to_have_count(0)
    expect(page.locator("dialog.sheet")).to_be_visible()


def test_ones_own_card_leads_to_the_account_and_that_of_the_deleted_says_so(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    ann.create_group(bob, name="Walkers")
    visitor = enter(ann)
    page = visitor.page
    open_sheet(visitor, "Walkers")
    row = page.get_by_role("button", name=f"{bob.username} @")
    page.route(
        f"**/api/users/{bob.username}",
        lambda route: route.fulfill(
            status=404, json={"error": {"code": "not_found", "message": "No."}}
        ),
    )
    row.click()
    expect(page.locator("dialog.card")).to_contain_text("This account was deleted.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"{ann.username} (you)").click()
    expect(page.locator("dialog.card").get_by_role("button", name="Block")).to_have_count(0)
    page.locator("dialog.card").get_by_role("button", name="Your account").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_several_people_are_added_at_once_and_each_is_told_apart(
    enter: Enter, people: People
) -> None:
    ann, bob, cleo, dan = people("ann", "bob", "cleo", "dan")
    ann.create_group(bob, cleo, name="Where one met")
    group = ann.create_group(bob, name="Walkers")
    visitor, invited = enter(ann), enter(dan)
    page = visitor.page
    open_sheet(visitor, "Walkers")
    field = page.get_by_role("combobox", name="Add people")
    field.press_sequentially(cleo.username[:-1])  # a part of it that no other test's has
    expect(page.get_by_role("option", name=cleo.username)).to_have_attribute(
        "aria-selected", "true"
    )
    field.press("Enter")
    field.press_sequentially(f"@{dan.username}")
    page.get_by_role("option", name=dan.username).wait_for()
    field.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(field).to_be_visible()  # only the suggestions are closed
    field.press_sequentially(f", nobody.here, {bob.username}")
    field.press("Enter")
    chips = page.locator(".chip-name")
    expect(chips).to_have_text([cleo.username, dan.username, "nobody.here", bob.username])
    page.get_by_role("button", name="Add", exact=True).click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text(f"{cleo.username} is in the group.")
    expect(toast).to_contain_text(f"{dan.username} was invited")
    expect(chips).to_have_text(["nobody.here", bob.username])
    wrong = page.locator(".people-field .field-error")
    expect(wrong).to_contain_text("Nobody has the username nobody.here.")
    expect(wrong).to_contain_text(f"{bob.username} is a member already.")
    expect(field).to_be_focused()
    expect(page.locator(".part-title").first).to_contain_text("3 members")
    field.press("Backspace")
    expect(chips).to_have_text(["nobody.here"])
    invited.page.get_by_role("button", name="Accept: Walkers").click()
    expect(page.locator(".part-title").first).to_contain_text("4 members")
    assert set(ann.members(group)) == {one.username for one in (ann, bob, cleo, dan)}


def test_a_name_that_could_not_be_looked_up_is_looked_up_again(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    ann.create_group(bob, name="Where one met")
    anns, bobs = enter(ann), enter(bob)
    page = anns.page
    page.get_by_role("button", name="New conversation").click()
    pick(page, "New group")
    page.get_by_label("Group name").fill("Climbers")
    field = page.get_by_role("combobox", name="Members")
    field.fill(bob.username)
    field.press("Enter")
    page.route("**/api/users?q=*", lambda route: route.abort())
    page.get_by_role("button", name="Create group").click()
    expect(page.locator(".people-field .field-error")).to_contain_text("cannot be reached")
    page.unroute("**/api/users?q=*")
    page.get_by_role("button", name="Create group").click()
    page.locator(".room-head h2", has_text="Climbers").wait_for()
    bobs.open_room("Climbers")


def test_a_group_that_stays_open_by_its_number_says_so_and_gets_its_people(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    ann.create_group(bob, name="Where one met")
    anns, bobs = enter(ann), enter(bob)
    page = anns.page
    busy = {"error": {"code": "unavailable", "message": "Not now."}}
    page.route("**/api/rooms/*", lambda route: route.fulfill(status=503, json=busy))
    page.get_by_role("button", name="New conversation").click()
    pick(page, "New group")
    page.get_by_label("Group name").fill("Climbers")
    pick(page, "By invitation only")
    page.get_by_role("combobox", name="Members").fill(bob.username)
    said = note(page.locator("body"), "can still be joined with its number: Not now.")
    page.get_by_role("button", name="Create group").click()
    said()
    bobs.open_room("Climbers")


def test_a_group_is_made_with_its_people(enter: Enter, people: People) -> None:
    ann, bob, cleo = people("ann", "bob", "cleo")
    ann.create_group(bob, cleo, name="Where one met")
    anns, bobs = enter(ann), enter(bob)
    page = anns.page
    page.get_by_role("button", name="New conversation").click()
    pick(page, "New group")
    page.get_by_role("button", name="Create group").click()
    expect(page.get_by_label("Group name")).to_have_accessible_description("Please fill this in.")
    expect(page.get_by_label("Group name")).to_be_focused()
    page.get_by_label("Group name").fill("Climbers")
    pick(page, "By invitation only")
    field = page.get_by_role("combobox", name="Members")
    field.evaluate(
        """(node, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          node.dispatchEvent(new ClipboardEvent("paste", {clipboardData, cancelable: true}));
        }""",
        f"{bob.username}\n{cleo.username}",
    )
    expect(page.locator(".chip-name")).to_have_count(2)
    page.get_by_role("button", name="Create group").click()
    page.locator(".room-head h2", has_text="Climbers").wait_for()
    expect(page.locator(".toast")).to_contain_text(f"{bob.username} and {cleo.username}")
    bobs.open_room("Climbers")
    (made,) = [room for room in ann.rooms() if room["name"] == "Climbers"]
    assert made["access"] == "invitation"
