"""What a bot does to messages, and how it hears what others did to them."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chat.bots import Bot, BotError, Message
from chat.bots.changes import ChangePosition
from chat.bots.state import State
from harness.servers import Server
from tests.bots.conftest import PATIENCE, BotProcess, Talker
from tests.guarantees.changing import REACT, change_all
from tests.sockets.conftest import answered

People = Callable[..., list[Talker]]
MakeBot = Callable[..., Bot]
Heard = queue.Queue[Message]
HEART = "❤️"

# It counts the changes, so that a repeated one would show.
NOTING = """
import os, signal, sys
from pathlib import Path
from chat.bots import Bot

url, username = sys.argv[1:]
bot = Bot(url, username, os.environ["CHAT_PASSWORD"])

@bot.on_messages_changed
def note(message):
    bot.memory["count"] = bot.memory.get("count", 0) + 1
    bot.send(message.room_id, f"{bot.memory['count']}: {message.data}")
    if message.data == "fatal" and not Path("died").exists():
        Path("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)

bot.run()
"""


def start(bot: Bot) -> Heard:
    """Start a bot, wait until it hears everything, and return what is told of changes then."""
    told: Heard = queue.Queue()
    bot.on_messages_changed(told.put)
    bot.start()
    assert bot.wait_ready(PATIENCE)
    return told


def end(bot: Bot) -> None:
    bot.stop()
    bot.wait()


def edit(talker: Talker, room: dict[str, Any], seq: int, data: str) -> dict[str, Any]:
    path = f"/rooms/{room['id']}/messages/{seq}"
    found: dict[str, Any] = talker.data("PATCH", path, {"data": data})
    return found


def message_at(talker: Talker, room: dict[str, Any], seq: int) -> dict[str, Any]:
    found: dict[str, Any] = talker.data("GET", f"/rooms/{room['id']}/messages/{seq}")
    return found


def test_a_bot_edits_reacts_pins_and_deletes(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    direct = ada.direct_with(robot)
    asked = ada.post(direct, "What time is it?")
    with make_bot(robot) as bot:
        own = bot.send(direct["id"], "Four o'clock")
        edited = bot.edit(own, "Five o'clock")
        assert (edited.id, edited.data, edited.version) == (own.id, "Five o'clock", 1)
        assert edited.edited_at and edited.direct
        there = direct["id"], asked["seq"]
        (reaction,) = bot.react(there, HEART).reactions
        assert (reaction.emoji, reaction.count, reaction.user_ids) == (HEART, 1, (robot.id,))
        assert bot.react(there, HEART, on=False).reactions == ()
        assert bot.pin(there).pinned and not bot.pin(there, on=False).pinned
        bot.react(there, "👍")
        deleted = bot.delete(own)
        assert deleted.data == "" and deleted.deleted_at
        assert bot.delete(own) == deleted
    assert message_at(ada, direct, own.seq)["deleted_at"] == deleted.deleted_at
    assert [one["emoji"] for one in message_at(ada, direct, 1)["reactions"]] == ["👍"]


def test_a_refused_change_is_raised(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    group, foreign = ada.create_group(robot), ada.create_group()
    ada.post(group, "hers")
    ada.post(foreign, "among ourselves")
    bot = make_bot(robot)
    with pytest.raises(RuntimeError):
        bot.edit((group["id"], 1), "too early")
    with bot:
        own = bot.send(group["id"], "mine")
        bot.delete(own)
        refused: list[tuple[str, Callable[[], Message]]] = [
            ("forbidden", lambda: bot.edit((group["id"], 1), "not mine")),
            ("forbidden", lambda: bot.delete((group["id"], 1))),
            ("forbidden", lambda: bot.pin((group["id"], 1))),
            ("validation_error", lambda: bot.react((group["id"], 1), "no emoji")),
            ("conflict", lambda: bot.edit(own, "too late")),
            ("not_found", lambda: bot.react((group["id"], 99), HEART)),
            ("not_found", lambda: bot.react((foreign["id"], 1), HEART)),
        ]
        for code, change in refused:
            with pytest.raises(BotError) as error:
                change()
            assert error.value.code == code
    assert message_at(ada, group, 1)["version"] == 0


def test_a_change_is_tried_again_until_the_server_is_back(
    mortal: Server, mortals: People, make_bot: MakeBot
) -> None:
    ada, robot = mortals("ada", "robot")
    group = ada.create_group(robot)
    with make_bot(robot) as bot:
        own = bot.send(group["id"], "first")
        mortal.kill()
        changing = threading.Thread(target=bot.edit, args=(own, "second"))
        changing.start()
        mortal.start()
        changing.join(PATIENCE)
        assert not changing.is_alive()
    assert message_at(ada, group, own.seq)["data"] == "second"


def test_the_handler_gets_each_changed_message_as_it_is_now(
    people: People, make_bot: MakeBot
) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    first = ada.post(group, "first")
    bot = make_bot(robot)
    told = start(bot)
    edit(ada, group, 1, "other")
    found = told.get(timeout=PATIENCE)
    assert (found.id, found.data, found.version) == (first["id"], "other", 1)
    assert found.edited_at and not found.direct and found.username == ada.username
    ada.data("PUT", f"/rooms/{group['id']}/messages/1/pin")
    assert told.get(timeout=PATIENCE).pinned
    bot.react(found, HEART)  # its own changes are no exception
    (reaction,) = told.get(timeout=PATIENCE).reactions
    assert (reaction.emoji, reaction.user_ids) == (HEART, (robot.id,))
    own = bot.send(group["id"], "mine")
    ada.data("DELETE", f"/rooms/{group['id']}/messages/2")
    found = told.get(timeout=PATIENCE)
    assert found.id == own.id and found.deleted_at and found.data == ""
    end(bot)
    assert told.empty()


def test_many_changes_at_once_are_delivered_once_each_in_the_order_of_versions(
    people: People, make_bot: MakeBot
) -> None:
    ada, bob, robot = people("ada", "bob", "robot")
    group = ada.create_group(bob, robot)
    for number in range(3):
        ada.post(group, f"{number}")
    bot = make_bot(robot)
    told = start(bot)

    def change(talker: Talker) -> None:
        client = talker.socket("/group")
        for number in range(60):
            what = {"emoji": HEART, "on": number % 6 < 3}
            payload = {"room_id": group["id"], "seq": 1 + number % 3, **what}
            assert "data" in answered(lambda: client.call("/group", "react", payload))

    people_changing = [threading.Thread(target=change, args=(one,)) for one in (ada, bob)]
    for thread in people_changing:
        thread.start()
    for thread in people_changing:
        thread.join(PATIENCE)
    versions: dict[int, list[int]] = {1: [0], 2: [0], 3: [0]}
    while any(seen[-1] < 40 for seen in versions.values()):
        found = told.get(timeout=PATIENCE)
        versions[found.seq].append(found.version)
    end(bot)
    assert told.empty()
    assert all(seen == sorted(set(seen)) for seen in versions.values())


def test_a_bot_that_was_away_gets_each_changed_message_once(
    people: People, make_bot: MakeBot
) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    for number in range(3):
        ada.post(group, f"{number}")
    bot = make_bot(robot)
    start(bot)
    end(bot)
    edit(ada, group, 1, "once")
    edit(ada, group, 1, "twice")
    ada.data("DELETE", f"/rooms/{group['id']}/messages/2")
    ada.post(group, "said and edited")
    edit(ada, group, 4, "edited before the bot came")
    ada.post(group, "said and deleted")
    ada.data("DELETE", f"/rooms/{group['id']}/messages/5")
    bot = make_bot(robot)
    heard: queue.Queue[Message] = queue.Queue()
    bot.on_message(heard.put)
    told = start(bot)
    edit(ada, group, 3, "from now on")
    found = [told.get(timeout=PATIENCE) for _ in range(4)]
    assert [(one.seq, one.data) for one in found] == [
        (1, "twice"),
        (2, ""),
        (5, ""),
        (3, "from now on"),
    ]
    assert heard.get(timeout=PATIENCE).data == "edited before the bot came"
    end(bot)
    assert told.empty() and heard.empty()
    bot = make_bot(robot)
    told = start(bot)
    edit(ada, group, 3, "the mark")
    assert told.get(timeout=PATIENCE).data == "the mark"
    end(bot)
    assert told.empty()


def test_a_thousand_missed_changes_are_delivered_as_each_message_once(
    people: People, make_bot: MakeBot
) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    client = ada.socket("/group")
    for number in range(250):
        payload = {"room_id": group["id"], "client_id": f"c{number}", "data": f"{number}"}
        client.call("/group", "send_message", payload)
    bot = make_bot(robot)
    start(bot)
    end(bot)
    reactions = [
        (REACT, {"seq": 1 + number % 250, "emoji": HEART, "on": number % 500 < 250})
        for number in range(1_000)
    ]
    assert all("data" in answer for answer in change_all(client, group, reactions))
    told = start(make_bot(robot))
    found = [told.get(timeout=PATIENCE) for _ in range(250)]
    assert {(one.seq, one.version) for one in found} == {(seq, 4) for seq in range(1, 251)}
    assert told.empty()


@pytest.mark.parametrize("end_server", [Server.kill, Server.stop])
def test_changes_are_delivered_once_although_the_server_ends_amid_them(
    mortal: Server, mortals: People, make_bot: MakeBot, end_server: Callable[[Server], int]
) -> None:
    ada, robot = mortals("ada", "robot")
    group = ada.create_group(robot)
    ada.post(group, "0")
    bot = make_bot(robot)
    told = start(bot)
    client = ada.socket("/group")
    for number in range(1, 21):
        payload = {"room_id": group["id"], "seq": 1, "data": f"{number}"}
        client.emit("/group", "edit_message", payload)
    client.pushed("messages_changed")
    end_server(mortal)
    mortal.start()
    last = edit(ada, group, 1, "the last")
    versions = [0]
    while versions[-1] < last["version"]:
        versions.append(told.get(timeout=PATIENCE).version)
    end(bot)
    assert told.empty() and versions == sorted(set(versions))


def test_a_bot_killed_in_a_handler_is_called_again_and_counts_once(
    people: People, tmp_path: Path
) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    watcher = ada.socket("/group")
    ada.post(group, "0")
    with BotProcess.of_code(NOTING, robot, tmp_path, robot.url, robot.username) as bot:
        bot.wait_for("ready")
        edit(ada, group, 1, "a")
        watcher.pushed("message_created", data="1: a")
        edit(ada, group, 1, "fatal")
        assert bot.wait() < 0
        bot.start().wait_for("ready")
        edit(ada, group, 1, "b")
        watcher.pushed("message_created", data="3: b")
        assert bot.stop() == 0
    said = [entry["data"] for entry in ada.log(group) if entry["user_id"] == robot.id]
    assert said == ["1: a", "2: fatal", "3: b"]


def test_a_bot_with_a_new_change_handler_gets_changes_from_then_on(
    people: People, make_bot: MakeBot, tmp_path: Path
) -> None:
    ada, robot = people("ada", "robot")
    rooms = [ada.create_group(robot), ada.direct_with(robot)]
    for room in rooms:
        ada.post(room, "first")
    with make_bot(robot) as bot:
        assert bot.wait_ready(PATIENCE)
    file = tmp_path / f"{robot.username}.json"
    kept = json.loads(file.read_text())
    assert kept.pop("told") == {"direct": {}, "group": {}}
    file.write_text(json.dumps(kept))  # as an earlier version has written it
    for room in rooms:
        edit(ada, room, 1, "before")
    told = start(make_bot(robot))
    for room in rooms:
        edit(ada, room, 1, "after")
    found = [told.get(timeout=PATIENCE) for _ in rooms]
    assert {one.room_id for one in found} == {room["id"] for room in rooms}
    assert {one.data for one in found} == {"after"} and told.empty()


def test_a_bot_with_an_unknown_rev_continues_with_the_next_change_and_misses_no_message(
    people: People, make_bot: MakeBot, tmp_path: Path
) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    ada.post(group, "first")
    bot = make_bot(robot)
    start(bot)
    end(bot)
    state = State(tmp_path / f"{robot.username}.json")
    position, last = {group["id"]: 1}, {group["id"]: state.end("group", group["id"])}
    state.commit("group", position, last, {group["id"]: ChangePosition(99)})
    edit(ada, group, 1, "missed")
    for text in ("second", "third"):
        ada.post(group, text)
    bot = make_bot(robot)
    heard: queue.Queue[Message] = queue.Queue()
    bot.on_message(heard.put)
    told = start(bot)
    assert [heard.get(timeout=PATIENCE).data for _ in range(2)] == ["second", "third"]
    edit(ada, group, 2, "told")
    assert told.get(timeout=PATIENCE).data == "told"
    end(bot)
    assert told.empty()
