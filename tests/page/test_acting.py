"""What one does to a message: by mouse, by keyboard and by touch, and how others see it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from harness.people import Person
from harness.tour import PHONE
from tests.page.conftest import Visitor
from tests.page.hands import HEART, THUMB, go_offline, open_menu, row_of

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]


def press_long(page: Page, place: Locator) -> None:
    """Let a finger rest on something until the menu is there, then lift it."""
    box = place.bounding_box()
    assert box
    session = page.context.new_cdp_session(page)
    touch = {"x": box["x"] + 10, "y": box["y"] + box["height"] / 2}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [touch]})
    page.get_by_role("menu").wait_for()
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_reactions_of_one_are_seen_by_the_other_who_joins_in(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Reacting")
    ann.say(group, "react to this")
    anns, bobs = (enter(person, f"/r/{group['number']}") for person in (ann, bob))
    row_of(bobs, "react to this").hover()
    bobs.page.get_by_role("button", name=f"React with {THUMB}").click()
    chip = row_of(anns, "react to this").locator(".reaction")
    expect(chip).to_have_accessible_name(f"{THUMB} from {bob.username}")
    expect(chip).to_have_attribute("aria-pressed", "false")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(chip.locator(".reaction-count")).to_have_text("2")
    expect(chip).to_have_accessible_name(f"{THUMB} from You and {bob.username}")
    theirs = row_of(bobs, "react to this").locator(".reaction")
    expect(theirs.locator(".reaction-count")).to_have_text("2")

    menu = open_menu(bobs, "react to this")
    menu.get_by_role("menuitem", name="Who reacted").click()
    expect(bobs.page.locator("dialog .person")).to_have_count(2)
    bobs.page.keyboard.press("Escape")
    theirs.click()
    expect(chip.locator(".reaction-count")).to_have_text("1")

    go_offline(bobs)
    theirs.click()
    bobs.page.get_by_text("The server cannot be reached.").wait_for()
    expect(theirs).to_have_attribute("aria-pressed", "false")


def test_the_picker_finds_emoji_by_words_of_both_languages_without_a_mouse(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Picking")
    ann.say(group, "pick for this")
    anns, bobs = (enter(person, f"/r/{group['number']}") for person in (ann, bob))
    keys = bobs.page.keyboard
    for word, found in (("猫脸", "🐱"), ("fox", "🦊")):
        row_of(bobs, "pick for this").focus()
        keys.press("Enter")
        expect(bobs.page.get_by_role("menu").locator(":focus")).to_have_text(THUMB)
        keys.press("ArrowLeft")  # from the first emoji to what is behind the last one
        keys.press("Enter")
        search = bobs.page.get_by_role("searchbox", name="Search emoji")
        expect(search).to_be_focused()
        bobs.page.locator(".emoji").first.wait_for()
        keys.insert_text(word)
        expect(bobs.page.locator(".emoji").first).to_have_text(found)
        keys.press("ArrowDown")
        expect(bobs.page.locator(".emoji").first).to_be_focused()
        keys.press("Enter")
        row_of(anns, "pick for this").locator(".reaction", has_text=found).wait_for()
        expect(row_of(bobs, "pick for this")).to_be_focused()
    assert anns.complaints == bobs.complaints == []


def test_the_picker_has_few_nodes_however_far_one_scrolls(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Scrolling")
    page = enter(ann, f"/r/{group['number']}").page
    page.locator(".composer-input").fill("before after")
    for _ in range(6):
        page.locator(".composer-input").press("ArrowLeft")
    page.get_by_role("button", name="Emoji").click()
    page.locator(".emoji").first.wait_for()
    for kind in ("Food and drink", "Flags"):
        tab = page.get_by_role("button", name=kind, exact=True)
        tab.click()
        expect(tab).to_have_attribute("aria-current", "true")
        assert page.locator(".popup *").count() < 300
    page.get_by_role("button", name="flag: China").click()
    expect(page.locator(".composer-input")).to_have_value("before🇨🇳 after")


def test_whoever_deletes_is_asked_once_and_the_others_see_one_quiet_line(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Deleting")
    bob.say(group, "something rude")
    ann.say(group, "of the owner")
    anns, bobs = (enter(person, f"/r/{group['number']}") for person in (ann, bob))
    expect(open_menu(bobs, "of the owner").get_by_role("menuitem", name="Delete")).to_have_count(0)
    bobs.page.keyboard.press("Escape")
    open_menu(anns, "something rude").get_by_role("menuitem", name="Delete").click()
    dialog = anns.page.get_by_role("dialog", name="Delete message?")
    expect(dialog).to_contain_text("something rude")
    dialog.get_by_role("button", name="Cancel").click()
    open_menu(anns, "something rude").get_by_role("menuitem", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    for visitor in (anns, bobs):
        expect(visitor.page.locator(".bubble.deleted")).to_have_text("Message deleted")
        expect(row_of(visitor, "something rude")).to_have_count(0)
    row = anns.page.locator(".message", has_text="Message deleted")
    row.hover()
    expect(row.locator(".message-bar")).to_have_count(0)


def test_what_is_pinned_stands_above_the_messages_of_all_and_leads_to_its_place(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Pinning")
    for number in range(1, 61):
        ann.say(group, f"message {number:02}")
    bobs = enter(bob, f"/r/{group['number']}")
    anns = enter(ann, f"/r/{group['number']}/m/3")
    open_menu(anns, "message 03").get_by_role("menuitem", name="Pin").click()
    bobs.page.get_by_role("button", name=f"{ann.username}: message 03").click()
    expect(row_of(bobs, "message 03")).to_be_in_viewport()
    bobs.page.get_by_role("button", name="All pinned messages").click()
    expect(bobs.page.locator("dialog .pin-item")).to_contain_text("message 03")
    expect(bobs.page.get_by_role("button", name="Unpin")).to_have_count(0)
    bobs.page.keyboard.press("Escape")
    anns.page.get_by_role("button", name="All pinned messages").click()
    anns.page.get_by_role("button", name="Unpin").click()
    expect(anns.page.locator("dialog")).to_have_count(0)
    for visitor in (anns, bobs):
        expect(visitor.page.locator(".pins")).to_be_hidden()


def test_on_a_phone_a_long_press_opens_the_menu_and_back_closes_it(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Touching")
    ann.say(group, "hold me")
    visitor = enter(bob, f"/r/{group['number']}", **PHONE)
    page = visitor.page
    bubble = row_of(visitor, "hold me").locator(".bubble")
    press_long(page, bubble)
    page.go_back()
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(bubble).to_be_visible()
    press_long(page, bubble)
    page.get_by_role("menuitem", name="Select text").tap()
    expect(page.locator("dialog .selectable")).to_have_text("hold me")
    assert page.evaluate("String(getSelection())") == "hold me"
    page.get_by_role("button", name="Close").tap()
    press_long(page, bubble)
    page.get_by_role("menuitemcheckbox", name=f"React with {HEART}").tap()
    row_of(visitor, "hold me").locator(".reaction", has_text=HEART).wait_for()
    expect(page.locator(".message-bar")).to_have_count(0)
    assert visitor.complaints == []
