"""A bot that says what was said to it: `python -m chat.bots.echo --url … --username …`."""

from __future__ import annotations

from chat.bots.client import Bot
from chat.bots.command_line import bot_from_arguments, run
from chat.bots.message import Message


def add_echo(bot: Bot) -> None:
    """Let a bot repeat what people write to it alone, and in groups what stands behind /echo."""

    @bot.command("echo")
    def echo(message: Message) -> None:
        """Say the rest of the line; one to one, everything is said back."""
        if message.arguments:
            message.reply(message.arguments)

    @bot.on_message
    def repeat(message: Message) -> None:
        if message.direct:  # in a group, two bots like this one would never come to an end
            message.reply(message.data)


def main() -> None:
    """Run it from the command line."""
    bot = bot_from_arguments("Says what was said to it.")
    add_echo(bot)
    run(bot)


if __name__ == "__main__":
    main()
