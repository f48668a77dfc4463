"""python-socketio's `AsyncClient` with nothing but its defaults, driven by lines: see `programs`.

Usage: async_client.py URL TRANSPORTS ACCESS_TOKEN ROOM_ID
"""

from __future__ import annotations

import asyncio
import sys

import socketio

from tests.clients.sync_client import GROUP, listen, messages, options, told


async def main() -> None:
    url, transports, token, room_id = sys.argv[1:]
    client = socketio.AsyncClient()
    listen(client)
    await client.connect(url, **options(token, transports))
    while line := await asyncio.to_thread(sys.stdin.readline):
        for message in messages(line, room_id):
            await client.emit("send_message", message, namespace=GROUP, callback=told)
    await client.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
