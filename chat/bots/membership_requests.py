"""Membership requests: a bot accepts, because the inviter wants it in the group."""

from __future__ import annotations

import logging
from collections.abc import Callable

from chat.bots.errors import BotError
from chat.bots.session import Session

RETRY = 2.0  # seconds before the next try of a failed call
REFUSED = ("not_found", "conflict", "forbidden")  # it is gone, or there is no place for the bot

log = logging.getLogger(__name__)


class MembershipRequests:
    """Accepts all waiting requests, after each `schedule()`."""

    def __init__(self, session: Session, clock: Callable[[], float]) -> None:
        self._session = session
        self._clock = clock
        self._due: float | None = None

    def schedule(self) -> None:
        """Look for requests soon."""
        self._due = self._clock()

    def next_due(self) -> float | None:
        """Return when to look, or None."""
        return self._due

    def accept_due(self, now: float) -> None:
        """Accept all requests if that is due; after a failure try again later."""
        if self._due is None or self._due > now:
            return
        self._due = None
        try:
            for request in self._list():
                self._accept(request["id"])
        except BotError as error:
            log.info("could not accept membership requests: %s", error.code)
            self._due = self._clock() + max(RETRY, error.retry_after)

    def _list(self) -> list[dict[str, str]]:
        try:
            found: list[dict[str, str]] = self._session.call("GET", "/users/me/invitations")
        except BotError as error:
            if error.code == "not_found":  # an older server, which has none
                return []
            raise
        return found

    def _accept(self, request_id: str) -> None:
        try:
            self._session.call("POST", f"/users/me/invitations/{request_id}")
        except BotError as error:
            if error.code not in REFUSED:
                raise
            log.info("could not accept a membership request: %s", error.code)
