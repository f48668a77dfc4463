"""What a push says, and how it is encrypted (RFC 8291)."""

from __future__ import annotations

import os

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec

from chat import base64url
from chat.models import Message, PushSubscription, Room
from chat.schemas.writing import write_json

MAX_TEXT = 200  # code points
RECORD = 4_096  # bytes


def payload_of(message: Message, room: Room, unread: int, with_text: bool) -> dict[str, object]:
    """Return what the page's worker gets; the text only where the person asked for it."""
    said: dict[str, object] = {
        "type": "message",
        "room_id": room.id,
        "kind": room.kind,
        "seq": message.seq,
        "message_id": message.id,
        "unread": unread,
    }
    if with_text:
        said |= {
            "sender": message.nickname or message.username,
            "room": room.name,
            "text": message.data[:MAX_TEXT],
            "files": len(message.files),
        }
    return said


def encrypt(payload: dict[str, object], subscription: PushSubscription) -> bytes:
    """Return the body that only the subscribed browser can read."""
    return bytes(
        http_ece.encrypt(
            write_json(payload),
            salt=os.urandom(16),
            private_key=ec.generate_private_key(ec.SECP256R1()),
            dh=base64url.decode(subscription.p256dh),
            auth_secret=base64url.decode(subscription.auth),
            rs=RECORD,
            version="aes128gcm",
        )
    )
