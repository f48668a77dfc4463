"""Messages on the wire, and pages of them that stay below a size."""

from __future__ import annotations

import json
from typing import Any, get_type_hints

from marshmallow import ValidationError, validates_schema

from chat.models import Message, Page
from chat.schemas import fields
from chat.schemas.base import Schema

MAX_DATA = 4_000  # code points
MAX_CLIENT_ID = 64
MAX_PAGE = 100
PAGE_BYTES = 256 * 1024 - 1024  # of compact UTF-8 JSON, with room for the envelope
MESSAGE_FIELDS = get_type_hints(Message)


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


def read_pushed(payload: dict[str, Any]) -> Message:
    """Return the message that a process pushed; fields that a newer version added are left out.

    Raises KeyError or TypeError for what is no message.
    """
    named = {"nickname": payload["username"], **payload}
    kept = {name: value for name, value in named.items() if name in MESSAGE_FIELDS}
    for name, value in kept.items():
        if type(value) is not MESSAGE_FIELDS[name]:
            raise TypeError(name)
    return Message(**kept)


def dump_message(message: Message) -> dict[str, Any]:
    """Return a message as it is pushed, acked and listed.

    A nickname that is the username is left out: it is 26 bytes that the kernel copies for each
    member of the room.
    """
    named = {} if message.nickname == message.username else {"nickname": message.nickname}
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
    }


def size_of(dumped: object) -> int:
    """Return how many bytes something takes in a list on the wire."""
    return len(json.dumps(dumped, ensure_ascii=False, separators=(",", ":")).encode()) + 1


def dump_page(
    page: Page, newest_first: bool = False, budget: int = PAGE_BYTES
) -> tuple[dict[str, Any], int]:
    """Return a page within `budget` bytes, and the bytes it took.

    What does not fit is cut off at the far end, seen from where the reader is, and `has_more` says
    so.
    """
    kept: list[dict[str, Any]] = []
    used = 0
    for message in reversed(page.messages) if newest_first else page.messages:
        dumped = dump_message(message)
        size = size_of(dumped)
        if used + size > budget:
            break
        kept.append(dumped)
        used += size
    has_more = page.has_more or len(kept) < len(page.messages)
    if newest_first:
        kept.reverse()
    return {"messages": kept, "has_more": has_more}, used
