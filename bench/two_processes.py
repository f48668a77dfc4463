"""Two processes on one database write into one room at once: `python -m bench.two_processes`.

Each has eight senders with eight messages in flight. It prints the messages per second that each
process stored. It ends with an error when the room's log has a gap or a duplicate, when a sender's
messages are out of order, or when one process stored less than half as much as the other.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from chat.database.embedded import EmbeddedDatabase
from harness.people import Person, app_beside, make_people
from harness.servers import Server
from harness.writers import write_at_once

SENDERS = 8  # of each process


def run(seconds: float) -> bool:
    """Run once, print the result, and return whether it was good."""
    with tempfile.TemporaryDirectory() as directory:
        first = Server(Path(directory) / "first", RATE_LIMITS="off")
        with first:
            uri = EmbeddedDatabase(first.data_dir).uri()
            key = (first.data_dir / "secret_key").read_text().strip()
            second = Server(
                Path(directory) / "second", MONGO_URI=uri, SECRET_KEY=key, RATE_LIMITS="off"
            )
            with second, app_beside(first.data_dir, uri, RATE_LIMITS=False) as app:
                people = make_people(app, *[f"sender{number}" for number in range(2 * SENDERS)])
                group = people[0].create_group(*people[1:])
                outcome = write_at_once(
                    [first.port, second.port], halves(people), group["id"], seconds
                )
    rates = outcome.rates
    share = min(rates) / max(rates)
    print(
        f"{len(outcome.seqs)} messages in {outcome.seconds:.1f} s;"
        f" {rates[0]:.0f} and {rates[1]:.0f} messages/s: one has {share:.0%} of the other;"
        f" gapless: {outcome.is_gapless}; repeated: {outcome.repeated};"
        f" inverted: {outcome.inverted}"
    )
    return outcome.is_gapless and not outcome.inverted and share >= 0.5


def halves(people: Sequence[Person]) -> list[list[str]]:
    """Return the tokens of the first half of the people and of the second."""
    middle = len(people) // 2
    return [[one.token for one in some] for some in (people[:middle], people[middle:])]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.two_processes",
        description="Let two processes write into one room at once.",
    )
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    good = [run(arguments.seconds) for _ in range(arguments.runs)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
