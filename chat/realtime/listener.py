"""Accept connections and hand them to eventlet's HTTP server."""

from __future__ import annotations

import errno
import http.client
import io
import logging
import re
import resource
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from functools import partial
from http import HTTPStatus
from typing import Any

import eventlet
import eventlet.wsgi
from eventlet.greenio import GreenSocket
from eventlet.semaphore import Semaphore

from chat.concurrency import Payer, charge_to, give_way, repay
from chat.errors import ChatError, InvalidInput, PayloadTooLarge, Unavailable
from chat.origins import make_origin
from chat.realtime.bodies import BadChunk, ChunkedBody, Deadline, read_chunked
from chat.realtime.connection_limiter import ConnectionLimiter
from chat.realtime.streams import PacedStream
from chat.realtime.transport.loop import LEFT
from chat.realtime.transport.pace import Pace
from chat.refusals import refusal_body

BACKLOG = 1024
ACCEPTED_PER_TURN = 16  # then everybody else gets a turn
LARGE_BODIES = 16  # in chunks, above what other bodies may have; they are in memory whole
IDLE_SECONDS = 65  # without a byte from the client; pings of Socket.IO come more often
HEAD_SECONDS = 10  # for a request's head, from its first byte
LINGER_SECONDS = 2  # for a client to read its answer while it sends what nobody wants
SPARE_FILES = 256  # open files beside the connections: database, log, templates
REFUSALS = 64  # at the same time; beyond them a connection is closed without a word
LENGTH = re.compile(r"[0-9]{1,18}")
REQUEST_LINE = re.compile(rb"[!-~]+ [!-~]+ HTTP/[0-9]\.[0-9]\r?\n")
NOT_ASCII = re.compile(rb"[\x80-\xff]")
# A target with a scheme and a host, as clients write it that take the server for a proxy.
ABSOLUTE = re.compile(r"(?:https?|wss?)://([^/?#]*)([^#]*)", re.IGNORECASE)
REFUSALS_OF: dict[HTTPStatus, type[ChatError]] = {
    HTTPStatus.REQUEST_URI_TOO_LONG: PayloadTooLarge,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: PayloadTooLarge,
    HTTPStatus.SERVICE_UNAVAILABLE: Unavailable,
}
OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

log = logging.getLogger(__name__)


class Head:
    """The lines of a request's head, as they come."""

    def __init__(self, source: Any, first: bytes) -> None:
        self._source = source
        self.in_doubt = _has_bare_cr(first)

    def readline(self, size: int = -1) -> bytes:
        line: bytes = self._source.readline(size)
        self.in_doubt |= _has_bare_cr(line)
        return line


class HeadersAlone(http.client.HTTPMessage):
    """The fields of a head. The parser would look for the parts of a multipart body in it."""

    def get_content_type(self) -> str:
        return "text/plain"

    def get_content_maintype(self) -> str:
        return "text"


class Protocol(eventlet.wsgi.HttpProtocol):
    """eventlet's HTTP, strict about where a request ends, and without pages of its own.

    `left` is called when the connection ends; where it is taken over, by whoever has it then.
    """

    rfile: Any
    wfile: Any
    close_connection: bool
    raw_requestline: bytes
    environ: dict[str, Any]
    path: str
    MessageClass = HeadersAlone
    sys_version = ""

    def __init__(self, listener: Listener, connection: Any, server: Any) -> None:
        self._listener = listener
        self._left = listener.releaser(connection[0])
        self._deadline = Deadline(HEAD_SECONDS)
        self._lingers = False
        self._refusal: HTTPStatus | None = None  # of the head that is being read
        self._source: Any = None  # what follows the head that is being read
        self._body: ChunkedBody | None = None  # of a request without a length
        self._is_large = False  # it has one of the places for large ones
        super().__init__(connection, server)

    def setup(self) -> None:
        """Read and write by a stream that gives up a client below the least rate."""
        self.connection = self.request
        self._stream = PacedStream(self.connection)
        self.rfile = io.BufferedReader(self._stream)
        self.wfile = io.BufferedWriter(self._stream, self.wbufsize)

    def handle_one_request(self) -> None:
        """Answer a request, and keep nothing of it while the connection is idle."""
        self._charge(None)  # behind a proxy the last request was somebody else's
        try:
            super().handle_one_request()
        finally:
            self._body, self.environ = None, {}
            self._stream.incoming = None
            if self._is_large:
                self._is_large = False
                self._listener.large_bodies.release()

    def parse_request(self) -> bool:
        """Read the head of a request, and a body without a length; refuse what is in doubt."""
        self.raw_requestline = NOT_ASCII.sub(_percent_encode, self.raw_requestline)
        head = self.rfile = Head(self.rfile, self.raw_requestline)
        try:
            with self._deadline.timeout():
                is_complete = super().parse_request()
        except (eventlet.wsgi.HeaderLineTooLong, eventlet.wsgi.HeadersTooLarge):
            return self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if self._refusal is not None:
            return self._refuse(self._refusal)
        if not is_complete:
            return False
        self._charge(self.headers)
        refusal = HTTPStatus.BAD_REQUEST if head.in_doubt else self._fault()
        if refusal is not None:
            return self._refuse(refusal)
        if "Transfer-Encoding" in self.headers:
            return self._read_chunked()
        self._close_if_too_large(int(self.headers.get("Content-Length", 0)))
        return True

    def send_error(self, code: int, *_: object) -> None:
        """Note that the standard library cannot read a head, and why (called by it)."""
        self._refusal = HTTPStatus(code)

    def get_environ(self) -> dict[str, Any]:
        """Return what WSGI knows of the request; to the application every body has a length."""
        environ: dict[str, Any] = super().get_environ()
        if self._body is None:
            self._stream.incoming = Pace()
        else:
            environ.pop("HTTP_TRANSFER_ENCODING")
            environ["CONTENT_LENGTH"] = str(self._body.length)
            environ["wsgi.input"] = environ["eventlet.input"] = eventlet.wsgi.Input(
                io.BytesIO(self._body.data), self._body.length, self.connection
            )
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
                    eventlet.sleep(0)  # whoever sends fast enough is never waited for
        except OSError as error:
            log.debug("a client goes on sending: %s", error)

    def log_message(self, *_: object) -> None:
        """Note a request that cannot be read without what it was: there may be a token in it."""
        log.debug("refused a request that cannot be read")

    def _read_request_line(self) -> bytes:
        """Wait for a request as long as a connection may idle; then its head has to come soon."""
        self._source = self.rfile
        if not self._stream.waits:  # whoever sends fast enough is never waited for
            eventlet.sleep(0)
        self._stream.waits = 0
        try:
            self.rfile.peek(1)
        except TimeoutError:
            raise
        except (OSError, ValueError):  # it is gone
            return b""
        self._deadline = Deadline(HEAD_SECONDS)
        self._stream.outgoing = Pace()
        with self._deadline.timeout():
            line = super()._read_request_line() or b""
        if len(line) < self.server.url_length_limit:
            return line
        self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG)
        return b""

    def _fault(self) -> HTTPStatus | None:
        """Return why to refuse a request that a proxy could take for two, or for less than one.

        A target in absolute form is made an ordinary one, and its host the request's.
        """
        lengths = self.headers.get_all("Content-Length", [])
        codings = self.headers.get_all("Transfer-Encoding", [])
        if (
            not REQUEST_LINE.fullmatch(self.raw_requestline)
            or self.headers.defects
            or any("\n" in value for value in self.headers.values())  # continued lines
            or len(lengths) + len(codings) > 1
            or not all(LENGTH.fullmatch(length) for length in lengths)
            or not self._take_target()
            or (codings and self.request_version < "HTTP/1.1")
        ):
            return HTTPStatus.BAD_REQUEST
        if codings and codings[0].strip(" \t").lower() != "chunked":
            return HTTPStatus.NOT_IMPLEMENTED
        return None

    def _take_target(self) -> bool:
        """Take the path from the target and tell whether it is clear which host is asked."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) > 1 or (not hosts and self.request_version >= "HTTP/1.1"):
            return False
        if hosts and make_origin("http", hosts[0]) is None:
            return False
        if match := ABSOLUTE.fullmatch(self.path):
            if make_origin("http", match[1]) is None:
                return False
            del self.headers["Host"]
            self.headers["Host"] = match[1]
            path = match[2]
            self.path = "/" + path.lstrip("/")  # as the standard library does with `//path`
        return self.path.startswith("/") or (self.path, self.command) == ("*", "OPTIONS")

    def _read_chunked(self) -> bool:
        """Read a body that comes in chunks; tell whether its end is clear."""
        if self.headers.get("Expect", "").lower() == "100-continue":
            del self.headers["Expect"]
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            with suppress(OSError):  # that the client is gone is what reading it will tell
                self.wfile.flush()
        try:
            most = self._listener.body_limit(self.path)
            limit = min(self._listener.max_body, most)
            self._stream.incoming = Pace()
            self._body = read_chunked(self._source, limit, self._widen, most + 1, self._rest)
        except BadChunk as error:
            log.debug("refused a chunked body: %s", error)
            return self._refuse(HTTPStatus.BAD_REQUEST)
        self.close_connection |= not self._body.is_whole
        self._close_if_too_large(self._body.length)
        return True

    def _rest(self) -> None:
        """Let others go on between two pieces of a body, and the caller repay what they owe.

        Not while it has one of the few places for large bodies, for which others may wait.
        """
        if not self._is_large:
            repay()
        give_way()

    def _widen(self) -> int:
        """Return how long a body in chunks may become; few large ones may be there at a time."""
        limit = self._listener.body_limit(self.path)
        if limit <= self._listener.max_body:
            return limit
        self._is_large = self._listener.large_bodies.acquire(blocking=False)
        return limit if self._is_large else self._listener.max_body

    def _close_if_too_large(self, length: int) -> None:
        """Let a request be the last one here whose body is not read to its end."""
        self._lingers = length > self._listener.body_limit(self.path)
        self.close_connection |= self._lingers

    def _charge(self, headers: Message | None) -> None:
        """Let the caller pay for what follows: by their address, or what the head says of it."""
        said = None if headers is None else ",".join(headers.get_all("X-Forwarded-For", []))
        charge_to(self._listener.payer_of(self.client_address[0], said))

    def _refuse(self, status: HTTPStatus) -> bool:
        """Answer in the envelope, hear no more of the client, and return False."""
        repay()  # whoever is refused without a turn
        self.close_connection = True
        self._lingers = True
        self.wfile.write(_refusal(status, getattr(self, "headers", None)))
        return False


class Listener:
    """A listening socket that answers 503 to one connection too many, instead of letting it wait.

    `limiter` says how many connections there may be. The work for a request is charged to the payer
    that `payer_of` finds by the address and what the head says in `X-Forwarded-For`, which is None
    until the head is read. A request with a body above `max_body`, or above what `body_limit` says
    for its target, is the last one of its connection.
    Raises OSError when the address cannot be had.
    """

    def __init__(
        self,
        host: str,
        port: int,
        limiter: ConnectionLimiter,
        max_body: int,
        body_limit: Callable[[str], int] | None = None,
        payer_of: Callable[[str, str | None], Payer | None] = lambda *_: None,
    ) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        self._pool = eventlet.GreenPool(
            limiter.limit + 1
        )  # never full, so that the server never waits
        self._refusals = eventlet.GreenPool(REFUSALS)
        self._limiter = limiter
        self.max_body = max_body
        self.body_limit = body_limit or (lambda _: max_body)
        self.large_bodies = Semaphore(LARGE_BODIES)
        self.payer_of = payer_of
        self._accepted = 0  # connections so far
        self._closed = False
        self._late: deque[tuple[Any, Any]] = deque()  # accepted when it was closed
        self._socket: Any = socket.socket(family, kind, protocol)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Each connection inherits it: a small answer would wait for the other side's delayed ACK.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.bind(address)
            self._socket.listen(BACKLOG)
        except OSError:
            self._socket.close()
            raise
        _allow_open_files(limiter.limit + SPARE_FILES)

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
        """Take no more connections; those there are go on, and those that have reached the kernel.

        Closing the socket would reset these, although a proxy may have sent a request already.
        """
        self._closed = True
        with suppress(OSError):  # there are no more
            while True:
                self._late.append(self._socket.fd.accept())
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes `accept`, which closes it
        except OSError:  # not every system can
            self._socket.close()

    def accept(self) -> tuple[Any, Any]:
        """Wait for a connection there is room for (called by eventlet)."""
        while True:
            client, address = self._accept()
            self._accepted += 1
            if self._accepted % ACCEPTED_PER_TURN == 0:
                eventlet.sleep(0)  # where the next is there already, nothing is waited for
            if self._limiter.acquire(address[0]):
                return client, address
            if self._refusals.free():
                self._refusals.spawn_n(_refuse, client)
            else:
                client.close()

    def _accept(self) -> tuple[Any, Any]:
        """Wait for a connection; once closed, for ever.

        If this ended, eventlet would hang up on all who are between two requests; they are answered
        until the process ends.
        """
        while True:
            if self._late:
                client, address = self._late.popleft()
                return GreenSocket(client), address
            if self._closed:
                self._socket.close()
                eventlet.Event().wait()
            try:
                accepted: tuple[Any, Any] = self._socket.accept()
                return accepted
            except OSError as error:
                if self._closed:
                    continue
                if error.errno not in OUT_OF_RESOURCES:
                    raise
                log.error("cannot accept connections: %s", error.strerror)
                eventlet.sleep(0.1)

    def releaser(self, address: Any) -> Callable[[], None]:
        """Return what to call once when a connection from there has ended."""
        return partial(self._limiter.release, address[0])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _refuse(client: Any) -> None:
    """Answer 503 and read what was asked, or closing would take the answer back."""
    try:
        client.settimeout(1)
        client.sendall(_refusal(HTTPStatus.SERVICE_UNAVAILABLE))
        client.shutdown(socket.SHUT_WR)
        client.recv(65_536)
    except OSError as error:
        log.debug("could not refuse a connection: %s", error)
    finally:
        client.close()


def _refusal(status: HTTPStatus, headers: Message | None = None) -> bytes:
    """Return the answer to a request that never reaches the application, and closes."""
    error = REFUSALS_OF.get(status, InvalidInput)()
    data = refusal_body(error, headers.get("Accept-Language") if headers else None)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\nConnection: close\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        "Cross-Origin-Resource-Policy: same-origin\r\n\r\n"
    )
    return head.encode() + data


def _percent_encode(match: re.Match[bytes]) -> bytes:
    return b"%%%02X" % match[0][0]


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
