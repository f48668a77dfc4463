"""python-socketio's `Client` with nothing but its defaults, driven by lines: see `programs`.

Usage: sync_client.py URL TRANSPORTS ACCESS_TOKEN ROOM_ID
"""

from __future__ import annotations

import sys
from typing import Any

import socketio

GROUP = "/group"


def say(*words: str) -> None:
    """Print a line at once and whole: handlers run in threads of their own."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def told(answer: dict[str, Any]) -> None:
    if "error" in answer:
        say("refused", answer["error"]["code"])
    else:
        say("acked", answer["data"]["data"].split(" ")[0])


def main() -> None:
    url, transports, token, room_id = sys.argv[1:]
    client = socketio.Client()
    client.on("connect", lambda: say("connected"), namespace=GROUP)
    client.on("disconnect", lambda reason: say("disconnected", reason), namespace=GROUP)
    client.on(
        "message_created",
        lambda message: say("heard", message["data"].split(" ")[0]),
        namespace=GROUP,
    )
    client.connect(
        url,
        namespaces=[GROUP],
        auth={"token": token},
        transports=transports.split(","),
        wait_timeout=60,  # seconds, not the one of its default: all clients connect at once here
    )
    for line in sys.stdin:
        count, prefix, length = line.split()
        for number in range(int(count)):
            data = f"{prefix}{number} ".ljust(int(length), "x")
            message = {"room_id": room_id, "client_id": f"{prefix}{number}", "data": data}
            client.emit("send_message", message, namespace=GROUP, callback=told)
    client.shutdown()


if __name__ == "__main__":
    main()
