"""One connection to both namespaces. It ends once and is never reopened."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

import requests
import socketio

from chat.bots.errors import UNAVAILABLE, BotError, data_of, error_of
from chat.bots.session import HEADERS, TIMEOUT

NAMESPACES = {"direct": "/direct", "group": "/group"}  # by the kind of room

HANG_UP = 2.0  # seconds for the reading thread to notice that the connection was ended

log = logging.getLogger(__name__)


class Connection:
    """Calls go out, pushes come in, in the order in which their threads happen to run.

    `on_push(kind, event, payload)` is called from many threads. `changed` is set when the
    connection is `lost`, or when the server asks for a fresh token (`expiring`).
    """

    def __init__(self, on_push: Callable[[str, str, Any], None], changed: threading.Event) -> None:
        self.lost = threading.Event()
        self.expiring = False
        self._on_push = on_push
        self._changed = changed
        self._lock = threading.Lock()
        self._waiting: set[queue.SimpleQueue[Any]] = set()
        self._refusal: BotError | None = None
        # Its own reconnection does not act after a disconnect by the server; ours does after any.
        # A redirect is not followed: the token would go wherever it leads.
        http = requests.Session()
        http.max_redirects = 0
        self._client = socketio.Client(
            reconnection=False,
            handle_sigint=False,
            request_timeout=TIMEOUT,
            http_session=http,
            websocket_extra_options={"redirect_limit": 0},
        )
        for kind, namespace in NAMESPACES.items():
            self._listen(kind, namespace)

    def open(self, url: str, token: str, transports: list[str] | None = None) -> None:
        """Connect and enter both namespaces; raises BotError, when refused with the code for it."""
        try:
            self._client.connect(
                url,
                headers=dict(HEADERS),
                auth={"token": token},
                namespaces=list(NAMESPACES.values()),
                transports=transports,
                wait_timeout=TIMEOUT,
            )
        except (socketio.exceptions.ConnectionError, ValueError) as error:
            raise self._refusal or BotError(UNAVAILABLE, str(error)) from error

    def call(self, kind: str, event: str, payload: dict[str, Any]) -> Any:
        """Emit an event and return the `data` of its ack; raises BotError."""
        answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._lock:
            if self.lost.is_set():
                raise BotError(UNAVAILABLE, "the connection was lost")
            try:
                self._client.emit(
                    event,
                    payload,
                    namespace=NAMESPACES[kind],
                    callback=lambda *bodies: answer.put(bodies[0] if bodies else None),
                )
            except socketio.exceptions.SocketIOError as error:
                raise BotError(UNAVAILABLE, str(error)) from error
            self._waiting.add(answer)
        try:
            return data_of(answer.get(timeout=TIMEOUT))
        except queue.Empty:
            self._lose("no answer")
            raise BotError(UNAVAILABLE, "no answer in time") from None
        finally:
            with self._lock:
                self._waiting.discard(answer)

    def close(self) -> None:
        """End the connection; calls that wait for an answer get `unavailable`."""
        self._lose("closed")
        engine = self._client.eio
        if engine.ws is None:  # long polling, whose farewell may take as long as a poll
            threading.Thread(target=self._client.disconnect, daemon=True).start()
            return
        # Not by `disconnect`: when the server disconnects us, the library is in there already, and
        # a second call takes away what the first one waits for.
        try:
            engine.ws.abort()
        except OSError as error:
            log.debug("the connection was gone already: %s", error)
        engine.read_loop_task.join(HANG_UP)
        engine.ws.shutdown()

    def _listen(self, kind: str, namespace: str) -> None:
        def push(event: str, payload: Any = None, *_: Any) -> None:
            if event == "session_expired":
                self.expiring = True
                self._changed.set()
            else:
                self._on_push(kind, event, payload)

        def refused(data: Any = None) -> None:
            if isinstance(data, dict) and "data" in data:
                self._refusal = error_of(data["data"])

        self._client.on("*", push, namespace=namespace)
        self._client.on("connect_error", refused, namespace=namespace)
        # Leaving one namespace is losing both: the one way back brings both up to date.
        self._client.on("disconnect", self._lose, namespace=namespace)

    def _lose(self, reason: object = None) -> None:
        with self._lock:
            if self.lost.is_set():
                return
            self.lost.set()
            waiting, self._waiting = self._waiting, set()
        for answer in waiting:
            answer.put({"error": {"code": UNAVAILABLE, "message": "the connection was lost"}})
        log.info("disconnected: %s", reason)
        self._changed.set()
