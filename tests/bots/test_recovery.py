"""Each message answered once and in order, whatever dies meanwhile."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from chat.bots import Bot, Message, Stopped
from chat.bots.changes import Told
from chat.bots.inbox import Inbox
from chat.bots.log import End, RoomLogs
from chat.bots.reader import Reader
from chat.bots.state import State
from chat.bots.timers import Timers
from chat.database.client import Database
from harness.servers import Server
from tests.backups import Backup, wait_until
from tests.bots.conftest import PATIENCE, BotProcess, Talker, texts
from tests.cli.commands import command
from tests.proxy import FaultyProxy
from tests.sockets.conftest import key_of, message
from tests.wire import Closed, WireClient

People = Callable[..., list[Talker]]
MakeBot = Callable[..., Bot]

# Its replies count, so that a message handled twice would show in all later ones.
COUNTING = """
import os, signal, sys, time
from pathlib import Path
from chat.bots import Bot

url, username, *dawdle = sys.argv[1:]
bot = Bot(url, username, os.environ["CHAT_PASSWORD"])

@bot.on_message
def count(message):
    bot.memory["count"] = bot.memory.get("count", 0) + 1
    if dawdle:
        print("dawdling", flush=True)
        while not Path("go").exists():
            time.sleep(0.01)
    message.reply(f"{bot.memory['count']}: {message.data}")
    if message.data == "fatal" and not Path("died").exists():
        Path("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)

bot.run()
"""


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[str], None]]:
    """A function that waits until the bot has logged a line."""
    lines: queue.Queue[str] = queue.Queue()
    handler = logging.Handler()
    handler.emit = lambda record: lines.put(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("chat.bots")
    caplog.set_level(logging.INFO, "chat.bots")
    logger.addHandler(handler)

    def wait_for(line: str) -> None:
        while lines.get(timeout=PATIENCE) != line:
            continue

    yield wait_for
    logger.removeHandler(handler)


def wait_for_replies(client: WireClient, robot: Talker, count: int) -> None:
    """Read pushes until the bot has replied so many times."""
    replies = {
        entry["id"] for entry in client.pushes("message_created") if entry["user_id"] == robot.id
    }
    while len(replies) < count:
        for kind, _, _, data in client.read():
            if kind == client.EVENT and data[0] == "message_created":
                if data[1]["user_id"] == robot.id:
                    replies.add(data[1]["id"])


def start_answering(bot: Bot) -> queue.Queue[str]:
    """Start a bot that answers each message, and return the texts as it has handled them."""
    handled: queue.Queue[str] = queue.Queue()

    @bot.on_message
    def answer(message: Message) -> None:
        message.reply(f"re {message.data}")
        handled.put(message.data)

    bot.start()
    assert bot.wait_ready(PATIENCE)
    return handled


def test_killed_bot_answers_each_message_once(people: People, tmp_path: Path) -> None:
    ada, bob, robot = people("ada", "bob", "robot")
    group = ada.create_group(bob, robot)
    allowed = threading.Semaphore(0)

    def talk(talker: Talker) -> None:
        client = talker.socket("/group")
        for number in range(30):
            allowed.acquire(timeout=PATIENCE)
            client.call("/group", "send_message", message(group, f"/echo {number}"))

    talkers = [threading.Thread(target=talk, args=(one,)) for one in (ada, bob)]
    watcher = ada.socket("/group")
    with BotProcess.of_module("chat.bots.echo", robot, tmp_path) as bot:
        bot.wait_for("ready")
        for thread in talkers:
            thread.start()
        for life in range(3):
            allowed.release(20)
            wait_for_replies(watcher, robot, 5 + 20 * life)  # it dies amid what it was told
            bot.kill()
            bot.start().wait_for("ready")
        for thread in talkers:
            thread.join(PATIENCE)
        wait_for_replies(watcher, robot, 60)
        assert bot.stop() == 0
    log = ada.log(group)
    asked = [entry["data"].removeprefix("/echo ") for entry in log if entry["user_id"] != robot.id]
    assert len(asked) == 60
    assert texts(log, robot) == asked


def test_crash_between_sending_and_recording_sends_and_counts_once(
    people: People, tmp_path: Path
) -> None:
    ada, robot = people("ada", "robot")
    direct = ada.direct_with(robot)
    watcher = ada.socket("/direct")
    with BotProcess.of_code(COUNTING, robot, tmp_path, robot.url, robot.username) as bot:
        bot.wait_for("ready")
        for text in ("a", "fatal", "b"):
            ada.post(direct, text)
        assert bot.wait() < 0
        bot.start().wait_for("ready")
        watcher.pushed("message_created", data="3: b")
        assert bot.stop() == 0
    assert texts(ada.log(direct), robot) == ["1: a", "2: fatal", "3: b"]


@pytest.mark.parametrize("end", [Server.kill, Server.stop])
def test_bot_goes_on_when_the_server_was_killed_or_stopped(
    mortal: Server, mortals: People, make_bot: MakeBot, end: Callable[[Server], int]
) -> None:
    ada, robot = mortals("ada", "robot")
    group = ada.create_group(robot)
    bot = make_bot(robot)
    handled = start_answering(bot)
    client = ada.socket("/group")
    for number in range(30):
        client.emit("/group", "send_message", message(group, f"{number}", f"c{number}"))
    client.pushed("message_created", user_id=robot.id)
    end(mortal)
    with pytest.raises((Closed, OSError)):
        while True:
            client.read()
    mortal.start()
    client = ada.socket("/group")
    for number in range(30):  # as every client does: what was not acked, again
        client.call("/group", "send_message", message(group, f"{number}", f"c{number}"))
    sent = texts(ada.log(group), ada)
    assert sorted(sent, key=int) == [f"{number}" for number in range(30)]
    assert [handled.get(timeout=PATIENCE) for _ in sent] == sent
    bot.stop()
    bot.wait()
    assert texts(ada.log(group), robot) == [f"re {text}" for text in sent]


def test_unsent_message_survives_the_bot_and_goes_out_once(
    mortal: Server, mortals: People, make_bot: MakeBot, tmp_path: Path
) -> None:
    ada, robot = mortals("ada", "robot")
    group = ada.create_group(robot)
    bot = make_bot(robot)
    bot.start()
    assert bot.wait_ready(PATIENCE)
    mortal.kill()
    outcome: queue.Queue[object] = queue.Queue()

    def send() -> None:
        try:
            bot.send(group["id"], "out of a dead server's reach")
        except Stopped as error:
            outcome.put(error)

    sending = threading.Thread(target=send)
    sending.start()
    kept = tmp_path / f"{robot.username}.json"
    wait_until(lambda: "out of a dead server's reach" in kept.read_text())
    bot.stop()
    bot.wait()
    assert isinstance(outcome.get(timeout=PATIENCE), Stopped)
    mortal.start()
    watcher = ada.socket("/group")
    for _ in range(2):
        with make_bot(robot) as again:
            assert again.wait_ready(PATIENCE)
            watcher.pushed("message_created", data="out of a dead server's reach")
    assert len(texts(ada.log(group), robot)) == 1


def test_unsent_message_of_a_killed_bot_goes_out_once(people: People, tmp_path: Path) -> None:
    ada, robot = people("ada", "robot")
    direct = ada.direct_with(robot)
    watcher = ada.socket("/direct")
    with FaultyProxy(robot.url, drop=0, repeat=0, late=0) as proxy:
        arguments = (COUNTING, robot, tmp_path, proxy.url, robot.username)
        with BotProcess.of_code(*arguments, "dawdle") as bot:
            bot.wait_for("ready")
            ada.post(direct, "a")
            bot.wait_for("dawdling")
            proxy.freeze()
            (tmp_path / "go").touch()
            wait_until(lambda: "1: a" in (tmp_path / f"{robot.username}.bot.json").read_text())
            bot.kill()
            proxy.thaw()  # the first try may still arrive, beside that of the next start
            bot.start().wait_for("ready")
            watcher.pushed("message_created", data="1: a")
            ada.post(direct, "b")
            watcher.pushed("message_created", data="2: b")
            assert bot.stop() == 0
    assert texts(ada.log(direct), robot) == ["1: a", "2: b"]


def test_bot_gives_up_a_connection_that_swallows_everything_and_is_heard_once(
    people: People,
    make_bot: MakeBot,
    logged: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    with FaultyProxy(robot.url, drop=0, repeat=0, late=0) as proxy:
        with make_bot(robot, proxy.url) as bot:
            assert bot.wait_ready(PATIENCE)
            monkeypatch.setattr("chat.bots.connection.TIMEOUT", 0.5)
            proxy.freeze()
            sending = threading.Thread(target=bot.send, args=(group["id"], "from the deep"))
            sending.start()
            logged("disconnected: no answer")
            monkeypatch.undo()
            proxy.thaw()
            sending.join(PATIENCE)
            assert not sending.is_alive()
    assert texts(ada.log(group), robot) == ["from the deep"]


@pytest.mark.parametrize("says_so", [True, False])
def test_bot_goes_on_behind_what_it_handled_when_the_database_was_set_back(
    mortal: Server,
    mortals: People,
    make_bot: MakeBot,
    logged: Callable[[str], None],
    tmp_path: Path,
    says_so: bool,
) -> None:
    ada, robot = mortals("ada", "robot")
    group = ada.create_group(robot)
    bot = make_bot(robot)
    handled = start_answering(bot)
    watcher = ada.socket("/group")
    ada.post(group, "kept")
    watcher.pushed("message_created", data="re kept")
    database = Database(mortal.mongo_uri)
    backup = Backup(database)
    ada.post(group, "lost")
    watcher.pushed("message_created", data="re lost")
    mortal.stop()
    backup.put_back()
    database.close()
    if says_so:
        command("db", "restored", data_dir=tmp_path, MONGO_URI=mortal.mongo_uri)
    mortal.start()
    new = [f"new {number}" for number in range(3)]
    for text in new:
        ada.post(group, text)
    if says_so:
        logged("the server's database was restored from a backup")
    logged(f"the log of room {group['id']} is another one: going on behind 2")
    assert [handled.get(timeout=PATIENCE) for _ in range(5)] == ["kept", "lost", *new]
    bot.stop()
    bot.wait()
    assert handled.empty()
    assert texts(ada.log(group), robot) == [f"re {text}" for text in ["kept", *new]]


def test_bot_whose_session_was_ended_logs_in_again(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    direct = ada.direct_with(robot)
    bot = make_bot(robot)
    heard: queue.Queue[Message] = queue.Queue()
    bot.on_message(heard.put)
    bot.start()
    assert bot.wait_ready(PATIENCE)

    def sessions() -> list[str]:
        return [one["id"] for one in robot.data("GET", "/session") if not one["current"]]

    for number in range(2):
        wait_until(lambda: len(sessions()) == 1)
        robot.data("DELETE", f"/session/{sessions()[0]}")
        ada.post(direct, f"{number}")
        assert heard.get(timeout=PATIENCE).data == f"{number}"
    assert heard.empty()


def test_bot_goes_on_with_a_fresh_token_on_the_same_connection(
    mortal: Server,
    mortals: People,
    make_bot: MakeBot,
    logged: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("chat.bots.link.RENEW_EVERY", 0.0)
    mortal.set("ACCESS_TOKEN_MINUTES", 1)
    ada, robot = mortals("ada", "robot")
    direct = ada.direct_with(robot)
    key = key_of(mortal)
    claims = jwt.decode(robot.token, key, ["HS256"])
    soon = jwt.encode(claims | {"exp": int(time.time()) + 14}, key, "HS256")  # asked at once
    bot = make_bot(robot, username=None, access_token=soon, refresh_token=robot.refresh_token)
    heard: queue.Queue[Message] = queue.Queue()
    bot.on_message(heard.put)
    bot.start()
    logged("went on with a fresh token")
    ada.post(direct, "hello")
    assert heard.get(timeout=PATIENCE).data == "hello"
    said = [line for line in caplog.messages if line in ("connected", "went on with a fresh token")]
    # On one connection, and a token of a minute is not asked for again while it is fresh.
    assert said == ["connected", "went on with a fresh token"]


@pytest.mark.parametrize("count", [5, 6])
def test_a_bot_in_more_rooms_than_one_sync_names_misses_nothing(
    people: People, make_bot: MakeBot, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr("chat.bots.reader.SYNC_ROOMS", 2)
    ada, robot = people("ada", "robot")
    groups = [ada.create_group(robot) for _ in range(count)]
    heard: queue.Queue[str] = queue.Queue()
    bot = make_bot(robot)
    bot.on_message(lambda message: heard.put(message.data))
    with bot:
        assert bot.wait_ready(PATIENCE)
    new = ada.create_group(robot)
    for group in [*groups, new]:
        ada.post(group, group["id"])
    with bot:
        told = {heard.get(timeout=PATIENCE) for _ in range(count + 1)}
    assert told == {group["id"] for group in [*groups, new]} and heard.empty()


class Quiet:
    """Stands where the server is, in whose rooms nothing is new; notes what it is asked."""

    def __init__(self) -> None:
        self.synced: list[dict[str, Any]] = []

    def call(self, kind: str, path: str, payload: dict[str, Any] | None = None) -> Any:
        if payload is None:
            return []  # no room and no invitation
        if kind == "group":
            self.synced.append(payload)
        return {"epoch": "1", "gone": [], "joined": [], "rooms": {}}


def test_a_sync_of_two_thousand_rooms_is_sent_in_packets_that_are_taken(tmp_path: Path) -> None:
    rooms = {f"{number:024x}": 1_000_000_000 for number in range(0, 20_000, 10)}
    state, quiet, inbox = State(tmp_path / "bot.json"), Quiet(), Inbox()
    state.commit(
        "group", rooms, {id: End(id, 1) for id in rooms}, {id: Told(10**9) for id in rooms}
    )
    server: Any = quiet
    reader = Reader(
        inbox=inbox,
        link=server,
        session=server,
        state=state,
        logs=RoomLogs(),
        timers=Timers(),
        handle=lambda *_: True,
        tell=lambda *_: True,
        on_ready=lambda: None,
    )
    reader.begin()
    inbox.online()
    while not inbox.empty():
        reader.turn()
    parts = quiet.synced
    for name, named in (("rooms", rooms), ("ids", {id: id for id in rooms}), ("revs", rooms)):
        assert {id: value for part in parts for id, value in part[name].items()} == named
    assert all(len(json.dumps(part)) < 60_000 for part in parts)
    ends = [(part.get("after", ""), part.get("upto", "g")) for part in parts]
    assert ends[0][0] == "" and ends[-1][1] == "g"
    assert [end for _, end in ends[:-1]] == [begin for begin, _ in ends[1:]]


def test_more_pushes_than_the_inbox_holds_are_fetched(
    people: People, make_bot: MakeBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.bots.inbox.MAX_PUSHES", 4)
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    bot = make_bot(robot)
    heard: queue.Queue[str] = queue.Queue()
    may_go_on = threading.Event()

    @bot.on_message
    def slow(message: Message) -> None:
        heard.put(message.data)
        may_go_on.wait(PATIENCE)

    bot.start()
    assert bot.wait_ready(PATIENCE)
    for number in range(20):
        ada.post(group, f"{number}")
    assert heard.get(timeout=PATIENCE) == "0"
    may_go_on.set()
    assert [heard.get(timeout=PATIENCE) for _ in range(19)] == [f"{n}" for n in range(1, 20)]
