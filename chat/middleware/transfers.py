"""Transfers of files, which take longer than other requests.

The body of an upload is not read before its turn, may be as large as a file, and is read by the
view itself, which releases its turn first. Downloads do not hold a turn while a slow client reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from chat.auth import Identity
from chat.concurrency import charge_to
from chat.realtime.transport.loop import ABANDON_BODY
from chat.wiring import services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

UPLOAD = re.compile(r"/api/(?:rooms/[^/]+/(?:files|avatar)|users/me/avatar)")
DOWNLOAD = re.compile(r"/api/files/[^/]+(?:/preview|/download/[^/]+)?")
RELEASE_TURN = "chat.release_turn"  # in the WSGI environment of an upload


def is_upload(path: str) -> bool:
    """Return whether requests to a path may have a file as their body."""
    return UPLOAD.fullmatch(path) is not None


def brings_file(environ: WSGIEnvironment) -> bool:
    """Return whether the body of a request may be a file."""
    return environ["REQUEST_METHOD"] in ("POST", "PUT") and is_upload(environ["PATH_INFO"])


def is_download(path: str) -> bool:
    """Return whether the answer to a path is a file."""
    return DOWNLOAD.fullmatch(path) is not None


class IncomingBody:
    """The body of an upload, as the services read it."""

    def __init__(self, environ: WSGIEnvironment, sender: Identity) -> None:
        self.size = int(environ.get("CONTENT_LENGTH") or 0)
        self.address: str = environ.get("REMOTE_ADDR", "")
        self._environ = environ
        self._sender = sender

    def begin(self) -> None:
        """Release the turn of the request: the client may take long.

        The sender pays from here on, and not a network of many.
        """
        charge_to(services().budgets.of_user(self._sender.user.id))
        release: Callable[[], None] = self._environ[RELEASE_TURN]
        release()

    def read(self, size: int) -> bytes:
        """Return that many bytes; fewer when the client has hung up or is too slow."""
        try:
            return bytes(self._environ["wsgi.input"].read(size))
        except OSError:
            return b""

    def require_session(self) -> None:
        """Raise Unauthorized if the sender's session has ended while the bytes came."""
        services().sessions.authenticate(self._sender.user.id, self._sender.session_id)


def abandon_unread(environ: WSGIEnvironment) -> None:
    """Before the answer to an upload: close the connection if its body was not read.

    Else the server would read all of a file that it has just refused.
    """
    abandon: Callable[[], None] | None = environ.get(ABANDON_BODY)
    if abandon is not None:
        abandon()
