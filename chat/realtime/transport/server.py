"""A Socket.IO server on this transport, otherwise python-socketio's own."""

from __future__ import annotations

from typing import Any

import socketio

from chat.realtime.transport.engine import EngineServer
from chat.realtime.transport.manager import FanoutManager

KEPT = ("HTTP_ACCEPT_LANGUAGE", "QUERY_STRING", "REMOTE_ADDR")
KEPT_LENGTH = 1_000


class TransportServer(socketio.Server):
    """Takes the options of `socketio.Server` and of `EngineServer`.

    Only what `keep` returns of the request that opened a session stays in memory.
    """

    eio: EngineServer
    manager: FanoutManager

    def __init__(self, client_manager: FanoutManager | None = None, **options: Any) -> None:
        super().__init__(client_manager=client_manager or FanoutManager(), **options)

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        super()._handle_eio_connect(eio_sid, self.keep(environ))

    def keep(self, environ: dict[str, Any]) -> dict[str, Any]:
        """Return the part of a WSGI environment that handlers may read later, shortened."""
        return {name: environ[name][:KEPT_LENGTH] for name in KEPT if name in environ}

    def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        for namespace in self.manager.namespaces_of(eio_sid):
            self._handle_disconnect(eio_sid, namespace, reason)
        self.environ.pop(eio_sid, None)
