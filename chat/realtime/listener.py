"""Accept connections and hand them to eventlet's HTTP server."""

from __future__ import annotations

import errno
import logging
import re
import resource
import socket
from collections.abc import Callable
from typing import Any

import eventlet
import eventlet.wsgi

BACKLOG = 1024
IDLE_SECONDS = 65  # without a byte from the client; pings of Socket.IO come more often
HEAD_SECONDS = 10  # for all lines of a request's head
SPARE_FILES = 256  # open files beside the connections: database, log, templates
REFUSALS = 64  # at the same time; beyond them a connection is closed without a word
FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LENGTH = re.compile(r"[0-9]{1,18}")
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LENGTH_REQUIRED = b"HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

log = logging.getLogger(__name__)


class Protocol(eventlet.wsgi.HttpProtocol):
    """eventlet's HTTP without bodies of unknown length and without pages of its own."""

    error_message_format = ""  # of a request that can not be read: the status line says enough
    sys_version = ""

    def parse_request(self) -> bool:
        """Read the head of a request and refuse one whose end is in doubt."""
        # The time-out of the socket begins anew with each byte.
        with eventlet.Timeout(HEAD_SECONDS, socket.timeout("a head without end")):
            is_complete = super().parse_request()
        if not is_complete:
            return False
        refusal = self._refusal()
        if refusal is None:
            return True
        self.close_connection = True
        self.wfile.write(refusal)
        return False

    def log_message(self, *_: object) -> None:
        """Note a request that can not be read without what it was: there may be a token in it."""
        log.debug("refused a request that can not be read")

    def _refusal(self) -> bytes | None:
        """Return the answer to a request that a proxy could take for two, or for less than one."""
        lengths = self.headers.get_all("Content-Length", [])
        if (
            self.headers.defects
            or any("\n" in value for value in self.headers.values())  # continued lines
            or len(lengths) > 1
            or not all(LENGTH.fullmatch(length) for length in lengths)
        ):
            return BAD_REQUEST
        # A chunked body is refused, as its lines have no bound.
        return LENGTH_REQUIRED if "Transfer-Encoding" in self.headers else None


class Listener:
    """A listening socket that tells one connection too many so at once, instead of letting it wait.

    `others` counts the open connections that have left its care, the WebSockets.
    Raises OSError when the address can not be had.
    """

    def __init__(
        self, host: str, port: int, limit: int, others: Callable[[], int] = lambda: 0
    ) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        self._pool = eventlet.GreenPool(limit + 1)  # never full, so that the server never waits
        self._refusals = eventlet.GreenPool(REFUSALS)
        self._limit = limit
        self._others = others
        self._closed = False
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Each connection inherits it: a small answer would wait for the other side's delayed ACK.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.bind(address)
            self._socket.listen(BACKLOG)
        except OSError:
            self._socket.close()
            raise
        _allow_open_files(limit + SPARE_FILES)

    def serve(self, application: Any) -> None:
        """Answer requests until `close`."""
        eventlet.wsgi.server(
            self,
            application,
            custom_pool=self._pool,
            protocol=Protocol,
            socket_timeout=IDLE_SECONDS,
            log_output=False,  # ours is chat.logs.AccessLog
            debug=False,  # no traceback for clients
        )

    def close(self) -> None:
        """Take no more connections; those there are go on."""
        self._closed = True
        self._socket.close()

    def accept(self) -> tuple[Any, Any]:
        """Wait for a connection there is room for (called by eventlet)."""
        while True:
            try:
                client, address = self._socket.accept()
            except OSError as error:
                if self._closed:
                    raise OSError(errno.EPIPE, "closed") from None  # eventlet's sign to end
                if error.errno not in OUT_OF_RESOURCES:
                    raise
                log.error("can not accept connections: %s", error.strerror)
                eventlet.sleep(0.1)
                continue
            if self._pool.running() + self._others() < self._limit:
                return client, address
            if self._refusals.free():
                self._refusals.spawn_n(_refuse, client)
            else:
                client.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _refuse(client: Any) -> None:
    """Answer 503 and read what was asked, or closing would take the answer back."""
    try:
        client.settimeout(1)
        client.sendall(FULL)
        client.shutdown(socket.SHUT_WR)
        client.recv(65_536)
    except OSError as error:
        log.debug("could not refuse a connection: %s", error)
    finally:
        client.close()


def _allow_open_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    if possible < number:
        log.warning("only %d open files are allowed; MAX_CONNECTIONS needs %d", possible, number)
