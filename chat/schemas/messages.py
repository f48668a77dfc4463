"""Messages on the wire, and pages of them that stay below a size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_type_hints

from marshmallow import ValidationError, validates_schema

from chat.models import Changes, Message, Page
from chat.schemas import fields
from chat.schemas.base import Schema

MAX_DATA = 4_000  # code points
MAX_CLIENT_ID = 64
MAX_PAGE = 100
PAGE_BYTES = 256 * 1024 - 1024  # of compact UTF-8 JSON, with room for the envelope
MOST_NAMED = 10  # users that are named of one emoji; the rest are counted
# What a message has from the beginning, and of which types.
FIRST_FIELDS = (
    "id",
    "room_id",
    "user_id",
    "seq",
    "client_id",
    "data",
    "created_at",
    "updated_at",
    "kind",
    "username",
    "nickname",
)
MESSAGE_FIELDS = {name: get_type_hints(Message)[name] for name in FIRST_FIELDS}


class PostMessageSchema(Schema):
    """A message posted to a room that the address names."""

    client_id = fields.String(required=True, min=1, max=MAX_CLIENT_ID)
    data = fields.String(required=True, min=1, max=MAX_DATA, blank=False)


class SendMessageSchema(PostMessageSchema):
    room_id = fields.Id(required=True)


class SendDirectSchema(PostMessageSchema):
    """A message to a person, or to the room that one shares with them: exactly one of both."""

    room_id = fields.Id(load_default=None)
    to = fields.String(min=1, max=100, load_default=None)

    @validates_schema
    def _require_one(self, data: dict[str, Any], **_: Any) -> None:
        given = [name for name in ("to", "room_id") if data[name] is not None]
        if len(given) != 1:
            raise ValidationError({"to": ["invalid.not_both" if given else "invalid.required"]})


class HistorySchema(Schema):
    before_seq = fields.Integer(min=1, load_default=None)
    after_seq = fields.Integer(min=0, load_default=None)
    limit = fields.Integer(min=1, max=MAX_PAGE, load_default=50)


class ReadSchema(Schema):
    seq = fields.Integer(required=True, min=0)


class MarkReadSchema(ReadSchema):
    room_id = fields.Id(required=True)


class SeqSchema(Schema):
    room_id = fields.Id(required=True)
    seq = fields.Integer(required=True, min=1)


class EditSchema(Schema):
    data = fields.String(required=True, min=1, max=MAX_DATA, blank=False)


class EditMessageSchema(SeqSchema, EditSchema):
    pass


class OnSchema(SeqSchema):
    on = fields.Boolean(required=True)


class EmojiSchema(Schema):
    emoji = fields.Emoji(required=True)


class ReactSchema(OnSchema, EmojiSchema):
    pass


class ReactionsSchema(Schema):
    emoji = fields.Emoji(load_default=None)
    after = fields.Integer(min=0, load_default=0)


class ChangesSchema(Schema):
    after_rev = fields.Integer(required=True, min=0)
    limit = fields.Integer(min=1, max=MAX_PAGE, load_default=50)


def read_pushed(payload: dict[str, Any]) -> Message:
    """Return the message that a process pushed as it was first stored.

    Fields that changes or a newer version add are left out.

    Raises KeyError or TypeError for what is no message.
    """
    named = {"nickname": payload["username"], **payload}
    kept = {name: value for name, value in named.items() if name in MESSAGE_FIELDS}
    for name, value in kept.items():
        if type(value) is not MESSAGE_FIELDS[name]:
            raise TypeError(name)
    return Message(**kept)


def dump_message(message: Message, reader_id: str | None = None) -> dict[str, Any]:
    """Return a message as it is pushed, acked and listed.

    To one reader it also says which of the reactions are their own, where there are any.

    A nickname that is the username is left out: it is 26 bytes that the kernel copies for each
    member of the room. What changes write is always there, 77 bytes where nothing changed: null
    and empty are values of the contract.
    """
    named = {} if message.nickname == message.username else {"nickname": message.nickname}
    own = {}
    if reader_id is not None and message.reactions:
        own["own_reactions"] = [one.emoji for one in message.reactions if one.user_id == reader_id]
    return {
        "id": message.id,
        "room_id": message.room_id,
        "user_id": message.user_id,
        "username": message.username,
        **named,
        "seq": message.seq,
        "client_id": message.client_id,
        "kind": message.kind,
        "data": message.data,
        "created_at": message.created_at,
        "updated_at": message.updated_at,
        "version": message.version,
        "edited_at": message.edited_at,
        "deleted_at": message.deleted_at,
        "pinned": message.pinned,
        "reactions": _dump_reactions(message),
        **own,
    }


def _dump_reactions(message: Message) -> list[dict[str, Any]]:
    """Return how many put each emoji on a message, and the first of them, in order of first use."""
    by_emoji: dict[str, list[str]] = {}
    for one in message.reactions:
        by_emoji.setdefault(one.emoji, []).append(one.user_id)
    return [
        {"emoji": emoji, "count": len(user_ids), "user_ids": user_ids[:MOST_NAMED]}
        for emoji, user_ids in by_emoji.items()
    ]


def size_of(dumped: object) -> int:
    """Return how many bytes something takes in a list on the wire."""
    return len(json.dumps(dumped, ensure_ascii=False, separators=(",", ":")).encode()) + 1


def dump_page(
    page: Page,
    reader_id: str | None = None,
    newest_first: bool = False,
    budget: int = PAGE_BYTES,
) -> tuple[dict[str, Any], int]:
    """Return a page within `budget` bytes, and the bytes it took.

    What does not fit is cut off at the far end, seen from where the reader is, and `has_more` says
    so.
    """
    kept: list[dict[str, Any]] = []
    used = 0
    for message in reversed(page.messages) if newest_first else page.messages:
        dumped = dump_message(message, reader_id)
        size = size_of(dumped)
        if used + size > budget:
            break
        kept.append(dumped)
        used += size
    has_more = page.has_more or len(kept) < len(page.messages)
    if newest_first:
        kept.reverse()
    return {"messages": kept, "has_more": has_more}, used


def dump_changes(
    changes: Changes, reader_id: str | None = None, budget: int = PAGE_BYTES
) -> tuple[dict[str, Any], int]:
    """Return changes within `budget` bytes, and the bytes they took.

    What does not fit is left for the next time: `last_rev` lies before it, and `has_more` says so.
    """
    kept: list[dict[str, Any]] = []
    used, last_rev, has_more = 0, changes.last_rev, changes.has_more
    for message, first_rev in zip(changes.messages, changes.first_revs, strict=True):
        dumped = dump_message(message, reader_id)
        size = size_of(dumped)
        if used + size > budget:
            last_rev, has_more = first_rev - 1, True
            break
        kept.append(dumped)
        used += size
    return {
        "messages": kept,
        "after_rev": changes.after_rev,
        "last_rev": last_rev,
        "has_more": has_more,
    }, used


def split_changes(changes: Changes, budget: int = PAGE_BYTES) -> Iterator[dict[str, Any]]:
    """Yield changes as they are pushed: as many pushes as they need, one after the other."""
    while True:
        dumped, _ = dump_changes(changes, budget=budget)
        kept = len(dumped["messages"])
        yield {name: dumped[name] for name in ("messages", "after_rev", "last_rev")}
        if kept == len(changes.messages):
            return
        changes = replace(
            changes,
            messages=changes.messages[kept:],
            first_revs=changes.first_revs[kept:],
            after_rev=dumped["last_rev"],
        )
