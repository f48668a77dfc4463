"""How one writes: replies, other texts of old messages, mentions, marks, drafts."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from harness.people import Person
from tests.page.conftest import Visitor
from tests.page.hands import go_offline, open_menu, row_of

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

# What a keyboard for Chinese sends while it composes; in Safari 229 alone tells the last Enter.
COMPOSING = """(input, [key, composing]) => {
  const options = {key, isComposing: composing, bubbles: true, cancelable: true};
  const event = new KeyboardEvent("keydown", options);
  if (!composing) Object.defineProperty(event, "keyCode", {value: 229});
  return input.dispatchEvent(event);
}"""


def input_of(visitor: Visitor) -> Locator:
    return visitor.page.locator(".composer-input")


def test_a_reply_shows_what_it_answers_and_leads_there(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Replying")
    ann.say(group, "the question")
    for number in range(1, 61):
        ann.say(group, f"message {number:02}")
    anns = enter(ann, f"/r/{group['number']}")
    bobs = enter(bob, f"/r/{group['number']}/m/1")
    row_of(bobs, "the question").hover()
    bobs.page.get_by_role("button", name="Reply", exact=True).click()
    strip = bobs.page.locator(".composer-mode")
    expect(strip).to_contain_text(f"Reply to {ann.username}")
    expect(input_of(bobs)).to_be_focused()
    bobs.page.keyboard.type("half an")
    bobs.page.reload()
    expect(strip).to_contain_text("the question")
    kept = bobs.page.evaluate("() => Object.values(localStorage).join()")
    assert "half an" in kept and "the question" not in kept
    bobs.page.keyboard.press("Escape")
    expect(strip).to_be_hidden()
    expect(input_of(bobs)).to_have_value("half an")
    bobs.open(f"/r/{group['number']}/m/1")
    open_menu(bobs, "the question").get_by_role("menuitem", name="Reply").click()
    input_of(bobs).fill("the answer")
    input_of(bobs).press("Enter")
    expect(strip).to_be_hidden()
    quote = row_of(anns, "the answer").locator(".quote")
    expect(quote).to_contain_text("the question")
    quote.click()
    expect(row_of(anns, "the question").first).to_be_in_viewport()
    assert anns.complaints == bobs.complaints == []


def test_the_draft_of_a_reply_forgets_what_was_deleted_and_what_was_left(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Leaving")
    place = f"/r/{group['number']}"
    first = ann.say(group, "the question")
    for number in range(1, 61):  # what is answered is not on the first page
        ann.say(group, f"message {number:02}")
    bobs = enter(bob, f"{place}/m/1")
    page, strip = bobs.page, bobs.page.locator(".composer-mode")
    open_menu(bobs, "the question").get_by_role("menuitem", name="Reply").click()
    input_of(bobs).fill("half an answer")
    bobs.open("/")
    bobs.open(place)
    expect(strip).to_contain_text("the question")
    bobs.open("/")
    ann.change(group, first["seq"], deleted=True)
    bobs.open(place)
    page.get_by_text("The message you were replying to was deleted.").wait_for()
    expect(strip).to_be_hidden()
    expect(input_of(bobs)).to_have_value("half an answer")
    ann.delete(f"/rooms/{group['id']}/members/{bob.id}")
    expect(page.locator(".composer")).to_have_count(0)
    assert "half an answer" not in page.evaluate("() => Object.values(localStorage).join()")


def test_the_arrow_up_edits_the_last_own_message_and_the_draft_waits(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Editing")
    mine = bob.say(group, "of bob, with a tpyo")
    ann.say(group, "of ann")
    anns, bobs = (enter(person, f"/r/{group['number']}") for person in (ann, bob))
    page, text = bobs.page, input_of(bobs)
    text.press("ArrowUp")
    expect(page.locator(".composer-mode")).to_contain_text("Editing")
    expect(text).to_have_value("of bob, with a tpyo")
    text.press("Escape")
    expect(text).to_have_value("")
    text.fill("a draft")
    open_menu(bobs, "of bob").get_by_role("menuitem", name="Edit").click()
    text.fill("of bob, corrected")
    text.press("Enter")
    expect(text).to_have_value("a draft")
    expect(row_of(anns, "of bob, corrected")).to_contain_text("edited")

    open_menu(bobs, "of bob").get_by_role("menuitem", name="Edit").click()
    text.fill("too late")
    ann.change(group, mine["seq"], deleted=True)
    page.get_by_text("The message was deleted. Your text is now a draft.").wait_for()
    expect(text).to_have_value("too late\na draft")
    expect(page.locator(".composer-mode")).to_be_hidden()


def test_an_edit_that_the_server_refuses_keeps_its_text(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    room = ann.talk_to(bob)
    ann.say(room, "as it was")
    visitor = enter(ann, f"/d/{bob.username}")
    text = input_of(visitor)
    text.press("ArrowUp")
    text.fill("as it should be")
    go_offline(visitor)
    text.press("Enter")
    visitor.page.get_by_text("The server cannot be reached.").wait_for()
    expect(text).to_have_value("as it should be")
    visitor.context.set_offline(False)
    visitor.is_in()
    text.press("Enter")
    visitor.sees("as it should be")
    expect(text).to_have_value("")


def test_an_at_sign_suggests_people_and_the_arrows_choose_one(enter: Enter, people: People) -> None:
    ann, bob, tom = people("ann", "bob", "tom")
    tom.patch("/users/me", json={"nickname": "Tomas Novak"})
    group = ann.create_group(bob, tom, name="Mentioning")
    bob.say(group, "the last to write")
    anns, toms = (enter(person, f"/r/{group['number']}") for person in (ann, tom))
    text, options = input_of(anns), anns.page.get_by_role("option")
    text.press_sequentially("你好@")
    expect(options).to_have_count(3)
    expect(options.first).to_contain_text(bob.username)
    expect(options.last).to_contain_text("@all")
    expect(text).to_have_attribute("aria-activedescendant", f"suggestion-user-{bob.id}")
    for key, composing in (
        ("ArrowDown", True),
        ("Enter", True),
        ("Enter", False),
        ("Escape", True),
    ):
        assert text.evaluate(COMPOSING, [key, composing])  # left to the one who composes
    expect(options.first).to_have_attribute("aria-selected", "true")
    text.press_sequentially("nov")
    expect(options).to_have_count(1)
    text.press("Escape")
    expect(options).to_have_count(0)
    expect(text).to_have_value("你好@nov")
    text.press("Backspace")
    expect(options).to_have_count(0)  # of the same mention
    text.press("Control+a")
    text.press_sequentially("@nova")
    expect(options).to_have_count(1)
    text.press("Tab")
    expect(text).to_have_value(f"@{tom.username} ")
    expect(text).to_be_focused()
    text.press_sequentially("hello")
    text.press("Enter")
    expect(row_of(toms, "hello")).to_contain_text("@Tomas Novak hello")
    toms.page.keyboard.type("@")
    expect(toms.page.get_by_role("option", name="Everyone")).to_have_count(0)
    expect(toms.page.get_by_role("option")).to_have_count(2)


def selection_of(page: Page) -> str:
    found: str = page.locator(".composer-input").evaluate(
        "(input) => input.value.slice(input.selectionStart, input.selectionEnd)"
    )
    return found


def test_keys_mark_the_selection_and_undo_takes_it_back(enter: Enter, people: People) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Marking")
    visitor = enter(ann, f"/r/{group['number']}")
    text = input_of(visitor)
    text.press_sequentially("some words")
    text.press("Control+Shift+ArrowLeft")
    text.press("Control+b")
    expect(text).to_have_value("some **words**")
    assert selection_of(visitor.page) == "words"
    text.press("Control+e")
    expect(text).to_have_value("some **`words`**")
    text.press("Control+z")
    text.press("Control+z")
    expect(text).to_have_value("some words")
