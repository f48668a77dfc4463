"""The message queue in Redis: a push of one process reaches the clients of all processes at once.

Pushes do not depend on Redis. The reconciler delivers a moment later what the queue loses, or
cannot take because Redis is away, so publishing never waits. `member_left` is an exception: the
reconciler delivers it only in a process to which the former member is connected. Log-ins and codes
do depend on Redis, because they are counted there (`chat/repositories/rate_limits.py`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from redis.exceptions import RedisError, ResponseError
from socketio import RedisManager

from chat.concurrency import cooperatively, spawn
from chat.logs import REPEATS
from chat.realtime.channels import ChannelManager, is_room_channel
from chat.realtime.queued_pushes import PIECE_BYTES, PIECE_PUSHES, read_pushes, write_pushes
from chat.schemas.writing import write_json

CHANNEL = "chat"
MAX_WAITING = 10_000  # pushes for other processes; beyond it the oldest is left to the reconciler
SECONDS = 5  # for a connection to Redis, and for its answer
PAUSE = 1.0  # seconds between two tries to reach Redis
# Events to a user's channel after which the reconciler has nothing left to push.
COMPLETE_IN_USER_CHANNEL = ("user_changed", "invitation_received")

log = logging.getLogger(__name__)


class QueuedChannelManager(RedisManager, ChannelManager):
    """A manager whose emits go to all processes.

    `on_push` is called with the event and the payload of a complete push of another process. For
    `message_created` the payload is the parsed message.

    Programs can emit through the same queue: `socketio.RedisManager(url, "chat", write_only=True)`.
    A program with access to the queue can push and nothing else: the commands of python-socketio
    that let clients enter and leave channels, or disconnect them, are dropped.
    """

    def __init__(self, url: str, on_push: Callable[[str, Any], None]) -> None:
        options: dict[str, Any] = {"socket_connect_timeout": SECONDS}
        if not url.startswith("unix:"):  # a Unix socket does not have this option
            options["socket_keepalive"] = True
        RedisManager.__init__(self, url, channel=CHANNEL, redis_options=options)
        self._on_push = on_push
        self._outgoing: deque[bytes] = deque(maxlen=MAX_WAITING)
        # The beginning of all own pushes, and of no others, because `host_id` is random.
        self._own_prefix = write_json({"host_id": self.host_id})[:-1] + b","
        self._has_outgoing = threading.Event()

    def initialize(self) -> None:
        """Start to listen and to publish; called when the first client connects."""
        super().initialize()
        spawn(self._publish_all)

    def close_room(self, room: Any, namespace: str | None = None) -> None:
        """Remove all clients here from a channel. Other processes do so on `room_deleted`."""
        self.basic_close_room(room, namespace or "/")

    def _listen(self) -> Iterator[dict[str, Any]]:
        """Yield the valid pushes of other processes; drop everything else."""
        for received in super()._listen():
            if isinstance(received, bytes) and received.startswith(self._own_prefix):
                continue  # Redis sends to all, also to the process that published it
            for push in cooperatively(read_pushes(received)):
                if push is None:
                    log.warning("dropped what arrived on MESSAGE_QUEUE_URL: no push", extra=REPEATS)
                elif push["host_id"] != self.host_id:
                    yield push

    def _publish(self, data: dict[str, Any]) -> None:
        self._outgoing.append(write_json({"host_id": self.host_id} | data))
        self._has_outgoing.set()

    def _publish_all(self) -> None:
        """Publish in pieces. One that Redis does not answer is published again."""
        reached = True
        piece: list[bytes] = []
        # The time-out is for this client alone: a listening one may wait forever for a push.
        options = {**self.redis_options, "socket_timeout": SECONDS}
        client = self._get_redis_module().Redis.from_url(self.redis_url, **options)
        while True:
            self._has_outgoing.wait()
            self._has_outgoing.clear()
            while piece := piece or self._take_piece():
                try:
                    client.publish(self.channel, write_pushes(self.host_id, piece))
                    reached, piece = True, []
                except (RedisError, OSError) as error:
                    if reached:
                        log.warning("MESSAGE_QUEUE_URL does not answer: %s", type(error).__name__)
                    reached = False
                    if isinstance(error, ResponseError):  # it would refuse the piece again
                        piece = []
                    time.sleep(PAUSE)

    def _take_piece(self) -> list[bytes]:
        """Remove the next pushes from the queue and return them."""
        piece: list[bytes] = []
        size = 0
        while self._outgoing and len(piece) < PIECE_PUSHES:
            size += len(self._outgoing[0])
            if piece and size > PIECE_BYTES:
                break
            piece.append(self._outgoing.popleft())
        return piece

    def _handle_emit(self, message: dict[str, Any]) -> None:
        super()._handle_emit(message)
        if message["host_id"] == self.host_id:
            return
        event, channel = message["event"], message["room"]
        payload = message["message"] if event == "message_created" else message["data"][0]
        # A push to one user's channel is not complete: the other members still need theirs.
        if is_room_channel(channel) or event in COMPLETE_IN_USER_CHANNEL:
            self._on_push(event, payload)
        if event == "room_deleted":
            self.basic_close_room(channel, message["namespace"])
