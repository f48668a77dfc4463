"""Finding messages in all rooms of the bot."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from chat.bots.log import Entry
from chat.bots.session import Session


def search(session: Session, query: str, limit: int, filters: dict[str, Any]) -> list[Entry]:
    """Return at most `limit` messages that a query finds, the newest first."""
    asked = {"q": query} | filters
    found: list[Entry] = []
    while len(found) < limit:
        page = session.call("GET", f"/search?{urlencode(asked)}")
        found += page["messages"]
        if page["cursor"] is None:
            break
        asked["cursor"] = page["cursor"]
    return found[:limit]
