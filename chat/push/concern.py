"""Which messages a member is told of while away."""

from __future__ import annotations

from chat.models import Membership, Message, Room

MAX_AGE = 3_600_000  # milliseconds; older messages are no news


def is_news(message: Message, now: int) -> bool:
    """Return whether a message is worth a push to anybody."""
    return not message.deleted and now - message.created_at <= MAX_AGE


def concerns(message: Message, room: Room, membership: Membership) -> bool:
    """Return whether a member wants to be told of a message that is there and unread.

    By default that is a direct message, or a mention. Of all messages in a group a member is told
    who chose that, and who did not leave it at the default.
    """
    if message.user_id == membership.user_id or membership.last_read_seq >= message.seq:
        return False
    if membership.notify == "none" or room.blocked_by:
        return False
    is_named = message.mentions.all or membership.user_id in message.mentions.user_ids
    if room.kind == "direct":
        return membership.notify == "all" or is_named
    return is_named or (membership.notify == "all" and membership.wants_all)
