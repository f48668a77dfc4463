"""What a bot's author may rely on while all goes well."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chat.bots import Bot, BotError, Message, NotLoggedIn
from chat.bots.connection import Connection
from chat.bots.state import State
from tests.bots.conftest import PATIENCE, Talker, texts
from tests.sockets.conftest import message

People = Callable[..., list[Talker]]
MakeBot = Callable[..., Bot]


def start(bot: Bot) -> queue.Queue[Message]:
    """Start a bot, wait until it hears everything, and return what it hears from then on."""
    heard: queue.Queue[Message] = queue.Queue()
    bot.on_message(heard.put)
    bot.start()
    assert bot.wait_ready(PATIENCE)
    return heard


def hear(heard: queue.Queue[Message], count: int) -> list[Message]:
    """Return the next messages, waiting for them."""
    return [heard.get(timeout=PATIENCE) for _ in range(count)]


def test_bursts_in_several_rooms_are_handled_in_order(people: People, make_bot: MakeBot) -> None:
    ada, bob, robot = people("ada", "bob", "robot")
    rooms = [ada.create_group(bob, robot), ada.create_group(robot), ada.direct_with(robot)]
    heard = start(make_bot(robot))
    clients = [ada.socket("/group"), bob.socket("/group"), ada.socket("/direct")]
    sends = [
        (clients[0], "/group", rooms[0]),
        (clients[1], "/group", rooms[0]),
        (clients[0], "/group", rooms[1]),
        (clients[2], "/direct", rooms[2]),
    ]
    for number in range(15):  # 15 to each, all of them under way at once
        for client, namespace, room in sends:
            client.emit(namespace, "send_message", message(room, f"number {number}"))
    found = hear(heard, 15 * len(sends))
    assert heard.empty()
    for room, count in zip(rooms, (30, 15, 15), strict=True):
        assert [one.seq for one in found if one.room_id == room["id"]] == list(range(1, count + 1))
    assert {one.room_id for one in found if one.direct} == {rooms[2]["id"]}


def test_reply_goes_to_the_same_room_and_own_messages_are_not_handled(
    people: People, make_bot: MakeBot
) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    bot = make_bot(robot)
    replies: queue.Queue[Message] = queue.Queue()
    bot.on_message(lambda message: replies.put(message.reply(f"{message.username}: heard")))
    heard = start(bot)
    first = ada.post(group, "one")
    reply = replies.get(timeout=PATIENCE)
    assert (reply.seq, reply.user_id, reply.direct) == (2, robot.id, False)
    second = ada.post(group, "two")
    assert [one.id for one in hear(heard, 2)] == [first["id"], second["id"]]
    replies.get(timeout=PATIENCE)
    assert texts(ada.log(group), robot) == [f"{ada.username}: heard"] * 2
    assert heard.empty()


def test_new_bot_does_not_answer_older_messages(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    direct = ada.direct_with(robot)
    ada.post(direct, "before")
    heard = start(make_bot(robot))
    ada.post(direct, "after")
    assert hear(heard, 1)[0].data == "after"


def test_new_bot_reads_from_the_start_when_asked_to(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    direct = ada.direct_with(robot)
    for number in range(3):
        ada.post(direct, f"{number}")
    heard = start(make_bot(robot, from_start=True))
    assert [one.data for one in hear(heard, 3)] == ["0", "1", "2"]


def test_new_rooms_are_followed_from_their_first_message_that_concerns_the_bot(
    people: People, make_bot: MakeBot
) -> None:
    ada, bob, robot = people("ada", "bob", "robot")
    ada.create_group(robot)  # so that they are no strangers
    group = ada.create_group()
    ada.post(group, "among ourselves")
    heard = start(make_bot(robot))
    ada.add(group, robot)
    ada.post(group, "welcome")
    assert hear(heard, 1)[0].data == "welcome"
    client = bob.socket("/direct")
    payload = {"to": robot.username, "client_id": "c1", "data": "the first word"}
    assert "data" in client.call("/direct", "send_message", payload)
    assert hear(heard, 1)[0].data == "the first word"


def test_bot_that_a_stranger_adds_to_a_group_accepts_also_when_it_was_away(
    people: People, make_bot: MakeBot
) -> None:
    ada, bob, robot = people("ada", "bob", "robot")
    groups = {owner: owner.create_group() for owner in (ada, bob)}
    witnesses = {owner: owner.socket("/group") for owner in groups}

    def ask(owner: Talker) -> None:
        path = f"/rooms/{groups[owner]['id']}/members"
        assert owner.data("POST", path, {"username": robot.username}) == {"invited": True}

    ask(ada)
    heard = start(make_bot(robot))
    ask(bob)
    for owner, group in groups.items():
        assert witnesses[owner].pushed("member_joined")["user"]["id"] == robot.id
        owner.post(group, owner.username)
    assert {one.data for one in hear(heard, 2)} == {ada.username, bob.username}


def test_bot_that_was_away_answers_what_it_missed_in_old_and_new_rooms(
    people: People, make_bot: MakeBot
) -> None:
    ada, bob, robot = people("ada", "bob", "robot")
    known, joined = ada.create_group(robot), ada.create_group()
    bot = make_bot(robot)
    start(bot)
    bot.stop()
    bot.wait()
    client = ada.socket("/group")
    for number in range(130):  # more than a page
        client.call("/group", "send_message", message(known, f"{number}"))
    ada.post(joined, "among ourselves")
    ada.add(joined, robot)
    ada.post(joined, "welcome")
    bob.post(bob.direct_with(robot), "hello")
    heard = start(make_bot(robot))
    found = hear(heard, 132)
    in_known = [one.data for one in found if one.room_id == known["id"]]
    assert in_known == [f"{number}" for number in range(130)]
    assert {one.data for one in found if one.room_id != known["id"]} == {"welcome", "hello"}
    assert heard.empty()


def test_removed_bot_gets_nothing_and_comes_back_at_the_end(
    people: People, make_bot: MakeBot
) -> None:
    ada, robot = people("ada", "robot")
    group, other = ada.create_group(robot), ada.create_group(robot)
    heard = start(make_bot(robot))
    ada.post(group, "before")
    hear(heard, 1)
    ada.data("DELETE", f"/rooms/{group['id']}/members/{robot.id}")
    ada.post(group, "among ourselves")
    ada.post(other, "elsewhere")
    assert hear(heard, 1)[0].data == "elsewhere"
    ada.add(group, robot)
    ada.post(group, "welcome back")
    assert hear(heard, 1)[0].data == "welcome back"


def test_commands_get_their_arguments_and_help_lists_them(
    people: People, make_bot: MakeBot
) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    bot = make_bot(robot)
    called: queue.Queue[Message] = queue.Queue()

    @bot.command("add")
    def add(message: Message) -> None:
        """Add two numbers.

        Not this line.
        """
        called.put(message)

    heard = start(bot)
    client = ada.socket("/group")
    for text in ("/add 1 2", "/ADD\n3 4", "/add", "/address", "add 1 2", "/other", "/help"):
        ada.post(group, text)
    assert [one.arguments for one in hear(called, 3)] == ["1 2", "3 4", ""]
    assert [one.data for one in hear(heard, 3)] == ["/address", "add 1 2", "/other"]
    answer = client.pushed("message_created", user_id=robot.id)
    assert answer["data"] == "/add  Add two numbers."
    with pytest.raises(ValueError):
        bot.command("ADD")(add)


def test_own_help_command_replaces_the_built_in_one(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    direct = ada.direct_with(robot)
    bot = make_bot(robot, prefix="!")
    bot.command("help")(lambda message: message.reply("Help yourself."))
    start(bot)
    client = ada.socket("/direct")
    ada.post(direct, "!help")
    assert client.pushed("message_created", user_id=robot.id)["data"] == "Help yourself."


def test_failing_handler_does_not_stop_the_bot(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    bot = make_bot(robot)

    @bot.on_message
    def fail(message: Message) -> None:
        raise ZeroDivisionError

    heard = start(bot)
    ada.post(group, "one")
    ada.post(group, "two")
    assert [one.data for one in hear(heard, 2)] == ["one", "two"]


def test_refusals_are_raised_to_the_caller(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    foreign, own = ada.create_group(), ada.create_group(robot)
    bot = make_bot(robot)
    with pytest.raises(RuntimeError):
        bot.send(own["id"], "too early")
    start(bot)
    for room_id in (foreign["id"], "0" * 24, "nonsense"):
        with pytest.raises(BotError) as refused:
            bot.send(room_id, "hello")
        assert refused.value.code == "not_found"
    with pytest.raises(BotError) as refused:
        bot.send(own["id"], "x" * 4_001)
    assert refused.value.code == "validation_error" and "data" in refused.value.fields
    with pytest.raises(BotError) as refused:
        bot.send_to("nobody-at-all", "hello")
    assert refused.value.code == "not_found"
    with pytest.raises(BotError) as refused:
        bot.request("DELETE", f"/rooms/{own['id']}")
    assert refused.value.code == "forbidden"
    assert bot.send(own["id"], "still here").seq == 1


def test_bot_can_send_first_and_use_the_whole_api(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    bot = make_bot(robot)
    with bot:
        sent = bot.send_to(ada.username, "hello")
        assert (sent.seq, sent.direct) == (1, True)
        assert bot.send(sent.room_id, "and again").seq == 2
        group = bot.request("POST", "/rooms", {"name": "Made by a bot"})
        assert bot.send(group["id"], "here").direct is False
        assert [bot.send(group["id"], "once", client_id="mine").seq for _ in range(2)] == [2, 2]
        assert bot.user_id == robot.id
    assert [entry["data"] for entry in ada.log({"id": sent.room_id})] == ["hello", "and again"]


def test_rate_limited_sends_are_repeated_and_none_is_lost(
    people: People, make_bot: MakeBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    bot = make_bot(robot)
    start(bot)
    together = threading.Barrier(100)
    tried: dict[str, float] = {}
    call = Connection.call

    def limited(self: Connection, kind: str, event: str, payload: dict[str, Any]) -> Any:
        name = payload.get("client_id", "")
        if event == "send_message" and name not in tried and len(tried) < 50:
            tried[name] = time.monotonic()
            raise BotError("rate_limited", retry_after=0.5)
        if name in tried:
            assert time.monotonic() - tried[name] >= 0.5
        return call(self, kind, event, payload)

    monkeypatch.setattr(Connection, "call", limited)
    monkeypatch.setattr(State, "add_unsent", lambda *_: together.wait(PATIENCE))
    threads = [
        threading.Thread(target=bot.send, args=(group["id"], f"{number}")) for number in range(100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(texts(ada.log(group), robot), key=int) == [f"{number}" for number in range(100)]
    assert len(tried) >= 50


def test_bot_works_with_tokens_alone(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    direct = ada.direct_with(robot)
    tokens = {"access_token": robot.token, "refresh_token": robot.refresh_token}
    bot = make_bot(robot, username=None, password=None, **tokens)
    heard = start(bot)
    ada.post(direct, "hello")
    hear(heard, 1)
    bot.stop()
    bot.wait()
    assert robot.http("GET", "/users/me").ok  # what it did not begin, it does not end


def test_stopped_bot_has_logged_out_and_can_start_again(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    bot = make_bot(robot)
    heard = start(bot)
    assert len(robot.data("GET", "/session")) == 2
    bot.stop()
    bot.wait()
    assert len(robot.data("GET", "/session")) == 1
    ada.post(group, "while it was away")
    bot.start()
    assert hear(heard, 1)[0].data == "while it was away"


def test_wrong_password_ends_the_bot_with_a_reason(people: People, tmp_path: Path) -> None:
    (robot,) = people("robot")
    bot = Bot(robot.url, robot.username, "wrong-password", state_file=tmp_path / "bot.json")
    with pytest.raises(NotLoggedIn, match="password is wrong"):
        bot.run()
    bot.start()
    assert not bot.wait_ready(PATIENCE)
    with pytest.raises(ValueError):
        Bot(robot.url, robot.username)
