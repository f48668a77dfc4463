"""Accepts connections and hands them to eventlet's HTTP server."""

from __future__ import annotations

import errno
import http.client
import io
import logging
import re
import resource
import socket
import sys
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from functools import partial
from http import HTTPStatus
from typing import Any

import eventlet
import eventlet.wsgi
from eventlet.greenio import GreenSocket
from eventlet.semaphore import Semaphore

from chat.concurrency import Payer, charge_to, repay, yield_to_others
from chat.errors import ChatError, InvalidInput, PayloadTooLarge, Unavailable
from chat.origins import make_origin
from chat.realtime.bodies import BadChunk, ChunkedBody, Deadline, read_chunked
from chat.realtime.streams import PacedStream
from chat.realtime.transport.loop import ABANDON_BODY, ON_CLOSED
from chat.realtime.transport.pace import Pace
from chat.refusals import refusal_body

BACKLOG = 1024
LARGE_BODIES = 16  # chunked bodies above the ordinary limit at a time; each is in memory whole
IDLE_SECONDS = 65  # without a byte from the client; pings of Socket.IO come more often
HEAD_SECONDS = 10  # for a request's head, from its first byte
LINGER_SECONDS = 2  # to read and ignore what a client still sends, so that it can read its answer
SITE_FACTOR = 3  # a site may have so many times what one network of it may have
SPARE_FILES = 256  # open files in addition to the connections: database, log, templates
REFUSED_PER_TURN = 16  # connections, then other green threads run
REFUSALS = 64  # answers of 503 at a time; beyond them a connection is closed without an answer
LENGTH = re.compile(r"[0-9]{1,18}")
REQUEST_LINE = re.compile(rb"[!-~]+ [!-~]+ HTTP/[0-9]\.[0-9]\r?\n")
NOT_ASCII = re.compile(rb"[\x80-\xff]")
# A request target in absolute form, with scheme and host, as clients send it to a proxy.
ABSOLUTE = re.compile(r"(?:https?|wss?)://([^/?#]*)([^#]*)", re.IGNORECASE)
REFUSALS_OF: dict[HTTPStatus, type[ChatError]] = {
    HTTPStatus.REQUEST_URI_TOO_LONG: PayloadTooLarge,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: PayloadTooLarge,
    HTTPStatus.SERVICE_UNAVAILABLE: Unavailable,
}
OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

log = logging.getLogger(__name__)


class Head:
    """Reads the lines of a request's head, and records whether their ends are ambiguous."""

    def __init__(self, source: Any, first: bytes) -> None:
        self._source = source
        self.is_ambiguous = _has_bare_cr(first)

    def readline(self, size: int = -1) -> bytes:
        line: bytes = self._source.readline(size)
        self.is_ambiguous |= _has_bare_cr(line)
        return line


class HeadersOnly(http.client.HTTPMessage):
    """The fields of a head. Without this class the parser would look for multipart bodies in it."""

    def get_content_type(self) -> str:
        return "text/plain"

    def get_content_maintype(self) -> str:
        return "text"


class Protocol(eventlet.wsgi.HttpProtocol):
    """eventlet's HTTP protocol, strict about where a request ends, and without its error pages.

    `listener.on_closed_of()` returns a callback for the end of the connection. If a WebSocket takes
    the connection over, the WebSocket calls it.
    """

    rfile: Any
    wfile: Any
    close_connection: bool
    raw_requestline: bytes
    environ: dict[str, Any]
    path: str
    MessageClass = HeadersOnly
    sys_version = ""

    def __init__(self, listener: Listener, connection: Any, server: Any) -> None:
        self._listener = listener
        self._on_closed = listener.on_closed_of(connection[0])
        self._deadline = Deadline(HEAD_SECONDS)
        self._lingers = False
        self._refusal: HTTPStatus | None = None  # the error in the present head
        self._source: Any = None  # the stream behind the present head
        self._body: ChunkedBody | None = None  # of a request without Content-Length
        self._is_large = False  # the body holds one of the LARGE_BODIES slots
        super().__init__(connection, server)

    def setup(self) -> None:
        """Read and write through a stream that enforces the minimum rate."""
        self.connection = self.request
        self._stream = PacedStream(self.connection)
        self.rfile = io.BufferedReader(self._stream)
        self.wfile = io.BufferedWriter(self._stream, self.wbufsize)

    def handle_one_request(self) -> None:
        """Answer a request, and keep nothing of it while the connection is idle."""
        self._charge(None)  # behind a proxy, the last request belonged to another caller
        try:
            super().handle_one_request()
        finally:
            self._body, self.environ = None, {}
            self._stream.incoming = None
            if self._is_large:
                self._is_large = False
                self._listener.large_bodies.release()

    def parse_request(self) -> bool:
        """Read the head of a request, and a chunked body; refuse an ambiguous request."""
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
        refusal = HTTPStatus.BAD_REQUEST if head.is_ambiguous else self._find_fault()
        if refusal is not None:
            return self._refuse(refusal)
        if "Transfer-Encoding" in self.headers:
            return self._read_chunked()
        self._close_if_too_large(int(self.headers.get("Content-Length", 0)))
        return True

    def send_error(self, code: int, *_: object) -> None:
        """Record why the standard library cannot parse a head (called by it)."""
        self._refusal = HTTPStatus(code)

    def get_environ(self) -> dict[str, Any]:
        """Return the WSGI environment of the request; every body has a Content-Length in it."""
        environ: dict[str, Any] = super().get_environ()
        if self._body is None:
            self._stream.incoming = Pace()
        else:
            environ.pop("HTTP_TRANSFER_ENCODING")
            environ["CONTENT_LENGTH"] = str(self._body.length)
            environ["wsgi.input"] = environ["eventlet.input"] = eventlet.wsgi.Input(
                io.BytesIO(self._body.data), self._body.length, self.connection
            )
        environ[ON_CLOSED] = self._on_closed
        environ[ABANDON_BODY] = self._abandon_body
        return environ

    def finish(self) -> None:
        """Close the connection, unless a WebSocket took it over."""
        is_taken = self.connection.fileno() < 0
        try:
            if self._lingers and not is_taken:
                self._linger()
            super().finish()
        finally:
            if not is_taken:
                self._on_closed()

    def _linger(self) -> None:
        """Read and ignore what the client still sends: an early close would discard the answer."""
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            with Deadline(LINGER_SECONDS).timeout():
                while self.connection.recv(65_536):
                    eventlet.sleep(0)  # with a fast sender, `recv` never yields
        except OSError as error:
            log.debug("a client goes on sending: %s", error)

    def log_message(self, *_: object) -> None:
        """Log an unparsable request without its text, which may contain a token."""
        log.debug("refused a request that cannot be parsed")

    def _read_request_line(self) -> bytes:
        """Wait up to IDLE_SECONDS for a request; from its first byte, HEAD_SECONDS for its head."""
        self._source = self.rfile
        if not self._stream.waits:  # with a fast sender, reads never yield
            eventlet.sleep(0)
        self._stream.waits = 0
        try:
            self.rfile.peek(1)
        except TimeoutError:
            raise
        except (OSError, ValueError):  # the client is gone
            return b""
        self._deadline = Deadline(HEAD_SECONDS)
        self._stream.outgoing = Pace()
        with self._deadline.timeout():
            line = super()._read_request_line() or b""
        if len(line) < self.server.url_length_limit:
            return line
        self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG)
        return b""

    def _find_fault(self) -> HTTPStatus | None:
        """Return why to refuse a request whose end a proxy could see elsewhere, or None.

        A target in absolute form is replaced by its path, and its host becomes the `Host` header.
        """
        lengths = self.headers.get_all("Content-Length", [])
        codings = self.headers.get_all("Transfer-Encoding", [])
        if (
            not REQUEST_LINE.fullmatch(self.raw_requestline)
            or self.headers.defects
            or any("\n" in value for value in self.headers.values())  # folded lines
            or len(lengths) + len(codings) > 1
            or not all(LENGTH.fullmatch(length) for length in lengths)
            or not self._normalize_target()
            or (codings and self.request_version < "HTTP/1.1")
        ):
            return HTTPStatus.BAD_REQUEST
        if codings and codings[0].strip(" \t").lower() != "chunked":
            return HTTPStatus.NOT_IMPLEMENTED
        return None

    def _normalize_target(self) -> bool:
        """Replace the target by its path; return False when the requested host is ambiguous."""
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
        """Read a chunked body; return False when its end is ambiguous."""
        if self.headers.get("Expect", "").lower() == "100-continue":
            del self.headers["Expect"]
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            with suppress(OSError):  # if the client is gone, the read below finds out
                self.wfile.flush()
        try:
            most = self._listener.body_limit(self.path)
            limit = min(self._listener.max_body, most)
            widen = None if self._listener.is_streamed(self.path) else self._widen
            self._stream.incoming = Pace()
            self._body = read_chunked(
                self._source, limit, widen, most + 1, self._yield_between_chunks
            )
        except BadChunk as error:
            log.debug("refused a chunked body: %s", error)
            return self._refuse(HTTPStatus.BAD_REQUEST)
        self.close_connection |= not self._body.is_whole
        self._close_if_too_large(self._body.length)
        return True

    def _yield_between_chunks(self) -> None:
        """Let other green threads run; the caller also repays its debt.

        It does not repay while it holds one of the few slots for large bodies, because other
        callers may wait for them.
        """
        if not self._is_large:
            repay()
        yield_to_others()

    def _widen(self) -> int:
        """Return the limit of a chunked body; above the ordinary limit it needs a free slot."""
        limit = self._listener.body_limit(self.path)
        if limit <= self._listener.max_body:
            return limit
        self._is_large = self._listener.large_bodies.acquire(blocking=False)
        return limit if self._is_large else self._listener.max_body

    def _close_if_too_large(self, length: int) -> None:
        """Close the connection after a request with a body that is too large to be read."""
        # Most requests have no body, and looking up the limit costs them.
        self._lingers = length > 0 and length > self._listener.body_limit(self.path)
        self.close_connection |= self._lingers

    def _abandon_body(self) -> None:
        """Close the connection after the answer unless the body was read whole."""
        body = self.environ["eventlet.input"]
        if body.position < (body.content_length or 0):
            self._lingers = self.close_connection = True

    def _charge(self, headers: Message | None) -> None:
        """Charge what follows to the caller, found by address or by `X-Forwarded-For`."""
        forwarded = None if headers is None else ",".join(headers.get_all("X-Forwarded-For", []))
        charge_to(self._listener.payer_of(self.client_address[0], forwarded))

    def _refuse(self, status: HTTPStatus) -> bool:
        """Answer with the error envelope, close the connection, and return False."""
        repay()  # a refused request takes no turn, so the caller repays here
        self.close_connection = True
        self._lingers = True
        self.wfile.write(_refusal(status, getattr(self, "headers", None)))
        return False


@dataclass(frozen=True)
class ConnectionLimits:
    """How many connections there may be at a time: `total`, and `per_caller` of one caller.

    `caller_of` returns the caller of an address, or None for a caller without a limit. The callers
    of one site, by `site_of`, may have SITE_FACTOR times `per_caller` together.
    """

    total: int
    per_caller: int = sys.maxsize
    caller_of: Callable[[str], str | None] = lambda _: None
    site_of: Callable[[str], str | None] = lambda _: None


class Listener:
    """A listening socket that answers each connection beyond `limits` with 503 at once.

    `payer_of` returns the payer for the work of a request. It takes the address of the connection
    and the value of `X-Forwarded-For`, or None before the head is read. After a request with a body
    above `max_body`, or above `body_limit(target)`, the connection is closed. The application reads
    bodies of a target for which `is_streamed` itself; chunked ones are read whole before, and have
    `max_body` bytes at most.
    Raises OSError when the address is not available.
    """

    def __init__(
        self,
        host: str,
        port: int,
        limits: ConnectionLimits,
        max_body: int,
        body_limit: Callable[[str], int] | None = None,
        payer_of: Callable[[str, str | None], Payer | None] = lambda *_: None,
        is_streamed: Callable[[str], bool] = lambda _: False,
    ) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        limit = limits.total
        self._pool = eventlet.GreenPool(limit + 1)  # never full, so that the server never waits
        self._refusals = eventlet.GreenPool(REFUSALS)
        self._limit = limit
        self.max_body = max_body
        self.body_limit = body_limit or (lambda _: max_body)
        self.large_bodies = Semaphore(LARGE_BODIES)
        self._counted_names = (
            (limits.caller_of, limits.per_caller),
            (limits.site_of, limits.per_caller * SITE_FACTOR),
        )
        self.payer_of = payer_of
        self.is_streamed = is_streamed
        self._open = 0  # connections, including WebSockets
        self._open_of: Counter[str] = Counter()  # by caller and by site
        self._closed = False
        self._backlog: deque[tuple[Any, Any]] = deque()  # accepted from the kernel by `close`
        self._socket: Any = socket.socket(family, kind, protocol)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it. Without it a small answer waits for the client's delayed ACK.
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
            log_output=False,  # chat.middleware.access_log writes the access log
            debug=False,  # send no traceback to clients
        )

    def close(self) -> None:
        """Take no new connections. Open ones, and those in the kernel's backlog, are still served.

        Closing the socket at once would reset the backlog, in which a proxy may have sent requests.
        """
        self._closed = True
        with suppress(OSError):  # the backlog is empty
            while True:
                self._backlog.append(self._socket.fd.accept())
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes `accept`, which closes the socket
        except OSError:  # not supported by every system
            self._socket.close()

    def accept(self) -> tuple[Any, Any]:
        """Wait for a connection within the limits (called by eventlet)."""
        refused = 0
        while True:
            # One connection in a turn of the event loop, because what each costs delays all others
            # in that turn; refusals cost less. While connections wait, `_accept` never yields.
            if refused % REFUSED_PER_TURN == 0:
                eventlet.sleep(0)
            client, address = self._accept()
            if self._count_in(address):
                return client, address
            refused += 1
            if self._refusals.free():
                self._refusals.spawn_n(_refuse, client)
            else:
                client.close()

    def _accept(self) -> tuple[Any, Any]:
        """Wait for a connection; once closed, wait forever.

        If this returned or raised, eventlet would close all idle connections. They are served until
        the process ends.
        """
        while True:
            if self._backlog:
                client, address = self._backlog.popleft()
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

    def on_closed_of(self, address: Any) -> Callable[[], None]:
        """Return the callback to call once when a connection from an address has ended."""
        return partial(self._count_out, [name for name, _ in self._counted(address)])

    def _count_in(self, address: Any) -> bool:
        """Count a new connection; return False when it would exceed a limit."""
        counted = self._counted(address)
        if self._open >= self._limit:
            return False
        if any(self._open_of[name] >= limit for name, limit in counted):
            return False
        self._open_of.update(name for name, _ in counted)
        self._open += 1
        return True

    def _count_out(self, names: list[str]) -> None:
        self._open -= 1
        for name in names:
            self._open_of[name] -= 1
            if not self._open_of[name]:
                del self._open_of[name]

    def _counted(self, address: Any) -> list[tuple[str, int]]:
        """Return the names that count connections from an address, each with its limit."""
        found = ((name_of(address[0]), limit) for name_of, limit in self._counted_names)
        return [(name, limit) for name, limit in found if name is not None]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _refuse(client: Any) -> None:
    """Answer 503 and read the request; a close with unread bytes would discard the answer."""
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
    """Return the response to a request that the application never sees."""
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
    """Return whether a line contains a CR that some parsers take for a line end."""
    return b"\r" in line.removesuffix(b"\n").removesuffix(b"\r")


def _allow_open_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    if possible < number:
        log.warning("only %d open files are allowed; MAX_CONNECTIONS needs %d", possible, number)
