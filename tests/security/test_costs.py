"""Whoever makes the server work for nothing spends their own turns and time, not everybody's.

One person talks, and the slowest of a hundred of their answers is compared with the quiet before,
while another asks for something dear on many connections without a pause. In `make torture` longer,
with the largest rooms and lists that there may be.
"""

from __future__ import annotations

import json
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from chat.budgets import ACTIVE_SECONDS, NETWORK
from chat.database.embedded import EmbeddedDatabase
from chat.realtime.acks import ANSWER_WITHIN
from chat.services.capacity import MAX_MEMBERS, MAX_ROOMS
from harness.people import app_beside, make_people, new_client_id
from harness.servers import PATIENCE, Server
from tests.cli.commands import flask
from tests.docs.programs import Program
from tests.figures import Figures
from tests.large import Document, group_document, insert_rooms
from tests.security.attacker import NEW, PING, PIPELINED
from tests.sockets.conftest import Member, message
from tests.stopwatch import Stopwatch

SECONDS = 1
MANY_SECONDS = 20
MANY_PEOPLE = 20_000
HERE, STRANGER = "127.0.0.1", "192.0.2.1"
PAUSE = 0.1  # seconds between two messages of the talker
UNJOINED_SECONDS = 10.0  # after which a socket in no namespace is closed
SELDOM = 1.2 * ACTIVE_SECONDS  # nobody but the attacker is active meanwhile
# Answers may take twice as long as in the quiet before. Below a tenth of a second, which feels like
# at once, the ratio says nothing: in the quiet an answer takes milliseconds, and the attacker's own
# program takes one of the machine's few processors from the server and the database.
RATIO = 2
FLOOR = 0.1  # seconds
# The embedded engine reads the members of a room in one go, and stores nothing meanwhile.
FLOORS = {"a list of the most members": 0.4, "pings of strangers": 0.2}  # 500 of them begin at once
# In a short run on a machine that does other things, too, half of the answers within this.
SHORT_RATIO = 10
SHORT_FLOOR = 0.5
QUOTA = 2_000_000  # bytes that one may store on a day
LONGEST = "\N{GRINNING FACE}" * 4_000  # 16,000 bytes
PAGE = 16  # of these in a page of a room's log: 256,000 bytes
READER_BYTES = 100_000  # of memory for a connection that reads slowly; the page is larger
REFUSALS = {"429", "503", "closed", "rate_limited", "unavailable", "quota_exceeded"}
BAD = {f"not an id {number}": 0 for number in range(2_000)}
UNKNOWN = {f"{number:024x}": 0 for number in range(2_000)}

Wish = dict[str, Any]
Way = Callable[["Scene"], AbstractContextManager[Callable[[], None]]]


@dataclass
class Scene:
    """`talker` talks in a group of their own; both are in the group `shared`."""

    server: Server
    app: Flask
    uri: str
    talker: Member
    attacker: Member
    own: Document
    shared: Document


@contextmanager
def run_scene(data_dir: Path, **settings: object) -> Iterator[Scene]:
    """A server with its own database; what is counted by the minute does not limit the attack."""
    often = dict.fromkeys(("MESSAGES", "SEARCHES", "CONNECTIONS"), 1_000_000)
    server = Server(
        data_dir,
        MAIL="terminal",
        MESSAGE_BYTES_PER_DAY_USER=QUOTA,
        **{f"{name}_PER_MINUTE": number for name, number in often.items()},
        **settings,
    )
    with ExitStack() as stack:
        stack.enter_context(server)
        uri = EmbeddedDatabase(server.data_dir).uri()
        app = stack.enter_context(app_beside(server.data_dir, uri))
        talker, attacker = (
            Member(person, server, stack) for person in make_people(app, "talker", "attacker")
        )
        own, shared = talker.create_group(), talker.create_group(attacker)
        yield Scene(server, app, uri, talker, attacker, own, shared)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with run_scene(tmp_path_factory.mktemp("costs")) as found:
        yield found


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The same behind a proxy, which tells whose each request is and keeps its connections."""
    settings = {"TRUSTED_PROXIES": 1, "HOSTS": "127.0.0.1"}
    with run_scene(tmp_path_factory.mktemp("proxied"), **settings) as found:
        yield found


def http(method: str, path: str, token: str = "", body: object = None) -> Wish:
    """Return what makes `attacker.py` ask for something by HTTP."""
    text = "" if body is None else json.dumps(body)
    lines = [f"{method} /api{path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if text:
        lines += ["Content-Type: application/json", f"Content-Length: {len(text)}"]
    return {"request": "\r\n".join(lines) + "\r\n\r\n" + text}


def sync_of(rooms: dict[str, int]) -> Callable[[Scene], Wish]:
    return lambda scene: {
        "token": scene.attacker.token,
        "event": ["sync", {"rooms": rooms}],
    }


def bad_log_in(_: Scene) -> Wish:
    return http("POST", "/session", body={"username": 1})


def late_log_in(scene: Scene) -> Wish:
    return bad_log_in(scene) | {"late": 0.5}


def own_details(scene: Scene) -> Wish:
    return http("GET", "/users/me", scene.attacker.token)


def pings(_: Scene) -> Wish:
    return {"flood": PING}


def pipelined(_: Scene) -> Wish:
    return {"flood": f"{PIPELINED}GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"}


def bad_connects(_: Scene) -> Wish:
    return {"flood": '40/group,{"token":"x"}', "forwarded": STRANGER}


def unknown_events(scene: Scene) -> Wish:
    return {"flood": '42/group,1["x",{}]', "token": scene.attacker.token}


def search(scene: Scene) -> Wish:
    return http("GET", "/users?q=a", scene.attacker.token)


def read_pages(scene: Scene) -> Wish:
    """Return what makes the attacker take a byte now and then of a page of long messages."""
    for _ in range(PAGE):
        scene.talker.post(scene.shared, LONGEST, new_client_id())
    path = f"/rooms/{scene.shared['id']}/messages?limit={PAGE}"
    return http("GET", path, scene.attacker.token) | {"pause": 1}


def long_messages(scene: Scene) -> Wish:
    return {
        "token": scene.attacker.token,
        "event": ["send_message", message(scene.shared, LONGEST, client_id=NEW)],
    }


@contextmanager
def by_socket(scene: Scene) -> Iterator[Callable[[], None]]:
    """Let the talker send messages by a socket; each has to be acknowledged."""
    client = scene.talker.socket("/group")

    def talk() -> None:
        answer = client.call(
            "/group", "send_message", message(scene.own, client_id=new_client_id())
        )
        assert "data" in answer, answer
        client.received.clear()

    with closing(client):
        yield talk


@contextmanager
def by_new_sockets(scene: Scene) -> Iterator[Callable[[], None]]:
    """Let the talker connect anew each time; each has to be let in."""

    def talk() -> None:
        scene.talker.socket("/group").close()

    yield talk


@contextmanager
def by_http(scene: Scene) -> Iterator[Callable[[], None]]:
    """Let the talker read by HTTP; each answer has to be what was asked for."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {scene.talker.token}"

        def talk() -> None:
            answer = session.get(f"{scene.server.url}/api/users/me", timeout=PATIENCE)
            assert answer.status_code == 200, answer.text

        talk()  # from here on this process knows whose the session is
        yield talk


def answers_of_talker(scene: Scene, way: Way, seconds: float, pause: float) -> list[float]:
    """Talk for so long and return how long each answer took."""
    times: list[float] = []
    with way(scene) as talk:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends or not times:
            watch = Stopwatch(scene.server)
            talk()
            times.append(watch.seconds())
            time.sleep(pause)
    return sorted(times)


@dataclass
class Harm:
    """How long the talker's answers took before and meanwhile, and what the attacker got."""

    quiet: list[float]
    attacked: list[float]
    answers: dict[str, int]
    grown: int  # bytes of the server's memory

    @property
    def refused(self) -> int:
        return sum(count for answer, count in self.answers.items() if answer in REFUSALS)

    def row(self) -> dict[str, int | float | str]:
        """Return the figures of a line of the table."""
        quiet, attacked = p99(self.quiet), p99(self.attacked)
        asked = {"asked": sum(self.answers.values())}
        if "bytes sent" in self.answers:  # of a flood nobody counts the pieces
            asked = {"bytes": self.answers["bytes sent"]}
        return {
            "slowest": self.attacked[-1],
            "quiet p99": f"{quiet * 1000:.0f} ms",
            "attacked p99": f"{attacked * 1000:.0f} ms",
            "ratio": f"{attacked / quiet:.1f}",
            **asked,
            "refused": self.refused,
            "memory": f"{self.grown / 1e6:+.0f} MB",
        }


def talk_while_attacked(
    scene: Scene,
    wish: Wish,
    connections: int,
    seconds: float,
    way: Way = by_socket,
    pause: float = PAUSE,
) -> Harm:
    """Let the talker talk in the quiet, and then for as long while the attacker asks."""
    quiet = answers_of_talker(scene, way, seconds, pause)
    before = memory_of(scene.server)
    program = Program([sys.executable, Path(__file__).with_name("attacker.py")], Path.cwd())
    with program:
        program.write(json.dumps({"port": scene.server.port, "connections": connections} | wish))
        assert program.line() == "ready"
        attacked = answers_of_talker(scene, way, seconds, pause)
        grown = memory_of(scene.server) - before
        assert program.finish() == 0
        return Harm(quiet, attacked, json.loads(program.line()), grown)


def memory_of(server: Server) -> int:
    """Return how many bytes of memory the server's process has."""
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.parametrize(
    ("connections", "make_wish"),
    [
        (10, sync_of(BAD)),
        (10, sync_of(UNKNOWN)),
        (100, bad_log_in),
        (100, late_log_in),
        (100, own_details),
        (30, search),
        (30, read_pages),
        (10, long_messages),
        (50, pings),
        (20, unknown_events),
    ],
)
def test_whoever_asks_for_much_leaves_others_their_answers(
    scene: Scene, connections: int, make_wish: Callable[[Scene], Wish]
) -> None:
    leaves_others_their_answers(talk_while_attacked(scene, make_wish(scene), connections, SECONDS))


@pytest.mark.parametrize("make_wish", [pipelined, pings])
def test_whoever_talks_seldom_is_answered_beside_a_stranger_without_pause(
    scene: Scene, make_wish: Callable[[Scene], Wish]
) -> None:
    harm = talk_while_attacked(scene, make_wish(scene), 2, SECONDS, pause=SELDOM)
    leaves_others_their_answers(harm)


def test_behind_a_proxy_strangers_leave_others_their_answers(proxied: Scene) -> None:
    leaves_others_their_answers(talk_while_attacked(proxied, bad_connects(proxied), 50, SECONDS))


def test_whoever_is_logged_in_does_not_wait_for_a_stranger_at_the_same_address(
    scene: Scene,
) -> None:
    wish = bad_log_in(scene) | {"address": HERE}
    leaves_others_their_answers(talk_while_attacked(scene, wish, 100, SECONDS, by_http))


def test_whoever_connects_beside_strangers_at_the_same_address_is_let_in(scene: Scene) -> None:
    wish = pings(scene) | {"address": HERE}
    harm = talk_while_attacked(scene, wish, 50, SECONDS, by_new_sockets)
    assert harm.attacked[-1] < UNJOINED_SECONDS / 2
    assert harm.answers["bytes read"] > 0


def leaves_others_their_answers(harm: Harm) -> None:
    half = len(harm.quiet) // 2
    assert harm.attacked[len(harm.attacked) // 2] <= max(
        SHORT_RATIO * harm.quiet[half], SHORT_FLOOR
    )
    assert harm.attacked[-1] < ANSWER_WITHIN
    assert sum(count for answer, count in harm.answers.items() if answer != "closed") > 0


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /api/session HTTP/1.1\r\nHost: x",
        b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 60000\r\n\r\n{",
        b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    ],
    ids=["half a head", "a byte of a body", "a chunk of a body"],
)
def test_whoever_does_not_go_on_keeps_no_turn_of_their_network(
    scene: Scene, beginning: bytes
) -> None:
    with ExitStack() as stack:
        for _ in range(2 * NETWORK.turns):
            client = socket.create_connection(("127.0.0.1", scene.server.port))
            stack.enter_context(client).sendall(beginning)
        for _ in range(3):
            assert scene.talker.http("GET", "/session").status_code == 200
            assert requests.get(scene.server.url, timeout=PATIENCE).status_code == 200


@pytest.fixture(scope="module")
def crowded(scene: Scene) -> Scene:
    """The same server when the attacker is in as many groups as one may be, one of them full."""
    insert_rooms(
        scene.app,
        (
            (group_document(scene.attacker.id, number), [scene.attacker.id], scene.talker.id)
            for number in range(MAX_ROOMS - 2)
        ),
    )
    for count, prefix, more in (
        (MAX_MEMBERS - 1, "member", ["--room", "Everybody"]),
        (MANY_PEOPLE, "anybody", []),
    ):
        seeded = flask(
            *("seed", "users", "--count", str(count), "--prefix", prefix, *more),
            data_dir=scene.server.data_dir,
            MONGO_URI=scene.uri,
        )
        if more:
            scene.attacker.data("POST", "/rooms/join", {"number": full_room(scene)["number"]})
        assert seeded.returncode == 0
    return scene


def full_room(scene: Scene) -> Document:
    found: Document = (
        scene.app.extensions["chat"].database.db["room"].find_one({"name": "Everybody"})
    )
    return found


def rooms(scene: Scene) -> Wish:
    return http("GET", "/rooms", scene.attacker.token)


def members(scene: Scene) -> Wish:
    return http("GET", f"/rooms/{full_room(scene)['_id']}/members", scene.attacker.token)


@pytest.mark.torture
@pytest.mark.parametrize(
    ("what", "connections", "make_wish"),
    [
        ("sync of bad ids", 40, sync_of(BAD)),
        ("sync of unknown ids", 40, sync_of(UNKNOWN)),
        ("a list of the most rooms", 50, rooms),
        ("a list of the most members", 50, members),
        ("searches for people", 60, search),
        ("bad log-ins", 300, bad_log_in),
        ("bad log-ins whose end comes late", 300, late_log_in),
        ("slow readers of a long page", 900, read_pages),
        ("messages of the longest", 10, long_messages),
        ("pings of strangers", 500, pings),
        ("requests behind each other", 300, pipelined),
        ("requests to a full queue", 300, own_details),
        ("events without waiting", 50, unknown_events),
    ],
)
def test_whoever_asks_for_all_there_is_hardly_slows_others(
    crowded: Scene,
    figures: Figures,
    what: str,
    connections: int,
    make_wish: Callable[[Scene], Wish],
) -> None:
    wish = make_wish(crowded)
    harm = talk_while_attacked(crowded, wish, connections, MANY_SECONDS)
    figures.add(f"{what}, {connections} connections", **harm.row())
    hardly_slows_others(harm, FLOORS.get(what, FLOOR))
    if make_wish is read_pages:
        assert harm.grown < connections * READER_BYTES
    if make_wish is long_messages:
        assert harm.answers["data"] * len(LONGEST.encode()) <= QUOTA
        assert harm.answers["quota_exceeded"] > 0


@pytest.mark.torture
@pytest.mark.parametrize("make_wish", [pipelined, pings])
def test_whoever_talks_seldom_is_hardly_slowed(
    crowded: Scene, figures: Figures, make_wish: Callable[[Scene], Wish]
) -> None:
    harm = talk_while_attacked(crowded, make_wish(crowded), 300, MANY_SECONDS, pause=SELDOM)
    figures.add(f"{make_wish.__name__}, 300 connections, talking seldom", **harm.row())
    hardly_slows_others(harm)


@pytest.mark.torture
def test_behind_a_proxy_strangers_hardly_slow_others(proxied: Scene, figures: Figures) -> None:
    harm = talk_while_attacked(proxied, bad_connects(proxied), 100, MANY_SECONDS)
    figures.add("bad CONNECTs behind a proxy, 100 connections", **harm.row())
    hardly_slows_others(harm)


@pytest.mark.torture
def test_strangers_at_the_same_address_hardly_slow_whoever_is_logged_in(
    crowded: Scene, figures: Figures
) -> None:
    wish = bad_log_in(crowded) | {"address": HERE}
    harm = talk_while_attacked(crowded, wish, 300, MANY_SECONDS, by_http)
    figures.add("bad log-ins from the same address, 300 connections", **harm.row())
    hardly_slows_others(harm)


@pytest.mark.torture
def test_strangers_at_the_same_address_keep_nobody_out(crowded: Scene, figures: Figures) -> None:
    wish = pings(crowded) | {"address": HERE}
    harm = talk_while_attacked(crowded, wish, 500, MANY_SECONDS, by_new_sockets)
    figures.add("new sockets beside pings from the same address, 500 connections", **harm.row())
    assert harm.attacked[-1] < UNJOINED_SECONDS / 2


def hardly_slows_others(harm: Harm, floor: float = FLOOR) -> None:
    assert p99(harm.attacked) <= max(RATIO * p99(harm.quiet), floor)


def p99(times: list[float]) -> float:
    return times[int(len(times) * 0.99)]
