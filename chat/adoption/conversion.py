"""Converting messages and memberships."""

from __future__ import annotations

from bson import ObjectId

from chat.adoption.members import Membership
from chat.adoption.variants import Document, id_of, text, times, without
from chat.schemas.messages import MAX_DATA

# Names that an old server may have used for something else; they are not taken over.
OURS_IN_MESSAGES = ("reply_to", "reply_to_identity", "mentions", "mentions_all")
OURS_IN_MEMBERSHIPS = ("notify", "pinned", "last_mention_seq")


def message_document(old: Document, room: ObjectId, user: ObjectId | None, seq: int) -> Document:
    """Return a message in the present format; an unknown sender gets the id of no user."""
    id_ = id_of(old["_id"])
    data = text(old, "data")
    new = {
        **without(old, *OURS_IN_MESSAGES),
        "_id": id_,
        "room_identity": room,
        "user_identity": user or id_of(old.get("user_identity")),
        "seq": seq,
        "kind": text(old, "kind") or "text",
        "data": data[:MAX_DATA],
        **times(old),
    }
    if not text(new, "client_id"):
        new.pop("client_id", None)
    if len(data) > MAX_DATA:
        new["data_whole"] = data
    return new


def member_document(
    one: Membership, role: str, last_read_seq: int, message: ObjectId | None
) -> Document:
    """Return a membership in the present format; `message` is the one at `last_read_seq`."""
    return {
        **without(one.found.document, "muted", *OURS_IN_MEMBERSHIPS),
        "room_identity": one.room,
        "user_identity": one.user,
        "message_identity": message,
        "last_read_seq": last_read_seq,
        "role": role,
        "notify": "none" if one.found.document.get("muted") else "all",
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    }
