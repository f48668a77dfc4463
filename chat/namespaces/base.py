"""The base of both namespaces: it authenticates connections and dispatches events to methods."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import flask_socketio
from flask import Flask

from chat.auth import Claims, access_claims, authenticate_token
from chat.concurrency import SharedPayer, charge_to
from chat.error_handlers import error_body
from chat.errors import (
    InvalidInput,
    Unauthorized,
    UnknownEvent,
)
from chat.i18n import choose_locale
from chat.limits.rules import CONNECTIONS
from chat.log.futures import StoredFuture
from chat.models import RoomKind, User
from chat.realtime.acks import Ack, Body
from chat.realtime.channels import room_channel, user_channel
from chat.realtime.connections import NAMESPACES, Connection
from chat.realtime.event_queue import EventQueue
from chat.realtime.server import CompactJson, ConnectRequest, Refused
from chat.schemas.base import Schema
from chat.schemas.messages import (
    EditMessageSchema,
    MarkReadSchema,
    OnSchema,
    ReactSchema,
    SeqSchema,
    encode_message,
)
from chat.schemas.rooms import RoomIdSchema
from chat.schemas.sync import SyncSchema, dump_sync
from chat.schemas.tokens import AuthenticateSchema
from chat.wiring import Services

log = logging.getLogger(__name__)


class EventNamespace(flask_socketio.Namespace):
    """Handles each event by a method `on_<event>(connection, payload)`; the payload is loaded.

    The result of the method is the `data` of the ack. A future is acked when it is done.
    """

    kind: ClassVar[RoomKind]
    namespace: str
    # The client's events: from the name to the schema of the payload.
    events: ClassVar[dict[str, Schema]] = {
        "sync": SyncSchema(),
        "edit_message": EditMessageSchema(),
        "delete_message": SeqSchema(),
        "react": ReactSchema(),
        "pin_message": OnSchema(),
        "mark_read": MarkReadSchema(),
        "typing": RoomIdSchema(),
        "authenticate": AuthenticateSchema(),
    }
    heavy: ClassVar[frozenset[str]] = frozenset({"sync"})  # events that read much

    def __init__(self, app: Flask, services: Services) -> None:
        super().__init__(NAMESPACES[self.kind])
        self._app = app
        self._services = services
        self._queue = EventQueue(
            services.budgets, app.config["MAX_BODY_BYTES"], self._handle, self._error
        )

    # Called by the server (realtime.server.NamespaceHandler)

    def verify(self, environ: dict[str, Any], auth: object) -> Claims:
        """Read the token and count a connect of its session, before any query.

        The connect is not counted for the user yet: the token of an ended session must not use up
        the limit of the user's other sessions.
        """
        try:
            token = auth.get("token") if isinstance(auth, dict) else None
            with self._app.app_context():
                claims = access_claims(token)
            self._services.limits.count(CONNECTIONS, claims.session_id)
        except Exception as error:
            raise Refused(self.refusal(error, environ)) from error
        return claims

    def authorize(self, requests: Sequence[ConnectRequest]) -> None:
        """Load the users and the channels of new connections; any error refuses its connection.

        All of them pay for what is read for them together, by the number of their rooms.
        """
        work = SharedPayer()
        charge_to(work)
        users = self._authenticate(requests)
        connections = []
        for request in requests:
            try:
                user = users.get(request.claims.session_id)
                connections.append(self._add_connection(request, user))
            except Exception as error:
                request.refusal = self.refusal(error, request.environ)
        # The connections are registered before their rooms are read: a change that arrives during
        # the read is recorded in `connection.changes`.
        rooms = self._services.conversations.rooms_of_users(one.user.id for one in connections)
        for connection in connections:
            connection.rooms = rooms[connection.user.id]
            connection.channels.update(
                room_channel(room.id) for room in connection.rooms if room.kind == self.kind
            )
            connection.channels.add(user_channel(connection.user.id))
        charge_to(None)
        work.divide([(one.payer, 1 + len(one.rooms)) for one in connections])

    def _add_connection(self, request: ConnectRequest, user: User | None) -> Connection:
        """Add a pending connection of a user who has a live session."""
        if user is None:
            raise Unauthorized()
        self._services.limits.count(CONNECTIONS, user.id)
        connection = Connection(
            sid=request.sid,
            eio_sid=request.eio_sid,
            namespace=self.namespace,
            user=user,
            session_id=request.claims.session_id,
            expires_at=request.claims.expires_at,
            accept_language=request.environ.get("HTTP_ACCEPT_LANGUAGE"),
            payer=self._services.budgets.of_user(user.id),
        )
        self._services.connections.add_connection(connection)
        return connection

    def receive(
        self,
        connection: Connection,
        data: list[Any],
        text: str,
        answer: Callable[[Body], None],
    ) -> None:
        """Queue an event behind the earlier ones of its connection."""
        self._queue.put(connection, data, text, answer)

    def refusal(self, error: Exception, environ: dict[str, Any]) -> Body:
        """Return the error envelope for a client without a connection to the namespace."""
        return error_body(error, choose_locale(None, environ.get("HTTP_ACCEPT_LANGUAGE")))[0]

    def accepted(self, connection: Connection) -> None:
        """Track the rooms of an accepted connection, which has just entered its channels."""
        rooms, connection.rooms = connection.rooms, []
        for room in rooms:
            if room.kind == self.kind:
                self._services.publisher.track_room(room)
        log.info("%s connected to %s", connection.user.username, self.namespace)
        self._services.presence.connected(connection.user.id, rooms)

    def closed(self, connection: Connection) -> None:
        """Handle the end of a connection, accepted or not."""
        if not connection.pending:
            log.info("%s disconnected from %s", connection.user.username, self.namespace)
        self._services.presence.disconnected(connection.user.id)

    # The events of both namespaces

    def on_send_message(self, connection: Connection, payload: dict[str, Any]) -> object:
        return self._services.messages.send(connection.user, kind=self.kind, **payload)

    def on_sync(self, connection: Connection, payload: dict[str, Any]) -> object:
        seen = payload.pop("rooms")
        found = self._services.history.sync(connection.user, seen, self.kind, **payload)
        return dump_sync(found, connection.user.id, self._services.presence.is_online)

    def on_edit_message(self, connection: Connection, payload: dict[str, Any]) -> object:
        return self._services.changes.edit(connection.user, kind=self.kind, **payload)

    def on_delete_message(self, connection: Connection, payload: dict[str, Any]) -> object:
        return self._services.changes.delete(connection.user, kind=self.kind, **payload)

    def on_react(self, connection: Connection, payload: dict[str, Any]) -> object:
        return self._services.changes.react(connection.user, kind=self.kind, **payload)

    def on_pin_message(self, connection: Connection, payload: dict[str, Any]) -> object:
        return self._services.changes.pin(connection.user, kind=self.kind, **payload)

    def on_mark_read(self, connection: Connection, payload: dict[str, Any]) -> object:
        self._services.reading.mark_read(connection.user, kind=self.kind, **payload)
        return {}

    def on_typing(self, connection: Connection, payload: dict[str, Any]) -> object:
        self._services.typing.notify(connection.user, kind=self.kind, **payload)
        return {}

    def on_authenticate(self, connection: Connection, payload: dict[str, Any]) -> object:
        with self._app.app_context():
            identity = authenticate_token(payload["token"])
        if identity.user.id != connection.user.id:
            raise Unauthorized()
        self._services.connections.move_to_session(connection, identity.session_id)
        connection.expires_at = identity.expires_at
        connection.warned = False
        return {"expires_at": identity.expires_at}

    # Dispatch

    def _handle(self, connection: Connection, data: list[Any] | str, ack: Ack) -> None:
        try:
            event, *args = _parse_event(data) if isinstance(data, str) else data
            schema = self.events.get(event) if isinstance(event, str) else None
            if schema is None:
                raise UnknownEvent()
            if len(args) != 1:
                raise InvalidInput({"_schema": ["invalid.object"]})
            payload = schema.load(args[0])
            with self._heavy_slot(event, connection, ack):
                result = getattr(self, f"on_{event}")(connection, payload)
        except Exception as error:
            ack.send(self._error(connection, error))
            return
        if isinstance(result, Future):
            result.add_done_callback(lambda future: self._ack_future(connection, future, ack))
        else:
            ack.send({"data": result})

    def _heavy_slot(
        self, event: str, connection: Connection, ack: Ack
    ) -> AbstractContextManager[None]:
        """Hold one of the few slots for heavy reads while a heavy event is handled."""
        if event not in self.heavy:
            return nullcontext()
        return self._services.budgets.heavy(connection.payer, ack.seconds_to_wait())

    def _ack_future(self, connection: Connection, future: StoredFuture, ack: Ack) -> None:
        error = future.exception()
        if error is None:
            ack.send({"data": encode_message(future.result().message, connection.user.id)})
        elif isinstance(error, Exception):
            ack.send(self._error(connection, error))

    def _authenticate(self, requests: Sequence[ConnectRequest]) -> dict[str, User]:
        """Return the users of live sessions, by session id.

        A client that already connected by its session costs no query.
        """
        users: dict[str, User] = {}
        unknown: dict[str, str] = {}
        for request in requests:
            claims: Claims = request.claims
            known = self._find_user(request.eio_sid, claims)
            if known is None:
                unknown[claims.session_id] = claims.user_id
            else:
                users[claims.session_id] = known
        return users | self._services.sessions.authenticate_many(unknown) if unknown else users

    def _find_user(self, eio_sid: str, claims: Claims) -> User | None:
        for found in self._services.connections.list_of_session(claims.session_id):
            if found.eio_sid == eio_sid and found.user.id == claims.user_id and not found.pending:
                return found.user
        return None

    @staticmethod
    def _error(connection: Connection, error: Exception) -> Body:
        locale = choose_locale(connection.user.locale, connection.accept_language)
        return error_body(error, locale)[0]


def _parse_event(text: str) -> list[Any]:
    """Parse an event that waited as text; raise InvalidInput.

    A text that was nested too deeply for the first parser need not be a list, or JSON at all.
    """
    try:
        event: list[Any] = CompactJson.loads(text)
    except ValueError:
        raise InvalidInput({"_schema": ["invalid.object"]}) from None
    return event
