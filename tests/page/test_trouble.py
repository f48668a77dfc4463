"""The page when something is wrong: no network, no database, a session that ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from harness.people import Person
from harness.servers import Server
from tests.faults.conftest import database_pid
from tests.page.conftest import WAIT_MS, Visitor, register, state_of
from tests.pausing import paused

Enter = Callable[..., Visitor]
People = Callable[..., list[Person]]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server with an embedded database of its own, to be stopped and started."""
    with Server(tmp_path / "own", RATE_LIMITS="off") as server:
        yield server


def test_a_message_written_without_network_is_sent_when_it_is_back(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Offline")
    anns, bobs = (enter(one, f"/r/{group['number']}") for one in (ann, bob))
    anns.write("before")
    bobs.sees("before")
    anns.context.set_offline(True)
    anns.write("while away")
    expect(state_of(anns, "while away")).to_have_attribute("data-state", "waiting")
    expect(anns.page.get_by_text("No connection. What you write is sent later.")).to_be_visible()
    bobs.write("meanwhile")
    bobs.sees("meanwhile")
    anns.write("on second thoughts")
    last = anns.page.locator(".message", has_text="on second thoughts")
    last.get_by_role("button", name="Delete").click()
    anns.context.set_offline(False)
    bobs.sees("while away")
    expect(state_of(anns, "while away")).to_have_attribute("data-state", "sent")
    anns.sees("meanwhile")
    expect(anns.page.locator(".bubble")).to_have_text(["before", "meanwhile", "while away"])


def test_a_message_goes_out_although_catching_up_fails_at_first(
    enter: Enter, people: People
) -> None:
    ann, bob = people("ann", "bob")
    group = ann.create_group(bob, name="Busy")
    anns, bobs = (enter(one, f"/r/{group['number']}") for one in (ann, bob))
    anns.write("before")
    bobs.sees("before")
    anns.context.set_offline(True)
    anns.write("while away")
    expect(state_of(anns, "while away")).to_have_attribute("data-state", "waiting")
    anns.page.route("**/api/rooms", lambda route: route.fulfill(status=503, body="busy"))
    with anns.page.expect_response("**/api/rooms"):
        anns.context.set_offline(False)
    bobs.sees("while away")
    bob.create_group(ann, name="Made meanwhile")
    anns.page.unroute("**/api/rooms")
    expect(anns.page.locator(".room", has_text="Made meanwhile")).to_be_visible()


def test_a_restart_of_the_server_is_survived(
    tmp_path: Path, server: Server, beside: Flask, enter: Enter, people: People
) -> None:
    (ann,) = people("ann")
    group = ann.create_group(name="Restart")
    secret = beside.config["SECRET_KEY"]
    with Server(tmp_path, MONGO_URI=server.mongo_uri, SECRET_KEY=secret) as second:
        visitor = enter(ann, f"/r/{group['number']}", url=second.url)
        visitor.write("stored")
        expect(state_of(visitor, "stored")).to_have_attribute("data-state", "sent")
        second.stop()
        visitor.write("written while it was down")
        state = state_of(visitor, "while it was down")
        expect(state).to_have_attribute("data-state", "waiting")
        second.start()
        expect(state).to_have_attribute("data-state", "sent")
        visitor.page.reload()
        expect(visitor.page.locator(".bubble")).to_have_text(
            ["stored", "written while it was down"]
        )


def send_at_last(visitor: Visitor, text: str) -> None:
    """Wait until a message is sent; on a slow machine its last try may fail first."""
    settled = re.compile("sent|failed")
    for _ in range(3):
        state = state_of(visitor, text)
        expect(state).to_have_attribute("data-state", settled, timeout=2 * WAIT_MS)
        if state.get_attribute("data-state") == "sent":
            return
        message = visitor.page.locator(".message", has_text=text)
        message.get_by_role("button", name="Try again").click()
    raise AssertionError(f"{text!r} is never sent")


def test_a_message_the_database_does_not_take_fails_and_is_stored_once_when_sent_again(
    own_server: Server, visit: Callable[..., Visitor]
) -> None:
    visitor = visit(own_server.url)
    visitor.open()
    register(visitor, own_server)
    page = visitor.page
    page.get_by_role("button", name="Create a group").click()
    page.get_by_label("Group name").fill("Stuck")
    page.get_by_role("button", name="Create group").click()
    page.locator(".composer-input").wait_for()
    with paused(database_pid(own_server)):
        visitor.write("first")
        visitor.write("second")
        expect(state_of(visitor, "first")).to_have_attribute("data-state", "pending")
        failed = page.locator(".message", has_text="first")
        expect(state_of(visitor, "first")).to_have_attribute(
            "data-state", "failed", timeout=2 * WAIT_MS
        )
        expect(failed.locator(".trouble")).to_contain_text("did not answer in time")
        failed.get_by_role("button", name="Try again").click()
        expect(state_of(visitor, "first")).to_have_attribute("data-state", "pending")
    # What was not answered may still have been stored: it comes in once all the same.
    for text in ("first", "second"):
        send_at_last(visitor, text)
    page.reload()
    visitor.sees("second")
    expect(page.locator(".bubble", has_text="first")).to_have_count(1)
    expect(page.locator(".bubble")).to_have_count(2)
