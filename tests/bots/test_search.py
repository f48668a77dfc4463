"""A bot finds what was said in its rooms."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from chat.bots import Bot
from harness.people import index
from tests.bots.conftest import PATIENCE, Talker

People = Callable[..., list[Talker]]
MakeBot = Callable[..., Bot]


def test_a_bot_finds_messages_of_its_rooms_and_no_others(
    people: People, make_bot: MakeBot, beside: Flask
) -> None:
    ada, robot = people("ada", "robot")
    group, direct, foreign = ada.create_group(robot), ada.direct_with(robot), ada.create_group()
    for room in (foreign, group, direct):
        for number in range(2):
            ada.post(room, f"今天吃面条 {number}")
    bot = make_bot(robot)
    bot.start()
    assert bot.wait_ready(PATIENCE)

    index(beside, foreign, group, direct)
    assert [(one.room_id, one.seq, one.direct) for one in bot.search("面条")] == [
        (direct["id"], 2, True),
        (direct["id"], 1, True),
        (group["id"], 2, False),
        (group["id"], 1, False),
    ]
    (newest,) = bot.search("面条", group["id"], limit=1, user=ada.username)
    assert newest.reply("found").reply_to is not None
