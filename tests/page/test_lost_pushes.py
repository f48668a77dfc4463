"""The page behind a network that loses, repeats and delays pushes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from harness.people import Person, new_client_id
from harness.servers import Server
from tests.page.conftest import Visitor, state_of
from tests.proxy import FaultyProxy
from tests.wire import WireClient

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]

EACH = 25  # messages of each of the two who talk


def say(client: WireClient, room: dict[str, Any], text: str) -> None:
    payload = {"room_id": room["id"], "client_id": new_client_id(), "data": text}
    assert "data" in client.call("/group", "send_message", payload)


def test_every_message_is_shown_once_and_in_order_although_pushes_are_lost(
    server: Server, enter: Enter, people: People
) -> None:
    ann, bob, cleo = people("ann", "bob", "cleo")
    group = ann.create_group(bob, cleo, name="Lossy")
    with (
        FaultyProxy(server.url) as proxy,
        WireClient(server.url) as anns,
        WireClient(server.url) as bobs,
    ):
        for client, person in ((anns, ann), (bobs, bob)):
            client.connect("/group", person.token)
        visitor = enter(cleo, f"/r/{group['number']}", url=proxy.url)
        for number in range(EACH):
            if number % 5 == 0:
                visitor.write(f"cleo {number:02}")
            say(anns, group, f"ann {number:02}")
            say(bobs, group, f"bob {number:02}")
        last_own = state_of(visitor, f"cleo {EACH - 5}")
        expect(last_own).to_have_attribute("data-state", "sent")
        proxy.drop = 1.0  # so nothing that still comes shows that the last one is missing
        say(anns, group, "the last")
        began = time.monotonic()
        log = [message["data"] for message in cleo.history(group, limit=100)["messages"]]
        assert len(log) == 2 * EACH + EACH // 5 + 1
        expect(visitor.page.locator(".bubble")).to_have_text(log)
        print(dict(proxy.counts), f"complete {time.monotonic() - began:.1f} s after the last")
        assert min(proxy.counts[what] for what in ("dropped", "doubled", "late")) > 0
        assert visitor.complaints == []


def test_a_room_that_is_not_open_counts_what_no_push_told_of(
    server: Server, enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Counting")
    with (
        FaultyProxy(server.url, drop=0, repeat=0, late=0) as proxy,
        WireClient(server.url) as client,
    ):
        client.connect("/group", ann.token)
        visitor = enter(bob, url=proxy.url)
        badge = visitor.page.locator(".room .badge")
        for count in range(1, 100):
            say(client, group, f"message {count}")
            expect(badge).to_contain_text(str(count))
            if proxy.counts["pushed"]:
                break
        proxy.drop = 1.0
        say(client, group, "the last")
        expect(badge).to_contain_text(str(count + 1))
        expect(visitor.page.locator(".room-preview")).to_contain_text("the last")
