"""Write a bot: `Bot` keeps connection, order and promises; you write what it says.

This package imports nothing else of `chat`; all it needs is python-socketio[client], the extra
`[bots]`.
"""

from chat.bots.client import Bot
from chat.bots.errors import BotError, NotLoggedIn, Stopped
from chat.bots.message import Message, Reaction

__all__ = ["Bot", "BotError", "Message", "NotLoggedIn", "Reaction", "Stopped"]
