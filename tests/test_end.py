"""The end of an app: in time, and with the database closed, whatever hangs or fails."""

from __future__ import annotations

import threading
import time

import pytest
from flask import Flask

import chat.app
from chat.wiring import Services
from harness.servers import PATIENCE

LAST = ["previews.flush", "read_marks.flush", "mention_marks.flush", "audit.flush", "presence.end"]


@pytest.mark.parametrize("step", LAST)
@pytest.mark.parametrize("hangs", [True, False], ids=["hangs", "fails"])
def test_the_database_is_closed_in_time_whatever_becomes_of_a_step(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    step: str,
    hangs: bool,
) -> None:
    services: Services = app.extensions["chat"]
    go_on, closed = threading.Event(), list[float]()

    def injured() -> None:
        if hangs:
            go_on.wait(PATIENCE)
        raise RuntimeError("odd")

    monkeypatch.setattr(chat.app, "END_SECONDS", 1.0)
    *path, name = step.split(".")
    owner: object = services
    for part in path:
        owner = getattr(owner, part)
    monkeypatch.setattr(owner, name, injured)
    close = services.database.close

    def close_and_note() -> None:
        closed.append(time.monotonic())
        close()

    monkeypatch.setattr(services.database, "close", close_and_note)
    began = time.monotonic()
    chat.app.stop(app)
    assert len(closed) == 1 and closed[0] - began < PATIENCE / 2
    assert ("did not take" if hangs else "odd") in caplog.text
    go_on.set()
