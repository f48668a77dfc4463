"""Several processes by Redis: what one pushes reaches the clients of all at once.

Pushes do not depend on Redis: what the queue loses, or cannot take because it is away, the
reconciler brings a moment later, so publishing never waits for it. (But `member_left`: it brings
that where the one who left is connected, because nobody else's process knows of them.) Log-ins and
codes do, because they are counted there (`chat/repositories/rate_limits.py`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from redis.exceptions import RedisError
from socketio import RedisManager

from chat.concurrency import spawn
from chat.logs import REPEATS
from chat.realtime.channels import ChannelManager, is_room_channel
from chat.realtime.queued_pushes import read_push

CHANNEL = "chat"
MAX_WAITING = 10_000  # messages for the other processes; older ones are left to the reconciler
SECONDS = 5  # for a connection to Redis, and for its answer
PAUSE = 1.0  # seconds between two tries to reach Redis
# What goes to somebody's own channel and concerns nobody in this process beside those it went to.
TOLD_ONCE = ("user_changed", "invitation_received")

log = logging.getLogger(__name__)


class QueuedChannelManager(RedisManager, ChannelManager):
    """A manager whose emits go to all processes.

    `heard` is told what another process pushed here to the members of a room: a new message as it
    was read, anything else as its payload.

    Programs can emit through the same queue: `socketio.RedisManager(url, "chat", write_only=True)`.
    Whoever can write to the queue can push, and can do nothing else: the commands of
    python-socketio that let clients enter and leave channels, or disconnect them, are dropped.
    """

    def __init__(self, url: str, heard: Callable[[str, Any], None]) -> None:
        options: dict[str, Any] = {"socket_connect_timeout": SECONDS}
        if not url.startswith("unix:"):  # a socket of this machine knows no such option
            options["socket_keepalive"] = True
        RedisManager.__init__(self, url, channel=CHANNEL, redis_options=options)
        self._heard = heard
        self._outgoing: deque[dict[str, Any]] = deque(maxlen=MAX_WAITING)
        self._news = threading.Event()

    def initialize(self) -> None:
        """Begin to listen and to publish; called when the first client connects."""
        super().initialize()
        spawn(self._publish_all)

    def close_room(self, room: Any, namespace: str | None = None) -> None:
        """Let no client here hear a channel; others do so when they hear `room_deleted`."""
        self.basic_close_room(room, namespace or "/")

    def _listen(self) -> Iterator[dict[str, Any]]:
        """Yield what arrives and is one of our pushes; drop the rest."""
        for received in super()._listen():
            push = read_push(received)
            if push is None:
                log.warning("dropped what arrived on MESSAGE_QUEUE_URL: no push", extra=REPEATS)
            elif push["host_id"] != self.host_id:
                yield push

    def _publish(self, data: dict[str, Any]) -> None:
        self._outgoing.append(data)
        self._news.set()

    def _publish_all(self) -> None:
        reached = True
        # Only here: who listens hears nothing for as long as nobody says anything.
        options = {**self.redis_options, "socket_timeout": SECONDS}
        client = self._get_redis_module().Redis.from_url(self.redis_url, **options)
        while True:
            self._news.wait()
            self._news.clear()
            while self._outgoing:
                data = self._outgoing.popleft()
                try:
                    client.publish(self.channel, self.json.dumps(data))
                    reached = True
                except (RedisError, OSError) as error:
                    if reached:
                        log.warning("MESSAGE_QUEUE_URL does not answer: %s", type(error).__name__)
                    reached = False
                    time.sleep(PAUSE)

    def _handle_emit(self, message: dict[str, Any]) -> None:
        super()._handle_emit(message)
        if message["host_id"] == self.host_id:
            return
        event, channel = message["event"], message["room"]
        payload = message["message"] if event == "message_created" else message["data"][0]
        # What went to one user's clients alone, the others of the room are still to be told.
        if is_room_channel(channel) or event in TOLD_ONCE:
            self._heard(event, payload)
        if event == "room_deleted":
            self.basic_close_room(channel, message["namespace"])
