"""A bot that repeats messages: `python -m chat.bots.echo --url … --username …`."""

from __future__ import annotations

from chat.bots.client import Bot
from chat.bots.command_line import bot_from_arguments, run
from chat.bots.message import Message


def add_echo(bot: Bot) -> None:
    """Let a bot repeat direct messages, and in groups the text after /echo."""

    @bot.command("echo")
    def echo(message: Message) -> None:
        """Repeat the rest of the line; one to one, the bot repeats everything."""
        if message.arguments:
            message.reply(message.arguments)

    @bot.on_message
    def repeat(message: Message) -> None:
        if message.direct:  # in a group, two such bots would repeat each other without end
            message.reply(message.data)


def main() -> None:
    """Run it from the command line."""
    bot = bot_from_arguments("Repeats messages.")
    add_echo(bot)
    run(bot)


if __name__ == "__main__":
    main()
