"""Our Socket.IO server: python-socketio's, with another way in for connections and events.

Overridden, by subclass, are the private methods between a decoded Engine.IO message and its
handler; a test notices when their originals change. What differs from the stock server:

- a token is verified and counted by the reader, its session asked for beside it; a connection
  enters its channels only when CONNECT is queued, and is refused on any error with a reason in our
  envelope;
- events go to the namespace in the order of their arrival together with the means to answer;
  nothing here waits;
- what is not part of the protocol (binary packets, broken packets) closes the connection.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, Protocol

import flask_socketio
from flask import Flask
from socketio import packet

from chat.concurrency import is_green
from chat.errors import Conflict, NotFound, RateLimited, Unauthorized
from chat.i18n import choose_locale
from chat.realtime.acks import Body
from chat.realtime.channels import ChannelManager
from chat.realtime.connect_queue import ConnectQueue
from chat.realtime.connections import Connection, Connections
from chat.realtime.transport.frames import PROTOCOL_ERROR, encode_frame
from chat.realtime.transport.server import TransportServer
from chat.schemas.reading import read_json

SOCKET_PATHS = ("/socket.io/", "/socket.io")  # some clients leave the slash out

log = logging.getLogger(__name__)


class Refused(Exception):
    """A connection was refused; `body` is the envelope that says why."""

    def __init__(self, body: Body) -> None:
        super().__init__(body["error"]["code"])
        self.body = body


class Claims(Protocol):
    """What a token says of the one who asks to be let in."""

    @property
    def session_id(self) -> str: ...


class NamespaceHandler(Protocol):
    """What a namespace offers to the server."""

    def verify(self, environ: dict[str, Any], auth: object) -> Claims:
        """Return what a good token says, without waiting for anything, or raise Refused."""

    def authorize(self, sid: str, eio_sid: str, environ: dict[str, Any], claims: Any) -> None:
        """Add the client to the connections or raise Refused."""

    def receive(
        self,
        connection: Connection,
        data: list[Any],
        text: str,
        answer: Callable[[Body], None],
    ) -> None:
        """Take an event without waiting and see to it that `answer` is called once.

        `data` are its name and arguments, `text` the JSON they were read from.
        """

    def refusal(self, error: Exception, environ: dict[str, Any]) -> Body:
        """Return the envelope of an error for a client that is not in the namespace."""

    def accepted(self, connection: Connection) -> None:
        """Hear that a client was accepted."""

    def closed(self, connection: Connection) -> None:
        """Hear that a client left."""


class CompactJson:
    """UTF-8 as it is: the default would make six bytes of each Chinese character."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def loads(text: str) -> Any:
        try:
            return read_json(text)
        except RecursionError:
            return [None]  # read as an unknown event, so it is answered too


class ChatPacket(packet.Packet):
    """A packet without binary parts."""

    uses_binary_events = False
    json = CompactJson


class ChatServer(TransportServer):
    """The Socket.IO server of one process."""

    def __init__(
        self, connections: Connections, client_manager: ChannelManager, **options: Any
    ) -> None:
        client_manager.connections = connections
        super().__init__(
            client_manager=client_manager,
            serializer=ChatPacket,
            async_handlers=False,
            **options,
        )
        self.connections = connections
        self._ending = False
        self._connect_queue = ConnectQueue(connections.max_pending_connects)

    def keep(self, environ: dict[str, Any]) -> dict[str, Any]:
        """Return the language to answer in; the header it is read from may be long."""
        return {"HTTP_ACCEPT_LANGUAGE": choose_locale(None, environ.get("HTTP_ACCEPT_LANGUAGE"))}

    def end_connection(self, connection: Connection) -> None:
        """End a client's presence in its namespace and tell it so."""
        if connection.ended:
            return
        if connection.pending:  # it will be refused
            connection.ended = True
            return
        self._send(connection, packet.DISCONNECT)
        self._forget(connection.sid, connection.namespace)

    def close_all(self, seconds: float) -> None:
        """Close all transports once what waits for their clients is out, within so many seconds.

        Without a word of Socket.IO: clients come back by themselves when they lose their transport,
        and do not after a DISCONNECT.
        """
        self._ending = True
        for connection in self.connections.list_all():
            self.connections.remove_connection(connection.sid)  # nobody hears of their leaving
        self.eio.close_all(seconds)

    def drop_all(self) -> None:
        """Let all clients come back: they lose their transport without a word of Socket.IO."""
        self.eio.drop_all()

    def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        if self._ending:  # the client loses the connection instead of an answer
            return
        if eio_sid not in self.eio.sockets:  # or what it enters would stay for ever
            return
        try:
            if not isinstance(data, str) or not data:
                raise ValueError("binary or empty")
            received = self.packet_class(encoded_packet=data)
            namespace = received.namespace or "/"
            if received.packet_type == packet.CONNECT:
                self._handle_connect(eio_sid, namespace, received.data)
            elif received.packet_type == packet.DISCONNECT:
                self._handle_disconnect(eio_sid, namespace, self.reason.CLIENT_DISCONNECT)
            elif received.packet_type == packet.EVENT:
                self._handle_event(eio_sid, namespace, received.id, received.data, data)
            elif received.packet_type != packet.ACK:  # nothing here asks for an ack: ignored
                raise ValueError("not part of the protocol")
        except (ValueError, RecursionError) as error:
            log.info("closing %s: %s", eio_sid, error)
            session = self.eio.sockets.get(eio_sid)
            if session is not None:
                session.refuse(PROTOCOL_ERROR)

    def _handle_connect(self, eio_sid: str, namespace: str, data: object) -> None:
        environ = self.environ.get(eio_sid, {})
        handler = self.namespace_handlers.get(namespace)
        if handler is None:
            any_handler = next(iter(self.namespace_handlers.values()))
            self._refuse(eio_sid, namespace, any_handler.refusal(NotFound(), environ))
            return
        try:
            claims = handler.verify(environ, data)
        except Refused as refused:
            self._refuse(eio_sid, namespace, refused.body)
            return
        sid = self.manager.pre_connect(eio_sid, namespace)
        if sid is None:  # it is in this namespace already
            self._refuse(eio_sid, namespace, handler.refusal(Conflict(), environ))
            return
        # By session, so that its hundred sockets wait as one does, and the token of an ended one
        # does not hold up its user's other sessions.
        if not self._connect_queue.put(
            claims.session_id, self._admit, handler, sid, eio_sid, namespace, claims
        ):
            self._refuse(eio_sid, namespace, handler.refusal(RateLimited(retry_after=1), environ))
            self._forget(sid, namespace)

    def _admit(self, handler: NamespaceHandler, sid: str, eio_sid: str, namespace: str, claims: Claims) -> None:
        if eio_sid not in self.eio.sockets or not self.manager.is_pre_connected(sid, namespace):
            self._forget(sid, namespace)  # it did not wait
            return
        environ = self.environ.get(eio_sid, {})
        refusal: Body | None = None
        try:
            handler.authorize(sid, eio_sid, environ, claims)
        except Refused as refused:
            refusal = refused.body
        except Exception as error:  # any failure refuses the connection
            refusal = handler.refusal(error, environ)
        connection = self.connections.find_by_sid(sid)
        if connection is not None and connection.ended:  # its session ended meanwhile
            refusal = handler.refusal(Unauthorized(), environ)
        # From here to the channels nothing yields: CONNECT is queued and they are entered in one
        # step.
        if not self.manager.is_pre_connected(sid, namespace):  # the client left meanwhile
            self._forget(sid, namespace)
        elif connection is None or refusal is not None:
            self._refuse(eio_sid, namespace, refusal or handler.refusal(Unauthorized(), environ))
            self._forget(sid, namespace)
        else:
            self._send(connection, packet.CONNECT, {"sid": sid})
            self.manager.connect(sid, namespace)
            self.eio.sockets[eio_sid].payer = connection.payer
            handler.accepted(connection)

    def _handle_event(
        self,
        eio_sid: str,
        namespace: str,
        id: int | None,  # noqa: A002
        data: object,
        text: str,
    ) -> None:
        if not isinstance(data, list) or not data:
            raise ValueError("an event without a name")
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        connection = self.connections.find_by_sid(sid)
        if connection is None or connection.pending:
            handler = self.namespace_handlers.get(namespace)
            if handler is not None and id is not None:
                body = handler.refusal(Unauthorized(), self.environ.get(eio_sid, {}))
                self._send_safely(
                    eio_sid, self.packet_class(packet.ACK, [body], namespace=namespace, id=id)
                )
            return
        handler = self.namespace_handlers[namespace]

        def answer(body: Body) -> None:
            if id is not None:
                self._send(connection, packet.ACK, [body], id)

        # The name of a namespace may be followed by anything up to a comma.
        handler.receive(connection, data, text[text.index("[", text.index(",")) :], answer)

    def _handle_disconnect(self, eio_sid: str, namespace: str, reason: str | None = None) -> None:
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        if sid is not None:
            self._forget(sid, namespace)

    def _forget(self, sid: str, namespace: str) -> None:
        self.manager.disconnect(sid, namespace, ignore_queue=True)
        connection = self.connections.remove_connection(sid)
        if connection is not None:
            self.namespace_handlers[namespace].closed(connection)

    def _refuse(self, eio_sid: str, namespace: str, body: Body) -> None:
        reason = {"message": body["error"]["code"], "data": body}
        self._send_safely(
            eio_sid, self.packet_class(packet.CONNECT_ERROR, reason, namespace=namespace)
        )

    def _send(
        self,
        connection: Connection,
        kind: int,
        data: object = None,
        id: int | None = None,  # noqa: A002
    ) -> None:
        if not connection.ended:
            self._send_safely(
                connection.eio_sid,
                self.packet_class(kind, data, namespace=connection.namespace, id=id),
            )

    def _send_safely(self, eio_sid: str, made: packet.Packet) -> None:
        """Send to a client that may be gone by now."""
        session = self.eio.sockets.get(eio_sid)
        if session is not None and not session.closing:
            session.push(encode_frame(f"4{made.encode()}".encode()))


class ChatSocketIO(flask_socketio.SocketIO):
    """Flask-SocketIO around our server; it hard-codes its own, which is replaced right after."""

    server: ChatServer
    server_options: dict[str, Any]
    namespace_handlers: list[Any]
    sockio_mw: Any

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self._connections = connections

    def init_app(  # type: ignore[override]
        self, app: Flask, *, manager: ChannelManager, **options: Any
    ) -> None:
        """Put the server in front of the app; `manager` knows which clients hear what."""
        loggers = {
            option: logging.getLogger(f"{name}.server")
            for option, name in (("logger", "socketio"), ("engineio_logger", "engineio"))
        }
        for logger in loggers.values():  # theirs would write beside our format, line breaks and all
            logger.setLevel(logging.ERROR)
        options = {
            **loggers,
            "cors_allowed_origins": [],  # it looks at none: `CrossOrigin` does, for all paths
            "async_mode": "eventlet" if is_green() else "threading",
            "manage_session": False,
            "http_compression": False,
            "cookie": None,
            **options,
        }
        super().init_app(app, **options)
        self.server = ChatServer(self._connections, manager, **self.server_options)
        for handler in self.namespace_handlers:
            self.server.register_namespace(handler)
        self.sockio_mw.engineio_app = self.server
        app.wsgi_app = _take_both_paths(app.wsgi_app)  # type: ignore[method-assign]

    def drop_all(self) -> None:
        """Let all clients come back."""
        self.server.drop_all()


def _take_both_paths(application: Any) -> Any:
    """Return the WSGI application, which knows the first of the paths, for both of them."""
    known, other = SOCKET_PATHS

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO") == other:
            environ["PATH_INFO"] = known
        return application(environ, start_response)

    return call
