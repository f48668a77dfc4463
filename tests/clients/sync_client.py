"""python-socketio's `Client` with nothing but its defaults, driven by lines: see `programs`.

Usage: sync_client.py URL TRANSPORTS ACCESS_TOKEN ROOM_ID
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
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


def listen(client: Any) -> None:
    """Tell what happens to a client, synchronous or not."""
    client.on("connect", lambda: say("connected"), namespace=GROUP)
    client.on("disconnect", lambda reason: say("disconnected", reason), namespace=GROUP)
    client.on(
        "message_created",
        lambda message: say("heard", message["data"].split(" ")[0]),
        namespace=GROUP,
    )


def options(token: str, transports: str) -> dict[str, Any]:
    """Return how to connect."""
    return {
        "namespaces": [GROUP],
        "auth": {"token": token},
        "transports": transports.split(","),
        "wait_timeout": 60,  # seconds; its default of one is short when all connect at once
    }


def messages(line: str, room_id: str) -> Iterator[dict[str, str]]:
    """Yield the messages that a line asks for."""
    count, prefix, length = line.split()
    for number in range(int(count)):
        data = f"{prefix}{number} ".ljust(int(length), "x")
        yield {"room_id": room_id, "client_id": f"{prefix}{number}", "data": data}


def main() -> None:
    url, transports, token, room_id = sys.argv[1:]
    client = socketio.Client()
    listen(client)
    client.connect(url, **options(token, transports))
    for line in sys.stdin:
        for message in messages(line, room_id):
            client.emit("send_message", message, namespace=GROUP, callback=told)
    client.shutdown()


if __name__ == "__main__":
    main()
