"""The Socket.IO server on this transport; its events and handlers are python-socketio's own."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

import socketio

from chat.realtime.transport.engine import EngineServer
from chat.realtime.transport.manager import FanoutManager


class TransportServer(socketio.Server):
    """Takes the options of `socketio.Server` and of `EngineServer`.

    Of the request that opened a session only the entries in `kept` stay in memory.
    """

    kept: ClassVar[tuple[str, ...]] = ("HTTP_ACCEPT_LANGUAGE", "QUERY_STRING", "REMOTE_ADDR")
    eio: EngineServer
    manager: FanoutManager

    def __init__(self, client_manager: FanoutManager | None = None, **options: Any) -> None:
        super().__init__(client_manager=client_manager or FanoutManager(), **options)

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        # Most clients share these few values.
        slim = {name: sys.intern(environ[name]) for name in self.kept if name in environ}
        super()._handle_eio_connect(eio_sid, slim)

    def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        for namespace in self.manager.namespaces_of(eio_sid):
            self._handle_disconnect(eio_sid, namespace, reason)
        self.environ.pop(eio_sid, None)
