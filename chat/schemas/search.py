"""Searches for messages, and their results."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from chat.models import FoundMessages, SearchCursor
from chat.schemas import fields
from chat.schemas.base import Schema
from chat.schemas.messages import PAGE_BYTES, dump_message, size_of

MAX_QUERY = 200
MAX_OFFSET = 14 * 60  # minutes that the clocks of any country differ from UTC
MAX_CURSOR = 38
CURSOR = re.compile(r"([0-9a-f]{1,13})-([0-9a-f]{24})")


class Cursor(fields.String):
    """The cursor of an earlier page; clients do not read it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max=MAX_CURSOR, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = CURSOR.fullmatch(super()._deserialize(value, attr, data, **kwargs))
        if found is None:
            raise ValidationError("invalid.cursor")
        return SearchCursor(int(found[1], 16), found[2])


class MessageSearchSchema(Schema):
    q = fields.String(max=MAX_QUERY)
    room_id = fields.Id()
    user = fields.String(min=1, max=MAX_QUERY)
    before = fields.String(min=1, max=MAX_QUERY)
    after = fields.String(min=1, max=MAX_QUERY)
    has = fields.String(min=1, max=MAX_QUERY)
    cursor = Cursor()
    utc_offset = fields.Integer(min=-MAX_OFFSET, max=MAX_OFFSET)


def dump_found(found: FoundMessages, reader_id: str) -> dict[str, Any]:
    """Return a page of messages within PAGE_BYTES; those that do not fit come after its cursor."""
    kept: list[dict[str, Any]] = []
    used, cursor = 0, found.cursor
    for message in found.messages:
        dumped = dump_message(message, reader_id)
        used += size_of(dumped)
        if used > PAGE_BYTES:
            break
        kept.append(dumped)
    if len(kept) < len(found.messages):
        cursor = _cursor_after(kept[-1])
    return {
        "messages": kept,
        "words": list(found.words),
        "cursor": f"{cursor.at:x}-{cursor.message_id}" if cursor else None,
    }


def _cursor_after(dumped: Mapping[str, Any]) -> SearchCursor:
    return SearchCursor(dumped["created_at"], dumped["id"])
