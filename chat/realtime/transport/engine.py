"""python-engineio's server with our sessions, which one loop checks every second."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

import engineio
from engineio import packet

from chat.concurrency import cooperatively, spawn
from chat.realtime.transport.fanout import Fanout
from chat.realtime.transport.frames import GOING_AWAY
from chat.realtime.transport.session import STATUS, EngineSession, SessionLimits
from chat.realtime.transport.wire import LINGER, Wire

CHECK_INTERVAL = 1.0  # seconds between two checks of a session; less if pings are more frequent

log = logging.getLogger(__name__)


class EngineServer(engineio.Server):
    """All Engine.IO sessions of this process.

    A client is dropped when more than `max_unsent` bytes wait for it, or more than `slow_bytes`
    while none was sent for `slow_seconds`. An unjoined client, in no namespace, is dropped after
    `unjoined_seconds`, or when more than `unjoined_bytes` wait for it. A WebSocket that does not
    complete its upgrade from polling within `unjoined_seconds` is closed.

    At `max_polling` sessions without a WebSocket, a new session replaces the oldest unjoined one;
    if there is none, it is refused. A packet has at most `max_http_buffer_size` bytes. All packets
    of one POST have at most as many together, or `max_payload` for a client in a namespace. Binary
    messages are accepted only with `binary`.
    """

    sockets: dict[str, EngineSession]
    start_service_task: bool

    def __init__(
        self,
        *,
        slow_bytes: int = 1 << 20,
        slow_seconds: float = 5.0,
        max_unsent: int = 4 << 20,
        unjoined_seconds: float = 10.0,
        unjoined_bytes: int = 16 << 10,
        max_polling: int = 10_000,
        max_payload: int = 0,
        binary: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._limits = SessionLimits(
            slow_bytes=slow_bytes,
            slow_seconds=slow_seconds,
            max_unsent=max(max_unsent, slow_bytes),
            unjoined_seconds=unjoined_seconds,
            unjoined_bytes=unjoined_bytes,
            max_packet=self.max_http_buffer_size,
            max_payload=max(max_payload, self.max_http_buffer_size),
            binary=binary,
        )
        self._check_interval = min(CHECK_INTERVAL, self.ping_interval / 4, self.ping_timeout / 4)
        self._max_polling = max_polling
        self._fanout = Fanout()
        self._wires: set[Wire] = set()  # all open WebSockets, including those of ended sessions
        self._ending = False
        self._ends: deque[Callable[[], None]] = deque()  # work for connections that have ended
        self._unjoined: deque[EngineSession] = deque()  # opened by polling, oldest first

    def open_session(self, sid: str) -> EngineSession:
        """Add a session, without a transport yet."""
        session = self.sockets[sid] = EngineSession(
            self, sid, self._limits, self._fanout, self._wires, self._end_soon
        )
        return session

    def send_to_channel(self, channel: Hashable, sids: Collection[str], frame: bytes) -> None:
        """Push a frame to all members of a channel. Before they change, `before_members_change`."""
        shared = self._fanout.list_of(channel)
        if shared is None:
            if len(sids) < 2:  # nobody to share with
                self.send_to_all(sids, frame)
                return
            sockets = self.sockets
            shared = self._fanout.begin_list(
                channel, [sockets[sid] for sid in sids if sid in sockets]
            )
        shared.append(frame)

    def before_members_change(self, channel: Hashable) -> None:
        """End the list of frames that the present members of a channel share."""
        self._fanout.end_list(channel)

    def send_to_all(self, sids: Iterable[str], frame: bytes) -> None:
        """Push one frame to many sessions; skip those that have ended."""
        sockets = self.sockets
        for sid in sids:
            session = sockets.get(sid)
            if session is not None:
                session.push(frame)

    def _end_soon(self, end: Callable[[], None]) -> None:
        """Schedule the work for a connection that has ended: thousands may end at once."""
        self._ends.append(end)
        if len(self._ends) == 1:
            spawn(self._end_all)

    def _end_all(self) -> None:
        for end in cooperatively(self._iterate_ends()):
            try:
                end()
            except Exception:  # the loop must go on with the others
                log.exception("could not end a connection")

    def _iterate_ends(self) -> Iterator[Callable[[], None]]:
        while self._ends:
            # It stays in the queue while it is done, so `_end_soon` starts no second loop.
            yield self._ends[0]
            self._ends.popleft()

    def close_all(self, seconds: float) -> None:
        """Close all sessions once their unsent data is out, at the latest after `seconds`."""
        self._ending = True
        deadline = time.monotonic() + seconds
        while any(session.unsent for session in self.sockets.values()) and (
            time.monotonic() < deadline
        ):
            self.sleep(0.01)
        for session in list(self.sockets.values()):
            session.close(wait=False, code=GOING_AWAY)

    def drop_all(self) -> None:
        """End all sessions without a close message, so that all clients reconnect."""
        for session in cooperatively(list(self.sockets.values())):
            try:
                session.drop()
            except Exception:  # the loop must end the others
                log.exception("could not drop %s", session.sid)

    def handle_request(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request of a client; refuse JSONP, which pages of other origins could load."""
        query = environ.get("QUERY_STRING", "")
        if _may_name("j", query) and "j" in parse_qs(query):
            refusal = self._bad_request("JSONP is not offered")
            start_response(refusal["status"], refusal["headers"])
            return [refusal["response"]]

        def answer(status: str, headers: Any, *rest: Any) -> Any:
            # python-engineio has one status for every fault of a POST.
            return start_response(environ.get(STATUS, status), headers, *rest)

        return super().handle_request(environ, answer)

    def body_limit_of(self, query: str) -> int:
        """Return how many bytes a POST with a query string may have."""
        session = self.session_of(query)
        return session.body_limit if session is not None else self._limits.max_packet

    def session_of(self, query: str) -> EngineSession | None:
        """Return the open session that a query string names."""
        if not _may_name("sid", query):  # a new client
            return None
        return self.sockets.get(parse_qs(query).get("sid", [""])[0])

    def _log_error_once(self, message: str, message_key: str) -> None:
        """Log a fault of a client: the first of each kind at INFO, later ones at DEBUG.

        python-engineio logs errors with session ids, and any client could cause them.
        """
        is_first = message_key not in self.log_message_keys
        self.log_message_keys.add(message_key)
        log.log(logging.INFO if is_first else logging.DEBUG, "refused a request: %s", message_key)

    def _handle_connect(
        self,
        environ: dict[str, Any],
        start_response: Any,
        transport: str,
        jsonp_index: int | None = None,
    ) -> Any:
        if transport == "websocket":
            if "upgrade" not in environ.get("HTTP_CONNECTION", "").lower():
                return self._bad_request("Invalid websocket upgrade")
        elif not self._has_room():
            return {**self._bad_request("Too many sessions"), "status": "503 Service Unavailable"}
        if self.start_service_task:
            self.start_service_task = False
            self.service_task_handle = self.start_background_task(self._service_task)
        sid = self.generate_id()
        session = self.open_session(sid)
        if transport != "websocket":
            self._unjoined.append(session)
        session.send(
            packet.Packet(
                packet.OPEN,
                {
                    "sid": sid,
                    "upgrades": self._upgrades(sid, transport),
                    "pingTimeout": int(self.ping_timeout * 1000),
                    "pingInterval": int(self.ping_interval * 1000),
                    "maxPayload": self.max_http_buffer_size,
                },
            )
        )
        self._trigger_event("connect", sid, environ, run_async=False)
        if transport == "websocket":
            return session._upgrade_websocket(environ, start_response)
        session.connected = True
        return self._ok(session.poll(), jsonp_index=jsonp_index)

    def _has_room(self) -> bool:
        """Return whether one more session may poll; close the oldest unjoined one if it must.

        Without that, one client could open many sessions at no cost and keep all others out.
        """
        if self._ending:
            return False
        while len(self.sockets) - len(self._wires) >= self._max_polling:
            self._trim_unjoined()
            if not self._unjoined:
                return False
            self._unjoined.popleft().close(wait=False)
        self._trim_unjoined()
        return True

    def _trim_unjoined(self) -> None:
        """Remove sessions that joined a namespace or ended from the front of the list."""
        while self._unjoined and not self._unjoined[0].is_unjoined:
            self._unjoined.popleft()

    def _service_task(self) -> None:
        self.service_task_event = self.create_event()
        while not self.service_task_event.wait(self._check_interval):
            now = time.monotonic()
            for session in cooperatively(list(self.sockets.values())):
                try:
                    session.check(now, self._check_interval)
                except Exception:  # the loop must check the others
                    log.exception("could not check %s", session.sid)
            for wire in [wire for wire in self._wires if wire.closed_at is not None]:
                if now - (wire.closed_at or now) > LINGER:
                    wire.dispose()


def _may_name(parameter: str, query: str) -> bool:
    """Return False if a query string cannot have a parameter: this costs less than to parse it."""
    return parameter in query or "%" in query
