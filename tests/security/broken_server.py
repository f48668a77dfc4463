"""Serve as `python wsgi.py` does, with a mistake where clients are let in; MISTAKE says which."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import wsgi  # first of all: it patches the standard library
from chat.namespaces.base import EventNamespace
from chat.realtime.connections import Connections
from chat.services.conversations import ConversationService


def fail(*_: object, **__: object) -> NoReturn:
    raise TypeError("a mistake in the program")


MISTAKES: dict[str, tuple[type, str]] = {
    "authorize": (EventNamespace, "authorize"),
    "noting": (Connections, "add_connection"),
    "rooms": (ConversationService, "rooms_of_users"),
}

if __name__ == "__main__":
    owner, name = MISTAKES[os.environ["MISTAKE"]]
    assert hasattr(owner, name)  # or there would be no mistake
    setattr(owner, name, fail)
    sys.exit(wsgi.main())
