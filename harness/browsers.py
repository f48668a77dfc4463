"""What a browser keeps of somebody who is logged in to the page."""

from __future__ import annotations

from typing import Any

from chat.auth import COOKIE, COOKIE_PATH


def storage_state(user_id: str, refresh_token: str, url: str) -> dict[str, list[dict[str, Any]]]:
    """Return what Playwright gives a new context, of a session without a key of its page."""
    cookie = {
        "name": COOKIE,
        "value": refresh_token,
        "domain": "127.0.0.1",
        "path": COOKIE_PATH,
        "httpOnly": True,
        "sameSite": "Strict",
    }
    marker = {"name": "chat.signed_in", "value": user_id}
    return {"cookies": [cookie], "origins": [{"origin": url, "localStorage": [marker]}]}
