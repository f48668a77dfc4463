"""Measures the page in a browser: a burst into the open room, and scrolling through its history."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.sides import Side
from bench.talking import Figures
from bench.town import GROUP, Citizen, Place, Town, message_in
from chat.auth import issue_tokens
from chat.chunks import CHUNK, chunked
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from chat.wiring import Services
from harness.browsing import AT_TOP, SCROLLED_DOWN, storage_state
from harness.clients import LoadError, Loop, event
from harness.programs import quick_chromium

MESSAGES, MESSAGES_SECONDS = 500, 5.0
REACTIONS, REACTIONS_SECONDS = 200, 2.0
REACTED = 20  # messages, the newest ones: those on the screen
SECONDS = 120  # for what must be shown in the end
WHEEL_PX = 1_500
TEXTS = (
    "A short message with **bold** words",
    "See https://example.org/page and run `make test`",
    "```python\nprint('some code')\n```",
    "1. first\n2. second\n> quoted\nand answered",
    "一条普通的中文消息，**很好**！",
    "a longer paragraph " * 20,
)
WATCH = """() => {
  window.longest = 0;
  const note = (list) => {
    for (const {duration} of list.getEntries()) window.longest = Math.max(window.longest, duration);
  };
  new PerformanceObserver(note).observe({type: "longtask"});
}"""
LONGEST = "() => { const found = window.longest; window.longest = 0; return found; }"
ELEMENTS = "() => document.querySelectorAll('*').length"
SHOWS = "seq => document.querySelector(`.message[data-seq='${seq}']`) !== null"
IN_ORDER = """() => [...document.querySelectorAll(".message")]
  .every((row, index, rows) => !index || row.dataset.seq - rows[index - 1].dataset.seq === 1)"""
REACTIONS_SHOWN = """() => [...document.querySelectorAll(".reaction-count")]
  .reduce((sum, node) => sum + Number(node.textContent), 0)"""


def burst(side: Side, place: Place) -> Figures:
    """Let a member of the room send and react while another one has it open."""
    speaker, *reacting = place.members[1:]
    with closing(Loop()) as loop, opened(side, place.members[0], place.id) as page:
        clients = [side.client(loop, one, GROUP) for one in (speaker, *reacting)]
        loop.enter(clients)
        acked: list[bytes] = []
        for client in clients:
            client.on_ack = acked.append
        page.wait_for_function(SCROLLED_DOWN)  # there may be unread ones from another run
        first = 1 + page.evaluate(
            "() => Number([...document.querySelectorAll('.message')].at(-1).dataset.seq)"
        )
        page.evaluate(WATCH)
        started = time.perf_counter()
        for number in range(MESSAGES):
            payload = {
                "room_id": place.id,
                "client_id": f"burst-{first}-{number}",
                "data": TEXTS[number % len(TEXTS)],
            }
            clients[0].send(event(GROUP, number, "send_message", payload))
            _pause(loop, started + (number + 1) * MESSAGES_SECONDS / MESSAGES)
        loop.require(lambda: len(acked) == MESSAGES, SECONDS, "all acks")
        last = first + MESSAGES - 1
        page.wait_for_function(SHOWS, arg=last)
        writing = page.evaluate(LONGEST)
        elements = page.evaluate(ELEMENTS)
        if not page.evaluate(IN_ORDER):
            raise LoadError("messages are missing")
        started = time.perf_counter()
        for number in range(REACTIONS):
            client = clients[number // REACTED % len(clients)]
            emoji = "👍" if number < REACTED * len(clients) else "🎉"
            reaction: dict[str, object] = {
                "room_id": place.id,
                "seq": last - number % REACTED,
                "emoji": emoji,
                "on": True,
            }
            client.send(event(GROUP, MESSAGES + number, "react", reaction))
            _pause(loop, started + (number + 1) * REACTIONS_SECONDS / REACTIONS)
        page.wait_for_function(f"count => ({REACTIONS_SHOWN})() === count", arg=REACTIONS)
        reacting_longest = page.evaluate(LONGEST)
    return {
        "longest task ms": max(writing, reacting_longest),
        "of messages ms": writing,
        "of reactions ms": reacting_longest,
        "elements": elements,
    }


def scrolling(side: Side, reader: Citizen, room_id: str) -> Figures:
    """Scroll from the newest message of a room to its first one."""
    with opened(side, reader, room_id) as page:
        page.locator(".transcript").hover()
        page.evaluate(WATCH)
        most = page.evaluate(ELEMENTS)
        while not page.evaluate(SHOWS, 1):
            page.mouse.wheel(0, -WHEEL_PX)
            # At the top of what is there, the wheel moves nothing before the next page has come.
            page.wait_for_function(f"seq => !({AT_TOP})() || ({SHOWS})(seq)", arg=1)
            most = max(most, page.evaluate(ELEMENTS))
        longest = page.evaluate(LONGEST)
    return {"most elements": most, "longest task ms": longest}


def make_history(town: Town, reader: Citizen, count: int) -> str:
    """Make a group of one with a history of that length; return its id. No server may run."""
    services: Services = town.app.extensions["chat"]
    with town.app.app_context():
        user = reader.grant.user
        room = services.groups.gather(user, "Long", [user])
        for seqs in chunked(range(1, count + 1), CHUNK):
            messages = [message_in(room.id, user.id, seq) for seq in seqs]
            MessageRepository(services.database).append(messages)
            RoomRepository(services.database).advance_heads(messages[-1:])
    return room.id


@contextmanager
def opened(side: Side, citizen: Citizen, room_id: str) -> Iterator[Page]:
    """Yield the page of somebody in a browser of their own, with a group open."""
    with side.town.app.app_context():
        services: Services = side.town.app.extensions["chat"]
        # A session of its own: the page refreshes it, and the next run begins anew.
        tokens = issue_tokens(services.sessions.start(citizen.grant.user, "Bench"))
        number = services.conversations.get(citizen.grant.user, room_id).room.number
    state: Any = storage_state(citizen.id, tokens["refresh_token"], side.url)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**quick_chromium())
        context = browser.new_context(
            locale="en-US",
            storage_state=state,
            viewport={"width": 1280, "height": 800},
        )
        page = context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        page.goto(f"{side.url}/r/{number}")
        page.locator(".shell[data-connection=online]").wait_for()
        page.locator(".message").first.wait_for()
        yield page
        browser.close()


def _pause(loop: Loop, until: float) -> None:
    """Serve the clients until that moment."""
    loop.run(lambda: False, until - time.perf_counter())
