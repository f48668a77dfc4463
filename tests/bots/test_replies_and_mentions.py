"""A bot hears whom messages mention and what they reply to, and replies so itself."""

from __future__ import annotations

import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chat.bots import Bot, Message
from tests.bots.conftest import PATIENCE, BotProcess, Talker, texts

People = Callable[..., list[Talker]]
MakeBot = Callable[..., Bot]

# It dies once in the middle of an answer.
ANSWERING = """
import os, signal, sys
from pathlib import Path
from chat.bots import Bot

url, username = sys.argv[1:]
bot = Bot(url, username, os.environ["CHAT_PASSWORD"])

@bot.on_mention
def answer(message):
    about = message.reply_to.data if message.reply_to else "nothing"
    message.reply(f"about {about}")
    if about == "fatal" and not Path("died").exists():
        Path("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)

@bot.on_message
def other(message):
    message.reply("not asked")

bot.run()
"""


def wait_for(watcher: Talker, room: dict[str, Any], robot: Talker, count: int) -> list[Any]:
    """Wait until a bot has said so much, and return it."""
    client = watcher.socket("/group")
    while len(said := [one for one in watcher.log(room) if one["user_id"] == robot.id]) < count:
        client.wait(lambda entry: entry[0] == client.EVENT and entry[3][0] == "message_created")
        client.received.clear()
    return said


def test_a_killed_bot_answers_each_mention_once_as_a_reply(people: People, tmp_path: Path) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    ada.post(group, "before its first start")
    arguments = (ANSWERING, robot, tmp_path, ada.url, robot.username)
    with BotProcess.of_code(*arguments) as bot:
        bot.wait_for("ready")
        ada.post(group, "fatal")
        ada.post(group, f"@{robot.username}?", reply_to=2)
        bot.wait()
        ada.post(group, f"@{robot.username}, while you were away")
        bot.start().wait_for("ready")
        said = wait_for(ada, group, robot, 3)
        assert bot.stop() == 0
    assert [(one["data"], one["reply_to"]["data"]) for one in said] == [
        ("not asked", "fatal"),
        ("about fatal", f"@{robot.username}?"),
        ("about nothing", f"@{robot.username}, while you were away"),
    ]


def test_a_reply_quotes_in_groups_and_elsewhere_when_asked_to(
    people: People, make_bot: MakeBot
) -> None:
    ada, robot = people("ada", "robot")
    group, direct = ada.create_group(robot), ada.direct_with(robot)
    bot = make_bot(robot)
    replies: queue.Queue[Message] = queue.Queue()

    @bot.on_message
    def answer(message: Message) -> None:
        for quote in (None, True, False):
            replies.put(message.reply(f"{quote}", quote))

    bot.start()
    assert bot.wait_ready(PATIENCE)
    for room in (group, direct):
        ada.post(room, f"hello @{robot.username} @all")
        found = [replies.get(timeout=PATIENCE) for _ in range(3)]
        quoted = [one.reply_to.seq if one.reply_to else None for one in found]
        assert quoted == ([1, 1, None] if room is group else [None, 1, None])


def test_a_bot_hears_of_mentions_and_quotes(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    bot = make_bot(robot)
    mentions: queue.Queue[Message] = queue.Queue()
    others: queue.Queue[Message] = queue.Queue()
    bot.on_mention(mentions.put)
    bot.on_message(others.put)
    bot.start()
    assert bot.wait_ready(PATIENCE)
    ada.post(group, "@all")
    ada.post(group, f"@{robot.username} @{ada.username}", reply_to=1)
    of_all, by_name = others.get(timeout=PATIENCE), mentions.get(timeout=PATIENCE)
    assert of_all.mentions_all and of_all.mentions == () and of_all.reply_to is None
    assert by_name.mentions == (robot.id, ada.id) and by_name.reply_to is not None
    quote = by_name.reply_to
    assert (quote.seq, quote.user_id, quote.username) == (1, ada.id, ada.username)
    assert (quote.data, quote.deleted) == ("@all", False)
    assert mentions.empty() and others.empty()


def test_a_reply_to_what_was_deleted_is_sent_as_no_reply(people: People, make_bot: MakeBot) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    ada.post(group, "hello")
    ada.data("DELETE", f"/rooms/{group['id']}/messages/1")
    with make_bot(robot) as bot:
        assert bot.send(group["id"], "too late", reply_to=1).reply_to is None
    assert texts(ada.log(group), robot) == ["too late"]
