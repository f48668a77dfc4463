"""Messages as they go from process to process."""

from __future__ import annotations

from chat.models import Message
from chat.schemas.messages import dump_message, read_pushed


def test_a_push_of_a_newer_version_is_read_without_what_it_added() -> None:
    message = Message("m1", "r1", "u1", 7, "c1", "hello", 1, 2, username="ann", nickname="Ann")
    assert read_pushed(dump_message(message) | {"version": 3}) == message


def test_a_nickname_that_is_the_username_travels_once() -> None:
    message = Message("m1", "r1", "u1", 7, "c1", "hello", 1, 2, username="ann", nickname="ann")
    assert "nickname" not in dump_message(message)
    assert read_pushed(dump_message(message)) == message
