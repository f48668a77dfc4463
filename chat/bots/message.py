"""A message as a handler gets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chat.bots.files import Download, File, read_file
from chat.bots.transfers import Source

CHANGING = ("version", "edited_at", "deleted_at", "pinned")


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji on a message: how many put it there, and the user ids of the first 10 of them."""

    emoji: str
    count: int
    user_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a reply shows of the message to which it replies: the first 200 characters of `data`.

    `username` is empty when that account is gone; `data` is when the message was `deleted`.
    """

    seq: int
    user_id: str
    username: str
    data: str
    deleted: bool
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was when the handler was called.

    `seq` is its place in the room's log: 1, 2, 3 … without gaps. `created_at` is in milliseconds
    since 1970 UTC, by the server's clock. `direct` tells a room of two from a group. For a command,
    `arguments` is the text after its name.

    `reply_to` shows the message to which this one replies, if any. `mentions` are the ids of the
    users whom it names by `@username`; `mentions_all` tells that it has `@all`. `data` may be empty
    where there are `files`.

    `version` is 0 for a message as first sent, and grows with each change. `edited_at` and
    `deleted_at` are times, or None; `data` of a deleted message is empty.
    """

    id: str
    room_id: str
    user_id: str
    username: str
    seq: int
    data: str
    created_at: int
    direct: bool
    arguments: str = ""
    version: int = 0
    edited_at: int | None = None
    deleted_at: int | None = None
    pinned: bool = False
    reactions: tuple[Reaction, ...] = ()
    reply_to: Quote | None = None
    mentions: tuple[str, ...] = ()
    mentions_all: bool = False
    files: tuple[File, ...] = ()
    _send: Send | None = field(default=None, repr=False, compare=False)

    def reply(
        self, text: str, quote: bool | None = None, *, files: Sequence[Source] = ()
    ) -> Message:
        """Send a message to the same room and return it as stored; raises as `Bot.send` does.

        With `quote` it is shown as a reply to this message. By default it is so in groups, where
        others talk too. `files` are as for `Bot.send`.
        """
        assert self._send is not None
        shown = not self.direct if quote is None else quote
        return self._send(self.room_id, text, reply_to=self.seq if shown else None, files=files)


class Send(Protocol):
    """Sends a message to a room, as `Bot.send` does."""

    def __call__(
        self, room_id: str, text: str, *, reply_to: int | None, files: Sequence[Source]
    ) -> Message:
        """Return the message as stored."""


def read_message(
    entry: dict[str, Any],
    direct: bool,
    send: Send | None = None,
    download: Download | None = None,
) -> Message:
    """Return the message that an entry of the log is on the wire."""
    names = ("id", "room_id", "user_id", "username", "seq", "data", "created_at")
    reactions = tuple(
        Reaction(one["emoji"], one["count"], tuple(one["user_ids"]))
        for one in entry.get("reactions", ())
    )
    return Message(
        **{name: entry[name] for name in names},
        direct=direct,
        **{name: entry[name] for name in CHANGING if name in entry},  # older servers have none
        reactions=reactions,
        reply_to=_read_quote(entry.get("reply_to"), download),
        mentions=tuple(entry.get("mentions", ())),
        mentions_all=entry.get("mentions_all", False),
        files=_read_files(entry, download),
        _send=send,
    )


def _read_quote(quote: dict[str, Any] | None, download: Download | None) -> Quote | None:
    if quote is None:
        return None
    names = ("seq", "user_id", "username", "data", "deleted")
    return Quote(**{name: quote[name] for name in names}, files=_read_files(quote, download))


def _read_files(entry: dict[str, Any], download: Download | None) -> tuple[File, ...]:
    return tuple(read_file(one, download) for one in entry.get("files", ()))
