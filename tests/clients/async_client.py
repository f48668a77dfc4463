"""python-socketio's `AsyncClient` with nothing but its defaults, driven by lines: see `programs`.

Usage: async_client.py URL TRANSPORTS ACCESS_TOKEN ROOM_ID
"""

from __future__ import annotations

import asyncio
import sys

import socketio

from tests.clients.sync_client import GROUP, say, told


async def main() -> None:
    url, transports, token, room_id = sys.argv[1:]
    client = socketio.AsyncClient()
    client.on("connect", lambda: say("connected"), namespace=GROUP)
    client.on("disconnect", lambda reason: say("disconnected", reason), namespace=GROUP)
    client.on(
        "message_created",
        lambda message: say("heard", message["data"].split(" ")[0]),
        namespace=GROUP,
    )
    await client.connect(
        url,
        namespaces=[GROUP],
        auth={"token": token},
        transports=transports.split(","),
        wait_timeout=60,
    )
    while line := await asyncio.to_thread(sys.stdin.readline):
        count, prefix, length = line.split()
        for number in range(int(count)):
            data = f"{prefix}{number} ".ljust(int(length), "x")
            message = {"room_id": room_id, "client_id": f"{prefix}{number}", "data": data}
            await client.emit("send_message", message, namespace=GROUP, callback=told)
    await client.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
