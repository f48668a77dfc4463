"""A host that is slow holds up the pushes to no other one, and nobody's pushes those of others."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chat.models import PushSubscription
from chat.push import delivery, endpoints
from chat.push.delivery import TO_OTHERS, UNANSWERED_SECONDS, Delivery, Result
from chat.push.endpoints import Endpoints, RefusedEndpoint
from chat.push.places import AT_ONCE, OF_ONE_USER
from chat.push.posting import Answer
from harness.people import make_people
from harness.servers import PATIENCE
from tests.database.processes import wait_until
from tests.push.conftest import Town

HOST = "push.example.org"
KNOWN = f"https://{HOST}/x"
OTHER = "https://other.example.org/x"
ADDRESS = "142.250.1.1"


class Held:
    """A call that does not return before `release`."""

    def __init__(self, returns: object) -> None:
        self.hosts: list[str] = []
        self.returns = returns
        self.holds: set[str] = set()
        self._entered = threading.Semaphore(0)
        self._released = threading.Event()

    def call(self, host: str) -> Any:
        self.hosts.append(host)
        if host in self.holds:
            self._entered.release()
            assert self._released.wait(PATIENCE)
        return self.returns

    def wait(self, count: int = 1) -> None:
        """Wait until so many calls are held."""
        for _ in range(count):
            assert self._entered.acquire(timeout=PATIENCE)

    def release(self) -> None:
        self._released.set()


@pytest.fixture
def start() -> Iterator[Callable[..., None]]:
    """A function that calls another one in a thread; all end with the test."""
    threads: list[threading.Thread] = []

    def start(call: Callable[..., object], *args: object) -> None:
        threads.append(threading.Thread(target=call, args=args))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch, start: object) -> Iterator[Held]:
    """The lookups of hosts; ends before the threads of `start` do."""
    held = Held([(0, 0, 0, "", (ADDRESS, 443))])
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: held.call(host))
    yield held
    held.release()


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch, start: object) -> Iterator[Held]:
    """The exchanges with services; ends before the threads of `start` do."""
    held = Held(Answer(201))
    monkeypatch.setattr(delivery, "post", lambda endpoint, *_: held.call(endpoint.host))
    monkeypatch.setattr(delivery, "encrypt", lambda *_: b"")
    yield held
    held.release()


def test_an_address_that_is_known_waits_for_no_lookup(
    lookups: Held, start: Callable[..., None]
) -> None:
    endpoints = Endpoints(allow_private=False)
    endpoints.resolve(KNOWN)
    lookups.holds.add("other.example.org")
    start(endpoints.resolve, OTHER)
    lookups.wait()
    found: list[str] = []
    again = threading.Thread(target=lambda: found.append(endpoints.resolve(KNOWN).address))
    again.start()
    again.join(1.0)
    lookups.release()
    assert found == [ADDRESS] and lookups.hosts == [HOST, "other.example.org"]


def test_an_old_address_is_good_until_it_is_looked_up_again(
    lookups: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Endpoints(allow_private=False)
    known.resolve(KNOWN)
    monkeypatch.setattr(endpoints, "RENEWAL_SECONDS", 0.0)
    lookups.holds.add(HOST)
    assert [known.resolve(KNOWN).address for _ in range(3)] == [ADDRESS] * 3
    lookups.wait()
    assert lookups.hosts == [HOST] * 2
    lookups.returns = [(0, 0, 0, "", ("142.250.1.2", 443))]
    lookups.release()
    wait_until(lambda: known.resolve(KNOWN).address == "142.250.1.2")


def test_a_host_that_has_moved_to_a_private_network_is_refused(
    lookups: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_refused() -> bool:
        try:
            known.resolve(KNOWN)
        except RefusedEndpoint:
            return True
        return False

    known = Endpoints(allow_private=False)
    known.resolve(KNOWN)
    monkeypatch.setattr(endpoints, "RENEWAL_SECONDS", 0.0)
    lookups.returns = [(0, 0, 0, "", ("10.0.0.1", 443))]
    wait_until(is_refused)


def test_a_host_is_looked_up_once_by_those_who_ask_together(
    lookups: Held, start: Callable[..., None]
) -> None:
    endpoints = Endpoints(allow_private=False)
    lookups.holds.add("other.example.org")
    for _ in range(3):
        start(endpoints.resolve, OTHER)
    lookups.wait()
    lookups.release()
    assert endpoints.resolve(OTHER).address == ADDRESS
    assert lookups.hosts == ["other.example.org"]


def test_all_places_are_for_a_service_that_answers(
    lookups: Held, posts: Held, start: Callable[..., None]
) -> None:
    """A push that finds no place costs its reads again, three seconds later."""
    sent, results = _delivery(), []
    assert sent(KNOWN).outcome == "sent"
    posts.holds.add(HOST)
    for _ in range(AT_ONCE):
        start(lambda: results.append(sent("https://PUSH.example.org:443/y").outcome))
    posts.wait(AT_ONCE)
    assert results == []  # none of them was turned away


def test_hosts_that_never_answered_have_few_places(
    lookups: Held, posts: Held, start: Callable[..., None]
) -> None:
    sent = _delivery()
    assert sent(KNOWN).outcome == "sent"
    posts.holds.add("other.example.org")
    for _ in range(TO_OTHERS):
        start(sent, OTHER)
    posts.wait(TO_OTHERS)
    assert sent(OTHER).outcome == "busy"
    assert sent(KNOWN).outcome == "sent"


def test_hosts_that_answer_late_have_few_places(
    lookups: Held, posts: Held, start: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = _delivery()
    assert sent(KNOWN).outcome == "sent"
    monkeypatch.setattr(delivery, "QUICK_SECONDS", 0.0)
    assert sent(KNOWN).outcome == "sent"  # it was quick, and is not any more
    posts.holds.add(HOST)
    for _ in range(TO_OTHERS):
        start(sent, KNOWN)
    posts.wait(TO_OTHERS)
    assert sent(KNOWN).outcome == "busy"


def test_who_got_no_answer_leaves_the_few_places_to_others(
    lookups: Held, posts: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Answer:
        raise TimeoutError

    sent = _delivery()
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "post", fail)
        assert sent(OTHER, "eve").outcome == "later"
    again = sent(OTHER, "eve")
    assert again.outcome == "busy" and again.retry_after is not None
    assert 0 < again.retry_after <= UNANSWERED_SECONDS
    assert sent(KNOWN, "ann").outcome == "sent"
    assert sent(KNOWN, "eve").outcome == "sent"  # that host is quick by now


def test_who_got_a_late_answer_leaves_the_few_places_to_others(
    lookups: Held, posts: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "QUICK_SECONDS", -1.0)
    sent = _delivery()
    found = [sent(OTHER, name).outcome for name in ("eve", "eve", "ann")]
    assert found == ["sent", "busy", "sent"]


def test_who_waits_for_slow_services_leaves_most_places_to_others(
    town: Town, posts: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "QUICK_SECONDS", PATIENCE)  # however long they are held
    (eve,) = make_people(town.app, "eve")
    town.subscribe()
    town.subscribe(eve, endpoint=f"https://127.0.0.1/{eve.id}")
    groups = [town.bob.create_group(town.ann) for _ in range(AT_ONCE + 2)]
    for group in groups:
        town.bob.say(group, "@all")
    town.bob.say(town.bob.talk_to(eve), "hello")
    town.follow()
    town.go_on(5_000)  # they are due before that of eve
    town.go_on(200, eve)
    posts.holds |= {"localhost", "127.0.0.1"}
    town.services.push_sender.run_due()
    posts.wait(OF_ONE_USER + 1)
    assert sorted(posts.hosts) == ["127.0.0.1", *["localhost"] * OF_ONE_USER]
    posts.release()
    for _ in groups:  # none is lost
        town.go_on(60_000)
        town.send()
    assert posts.hosts.count("localhost") == len(groups) and town.waiting() == 0


def test_pushes_for_which_there_is_no_place_wait_together(
    town: Town, posts: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would cost its reads every three seconds, and a session may have one for each room."""
    monkeypatch.setattr(delivery, "QUICK_SECONDS", -1.0)  # so the first answer is late
    town.subscribe()
    for _ in range(10):
        town.bob.say(town.bob.create_group(town.ann), "@all")
    town.follow()
    town.go_on(5_000)
    deliver, tried = Delivery.deliver, []

    def counted(self: Delivery, *args: Any) -> Result:
        tried.append(deliver(self, *args).outcome)
        return Result(tried[-1])

    monkeypatch.setattr(Delivery, "deliver", counted)
    for _ in range(10):
        town.services.push_sender.run_due()
        town.services.push_sender.wait()
    sent = tried.count("sent")
    assert 1 <= sent <= OF_ONE_USER and len(tried) <= 2 * OF_ONE_USER
    assert town.waiting() == 10 - sent


def _delivery() -> Callable[..., Result]:
    """A function that sends to an endpoint, for somebody else each time unless told for whom."""
    keys: Any = SimpleNamespace(
        pair=lambda: SimpleNamespace(fingerprint="key"), authorization=lambda origin: "signed"
    )
    delivers = Delivery(keys, Endpoints(allow_private=False))

    def send(endpoint: str, user_id: str | None = None) -> Result:
        user_id = user_id or secrets.token_hex(4)
        subscription = PushSubscription("session", user_id, endpoint, "p", "a", False, "key")
        return delivers.deliver(subscription, {"room_id": "room"}, 60, True)

    return send
