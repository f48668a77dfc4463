"""What is done to messages that are written already, as the page shows it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from harness.people import Person, new_client_id
from harness.servers import Server
from tests.page.conftest import Visitor
from tests.page.faults import axe_faults, layout_faults
from tests.page.hands import HEART, THUMB
from tests.proxy import FaultyProxy
from tests.wire import WireClient

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

ADDED = ("version", "edited_at", "deleted_at", "pinned", "reactions", "own_reactions")
# The rows on the screen: text, and what was done to it.
SHOWN = """() => [...document.querySelectorAll(".message")].map((row) => {
  const bubble = row.querySelector(".bubble");
  const edited = row.querySelector(".edited");
  const reactions = [...row.querySelectorAll(".reaction")].map((one) => [
    one.querySelector(".reaction-emoji").textContent,
    Number(one.querySelector(".reaction-count").textContent),
    one.classList.contains("own"),
  ]);
  const deleted = bubble.classList.contains("deleted");
  const text = deleted ? "" : bubble.textContent.trim();
  return [text, Boolean(edited), deleted, row.querySelector(".pin") !== null, reactions];
})"""


def as_shown(message: dict[str, Any]) -> list[object]:
    """Return what a row should show of a message."""
    own = message.get("own_reactions", [])
    reactions = [[one["emoji"], one["count"], one["emoji"] in own] for one in message["reactions"]]
    edited = message["edited_at"] is not None and message["deleted_at"] is None
    return [
        message["data"].strip(),
        edited,
        message["deleted_at"] is not None,
        message["pinned"],
        reactions,
    ]


def wait_until_shown(page: Page, messages: list[dict[str, Any]]) -> None:
    """Wait until the rows on the screen are these messages as they are now."""
    expected = json.dumps(
        [as_shown(message) for message in messages], ensure_ascii=False, separators=(",", ":")
    )
    page.wait_for_function(f"expected => JSON.stringify(({SHOWN})()) === expected", arg=expected)


def test_two_people_see_what_others_do_to_messages(
    server: Server, enter: Enter, people: People
) -> None:
    ann, bob, cleo = people("ann", "bob", "cleo")
    group = ann.create_group(bob, cleo, name="Changing")
    for number, text in enumerate(("first", "second", "third", "fourth")):
        (cleo if number % 2 else ann).say(group, text)
    visitors = [enter(one, f"/r/{group['number']}") for one in (ann, bob)]
    for visitor in visitors:
        visitor.sees("fourth")
    with WireClient(server.url) as client:
        client.connect("/group", cleo.token)

        def emit(event: str, seq: int, **more: object) -> None:
            payload = {"room_id": group["id"], "seq": seq, **more}
            assert "data" in client.call("/group", event, payload)

        emit("edit_message", 2, data="second, corrected")
        emit("delete_message", 4)
        emit("react", 1, emoji=HEART, on=True)
    bob.change(group, 1, emoji=HEART)
    bob.change(group, 1, emoji=THUMB)
    ann.change(group, 3, pinned=True)
    for visitor, person in zip(visitors, (ann, bob), strict=True):
        page = visitor.page
        wait_until_shown(page, person.history(group)["messages"])
        rows = page.locator(".message")
        expect(rows.nth(1).locator(".bubble")).to_have_text("second, corrected")
        expect(rows.nth(1).locator(".edited")).to_have_text("edited")
        expect(rows.nth(3).locator(".bubble")).to_have_text("Message deleted")
        expect(rows.nth(2).locator(".pin")).to_have_text("Pinned")
        expect(page.locator(".room-preview")).to_contain_text("Message deleted")
        expect(page.locator(".room .badge")).to_be_hidden()
        assert visitor.complaints == []
    anns, bobs = (visitor.page.locator(".reaction") for visitor in visitors)
    expect(anns.nth(0)).to_contain_text(f"{HEART} from {cleo.username} and {bob.username}")
    expect(bobs.nth(0)).to_contain_text(f"{HEART} from You and {cleo.username}")
    expect(bobs.nth(1)).to_contain_text(f"{THUMB} from You")
    bob.change(group, 1, emoji=THUMB, on=False)
    expect(anns).to_have_count(1)


def test_a_direct_room_changes_in_chinese(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    room = ann.talk_to(bob)
    for text in ("first", "second", "third"):
        ann.say(room, text)
    page = enter(bob, f"/d/{ann.username}", locale="zh-CN").page
    expect(page.locator(".message")).to_have_count(3)
    ann.change(room, 1, data="corrected")
    ann.change(room, 2, pinned=True)
    ann.change(room, 2, emoji=HEART)
    ann.change(room, 3, deleted=True)
    wait_until_shown(page, bob.history(room)["messages"])
    rows = page.locator(".message")
    expect(rows.nth(0).locator(".edited")).to_have_text("已编辑")
    expect(rows.nth(1).locator(".pin")).to_have_text("已置顶")
    expect(rows.nth(1).locator(".reaction")).to_contain_text(f"{HEART}：{ann.username}")
    expect(rows.nth(2).locator(".bubble")).to_have_text("消息已删除")
    expect(page.locator(".room-preview")).to_have_text("消息已删除")


def test_changes_count_as_nothing_unread_and_the_preview_follows_them(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Counted")
    ann.say(group, "first")
    ann.say(group, "second")
    visitor = enter(bob)
    badge, preview = (visitor.page.locator(f".room {one}") for one in (".badge", ".room-preview"))
    expect(badge).to_contain_text("2")
    ann.change(group, 1, data="first, corrected")
    ann.change(group, 2, emoji=HEART)
    ann.change(group, 2, data="second, corrected")
    expect(preview).to_contain_text("second, corrected")
    expect(badge).to_contain_text("2 unread messages")
    expect(visitor.page).to_have_title("(2) Chat")


def test_a_message_without_the_fields_of_changes_looks_as_before(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Older")
    for number in range(3):
        ann.say(group, f"message {number}")
    visitor = enter(bob)

    def answer_as_before(route: Route) -> None:
        response = route.fetch()
        body = response.json()
        del body["data"]["last_rev"]
        for message in body["data"]["messages"]:
            for name in ADDED:
                message.pop(name, None)
        route.fulfill(response=response, json=body)

    visitor.page.route("**/api/rooms/*/messages?*", answer_as_before)
    visitor.open_room("Older")
    expect(visitor.page.locator(".bubble")).to_have_text(
        [f"message {number}" for number in range(3)]
    )
    for mark in (".edited", ".deleted", ".pin", ".reactions"):
        expect(visitor.page.locator(mark)).to_have_count(0)
    ann.change(group, 2, data="changed")  # and from then on it is as any other
    expect(visitor.page.locator(".bubble").nth(1)).to_have_text("changed")
    assert visitor.complaints == []


def test_lost_repeated_and_late_pushes_come_to_what_the_log_says(
    server: Server, enter: Enter, people: People
) -> None:
    ann, bob, cleo = people("ann", "bob", "cleo")
    group = ann.create_group(bob, cleo, name="Lossy")
    dice = random.Random(5)
    with (
        FaultyProxy(server.url) as proxy,
        WireClient(server.url) as anns,
        WireClient(server.url) as bobs,
    ):
        for client, person in ((anns, ann), (bobs, bob)):
            client.connect("/group", person.token)

        def emit(client: WireClient, event: str, **payload: object) -> None:
            answer = client.call("/group", event, {"room_id": group["id"], **payload})
            # Two may delete and edit at once: then nothing happens.
            assert "data" in answer or answer["error"]["code"] in ("conflict", "forbidden"), answer

        def say(client: WireClient, text: str) -> None:
            emit(client, "send_message", client_id=new_client_id(), data=text)

        for number in range(20):
            say((anns, bobs)[number % 2], f"message {number}")
        visitors = [enter(one, f"/r/{group['number']}", url=proxy.url) for one in (bob, cleo)]
        for visitor in visitors:
            expect(visitor.page.locator(".message")).to_have_count(20)
        said = 20
        for _ in range(100):
            client, seq = dice.choice((anns, bobs)), dice.randint(1, said)
            what = dice.random()
            if what < 0.1:
                say(client, f"message {said}")
                said += 1
            elif what < 0.4:
                emit(client, "edit_message", seq=seq, data=f"edit {dice.random()}")
            elif what < 0.45:
                emit(client, "delete_message", seq=seq)
            elif what < 0.9:
                emoji, on = dice.choice((HEART, THUMB)), dice.random() < 0.7
                emit(client, "react", seq=seq, emoji=emoji, on=on)
            else:
                emit(anns, "pin_message", seq=seq, on=dice.random() < 0.7)
        proxy.drop = 1.0  # so nothing that still comes shows that the last ones are missing
        emit(anns, "edit_message", seq=1, data="the last edit")
        say(anns, "the last")
        for visitor, person in zip(visitors, (bob, cleo), strict=True):
            wait_until_shown(visitor.page, person.history(group, limit=100)["messages"])
            assert visitor.complaints == []
        assert min(proxy.counts[what] for what in ("dropped", "doubled", "late")) > 0


def test_a_page_that_was_offline_for_many_changes_catches_up(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Away")
    for number in range(1, 151):
        ann.say(group, f"message {number}")
    visitor = enter(bob, f"/r/{group['number']}")
    visitor.sees("message 150")
    visitor.context.set_offline(True)
    for seq in range(1, 151):  # more than one answer tells, and what the page holds comes last
        ann.change(group, seq, data=f"changed {seq}")
    ann.change(group, 150, emoji=HEART)
    ann.change(group, 149, deleted=True)
    ann.say(group, "new")
    visitor.context.set_offline(False)
    expect(visitor.page.locator(".bubble").last).to_have_text("new")
    rows = visitor.page.locator(".message").count()
    wait_until_shown(visitor.page, bob.history(group, limit=rows)["messages"])


def test_what_one_reads_stays_where_it_is_when_others_react(enter: Enter, people: People) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Still")
    for number in range(1, 41):
        ann.say(group, f"message {number:02}")
    page = enter(bob, f"/r/{group['number']}/m/20", viewport={"width": 390, "height": 700}).page
    row = page.locator(".message[data-seq='20']")
    expect(row).to_be_in_viewport(ratio=1)
    before = row.bounding_box()
    for seq in (1, 2, 3):
        ann.change(group, seq, emoji=HEART)
    expect(page.locator(".reaction")).to_have_count(3)
    assert row.bounding_box() == before
    end = page.locator(".bubble", has_text="message 40")
    page.locator(".jump").click()
    expect(end).to_be_in_viewport(ratio=1)
    ann.change(group, 40, emoji=HEART)
    expect(page.locator(".reaction").last).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_changed_messages_fit_every_screen_and_axe_finds_nothing(
    enter: Enter, people: People, language: str
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Everyone")
    for number in range(4):
        for person in (ann, bob):
            person.say(group, f"{person.username} " + number * "long words and 很长的一句话 ")
    for seq in (1, 2):
        ann.change(group, seq, deleted=True)
    for seq, person in ((5, ann), (6, bob), (7, ann), (8, bob)):
        person.change(group, seq, data=(seq - 5) * "https://example.org/" + "corrected" * 20)
        ann.change(group, seq, pinned=True)
        for emoji in "👍😂😮😢🙏🔥🎉👀💯🚀🤔👏"[: 3 * (seq - 4)]:
            ann.change(group, seq, emoji=emoji)
        bob.change(group, seq, emoji=THUMB)
    page = enter(bob, f"/r/{group['number']}", locale=language, bypass_csp=True).page
    wait_until_shown(page, bob.history(group)["messages"])
    assert axe_faults(page) == []
    assert layout_faults(page) == []
