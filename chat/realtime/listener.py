"""Accept connections and hand them to eventlet's HTTP server."""

from __future__ import annotations

import errno
import logging
import re
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
import eventlet.wsgi

from chat.realtime.transport.loop import LEFT

BACKLOG = 1024
IDLE_SECONDS = 65  # without a byte from the client; pings of Socket.IO come more often
HEAD_SECONDS = 10  # for a request's head, from its first byte
BODY_SECONDS = 60  # for all of its body
LINGER_SECONDS = 2  # for a client to read its answer while it sends what nobody wants
SPARE_FILES = 256  # open files beside the connections: database, log, templates
REFUSALS = 64  # at the same time; beyond them a connection is closed without a word
FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LENGTH = re.compile(r"[0-9]{1,18}")
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LENGTH_REQUIRED = b"HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

log = logging.getLogger(__name__)


class Deadline:
    """A moment by which something must have come: a socket's time-out begins with each byte."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def timeout(self) -> Any:
        """Return a context that raises `socket.timeout` in whoever waits in it at that moment."""
        left = max(0.0, self._ends - time.monotonic())
        return eventlet.Timeout(left, socket.timeout("it takes too long"))


class Head:
    """The lines of a request's head, as they come."""

    def __init__(self, source: Any, first: bytes) -> None:
        self._source = source
        self.in_doubt = _has_bare_cr(first)

    def readline(self, size: int = -1) -> bytes:
        line: bytes = self._source.readline(size)
        self.in_doubt |= _has_bare_cr(line)
        return line


class Body:
    """What follows a head, all of it within BODY_SECONDS."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._deadline = Deadline(BODY_SECONDS)

    def read(self, size: int = -1) -> Any:
        with self._deadline.timeout():
            return self._source.read(size)

    def readline(self, size: int = -1) -> Any:
        with self._deadline.timeout():
            return self._source.readline(size)

    def readlines(self, hint: int = -1) -> Any:
        with self._deadline.timeout():
            return self._source.readlines(hint)


class Protocol(eventlet.wsgi.HttpProtocol):
    """eventlet's HTTP without bodies of unknown length and without pages of its own.

    `left` is called when the connection ends; where it is taken over, by whoever has it then.
    """

    rfile: Any
    close_connection: bool
    error_message_format = ""  # of a request that can not be read: the status line says enough
    sys_version = ""

    def __init__(self, listener: Listener, connection: Any, server: Any) -> None:
        self._body_limit = listener.body_limit
        self._left = listener.leaving(connection[0])
        self._deadline = Deadline(HEAD_SECONDS)
        self._lingers = False
        super().__init__(connection, server)

    def parse_request(self) -> bool:
        """Read the head of a request and refuse one whose end is in doubt."""
        head = self.rfile = Head(self.rfile, self.raw_requestline)
        with self._deadline.timeout():
            is_complete = super().parse_request()
        if not is_complete:
            return False
        refusal = BAD_REQUEST if head.in_doubt else self._refusal()
        if refusal is None:
            # What is larger is not read to its end, so that nothing can follow it.
            most = self._body_limit(self.path)
            self._lingers = int(self.headers.get("Content-Length", 0)) > most
            self.close_connection |= self._lingers
            return True
        self.close_connection = True
        self.wfile.write(refusal)
        return False

    def get_environ(self) -> dict[str, Any]:
        """Return what WSGI knows of the request."""
        environ: dict[str, Any] = super().get_environ()
        environ["eventlet.input"].rfile = Body(self.rfile)
        environ[LEFT] = self._left
        return environ

    def finish(self) -> None:
        """End the connection, unless somebody has taken it over."""
        is_taken = self.connection.fileno() < 0
        try:
            if self._lingers and not is_taken:
                self._linger()
            super().finish()
        finally:
            if not is_taken:
                self._left()

    def _linger(self) -> None:
        """Read on for a while what the client sends: closing before would take the answer back."""
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            with Deadline(LINGER_SECONDS).timeout():
                while self.connection.recv(65_536):
                    eventlet.sleep(0)  # who sends fast enough is never waited for
        except OSError as error:
            log.debug("a client goes on sending: %s", error)

    def log_message(self, *_: object) -> None:
        """Note a request that can not be read without what it was: there may be a token in it."""
        log.debug("refused a request that can not be read")

    def _read_request_line(self) -> bytes:
        """Wait for a request as long as a connection may idle; then its head has to come soon."""
        try:
            self.rfile.peek(1)
        except TimeoutError:
            raise
        except (OSError, ValueError):  # it is gone
            return b""
        self._deadline = Deadline(HEAD_SECONDS)
        with self._deadline.timeout():
            return super()._read_request_line() or b""

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

    There may be `limit` at a time, `limit_of_one` of one caller: the name that `caller_of` gives an
    address, None for who may have all. A request with a body above `max_body`, or above what
    `body_limit` says for its target, is the last one of its connection. Raises OSError when the
    address cannot be had.
    """

    def __init__(
        self,
        host: str,
        port: int,
        limit: int,
        max_body: int,
        limit_of_one: int = sys.maxsize,
        caller_of: Callable[[str], str | None] = lambda _: None,
        body_limit: Callable[[str], int] | None = None,
    ) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        self._pool = eventlet.GreenPool(limit + 1)  # never full, so that the server never waits
        self._refusals = eventlet.GreenPool(REFUSALS)
        self._limit = limit
        self.body_limit = body_limit or (lambda _: max_body)
        self._limit_of_one = limit_of_one
        self._caller_of = caller_of
        self._open = 0  # connections, those that were taken over too
        self._open_of: Counter[str] = Counter()  # by caller
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
            protocol=partial(Protocol, self),
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
            if self._enter(address):
                return client, address
            if self._refusals.free():
                self._refusals.spawn_n(_refuse, client)
            else:
                client.close()

    def leaving(self, address: Any) -> Callable[[], None]:
        """Return what is to be called once when a connection from there has ended."""
        return partial(self._leave, self._caller_of(address[0]))

    def _enter(self, address: Any) -> bool:
        """Count a connection from there if there is room for it."""
        caller = self._caller_of(address[0])
        if self._open >= self._limit:
            return False
        if caller is not None:
            if self._open_of[caller] >= self._limit_of_one:
                return False
            self._open_of[caller] += 1
        self._open += 1
        return True

    def _leave(self, caller: str | None) -> None:
        self._open -= 1
        if caller is not None:
            self._open_of[caller] -= 1
            if not self._open_of[caller]:
                del self._open_of[caller]

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


def _has_bare_cr(line: bytes) -> bool:
    """Tell whether some reader could see the end of a line where there is none."""
    return b"\r" in line.removesuffix(b"\n").removesuffix(b"\r")


def _allow_open_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    if possible < number:
        log.warning("only %d open files are allowed; MAX_CONNECTIONS needs %d", possible, number)
