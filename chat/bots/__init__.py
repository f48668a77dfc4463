"""Write a bot: `Bot` keeps the connection, the order and the guarantees; you write the handlers.

This package imports nothing else of `chat`; all it needs is python-socketio[client], the extra
`[bots]`.
"""

from chat.bots.client import Bot
from chat.bots.errors import BotError, NotLoggedIn, Stopped
from chat.bots.files import File
from chat.bots.message import Message, Quote, Reaction

__all__ = ["Bot", "BotError", "File", "Message", "NotLoggedIn", "Quote", "Reaction", "Stopped"]
