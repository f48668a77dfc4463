"""Measures what many uploads at once cost others: `python -m bench.uploads`.

100 people upload 25 MB each at the same time, while others talk. It prints how much the server's
memory grows meanwhile, and the acks' latencies before and during the uploads.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import secrets
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.processes import resident_bytes
from bench.talking import Conversation, Figures, Talker, percentiles
from bench.town import GROUP, Place
from chat.database.embedded import EmbeddedDatabase
from chat.settings import DATABASES
from harness.clients import Client, LoadError, Loop
from harness.people import app_beside, make_people
from harness.servers import Server

UPLOADS = 100
MEGABYTES = 25
TALKERS = 4
QUIET_SECONDS = 10.0
LONGEST = 900.0  # seconds for all uploads
PIECE = 256 << 10  # bytes of one send
MIB = 1 << 20


def measure(engine: str, uploads: int, megabytes: int) -> Figures:
    """Return the figures of so many uploads at once."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        secret = secrets.token_hex(32)
        settings = {"SECRET_KEY": secret, "DATABASE": engine, "MESSAGES_PER_MINUTE": 1_000_000}
        server = stack.enter_context(Server(Path(directory), **settings))
        uri = EmbeddedDatabase(server.data_dir).uri()
        app = stack.enter_context(app_beside(server.data_dir, uri, SECRET_KEY=secret))
        people = make_people(app, *(f"u{number}" for number in range(uploads + TALKERS)))
        talking, uploading = people[:TALKERS], people[TALKERS:]
        room = talking[0].create_group(*talking[1:])
        place = Place(room["id"], GROUP, [])
        files = talking[0].create_group(*uploading)
        for one in uploading:
            _greet(server.port, one.token)
        loop = Loop()
        clients = [
            Client(loop, server.port, [(GROUP, json.dumps({"token": one.token}))])
            for one in talking
        ]
        loop.enter(clients)
        conversation = Conversation(loop, [Talker(client, place) for client in clients])
        conversation.start(2.0)
        conversation.forget_latencies()
        conversation.run(QUIET_SECONDS)
        quiet, before = percentiles(conversation.latencies()), resident_bytes(server.pid)
        conversation.forget_latencies()
        most, taken, failed = _watch(
            conversation, server, files["id"], [one.token for one in uploading], megabytes
        )
        if failed:
            raise LoadError(f"{failed} uploads failed")
        busy = percentiles(conversation.latencies())
        conversation.stop()
        loop.close()
        return {
            "MiB more": (most - before) / MIB,
            "seconds": taken,
            "MB/s": uploads * megabytes / taken,
            "p99 ratio": busy["p99 ms"] / quiet["p99 ms"],
            **{f"quiet {name}": value for name, value in quiet.items()},
            **{f"busy {name}": value for name, value in busy.items()},
        }


def _watch(
    conversation: Conversation, server: Server, room_id: str, tokens: Sequence[str], megabytes: int
) -> tuple[int, float, int]:
    """Run the uploads; return the most memory meanwhile, the seconds, and how many failed."""
    results: multiprocessing.Queue[int] = multiprocessing.Queue()
    arguments = (results, server.port, room_id, tokens, megabytes * 1_000_000)
    uploads = multiprocessing.Process(target=_upload_all, args=arguments)
    started, most = time.perf_counter(), 0
    uploads.start()
    while uploads.is_alive():
        conversation.run(0.2)
        most = max(most, resident_bytes(server.pid))
        if time.perf_counter() - started > LONGEST:
            uploads.terminate()
            raise LoadError("the uploads take too long")
    return most, time.perf_counter() - started, results.get(timeout=5)


def _greet(port: int, token: str) -> None:
    """Let the server know a session, as it does of everybody who has the page open."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/api/users/me", headers={"Authorization": f"Bearer {token}"})
    if connection.getresponse().status != 200:
        raise LoadError("an unknown session")
    connection.close()


def _upload_all(
    results: multiprocessing.Queue[int], port: int, room_id: str, tokens: Sequence[str], size: int
) -> None:
    """Upload one file with each token; put how many failed."""
    failed: list[object] = []

    def upload(token: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)
        piece = secrets.token_bytes(PIECE)
        connection.putrequest("POST", f"/api/rooms/{room_id}/files?name=x.bin")
        connection.putheader("Authorization", f"Bearer {token}")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        try:
            for start in range(0, size, PIECE):
                connection.send(piece[: size - start])
            status = connection.getresponse().status
        except OSError as error:
            failed.append(error)
        else:
            if status != 201:
                failed.append(status)

    threads = [threading.Thread(target=upload, args=[token]) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(*failed[:5])
    results.put(len(failed))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.uploads", description="Measure what uploads cost others."
    )
    parser.add_argument("--database", choices=DATABASES, default="auto")
    parser.add_argument("--uploads", type=int, default=UPLOADS)
    parser.add_argument("--megabytes", type=int, default=MEGABYTES)
    arguments = parser.parse_args()
    figures = measure(arguments.database, arguments.uploads, arguments.megabytes)
    for name, value in figures.items():
        print(f"{name:<16} {value:,.1f}")


if __name__ == "__main__":
    main()
