"""Processes on one database write into one room at once: `python -m bench.two_processes`.

The same 24 senders, with eight messages in flight each, are spread over one, two and three
processes in turns. Several processes have a Redis between them. It prints the messages per second
of each process, and in the end all of two and of three against those of one. It ends with an error
when the room's log has a gap or a duplicate, when a sender's messages are out of order, or when one
process stored less than half as much as another.

The database is the embedded one of the first process.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chat.database.embedded import EmbeddedDatabase
from harness.people import app_beside, make_people
from harness.servers import Server
from harness.writers import Outcome, write_at_once

SENDERS = 24  # of all processes together
REDIS_SECONDS = 10  # until it listens


def run(processes: int, seconds: float) -> Outcome:
    """Let all senders write through so many processes, and print and return the outcome."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        secret = secrets.token_hex(32)
        settings = {"SECRET_KEY": secret, "RATE_LIMITS": "off"}
        if processes > 1:
            settings["MESSAGE_QUEUE_URL"] = stack.enter_context(redis(Path(directory)))
        servers = []
        for number in range(processes):
            server = Server(Path(directory) / str(number), **settings)
            servers.append(stack.enter_context(server))
            settings.setdefault("MONGO_URI", EmbeddedDatabase(servers[0].data_dir).uri())
        app = stack.enter_context(
            app_beside(
                servers[0].data_dir, settings["MONGO_URI"], SECRET_KEY=secret, RATE_LIMITS=False
            )
        )
        names = [f"{secrets.token_hex(4)}{number}" for number in range(SENDERS)]
        people = make_people(app, *names)
        group = people[0].create_group(*people[1:])
        tokens = [[one.token for one in people[number::processes]] for number in range(processes)]
        outcome = write_at_once([server.port for server in servers], tokens, group["id"], seconds)
    print(
        f"{processes} process(es): {len(outcome.seqs)} messages in {outcome.seconds:.1f} s;"
        f" {' and '.join(f'{rate:.0f}' for rate in outcome.rates)} messages/s;"
        f" gapless: {outcome.is_gapless}; repeated: {outcome.repeated};"
        f" inverted: {outcome.inverted}",
        flush=True,
    )
    return outcome


def is_good(outcome: Outcome) -> bool:
    """Return whether nothing is missing or in the wrong order and the processes share fairly."""
    share = min(outcome.rates) / max(outcome.rates)
    return outcome.is_gapless and not outcome.inverted and share >= 0.5


@contextmanager
def redis(directory: Path) -> Iterator[str]:
    """Run a Redis on a Unix socket; yield its address."""
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("no redis-server on the PATH")
    path = directory / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(path), "--save", ""]
    process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + REDIS_SECONDS
        while not path.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("redis-server does not listen")
            time.sleep(0.01)
        yield f"unix://{path}"
    finally:
        process.kill()
        process.wait()


def print_ratios(rates: dict[int, Sequence[float]]) -> None:
    """Print the median of each number of processes, against that of the first number."""
    first = statistics.median(next(iter(rates.values())))
    for processes, found in rates.items():
        median = statistics.median(found)
        print(f"{processes} process(es): {median:.0f} messages/s, {median / first:.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.two_processes",
        description="Let several processes write into one room at once.",
    )
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 3])
    arguments = parser.parse_args()
    outcomes: dict[int, list[Outcome]] = {number: [] for number in arguments.processes}
    for _ in range(arguments.runs):
        for number, found in outcomes.items():
            found.append(run(number, arguments.seconds))
    print_ratios({number: [sum(one.rates) for one in found] for number, found in outcomes.items()})
    return 0 if all(is_good(one) for found in outcomes.values() for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
