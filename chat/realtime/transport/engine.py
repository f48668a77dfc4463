"""python-engineio's server with our sessions in it, and one look at all of them each second."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

import engineio
from engineio import packet

from chat.concurrency import TURN, cooperatively, spawn
from chat.realtime.transport.fanout import Fanout
from chat.realtime.transport.frames import GOING_AWAY
from chat.realtime.transport.session import STATUS, EngineSession, SessionLimits
from chat.realtime.transport.wire import LINGER, Wire

TICK = 1.0  # seconds between two looks, less where pings are more frequent

log = logging.getLogger(__name__)


class EngineServer(engineio.Server):
    """All Engine.IO sessions of this process.

    `max_unsent` bytes may wait for a client, `slow_bytes` when none has left for `slow_seconds`;
    a client beyond that is dropped, as is one in no namespace for `unjoined_seconds`, for which
    `unjoined_bytes` may wait, and a WebSocket beside polling that does not take over within them.
    Above `max_polling` sessions without a connection of their own a further one is opened at the
    cost of the oldest that has come into no namespace yet, or not at all. A packet has at most
    `max_http_buffer_size` bytes; all packets of a POST together have as many, or `max_payload`
    where the client is in a namespace. Binary messages are part of the protocol only where
    `binary` says so.
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
        self._check_interval = min(TICK, self.ping_interval / 4, self.ping_timeout / 4)
        self._max_polling = max_polling
        self._fanout = Fanout()
        self._wires: set[Wire] = set()  # every open WebSocket, also of sessions that have ended
        self._ending = False
        self._lost: deque[EngineSession] = deque()
        self._unjoined: deque[EngineSession] = deque()  # opened by polling, the oldest first

    def open_session(self, sid: str) -> EngineSession:
        """Add a session, which begins without a transport."""
        session = self.sockets[sid] = EngineSession(
            self, sid, self._limits, self._fanout, self._wires, self._close_soon
        )
        return session

    def send_to_all(self, sids: Iterable[str], frame: bytes) -> None:
        """Put one frame into many sessions; those that are gone are passed over."""
        sockets = self.sockets
        for sid in sids:
            session = sockets.get(sid)
            if session is not None:
                session.push(frame)

    def _close_soon(self, session: EngineSession) -> None:
        """Close a session whose connection was lost, but not at once: thousands may be lost."""
        self._lost.append(session)
        if len(self._lost) == 1:
            spawn(self._close_lost)

    def _close_lost(self) -> None:
        for session in cooperatively(self._lost_ones(), TURN):
            try:
                session.close(wait=False, abort=True, reason=self.reason.TRANSPORT_CLOSE)
            except Exception:  # the others must be closed all the same
                log.exception("could not close %s", session.sid)

    def _lost_ones(self) -> Iterator[EngineSession]:
        while self._lost:
            # It stays in the list meanwhile, so that one greenlet closes them all.
            yield self._lost[0]
            self._lost.popleft()

    def close_all(self, seconds: float) -> None:
        """Close all sessions, after what waits for their clients is out or the seconds are over."""
        self._ending = True
        deadline = time.monotonic() + seconds
        while any(session.out for session in self.sockets.values()) and (
            time.monotonic() < deadline
        ):
            self.sleep(0.01)
        for session in list(self.sockets.values()):
            session.close(wait=False, code=GOING_AWAY)

    def drop_all(self) -> None:
        """End all sessions as a lost connection does: clients come back by themselves."""
        for session in cooperatively(list(self.sockets.values())):
            try:
                session.drop()
            except Exception:  # the others must be ended all the same
                log.exception("could not drop %s", session.sid)

    def handle_request(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request of a client, but none for a script that another page could load."""
        if "j" in parse_qs(environ.get("QUERY_STRING", "")):
            refusal = self._bad_request("JSONP is not offered")
            start_response(refusal["status"], refusal["headers"])
            return [refusal["response"]]

        def answer(status: str, headers: Any, *rest: Any) -> Any:
            # The original has one status for whatever was wrong with a POST.
            return start_response(environ.get(STATUS, status), headers, *rest)

        return super().handle_request(environ, answer)

    def body_limit_of(self, query: str) -> int:
        """Return how many bytes a POST may have, by its query string."""
        session = self.session_of(query)
        return session.body_limit if session is not None else self._limits.max_packet

    def session_of(self, query: str) -> EngineSession | None:
        """Return the open session that a query string names."""
        return self.sockets.get(parse_qs(query).get("sid", [""])[0])

    def _log_error_once(self, message: str, message_key: str) -> None:
        """Log what a client did wrong; the operator sees the first one of each kind.

        The original logs errors with session ids, and anybody could cause them.
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
        """Tell whether one more session may poll; the oldest unjoined one may have to go for it.

        Opening a session costs a client nothing: one client could keep all others out.
        """
        if self._ending:
            return False
        while len(self.sockets) - len(self._wires) >= self._max_polling:
            self._forget_known()
            if not self._unjoined:
                return False
            self._unjoined.popleft().close(wait=False)
        self._forget_known()
        return True

    def _forget_known(self) -> None:
        """Drop the oldest sessions from the list that have joined a namespace or ended."""
        while self._unjoined and not self._unjoined[0].is_unjoined:
            self._unjoined.popleft()

    def _service_task(self) -> None:
        self.service_task_event = self.create_event()
        while not self.service_task_event.wait(self._check_interval):
            now = time.monotonic()
            for session in cooperatively(list(self.sockets.values())):
                try:
                    session.check(now, self._check_interval)
                except Exception:  # the others must be looked at all the same
                    log.exception("could not look after %s", session.sid)
            for wire in [wire for wire in self._wires if wire.closed_at is not None]:
                if now - (wire.closed_at or now) > LINGER:
                    wire.dispose()
