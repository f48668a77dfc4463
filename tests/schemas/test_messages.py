"""Messages as they are pushed between processes."""

from __future__ import annotations

from dataclasses import replace

from chat.models import Changes, Message, Reaction
from chat.schemas.messages import (
    dump_changes,
    dump_message,
    encode_message,
    read_pushed,
    split_changes,
)
from chat.schemas.writing import write_json


def test_a_push_of_a_newer_version_is_read_without_what_it_added() -> None:
    message = Message("m1", "r1", "u1", 7, "c1", "hello", 1, 2, username="ann", nickname="Ann")
    assert read_pushed(dump_message(message) | {"of_a_newer_version": 3}) == message


def test_a_nickname_that_is_the_username_travels_once() -> None:
    message = Message("m1", "r1", "u1", 7, "c1", "hello", 1, 2, username="ann", nickname="ann")
    assert "nickname" not in dump_message(message)
    assert read_pushed(dump_message(message)) == message


REACTED = replace(
    Message("m1", "r1", "u1", 7, "c1", "hello", 1, 2, username="ann", nickname="ann"),
    reactions=tuple(Reaction("👍", f"u{rev}", rev) for rev in range(1, 13)),
)


def test_the_first_of_those_who_reacted_are_named_and_all_are_counted() -> None:
    (found,) = dump_message(REACTED)["reactions"]
    assert (found["emoji"], found["count"]) == ("👍", 12)
    assert found["user_ids"] == [f"u{rev}" for rev in range(1, 11)]


def test_ones_own_reactions_are_told_to_one_reader_alone() -> None:
    assert "own_reactions" not in dump_message(REACTED)
    assert dump_message(REACTED, "u12")["own_reactions"] == ["👍"]
    assert dump_message(REACTED, "u99")["own_reactions"] == []


def test_a_new_message_is_encoded_once_for_its_push_and_its_ack() -> None:
    message = Message("m1", "r1", "u1", 7, "c1", "hello", 1, 2, username="ann", nickname="Ann")
    pushed = encode_message(message)
    assert encode_message(message, "u1") is pushed
    assert write_json([pushed]) == write_json([dump_message(message)])
    later = replace(message, version=1, data="other")
    assert write_json([encode_message(later)]) == write_json([dump_message(later)])


def test_an_encoded_message_has_the_readers_own_reactions() -> None:
    for reader in (None, "u12", "u99"):
        encoded = encode_message(REACTED, reader)
        assert write_json([encoded]) == write_json([dump_message(REACTED, reader)])


def changes(number: int, size: int) -> Changes:
    """Return messages of these lengths, each changed twice."""
    return Changes(
        messages=tuple(
            Message(f"m{seq}", "r1", "u1", seq, "c", "x" * size, 1, 2, version=2)
            for seq in range(1, number + 1)
        ),
        first_revs=tuple(range(11, 11 + number)),
        after_rev=10,
        last_rev=10 + 2 * number,
    )


def test_changes_that_do_not_fit_are_left_for_the_next_time() -> None:
    dumped, used = dump_changes(changes(5, 100), budget=1_000)
    assert used <= 1_000 and dumped["has_more"]
    assert [one["seq"] for one in dumped["messages"]] == list(range(1, dumped["last_rev"] - 9))
    nothing, _ = dump_changes(changes(5, 100), budget=0)
    assert (nothing["messages"], nothing["last_rev"], nothing["has_more"]) == ([], 10, True)


def test_many_changes_are_several_pushes_without_a_gap() -> None:
    parts = list(split_changes(changes(5, 100), budget=1_000))
    assert len(parts) > 1
    assert [one["seq"] for part in parts for one in part["messages"]] == [1, 2, 3, 4, 5]
    ends = [part["last_rev"] for part in parts]
    assert [part["after_rev"] for part in parts] == [10, *ends[:-1]] and ends[-1] == 20
