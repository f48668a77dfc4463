"""What a browser keeps of somebody who is logged in, and how an open room is scrolled."""

from __future__ import annotations

from typing import Any

from flask import Flask

from chat.auth import COOKIE, COOKIE_PATH, issue_tokens
from chat.wiring import Services
from harness.people import Person

AT_TOP = "() => document.querySelector('.transcript').scrollTop === 0"
# Goes to the end, as far as it is drawn; true once that is the newest message.
SCROLLED_DOWN = """() => {
  const list = document.querySelector(".transcript");
  list.scrollTop = list.scrollHeight;
  return document.querySelector(".jump").hidden;
}"""


def signed_in(app: Flask, person: Person, url: str) -> dict[str, Any]:
    """Start a session and return the `storage_state` for a new context of a browser."""
    services: Services = app.extensions["chat"]
    with app.app_context():
        tokens = issue_tokens(services.sessions.start(person.model, "Test"))
    return storage_state(person.id, tokens["refresh_token"], url)


def storage_state(user_id: str, refresh_token: str, url: str) -> dict[str, Any]:
    """Return the `storage_state` of a context in which a user is logged in at `url`."""
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
