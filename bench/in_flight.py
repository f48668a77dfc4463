"""Measures stored, pushed and acked messages per second: `python -m bench.in_flight`.

Eight users in one group have 32 sends in flight each, over a WebSocket, on `python wsgi.py` with
the embedded database. One thread reads all sockets and parses acks alone, so the load generator
costs little; its share of the processor is printed. Ends with an error when an ack is out of order
or the log has a gap.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import requests

from bench.talking import Sender
from bench.town import GROUP, Place
from chat.database.embedded import EmbeddedDatabase
from harness.clients import Client, Loop
from harness.people import app_beside, make_people
from harness.servers import Server


def run(people: int, in_flight: int, count: int) -> None:
    """Run once and print the result."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(Path(directory) / "var", RATE_LIMITS="off")
        with server:
            uri = EmbeddedDatabase(server.data_dir).uri()
            with app_beside(server.data_dir, uri, RATE_LIMITS=False) as app:
                members = make_people(app, *[f"talker{number}" for number in range(people)])
                group = members[0].create_group(*members[1:])
            loop = Loop()
            auths = [[(GROUP, json.dumps({"token": member.token}))] for member in members]
            clients = [Client(loop, server.port, auth) for auth in auths]
            loop.enter(clients)
            place = Place(group["id"], GROUP, [])
            talkers = [Sender(client, place, in_flight, count) for client in clients]
            started, processor = time.monotonic(), time.process_time()
            for talker in talkers:
                talker.start()
            loop.require(lambda: all(talker.done for talker in talkers), 600, "all acks")
            seconds = time.monotonic() - started
            share = (time.process_time() - processor) / seconds
            loop.close()
            answer = requests.get(
                f"{server.url}/api/rooms/{group['id']}/messages?limit=1",
                headers=members[0].headers,
                timeout=10,
            ).json()
    total = people * count
    seqs = sorted(seq for talker in talkers for seq in talker.seqs)
    in_order = all(talker.seqs == sorted(talker.seqs) for talker in talkers)
    gapless = seqs == list(range(1, total + 1))
    print(
        f"{people} sockets x {in_flight} in flight: {total} messages acked in {seconds:.2f} s ="
        f" {total / seconds:.0f} messages/s; acks in order: {in_order}; gapless: {gapless};"
        f" last seq in history: {answer['data']['messages'][-1]['seq']};"
        f" generator used {share:.0%} of a core"
    )
    if not (in_order and gapless):
        sys.exit(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--messages", type=int, default=500, help="of each of them")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    for _ in range(arguments.runs):
        run(arguments.people, arguments.in_flight, arguments.messages)
