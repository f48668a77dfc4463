"""How messages look and how the list of them behaves, in real browsers."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page, expect

from harness.accounts import data_of
from harness.people import Person, new_client_id, settle
from harness.servers import Server
from tests.page.conftest import Visitor
from tests.page.faults import axe_faults, layout_faults
from tests.page.hands import line_of, node_count, row_of
from tests.wire import WireClient

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

CODE = "```python\nprint('" + "long " * 60 + "')\n```"
FORMATTED = [
    "**bold** *slanted* ~~gone~~ `code` [a page](https://evil.example/x) www.example.org",
    "1. first\n2) second\n- third\n> said\nanswered",
    CODE,
    "👍🎉",
    "מה שלומך? https://example.org/",
    "\n".join(f"line {number}" for number in range(40)),
    "一段很长的话，" * 400,
]


def test_formatted_messages_fit_every_screen_and_can_be_told_apart(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group, direct = ann.create_group(bob, name="Formats"), ann.talk_to(bob)
    for room in (group, direct):
        for number, text in enumerate(FORMATTED):
            (bob if number % 2 else ann).say(room, text)
    visitor = enter(bob, f"/d/{ann.username}", bypass_csp=True)
    page = visitor.page
    expect(page.locator(".message")).to_have_count(len(FORMATTED))
    for name in ("strong", "em", "del", "code", "blockquote", ".item", "pre", ".emoji-large"):
        expect(page.locator(f".bubble {name}, .bubble{name}").first).to_be_attached()
    expect(page.locator(".link-host")).to_have_text(" (evil.example)")
    expect(page.locator(".item-mark")).to_have_text(["1. ", "2) ", "• "])
    assert axe_faults(page) == []
    assert layout_faults(page) == []
    page.set_viewport_size({"width": 1280, "height": 800})
    visitor.open_room("Formats")
    page.mouse.move(0, 0)
    expect(page.locator(".flat .message")).to_have_count(len(FORMATTED))
    assert axe_faults(page) == []
    assert layout_faults(page) == []
    assert visitor.complaints == []


def test_a_long_message_shows_its_beginning_until_somebody_wants_all(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Long")
    ann.say(group, "\n".join(f"line {number}" for number in range(60)))
    for number in range(9):
        ann.say(group, f"short {number}")
    page = enter(bob, f"/r/{group['number']}").page
    box = page.locator(".box").first
    short = box.bounding_box()
    button = page.get_by_role("button", name="Show all")
    button.click()
    expect(page.get_by_role("button", name="Show less")).to_be_attached()
    top = page.get_by_text("line 19", exact=False).first
    whole = box.bounding_box()
    assert short and whole and short["height"] < 500 < whole["height"]
    assert abs(short["y"] - whole["y"]) < 2, "the text that was being read has moved"
    expect(top).to_be_in_viewport()


def test_what_is_copied_is_what_was_said(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    direct = ann.talk_to(bob)
    ann.say(direct, "first")
    bob.say(direct, "second")
    page = enter(bob, f"/d/{ann.username}").page
    expect(page.locator(".message")).to_have_count(2)
    page.evaluate("() => getSelection().selectAllChildren(document.querySelector('.messages'))")
    copied = page.evaluate("() => getSelection().toString()")
    assert "first" in copied and "second" in copied, copied
    for unsaid in ("Sent", "Read", ":"):
        assert unsaid not in copied, copied


def test_one_tick_is_stored_and_two_are_read(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    ann.talk_to(bob)
    bob.say(ann.talk_to(bob), "Hello")
    anns, bobs = enter(ann, f"/d/{bob.username}"), enter(bob)
    anns.write("first")
    anns.write("second")
    states = anns.page.locator(".mine .state:not([hidden])")
    expect(states).to_have_count(1)  # at the end of what one says
    expect(states).to_have_attribute("data-state", "sent")
    bobs.open_room(ann.username)
    expect(states).to_have_attribute("data-state", "read")
    expect(states).to_have_count(1)


def test_three_in_a_group_call_each_other_and_see_who_has_read(
    enter: Enter, people: People
) -> None:
    ann, bob, cleo = people("ann", "bob", "cleo")
    group = ann.create_group(bob, cleo, name="Readers")
    anns, bobs, cleos = enter(ann, f"/r/{group['number']}"), enter(bob), enter(cleo)
    anns.page.locator(".composer-input").press_sequentially("@bo")
    anns.page.get_by_role("option", name=bob.username).wait_for()
    anns.page.keyboard.press("Enter")
    anns.page.keyboard.type("have you seen this?")
    anns.page.keyboard.press("Enter")
    expect(line_of(bobs.page, "Readers")).to_contain_text("You are mentioned")
    expect(line_of(cleos.page, "Readers").locator(".badge")).to_contain_text("1")
    expect(line_of(cleos.page, "Readers")).not_to_contain_text("You are mentioned")
    bobs.open_room("Readers")
    expect(bobs.page.locator(".mention.own")).to_have_text(f"@{bob.username}")
    readers = anns.page.locator(".readers")
    expect(readers).to_have_text("Read by 1")
    cleos.open_room("Readers")
    expect(cleos.page.locator(".mention")).to_have_text(f"@{bob.username}")
    expect(readers).to_have_text("Read by 2")
    readers.click()
    dialog = anns.page.get_by_role("dialog", name="Read by")
    expect(dialog.locator("li")).to_have_text([f"B{bob.username}", f"C{cleo.username}"])
    line = dialog.get_by_role("button", name=bob.username)
    line.click()
    card, at = anns.page.locator("dialog.card").bounding_box(), line.bounding_box()
    assert card and at and card["x"] >= at["x"] + at["width"]  # beside what was clicked
    anns.page.go_back()
    expect(anns.page.locator("dialog.card")).to_have_count(0)
    anns.page.go_back()
    expect(anns.page.get_by_role("dialog")).to_have_count(0)
    bobs.write(f"@{ann.username} I have")
    expect(row_of(anns, "I have")).to_have_class(re.compile("mentioned"))
    anns.write("And this?")
    expect(row_of(anns, "seen this").locator(".readers")).to_have_count(0)
    for visitor in (anns, bobs, cleos):
        assert visitor.complaints == []


def test_who_has_read_is_told_below_the_newest_message_alone(
    enter: Enter, people: People, beside: Flask
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Readers")
    ann.say(group, "long ago")
    for number in range(130):
        bob.say(group, f"between {number}")
    ann.say(group, "just now")
    bob.say(group, "I see")
    settle(beside)  # or the server may not know yet how far Bob has read
    anns = enter(ann, f"/r/{group['number']}/m/1")
    expect(anns.page.locator(".target")).to_contain_text("long ago")
    expect(anns.page.locator(".room-head .subtitle")).to_contain_text("2 members")
    expect(row_of(anns, "long ago").locator(".readers, .state:not([hidden])")).to_have_count(0)
    anns.page.locator(".jump").click()
    expect(row_of(anns, "just now").locator(".readers")).to_have_text("Read by 1")


def test_the_arrows_go_from_message_to_message(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Arrows")
    for number in range(1, 31):
        text = f"message {number:02} https://example.org/{number}\n```\ncode\n```"
        (ann if number % 2 else bob).say(group, text)
    bob.put(f"/rooms/{group['id']}/read", json={"seq": 30})
    page = enter(bob, f"/r/{group['number']}").page
    expect(page.locator(".message")).to_have_count(30)
    stops = page.locator(".message a, .message button, .message pre").and_(
        page.locator(":not([tabindex='-1'])")
    )
    expect(stops).to_have_count(0)  # but for one row, all is skipped by Tab
    page.locator(".composer-input").focus()
    page.keyboard.press("Shift+Tab")
    focused = page.locator(".message:focus")
    for _ in range(12):
        if focused.count():
            break
        page.keyboard.press("Shift+Tab")  # what the composer has before its input
    expect(focused).to_contain_text("message 30")
    for key, text in (("ArrowUp", "29"), ("ArrowUp", "28"), ("ArrowDown", "29"), ("Home", "01")):
        page.keyboard.press(key)
        expect(focused).to_contain_text(f"message {text}")
        expect(focused).to_be_in_viewport()
    page.keyboard.press("End")
    expect(focused).to_contain_text("message 30")
    # Tab goes through what is in the row, and on to what comes behind the list
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.closest('.message') !== null")
    code = page.locator(".message:focus-within .code-text")
    expect(code).to_have_attribute("tabindex", "0")  # long lines are scrolled by the arrow keys
    expect(page.locator(".code-text[tabindex='0']")).to_have_count(1)
    # The bar of the row is one stop, too: arrows go from button to button
    while not page.locator(".message-bar :focus").count():
        page.keyboard.press("Tab")
    inside = page.get_by_role("toolbar", name="What to do with this message").locator(":focus")
    for key, name in (("ArrowLeft", "More"), ("ArrowLeft", "Reply"), ("End", "More")):
        page.keyboard.press(key)
        expect(inside).to_have_accessible_name(name)
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(inside).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Tab")
    expect(page.locator(".message-bar")).to_have_count(0)


def test_a_room_is_found_again_where_it_was_left(
    enter: Enter, people: People, beside: Flask
) -> None:
    ann, bob = people("ann", "bob")
    group, other = ann.create_group(bob, name="Left"), ann.create_group(bob, name="Other")
    ann.say(other, "elsewhere")
    for number in range(1, 81):
        ann.say(group, f"message {number:02}")
    bob.put(f"/rooms/{group['id']}/read", json={"seq": 80})
    settle(beside)
    visitor = enter(bob, f"/r/{group['number']}")
    page = visitor.page
    expect(page.locator(".bubble", has_text="message 80")).to_be_in_viewport()
    page.locator(".transcript").hover()
    page.evaluate(AWAIT_REST)
    page.mouse.wheel(0, -400)  # not so far that more is loaded
    page.evaluate("() => window.atRest")
    expect(page.locator(".bubble", has_text="message 80")).not_to_be_in_viewport()
    before = first_row(page)
    visitor.open_room("Other")
    visitor.sees("elsewhere")
    visitor.open_room("Left")
    page.wait_for_function("before => (%s)() === before" % FIRST_ROW, arg=before)


AWAIT_REST = """() => {
  const scroller = document.querySelector(".transcript");
  window.atRest = new Promise((rested) =>
    scroller.addEventListener("scrollend", () => rested(), { once: true }),
  );
}"""
FIRST_ROW = """() => {
  const top = document.querySelector(".transcript")?.getBoundingClientRect().top;
  const row = [...document.querySelectorAll(".message")]
    .find((row) => row.getBoundingClientRect().bottom > top + 8);
  return row && `${row.dataset.seq} ${Math.round(row.getBoundingClientRect().bottom - top)}`;
}"""


def first_row(page: Page) -> str:
    """Return the seq of the first visible message and how far down it ends."""
    found: str = page.evaluate(FIRST_ROW)
    return found


def test_links_to_this_server_stay_in_the_page(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group, other = ann.create_group(bob, name="Here"), ann.create_group(bob, name="Far")
    ann.say(other, "the message meant")
    visitor = enter(bob)
    page = visitor.page
    ann.say(
        group,
        f"See {visitor.url}/r/{other['number']}/m/1 and {visitor.url}/r/{other['number']}/m/99",
    )
    page.evaluate("() => (window.samePage = true)")
    visitor.open_room("Here")
    page.locator(".bubble a").first.click()
    expect(page.locator(".target")).to_contain_text("the message meant")
    page.go_back()
    page.locator(".bubble a").last.click()
    expect(page.locator(".toast")).to_contain_text("The message this link leads to is not here.")
    assert page.evaluate("() => window.samePage") and len(visitor.context.pages) == 1


def test_a_quote_leads_to_its_original_and_follows_it(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Quoting")
    ann.say(group, "the **original**")
    for number in range(60):
        ann.say(group, f"between {number}")
    bob.say(group, "the answer", reply_to=1)
    bob.put(f"/rooms/{group['id']}/read", json={"seq": 62})
    visitor = enter(bob, f"/r/{group['number']}")
    page = visitor.page
    quote = page.locator(".quote")
    expect(quote.locator(".quote-text")).to_have_text("the original")
    expect(quote.locator(".quote-author")).to_have_text(ann.username)
    data_of(ann.patch(f"/rooms/{group['id']}/messages/1", json={"data": "something else"}))
    expect(quote.locator(".quote-text")).to_have_text("something else")
    quote.click()
    expect(page.locator(".target")).to_contain_text("something else")
    expect(page.locator(".target")).to_be_in_viewport()
    page.locator(".jump").click()
    data_of(ann.delete(f"/rooms/{group['id']}/messages/1"))
    expect(quote.locator(".quote-text")).to_have_text("Message deleted")
    assert visitor.complaints == []


def test_a_mention_shows_the_name_and_leads_to_the_person(enter: Enter, people: People) -> None:
    ann, bob, cleo = people("ann", "bob", "cleo")
    assert cleo.patch("/users/me", json={"nickname": "Cleopatra"}).status_code == 200
    group = ann.create_group(bob, cleo, name="Calling")
    ann.say(group, f"@{cleo.username}, do you know this? `@{cleo.username}` @nobody")
    ann.say(group, f"And you，@{bob.username}？")
    ann.say(group, "@all come here")
    page = enter(bob, f"/r/{group['number']}").page
    rows = page.locator(".message")
    expect(rows).to_have_count(3)
    expect(rows.nth(0).locator(".mention")).to_have_text("@Cleopatra")
    expect(rows.nth(0)).not_to_have_class(re.compile("mentioned"))
    expect(rows.nth(1).locator(".mention.own")).to_have_text(f"@{bob.username}")
    for row in (rows.nth(1), rows.nth(2)):
        expect(row).to_have_class(re.compile("mentioned"))
    rows.nth(0).locator(".mention").click()
    expect(page.get_by_text(f"@{cleo.username}").last).to_be_visible()


def test_a_burst_is_shown_whole_in_few_elements(
    server: Server, enter: Enter, people: People
) -> None:
    ann, bob, *others = people("ann", "bob", "cleo", "dan", "eve", "fay")
    group = ann.create_group(bob, *others, name="Burst")
    page = enter(bob, f"/r/{group['number']}").page
    page.locator(".empty-title").wait_for()

    def emit(person: Person, event: str, payloads: list[dict[str, object]]) -> None:
        with WireClient(server.url) as client:
            client.connect("/group", person.token)
            for start in range(0, len(payloads), 25):  # fewer than may be unanswered
                some = [{"room_id": group["id"], **one} for one in payloads[start : start + 25]]
                for number in client.emit_at_once("/group", event, some):
                    assert "data" in client.ack(number)

    texts = [f"**{number}** `code` https://example.org/{number}" for number in range(500)]
    emit(ann, "send_message", [{"client_id": new_client_id(), "data": text} for text in texts])
    page.locator(".message[data-seq='500']").wait_for()
    seqs = page.evaluate(
        "() => [...document.querySelectorAll('.message')].map(r => +r.dataset.seq)"
    )
    assert seqs == list(range(501 - len(seqs), 501)) and len(seqs) >= 80
    reactions: list[dict[str, object]] = [
        {"seq": seq, "emoji": emoji, "on": True} for emoji in "👍🎉" for seq in range(481, 501)
    ]
    for person in (ann, *others):
        emit(person, "react", reactions)
    page.wait_for_function(f"count => ({REACTIONS_SHOWN})() === count", arg=200)
    assert page.evaluate(VISIBLE_WITHOUT) == 0
    assert node_count(page) <= MOST_NODES


REACTIONS_SHOWN = """() => [...document.querySelectorAll(".reaction-count")]
  .reduce((sum, node) => sum + Number(node.textContent), 0)"""
MOST_NODES = 2_000
# How many of the rows that one sees have no reactions.
VISIBLE_WITHOUT = """() => {
  const {top, bottom} = document.querySelector(".transcript").getBoundingClientRect();
  const isSeen = (row) => {
    const box = row.getBoundingClientRect();
    return box.bottom > top && box.top < bottom;
  };
  const rows = [...document.querySelectorAll(".message")].filter(isSeen);
  return rows.filter((row) => !row.querySelector(".reaction")).length;
}"""
