"""Quotes: adds to replies what they show of other messages, whenever messages leave a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from cachetools import LRUCache

from chat.models import Message, Quote
from chat.repositories.messages import MessageRepository, quote_of

KNOWN_CHANGED = 1_000  # messages that changed lately


class Quotes:
    """Adds to messages what is not stored with them: the names of senders, and quotes.

    Only the seq and the id of a quoted message are stored, so its present text and names are shown,
    and a text that was deleted is nowhere. `add_names` adds the names to messages and their quotes.
    """

    def __init__(
        self,
        messages: MessageRepository,
        add_names: Callable[[Iterable[Message]], list[Message]],
    ) -> None:
        self._messages = messages
        self._add_names = add_names
        self._changed: LRUCache[tuple[str, int], Quote] = LRUCache(KNOWN_CHANGED)  # by room and seq

    def complete(self, messages: Iterable[Message]) -> list[Message]:
        """Return the messages with names and quotes.

        The quoted messages that are not among them are read by their ids.
        """
        messages = list(messages)
        quoted = {one.reply_to_id for one in messages if one.reply_to_id is not None}
        if quoted:
            found = {one.id: one for one in messages if one.id in quoted}
            missing = self._messages.list_by_ids(quoted - found.keys())
            found |= {one.id: one for one in missing}
            messages = [_with_quote(message, found) for message in messages]
        return self._add_names(messages)

    def find(self, room_id: str, seq: int) -> Quote:
        """Return the quote of one message; a missing one is `deleted`."""
        found = self._add_names(self._messages.list_range(room_id, seq, seq))
        return quote_of(found[0]) if found else _missing(seq)

    def record_changed(self, message: Message) -> None:
        """Remember a message that changed, for replies to it that are being stored."""
        self._changed[message.room_id, message.seq] = quote_of(message)

    def refresh(self, message: Message) -> Message:
        """Return a message that leaves the log now with its quote as this process knows it now.

        The quoted message may have changed since the quote was looked up. A change that this does
        not know of yet is pushed after the message.
        """
        quote = message.quote
        if quote is None:
            return message
        known = self._changed.get((message.room_id, quote.seq))
        if known is None or known.version <= quote.version:
            return message
        named = replace(known, username=quote.username, nickname=quote.nickname)
        return replace(message, quote=named)

    def forget_all(self) -> None:
        """Forget all changed messages."""
        self._changed.clear()


def _with_quote(message: Message, found: Mapping[str, Message]) -> Message:
    if message.reply_to is None or message.reply_to_id is None:
        return message
    quoted = found.get(message.reply_to_id)
    return replace(message, quote=quote_of(quoted) if quoted else _missing(message.reply_to))


def _missing(seq: int) -> Quote:
    return Quote(seq, version=0, user_id="", data="", deleted=True)


def is_complete(message: Message) -> bool:
    """Return whether the message has the quote that it needs, which most messages do not."""
    return message.reply_to is None or message.quote is not None
