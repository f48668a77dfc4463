"""Replies leave the log with what they quote as it is now, and without more queries than needed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from pymongo.collection import Collection

from chat.database.client import Database
from chat.errors import InvalidInput
from chat.models import Message, Quote, Room
from chat.repositories.messages import MessageRepository, quote_of
from harness.servers import PATIENCE
from tests.log.desk import Desk, OpenDesk, change_of, message_in, results

REFUSAL = InvalidInput({"reply_to": ["invalid.no_message"]})


class Counting(MessageRepository):
    """Notes which messages were looked up to be quoted."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.asked: list[set[int]] = []

    def list_by_ids(self, message_ids: Iterable[str]) -> list[Message]:
        found = super().list_by_ids(message_ids)
        self.asked.append({message.seq for message in found})
        return found


def say(desk: Desk, room: Room, user_id: str, count: int) -> None:
    results([desk.send(room, user_id, f"number {number}") for number in range(1, count + 1)])


def test_a_page_looks_up_at_once_what_it_does_not_have_itself(
    open_desk: OpenDesk, database: Database, room: Room, alice: str
) -> None:
    counting = Counting(database)
    desk = open_desk(counting)
    say(desk, room, alice, 10)
    results([desk.send(room, alice, "reply", reply_to=seq) for seq in (2, 9, 1, 2)])
    page = desk.log.read(room.id, 9, 14)
    assert counting.asked == [{1, 2}]
    shown = [one.quote.data if one.quote else None for one in page]
    assert shown == [None, None, "number 2", "number 9", "number 1", "number 2"]
    desk.log.read(room.id, 1, 10)
    assert len(counting.asked) == 1, "nothing is quoted there"


def test_a_page_of_replies_to_distant_messages_takes_few_queries(
    desk: Desk, room: Room, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 40
    quoted = [message_in(room, alice, seq=1 + 1_000 * number) for number in range(count)]
    replies = [
        replace(message_in(room, alice, seq=100_001 + number), reply_to=one.seq, reply_to_id=one.id)
        for number, one in enumerate(quoted)
    ]
    desk.messages.append([*quoted, *replies])
    queries: list[Any] = []
    find = Collection.find

    def count_and_find(self: Collection[Any], *given: Any, **options: Any) -> Any:
        queries.append(given)
        return find(self, *given, **options)

    monkeypatch.setattr(Collection, "find", count_and_find)
    page = desk.log.read(room.id, 100_001, 100_000 + count)
    assert [one.quote.seq for one in page if one.quote] == [one.seq for one in quoted]
    assert len(queries) <= 1 + math.ceil(count / desk.database.dialect.ids_at_once)


def test_what_is_gone_is_quoted_as_deleted(desk: Desk, room: Room, alice: str) -> None:
    say(desk, room, alice, 1)
    results([desk.send(room, alice, "reply", reply_to=1)])
    desk.messages.delete_range(room.id, 1, 1)
    gone = Quote(seq=1, version=0, user_id="", data="", deleted=True)
    assert desk.log.read(room.id, 1, 2)[0].quote == gone == desk.log.find_quote(room.id, 1)


@pytest.mark.parametrize("reply_to", [1, 2, None])
def test_a_repeat_quotes_what_the_stored_message_does(
    desk: Desk, open_desk: OpenDesk, room: Room, alice: str, reply_to: int | None
) -> None:
    say(desk, room, alice, 2)
    (stored,) = results([desk.send(room, alice, "reply", "same", reply_to=1)])
    for one in (desk, open_desk()):  # the other one does not know the message yet
        for refusal in (None, REFUSAL):
            again = one.send(room, alice, "else", "same", refusal, reply_to=reply_to)
            assert results([again])[0].message == stored.message
    assert desk.log.close(PATIENCE)


def test_a_quote_that_changes_before_its_reply_is_stored_is_pushed_as_it_is_now(
    desk: Desk, room: Room, alice: str
) -> None:
    say(desk, room, alice, 1)
    first = desk.told[0]
    looked_up = desk.log.find_quote(room.id, 1)
    results([desk.log.change(room, change_of(first, alice, "deleted"))])
    desk.log.find_quote = lambda *_: looked_up  # type: ignore[method-assign]
    (stored,) = results([desk.send(room, alice, "reply", reply_to=1)])
    for reply in (stored.message, desk.told[-1]):
        assert reply.quote is not None and reply.quote.deleted and reply.quote.data == ""


def test_a_changed_reply_keeps_its_quote(desk: Desk, room: Room, alice: str) -> None:
    say(desk, room, alice, 1)
    (stored,) = results([desk.send(room, alice, "reply", reply_to=1)])
    change = change_of(stored.message, alice, "text", "other")
    (changed,) = results([desk.log.change(room, change)])
    assert changed.message.quote == quote_of(desk.log.read(room.id, 1, 1)[0])
