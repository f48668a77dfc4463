"""Fetch what is missing of one room over HTTP, page by page."""

from __future__ import annotations

from chat.bots.delivery import Delivery
from chat.bots.log import RoomLog
from chat.bots.session import Session

PAGE = 100  # messages fetched at once, the most the server gives


class Pages:
    """Fetches and delivers; both methods return False when the room's log is another one."""

    def __init__(self, session: Session, delivery: Delivery) -> None:
        self._session = session
        self._delivery = delivery

    def fetch_messages(self, room_id: str, known: RoomLog) -> bool:
        """Deliver all messages of a room. Raises BotError.

        With them the server says how far the log of changes goes.
        """
        while not self._delivery.is_stopping:
            position, last_id = known.position, known.end.id
            # With the message that was handled last, where it is known: it may be another one now.
            after = position - 1 if last_id else position
            page = self._session.call(
                "GET", f"/rooms/{room_id}/messages?after_seq={after}&limit={PAGE}"
            )
            if last_id and last_id not in [entry["id"] for entry in page["messages"][:1]]:
                return False
            known.changes.record_rev(page.get("last_rev"))
            self._delivery.deliver(known, page["messages"])
            if not page["has_more"] or known.position == position:
                break
        return True

    def fetch_changes(self, room_id: str, known: RoomLog) -> bool:
        """Deliver the changes that are missing of a room. Raises BotError."""
        while known.changes.is_behind and not self._delivery.is_stopping:
            rev = known.changes.rev
            page = self._session.call(
                "GET", f"/rooms/{room_id}/changes?after_rev={rev}&limit={PAGE}"
            )
            if page["reset"]:
                return False
            if page["has_more"]:
                known.changes.put(page)
            else:
                known.changes.put_last(page)
            self._delivery.deliver_changes(known)
            if known.changes.rev == rev:  # messages came meanwhile, which are handled first
                break
        return True
