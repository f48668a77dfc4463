"""Flask-SocketIO on eventlet as in its documentation; like `bare.mjs` it stores nothing.

`python bench/peers/stock.py PORT`: prints the port when it listens.
"""

from __future__ import annotations

import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

import eventlet

eventlet.monkey_patch()

import itertools
import sys
import time
from collections import defaultdict
from typing import Any

from flask import Flask, request
from flask_socketio import Namespace, SocketIO, emit, join_room

MAX_CONNECTIONS = 20_000  # its server's default is 1,024

app = Flask(__name__)
socketio = SocketIO(app, async_mode="eventlet")
users: dict[str, dict[str, str]] = {}
last_seqs: defaultdict[str, int] = defaultdict(int)
numbers = itertools.count(1)


class Talk(Namespace):
    """The events of both namespaces."""

    def on_connect(self, auth: dict[str, Any]) -> None:
        users[request.sid] = auth["user"]  # type: ignore[attr-defined]
        for room_id in auth["rooms"]:
            join_room(room_id)

    def on_disconnect(self, _reason: str) -> None:
        users.pop(request.sid, None)  # type: ignore[attr-defined]

    def on_send_message(self, payload: dict[str, Any]) -> dict[str, Any]:
        user, now = users[request.sid], int(time.time() * 1000)  # type: ignore[attr-defined]
        room_id = payload["room_id"]
        last_seqs[room_id] += 1
        message = {
            "id": f"{next(numbers):024x}",
            "room_id": room_id,
            "user_id": user["id"],
            "username": user["username"],
            "seq": last_seqs[room_id],
            "client_id": payload["client_id"],
            "kind": "text",
            "data": payload["data"],
            "created_at": now,
            "updated_at": now,
        }
        emit("message_created", message, to=room_id)
        return {"data": message}


if __name__ == "__main__":
    socketio.on_namespace(Talk("/group"))
    socketio.on_namespace(Talk("/direct"))
    port = int(sys.argv[1])
    print(port, flush=True)
    socketio.run(app, host="127.0.0.1", port=port, max_size=MAX_CONNECTIONS, log_output=False)
