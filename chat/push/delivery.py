"""Hands one push to the service of the browser's maker."""

from __future__ import annotations

import hashlib
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from cachetools import LRUCache, TTLCache

from chat import base64url
from chat.models import PushSubscription
from chat.push.endpoints import Endpoint, Endpoints, RefusedEndpoint
from chat.push.keys import PushKeys
from chat.push.payload import encrypt
from chat.push.posting import Answer, post

# At a time, to hosts that were not quick lately: a subscription at a slow host, or at one that does
# not exist, holds up no push to the services that everybody uses.
TO_OTHERS = 4
QUICK_SECONDS = 2.0
QUICK_HOSTS = 100
UNANSWERED_SECONDS = 60.0  # a user whose push got no answer, or a late one, leaves these places
UNANSWERED_USERS = 1_000
TOPIC = 32  # characters, the most that services take

Outcome = Literal["sent", "gone", "too_large", "later", "busy", "refused"]


@dataclass(frozen=True)
class Result:
    """What became of a push; `status` is that of the answer, or 0 without one."""

    outcome: Outcome
    status: int = 0
    retry_after: float | None = None


class Delivery:
    """Encrypts, signs and posts."""

    def __init__(self, keys: PushKeys, endpoints: Endpoints) -> None:
        self._keys = keys
        self._endpoints = endpoints
        self._context = ssl.create_default_context()
        self._quick: LRUCache[str, None] = LRUCache(QUICK_HOSTS)
        # By user: when that is over.
        self._unanswered: TTLCache[str, float] = TTLCache(UNANSWERED_USERS, UNANSWERED_SECONDS)
        self._others = threading.BoundedSemaphore(TO_OTHERS)

    def deliver(
        self,
        subscription: PushSubscription,
        payload: dict[str, object],
        ttl: int,
        is_urgent: bool,
    ) -> Result:
        """Try once.

        `busy` means that there is no place for a host that was not quick lately, for any user or
        for `retry_after` seconds for this one.
        """
        if subscription.key != self._keys.pair().fingerprint:  # made with a key that is gone
            return Result("gone")
        host, user_id = urlsplit(subscription.endpoint).hostname or "", subscription.user_id
        is_quick = host in self._quick
        if not is_quick:
            end = self._unanswered.get(user_id)
            if end is not None:
                return Result("busy", retry_after=end - time.monotonic())
            if not self._others.acquire(blocking=False):
                return Result("busy")
        try:
            endpoint = self._endpoints.resolve(subscription.endpoint)
            headers = {
                "TTL": str(ttl),
                "Urgency": "high" if is_urgent else "normal",
                "Topic": _topic(subscription, str(payload["room_id"])),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "Authorization": self._keys.authorization(endpoint.origin),
            }
            answer = self._post(endpoint, headers, encrypt(payload, subscription), user_id)
        except RefusedEndpoint:
            return Result("gone")
        except OSError:
            self._note_slow(host, user_id)
            return Result("later")
        finally:
            if not is_quick:
                self._others.release()
        return Result(_outcome_of(answer.status), answer.status, answer.retry_after)

    def _note_slow(self, host: str, user_id: str) -> None:
        self._quick.pop(host, None)
        self._unanswered[user_id] = time.monotonic() + UNANSWERED_SECONDS

    def _post(
        self, endpoint: Endpoint, headers: dict[str, str], body: bytes, user_id: str
    ) -> Answer:
        began = time.monotonic()
        try:
            answer = post(endpoint, headers, body, self._context)
        except OSError:
            self._endpoints.forget(endpoint.host)
            raise
        if time.monotonic() <= began + QUICK_SECONDS:
            self._quick[endpoint.host] = None
        else:
            self._note_slow(endpoint.host, user_id)
        return answer


def _topic(subscription: PushSubscription, room_id: str) -> str:
    """Return a name for the room that says nothing to the service."""
    digest = hashlib.sha256(f"{subscription.auth} {room_id}".encode()).digest()
    return base64url.encode(digest)[:TOPIC]


def _outcome_of(status: int) -> Outcome:
    if 200 <= status < 300:
        return "sent"
    if status in (404, 410):
        return "gone"
    if status == 413:
        return "too_large"
    return "later" if status == 429 or status >= 500 else "refused"
