"""The inbox between the connection's threads and the reader."""

from __future__ import annotations

import pytest

from chat.bots.inbox import Inbox


def test_nothing_passes_a_push_that_found_the_inbox_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.bots.inbox.MAX_PUSHES", 2)
    inbox = Inbox()
    for seq in (1, 2, 3):
        inbox.push("group", "message_created", {"seq": seq})  # the third finds it full
    first = inbox.get(0)
    inbox.push("group", "message_created", {"seq": 4})  # there is room for it
    rest = [inbox.get(0), inbox.get(0), inbox.get(0), inbox.get(0)]
    assert first == ("group", "message_created", {"seq": 1})
    assert rest == [
        ("group", "message_created", {"seq": 2}),
        ("direct", "connected", None),
        ("group", "connected", None),
        None,
    ]
    inbox.push("group", "message_created", {"seq": 5})
    assert inbox.get(0) == ("group", "message_created", {"seq": 5})


def test_a_new_connection_drops_what_the_last_one_brought() -> None:
    inbox = Inbox()
    inbox.push("group", "message_created", {"seq": 1})
    inbox.connecting()
    inbox.push("group", "message_created", {"seq": 2})
    assert [inbox.get(0) for _ in range(4)] == [
        ("direct", "connecting", None),
        ("group", "connecting", None),
        ("group", "message_created", {"seq": 2}),
        None,
    ]
