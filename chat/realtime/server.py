"""Our Socket.IO server: a subclass of python-socketio's that handles connects and events itself.

It overrides the private methods between a decoded Engine.IO message and its handler; a test fails
when their originals change. The differences to the stock server:

- The reading green thread verifies and counts a token; another one looks up its session. A
  connection enters its channels in the step that queues its CONNECT packet. Any error refuses it,
  with a reason in our envelope.
- The namespace gets events in the order of their arrival, each with a function that sends the
  answer; nothing here waits.
- Binary and invalid packets are not part of the protocol and close the connection.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import flask_socketio
from flask import Flask
from socketio import packet

from chat.concurrency import charge_to, cooperatively, is_green
from chat.errors import Conflict, NotFound, RateLimited, Unauthorized
from chat.i18n import choose_locale
from chat.realtime.acks import Body
from chat.realtime.channels import ChannelManager
from chat.realtime.connect_queue import ConnectQueue
from chat.realtime.connections import Connection, Connections
from chat.realtime.transport.frames import PROTOCOL_ERROR, encode_frame
from chat.realtime.transport.server import TransportServer
from chat.repositories.outages import is_outage
from chat.schemas.reading import read_json
from chat.schemas.writing import write_json

SOCKET_PATHS = ("/socket.io/", "/socket.io")  # some clients omit the slash

log = logging.getLogger(__name__)


class Refused(Exception):
    """A connection was refused; `body` is the error envelope."""

    def __init__(self, body: Body) -> None:
        super().__init__(body["error"]["code"])
        self.body = body


class Claims(Protocol):
    """The claims of a token in a CONNECT request."""

    @property
    def session_id(self) -> str: ...


@dataclass(eq=False, slots=True)
class ConnectRequest:
    """A client's CONNECT to a namespace, with a valid token; `refusal` is the answer if refused."""

    handler: NamespaceHandler
    sid: str
    eio_sid: str
    namespace: str
    environ: dict[str, Any]
    claims: Any
    refusal: Body | None = None


class NamespaceHandler(Protocol):
    """The interface of a namespace to the server."""

    def verify(self, environ: dict[str, Any], auth: object) -> Claims:
        """Return the claims of a valid token, without waiting, or raise Refused."""

    def authorize(self, requests: Sequence[ConnectRequest]) -> None:
        """Add a pending connection for each client, or set the `refusal` of its request."""

    def receive(
        self,
        connection: Connection,
        data: list[Any],
        text: str,
        answer: Callable[[Body], None],
    ) -> None:
        """Queue an event without waiting; `answer` is to be called once.

        `data` are its name and arguments, `text` is the JSON they were parsed from.
        """

    def refusal(self, error: Exception, environ: dict[str, Any]) -> Body:
        """Return the error envelope for a client without a connection to the namespace."""

    def accepted(self, connection: Connection) -> None:
        """Handle a connection that was accepted."""

    def closed(self, connection: Connection) -> None:
        """Handle the end of a connection, accepted or not."""


class CompactJson:
    """JSON without escapes: the default writes six bytes for each Chinese character."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return write_json(value).decode()

    @staticmethod
    def loads(text: str) -> Any:
        try:
            return read_json(text)
        except RecursionError:
            return [None]  # handled as an unknown event, so that it gets an answer


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
        self._connect_queue: ConnectQueue[ConnectRequest] = ConnectQueue(
            self._admit, connections.max_pending_connects
        )

    def keep(self, environ: dict[str, Any]) -> dict[str, Any]:
        """Return the language of answers, not the whole header, which may be long."""
        return {"HTTP_ACCEPT_LANGUAGE": choose_locale(None, environ.get("HTTP_ACCEPT_LANGUAGE"))}

    def end_connection(self, connection: Connection) -> None:
        """Close a connection and send DISCONNECT to its client."""
        if connection.ended:
            return
        if connection.pending:  # `_admit` will refuse it
            connection.ended = True
            return
        self._send(connection, packet.DISCONNECT)
        self._forget(connection.sid, connection.namespace)

    def close_all(self, seconds: float) -> None:
        """Close all transports once their unsent data is out, at the latest after `seconds`.

        No DISCONNECT is sent: clients reconnect after a lost transport, but not after a DISCONNECT.
        """
        self._ending = True
        for connection in self.connections.list_all():
            self.connections.remove_connection(connection.sid)  # without a call of `closed`
        self.eio.close_all(seconds)

    def drop_all(self) -> None:
        """Close all transports without a DISCONNECT, so that all clients reconnect."""
        self.eio.drop_all()

    def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        if self._ending:  # the client loses its transport and gets no answer
            return
        if eio_sid not in self.eio.sockets:  # a connection without a transport would never end
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
            elif received.packet_type != packet.ACK:  # acks are ignored; the server requests none
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
        if sid is None:  # already connected to this namespace
            self._refuse(eio_sid, namespace, handler.refusal(Conflict(), environ))
            return
        # The queue is by session. So a hundred sockets of one session wait in one line, and an
        # ended session does not delay the user's other sessions.
        request = ConnectRequest(handler, sid, eio_sid, namespace, environ, claims)
        if not self._connect_queue.put(claims.session_id, request):
            self._refuse(eio_sid, namespace, handler.refusal(RateLimited(retry_after=1), environ))
            self._forget(sid, namespace)

    def _admit(self, requests: list[ConnectRequest]) -> None:
        """Accept or refuse clients; those of one namespace are looked up together."""
        by_handler: dict[str, list[ConnectRequest]] = {}
        for request in requests:
            if request.eio_sid in self.eio.sockets and self._is_waiting(request):
                by_handler.setdefault(request.namespace, []).append(request)
            else:
                self._forget(request.sid, request.namespace)  # the client left while it waited
        for some in by_handler.values():
            self._authorize(some)
            for request in cooperatively(some):
                self._accept(request)

    def _authorize(self, requests: Sequence[ConnectRequest]) -> None:
        """Look up clients of one namespace; any failure refuses them.

        After a failure that is no outage each is looked up alone, because it may be due to the data
        of a single user.
        """
        handler = requests[0].handler
        try:
            handler.authorize(requests)
        except Exception as error:
            for request in requests:
                if request.refusal is not None:
                    continue
                if len(requests) > 1 and not is_outage(error):
                    self.connections.remove_connection(request.sid)
                    self._authorize([request])
                else:
                    request.refusal = handler.refusal(error, request.environ)

    def _accept(self, request: ConnectRequest) -> None:
        """Accept a client that has a pending connection, else refuse it.

        No other green thread runs between CONNECT and the channels.
        """
        handler, sid, namespace = request.handler, request.sid, request.namespace
        connection = self.connections.find_by_sid(sid)
        is_refused = request.refusal is not None or connection is None or connection.ended
        if not self._is_waiting(request):  # the client left meanwhile
            self._forget(sid, namespace)
        elif connection is None or is_refused:  # without a refusal: its session ended meanwhile
            refusal = request.refusal or handler.refusal(Unauthorized(), request.environ)
            self._refuse(request.eio_sid, namespace, refusal)
            self._forget(sid, namespace)
        else:
            charge_to(connection.payer)
            self._send(connection, packet.CONNECT, {"sid": sid})
            self.manager.connect(sid, namespace)
            self.eio.sockets[request.eio_sid].payer = connection.payer
            handler.accepted(connection)
            charge_to(None)

    def _is_waiting(self, request: ConnectRequest) -> bool:
        return bool(self.manager.is_pre_connected(request.sid, request.namespace))

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

        # The namespace ends at the first comma; its query may contain brackets.
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
        """Send to a client unless its transport is closed."""
        session = self.eio.sockets.get(eio_sid)
        if session is not None and not session.closing:
            session.push(encode_frame(f"4{made.encode()}".encode()))


class ChatSocketIO(flask_socketio.SocketIO):
    """Flask-SocketIO with our server. It hard-codes its own, which `init_app` replaces."""

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
        """Put the server in front of the app; `manager` knows the channels of all clients."""
        loggers = {
            option: logging.getLogger(f"{name}.server")
            for option, name in (("logger", "socketio"), ("engineio_logger", "engineio"))
        }
        for logger in loggers.values():  # their own loggers would not use our format
            logger.setLevel(logging.ERROR)
        options = {
            **loggers,
            "cors_allowed_origins": [],  # no check here: `CrossOrigin` checks all paths
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
        """Close all transports without a DISCONNECT, so that all clients reconnect."""
        self.server.drop_all()


def _take_both_paths(application: Any) -> Any:
    """Return a WSGI application that serves both of SOCKET_PATHS by the first one."""
    known, other = SOCKET_PATHS

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO") == other:
            environ["PATH_INFO"] = known
        return application(environ, start_response)

    return call
