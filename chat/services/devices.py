"""Known devices of an account, recognised by a token or by their network.

An attacker who guesses passwords from many networks uses up the tries of all unknown devices, which
would lock the owner out. So known devices have counters of their own. A token is signed, not
stored, and valid for one account until its password changes. It grants nothing but that counter.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from chat import base64url
from chat.addresses import network_of
from chat.clock import DAY_MS, now_ms
from chat.models import User

TOKEN_DAYS = 90
MAX_TOKEN = 200  # characters


@dataclass(frozen=True, slots=True)
class Device:
    """The contents of a valid token: its random name, its account and that account's password.

    `password_mark` is `_mark` of the password hash.
    """

    user_id: str
    name: str
    password_mark: str = field(repr=False)


class Devices:
    """Issues and reads device tokens, and hashes networks. `secret` is the server's key."""

    def __init__(self, secret: str, clock: Callable[[], int] = now_ms) -> None:
        self._key = hashlib.sha256(b"devices\0" + secret.encode()).digest()
        self._clock = clock

    def token_for(self, user: User) -> str:
        """Return a new token for a device of an authenticated user."""
        until = self._clock() + TOKEN_DAYS * DAY_MS
        payload = f"{user.id}.{secrets.token_hex(8)}.{until}.{self._mark(user)}"
        return f"{payload}.{self._sign('token', payload)}"

    def read(self, token: str) -> Device | None:
        """Return the contents of a token, or None for a forged or an expired one."""
        payload, _, signature = token[:MAX_TOKEN].rpartition(".")
        parts = payload.split(".")
        expected = self._sign("token", payload)
        if len(parts) != 4 or not hmac.compare_digest(_encode(signature), _encode(expected)):
            return None
        user_id, name, until, mark = parts
        return Device(user_id, name, mark) if self._clock() < int(until) else None

    def is_of(self, device: Device | None, user: User | None) -> bool:
        """Return whether a device has logged in to an account with its present password."""
        if device is None or user is None or device.user_id != user.id:
            return False
        return hmac.compare_digest(device.password_mark, self._mark(user))

    def hash_of(self, address: str, user_id: str) -> str:
        """Return the hash of an address's network to store; it differs for each account."""
        return self._sign("network", f"{user_id} {network_of(address)}")

    def _mark(self, user: User) -> str:
        return self._sign("password", f"{user.id} {user.password_hash}")

    def _sign(self, purpose: str, text: str) -> str:
        signed = _encode(f"{purpose}\0{text}")
        digest = hmac.new(self._key, signed, hashlib.sha256).digest()
        return base64url.encode(digest)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # a cookie may hold anything
