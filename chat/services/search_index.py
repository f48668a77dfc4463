"""The consumer of the rooms' logs that keeps the index of messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chat.concurrency import cooperatively
from chat.consumers.consumer import Batch
from chat.models import Message
from chat.repositories.search import Entry, SearchRepository
from chat.text.queries import Has
from chat.text.terms import terms_of, tokens_of

LINK = re.compile(r"\b(?:https?://|www\.)\S", re.IGNORECASE)


class SearchIndex:
    """Stores the terms of all messages from the first one on."""

    name = "search"
    begins_at_head = False
    tells_people = False
    reads_messages = True

    def __init__(self, search: SearchRepository) -> None:
        self._search = search

    def handle(self, batches: Sequence[Batch]) -> None:
        """Store what is new; a change counts by the message's version."""
        new = [message for batch in batches for message in batch.messages]
        changed = [message for batch in batches for message in batch.changed]
        self._search.insert([entry_of(message) for message in cooperatively(new)])
        self._search.replace([entry_of(message) for message in cooperatively(changed)])

    def clear(self) -> Iterator[object]:
        """Delete the whole index in pieces."""
        return self._search.delete_all()


def entry_of(message: Message) -> Entry:
    """Return what is stored to find a message."""
    return Entry(
        message_id=message.id,
        room_id=message.room_id,
        seq=message.seq,
        version=message.version,
        at=message.created_at,
        terms=() if message.deleted else [*_marks_of(message), *terms_of(tokens_of(message.data))],
    )


def sender_term(user_id: str) -> str:
    """Return the term of all messages by a user, which no text has: no token has a newline."""
    return f"\nfrom {user_id}"


def has_term(has: Has) -> str:
    """Return the term of all messages with a file or with a link."""
    return f"\nhas {has}"


def contents_of(message: Message) -> Iterator[Has]:
    """Yield whether a message has a file and a link."""
    if message.files:
        yield "file"
    if LINK.search(message.data):
        yield "link"


def _marks_of(message: Message) -> list[str]:
    return [sender_term(message.user_id), *map(has_term, contents_of(message))]
