"""A bot that reminds people: `python -m chat.bots.reminder --url … --username …`.

Say "remind me in 10m to buy milk" or "10分钟后提醒我买牛奶" to it, alone or in a group.
"""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from chat.bots.client import Bot
from chat.bots.command_line import bot_from_arguments, run
from chat.bots.errors import BotError
from chat.bots.message import Message

log = logging.getLogger(__name__)

MOST = 20  # reminders of one person
REQUESTS = {
    "en": re.compile(
        r"remind me in (?P<count>\d{1,4}) ?(?P<unit>s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)"
        r" (?:to|that|about) (?P<text>.+)",
        re.IGNORECASE | re.DOTALL,
    ),
    "zh": re.compile(
        r"(?P<count>\d{1,4}) ?(?P<unit>秒|分|小时|天)钟?[后後]提醒我[,，:：]?\s*(?P<text>.+)",
        re.DOTALL,
    ),
}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "秒": 1, "分": 60, "小": 3600, "天": 86_400}
NOTED = {"en": "I will remind you.", "zh": "好的，到时提醒你。"}
TOO_MANY = {"en": f"Only {MOST} reminders at a time.", "zh": f"最多同时 {MOST} 个提醒。"}
REMINDER = {"en": "@{username}: {text}", "zh": "@{username}：{text}"}


def add_reminders(bot: Bot) -> None:
    """Let a bot take requests, keep them in its memory, and come back to them when it is time."""

    def pending(user_id: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = bot.memory.setdefault("reminders", [])
        return [one for one in found if user_id in (None, one["user_id"])]

    @bot.on_message
    def take(message: Message) -> None:
        for language, pattern in REQUESTS.items():
            request = pattern.fullmatch(message.data.strip())
            if request is None:
                continue
            if len(pending(message.user_id)) >= MOST:
                message.reply(TOO_MANY[language])
                return
            text = REMINDER[language].format(username=message.username, text=request["text"])
            seconds = int(request["count"]) * SECONDS[request["unit"][0].lower()]
            bot.memory["reminders"].append(
                {
                    "message_id": message.id,
                    "room_id": message.room_id,
                    "user_id": message.user_id,
                    "due": message.created_at + seconds * 1000,
                    "text": text[:4000],
                }
            )
            message.reply(NOTED[language])

    @bot.command("list")
    def show(message: Message) -> None:
        """Show your reminders of this room. 查看提醒"""
        mine = [one for one in pending(message.user_id) if one["room_id"] == message.room_id]
        message.reply("\n".join(one["text"][:100] for one in mine) or "0")

    @bot.command("forget")
    def forget(message: Message) -> None:
        """Drop all your reminders. 取消提醒"""
        dropped = pending(message.user_id)
        bot.memory["reminders"] = [one for one in pending() if one not in dropped]
        message.reply(f"✓ {len(dropped)}")

    @bot.every(0.5)
    def remind() -> None:
        for one in [one for one in pending() if one["due"] <= time.time() * 1000]:
            try:
                # Under one client_id it is stored once, also when the bot dies meanwhile.
                bot.send(one["room_id"], one["text"], client_id=f"reminder-{one['message_id']}")
            except BotError as error:  # the room is gone, or the bot is no longer in it
                log.info("could not remind: %s", error.code)
            bot.memory["reminders"].remove(one)


def main() -> None:
    """Run it from the command line."""
    bot = bot_from_arguments("Reminds people at the time they ask for.")
    add_reminders(bot)
    run(bot)


if __name__ == "__main__":
    main()
