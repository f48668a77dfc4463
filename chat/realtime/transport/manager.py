"""A faster manager for python-socketio, which also keeps the channels of each client.

What Socket.IO calls a room is called a channel elsewhere in this package.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import socketio
from socketio import packet

from chat.realtime.transport.frames import encode_frame

Members = dict[str, str]  # Engine.IO session ids by Socket.IO client ids


class FanoutManager(socketio.Manager):
    """The cost of a disconnect depends on the client's channels alone. An emit is encoded once."""

    rooms: dict[str, dict[Any, Members]]  # by namespace and channel; None holds all clients

    def __init__(self) -> None:
        super().__init__()
        self._sids: dict[str, dict[str, str]] = {}  # client ids by session and namespace
        self._channels: dict[str, set[Any]] = {}  # of each client, without its own and None
        self._waiting: set[str] = set()  # clients that are not accepted yet

    # Connects and disconnects

    def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        own = self._sids.setdefault(eio_sid, {})
        if namespace in own:
            return None
        sid: str = self.server.eio.generate_id()
        own[namespace] = sid
        self._add(sid, namespace, None, eio_sid)
        self._waiting.add(sid)
        session = self.server.eio.sockets.get(eio_sid)
        if session is not None:
            session.connect_requested()
        return sid

    def connect(self, sid: str, namespace: str) -> str:
        accepted = sid
        if not self.is_pre_connected(sid, namespace):  # then `sid` is the session's id
            accepted = self.pre_connect(sid, namespace) or sid
        self._waiting.discard(accepted)
        session = self.server.eio.sockets.get(self.eio_sid_from_sid(accepted, namespace))
        if session is not None:
            session.on_joined()
        return accepted

    def is_pre_connected(self, sid: str, namespace: str) -> bool:
        return sid in self._waiting and self.eio_sid_from_sid(sid, namespace) is not None

    def is_connected(self, sid: str, namespace: str) -> bool:
        return sid not in self._waiting and self.eio_sid_from_sid(sid, namespace) is not None

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        self._waiting.add(sid)  # so that no further event of the client is handled
        return self.eio_sid_from_sid(sid, namespace)

    def basic_disconnect(self, sid: str, namespace: str, **kwargs: Any) -> None:
        for channel in self._channels.pop(sid, ()):
            self._drop(sid, namespace, channel)
        eio_sid = self.eio_sid_from_sid(sid, namespace)
        self._drop(sid, namespace, None)
        self._waiting.discard(sid)
        self.callbacks.pop(sid, None)
        if eio_sid is None:
            return
        own = self._sids[eio_sid]
        del own[namespace]
        if own:  # the session is in another namespace, or waits to be accepted there
            return
        del self._sids[eio_sid]
        session = self.server.eio.sockets.get(eio_sid)
        if session is not None:
            session.on_unjoined()

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        return self._sids.get(eio_sid, {}).get(namespace)

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        return self._members(namespace, None).get(sid)

    def namespaces_of(self, eio_sid: str) -> list[str]:
        """Return the namespaces a session has entered or is entering."""
        return list(self._sids.get(eio_sid, ()))

    # Channels

    def basic_enter_room(
        self, sid: str, namespace: str, room: Any, eio_sid: str | None = None
    ) -> None:
        eio_sid = eio_sid or self.eio_sid_from_sid(sid, namespace)
        if eio_sid is None:
            raise ValueError("sid is not connected to requested namespace")
        if self.is_sid_room(namespace, room):
            if room != sid:
                raise ValueError("cannot enter a sid room")
            return
        self._add(sid, namespace, room, eio_sid)
        self._channels.setdefault(sid, set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: Any) -> None:
        own = self._channels.get(sid)
        if own is None or room not in own:
            return
        own.discard(room)
        if not own:
            del self._channels[sid]
        self._drop(sid, namespace, room)

    def basic_close_room(self, room: Any, namespace: str) -> None:
        for sid in list(self._members(namespace, room)):
            self.basic_leave_room(sid, namespace, room)

    def get_rooms(self, sid: str, namespace: str) -> list[Any]:
        if self.eio_sid_from_sid(sid, namespace) is None:
            return []
        return [sid, *self._channels.get(sid, ())]

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """Yield the members of a channel (or of any of several, each once) and their sessions."""
        if isinstance(room, (list, tuple)):
            merged: Members = {}
            for one in room:
                merged |= self._members(namespace, one)
            yield from merged.items()
        else:
            yield from list(self._members(namespace, room).items())

    # Emits

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **kwargs: Any,
    ) -> None:
        arguments = list(data) if isinstance(data, tuple) else [] if data is None else [data]
        made = self.server.packet_class(packet.EVENT, [event, *arguments], namespace=namespace)
        if callback is not None or made.packet_type != packet.EVENT:  # it has an ack or binary data
            super().emit(event, data, namespace, room or to, skip_sid, callback)
            return
        frame = encode_frame(f"4{made.encode()}".encode())
        channel, engine = to or room, self.server.eio
        if skip_sid or isinstance(channel, (list, tuple)):
            engine.send_to_all(self._sessions(namespace, channel, skip_sid), frame)
        else:
            members = self._members(namespace, channel).values()
            engine.send_to_channel((namespace, channel), members, frame)

    def _sessions(self, namespace: str, channel: Any, skip_sid: Any) -> list[str]:
        """Return the sessions in a channel, or in any of several, without the skipped clients."""
        skipped = {skip_sid} if isinstance(skip_sid, str) else set(skip_sid or ())
        participants = self.get_participants(namespace, channel)
        return [eio_sid for sid, eio_sid in participants if sid not in skipped]

    def _members(self, namespace: str, channel: Any) -> Members:
        channels = self.rooms.get(namespace)
        if channels is None:
            return {}
        found = channels.get(channel)
        if found is None and channel is not None:
            eio_sid = channels.get(None, {}).get(channel)  # a client's own channel is named by id
            return {} if eio_sid is None else {channel: eio_sid}
        return found or {}

    def _add(self, sid: str, namespace: str, channel: Any, eio_sid: str) -> None:
        self.server.eio.before_members_change((namespace, channel))
        self.rooms.setdefault(namespace, {}).setdefault(channel, {})[sid] = eio_sid

    def _drop(self, sid: str, namespace: str, channel: Any) -> None:
        self.server.eio.before_members_change((namespace, channel))
        channels = self.rooms.get(namespace, {})
        members = channels.get(channel)
        if members is None:
            return
        members.pop(sid, None)
        if not members:
            del channels[channel]
            if not channels:
                del self.rooms[namespace]
