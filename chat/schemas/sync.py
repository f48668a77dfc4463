"""`sync` on the wire: what a client missed during an absence."""

from __future__ import annotations

from typing import Any

from chat.concurrency import cooperatively
from chat.models import Sync
from chat.schemas import fields
from chat.schemas.base import Schema
from chat.schemas.messages import PAGE_BYTES, dump_changes, dump_page, size_of
from chat.schemas.rooms import IsOnline, dump_conversation

MAX_SYNCED = 5_000  # rooms in one `sync`


class SyncSchema(Schema):
    """By room id, the last seq that the client has, the id of that message, and its last rev.

    A client with many rooms asks in several parts. A part covers the room ids with `after` < id ≤
    `upto`; only among these can rooms be new to the client.
    """

    rooms = fields.Dict(fields.Id(), fields.Integer(min=0), most=MAX_SYNCED, required=True)
    ids = fields.Dict(fields.Id(), fields.Id(), most=MAX_SYNCED, load_default=dict)
    revs = fields.Dict(fields.Id(), fields.Integer(min=0), most=MAX_SYNCED, load_default=dict)
    after = fields.Id(load_default="")
    upto = fields.Id(load_default=None)


def dump_sync(sync: Sync, reader_id: str, is_online: IsOnline) -> dict[str, Any]:
    """Return the missed messages and rooms; all messages together are within PAGE_BYTES.

    The rooms themselves are not bounded: all of `joined` are included.
    """
    joined, budget = [], PAGE_BYTES
    for conversation in cooperatively(sync.joined):
        dumped = dump_conversation(conversation, is_online)
        if budget < 0:  # the room is included, but clients must ask for its last message
            dumped["last_message"] = None
        joined.append(dumped)
        budget -= size_of(dumped)
    rooms = {}
    for room_id, found in cooperatively(sync.rooms.items()):
        page, used = dump_page(found.page, reader_id, budget=budget)
        budget -= used
        rooms[room_id] = page | {
            "last_seq": found.last_seq,
            "last_mention_seq": found.last_mention_seq,
            "reset": found.reset,
        }
        if found.changes:
            changes, used = dump_changes(found.changes, reader_id, budget)
            budget -= used
            rooms[room_id] |= {
                "changed": changes["messages"],
                "last_rev": changes["last_rev"],
                "has_more_changes": changes["has_more"],
            }
    return {"epoch": sync.epoch, "rooms": rooms, "joined": joined, "gone": sync.gone}
