"""How far the consumers of the rooms' logs are, and starting one over, from the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from flask import Flask

from chat.consumers.consumer import Batch
from chat.wiring import consumers as wiring
from harness.people import make_people, settle
from tests.cli.commands import command


class Index:
    """A consumer that can be rebuilt."""

    name = "index"
    begins_at_head = False
    reads_messages = True
    tells_people = False

    def handle(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            if any(message.data == "poison" for message in batch.messages):
                raise ValueError

    def clear(self) -> Iterator[object]:
        return iter(())


@pytest.fixture
def app(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(wiring, "wire_consumers", lambda core, *_: core.consumers.add(Index()))
    monkeypatch.setattr("chat.wiring.wire_consumers", wiring.wire_consumers)
    return make_app()


def rows(app: Flask, tmp_path: Path) -> dict[str, list[str]]:
    uri = app.config["MONGO_URI"]
    lines = command("log", "status", data_dir=tmp_path, MONGO_URI=uri).stdout.splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines}


def test_the_status_says_how_far_each_consumer_is(app: Flask, tmp_path: Path) -> None:
    ann, bob = make_people(app, "ann", "bob")
    room = ann.talk_to(bob)
    for text in ("one", "two"):
        ann.say(room, text)
    settle(app)
    found = rows(app, tmp_path)
    assert found["index"][:2] == ["2", "1"] and found["index"][3:] == [
        "waiting",
        "for",
        "a",
        "server",
    ]
    consumers = app.extensions["chat"].consumers
    consumers.run_due()
    found = rows(app, tmp_path)
    assert found["index"] == ["0", "0", "0", "working"]
    assert found["push"] == ["0", "0", "0", "working"]
    ann.say(room, "poison")
    settle(app)
    consumers.run_due()
    found = rows(app, tmp_path)
    assert found["index"][:2] == ["1", "1"]
    assert found["fails:"] == ["ValueError", "in", "room", room["id"]]


def test_what_can_be_made_again_is_rebuilt_and_nothing_else(app: Flask, tmp_path: Path) -> None:
    def rebuild(name: str) -> tuple[int, str]:
        arguments = ("log", "rebuild", name, "--yes")
        uri = app.config["MONGO_URI"]
        result = command(*arguments, data_dir=tmp_path, check=False, MONGO_URI=uri)
        return result.returncode, result.stderr.strip()

    assert rebuild("index") == (0, "")
    assert rebuild("push") == (
        1,
        "Error: push tells people: it would tell them of everything once more.",
    )
    assert rebuild("other") == (1, "Error: No consumer is called other.")
    state = app.extensions["chat"].database.db["consumer"].find_one({"_id": "index"})
    assert (state["generation"], state["clears"]) == (2, True)
