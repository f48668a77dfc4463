"""What the bots that come with the server have in common when they are started from a terminal."""

from __future__ import annotations

import argparse
import getpass
import logging
import os

from chat.bots.client import Bot
from chat.bots.errors import BotError


def bot_from_arguments(about: str) -> Bot:
    """Return the bot of the command line; its password is in CHAT_PASSWORD or asked for."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--url", default="http://127.0.0.1:5000", help="the server (%(default)s)")
    parser.add_argument("--username", required=True, help="the bot's own account")
    parser.add_argument("--state", metavar="FILE", help="default: <username>.bot.json")
    given = parser.parse_args()
    password = os.environ.get("CHAT_PASSWORD") or getpass.getpass(f"Password of {given.username}: ")
    try:
        return Bot(given.url, given.username, password, state_file=given.state)
    except (OSError, ValueError) as error:
        parser.error(str(error))


def run(bot: Bot) -> None:
    """Run the bot until it is stopped; after a failure exit with one sentence."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        bot.run()
    except (BotError, OSError, ValueError) as error:
        raise SystemExit(f"The bot ended: {error}") from error
