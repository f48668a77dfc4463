"""What the author of a bot registered, and which of it a message calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from chat.bots.message import Message

Handler = Callable[[Message], object]


class Handlers:
    """Handlers in the order of their registration; each has a label, which stays over restarts."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._message_handlers: list[Handler] = []
        self._mention_handlers: list[Handler] = []
        self._commands: dict[str, Handler] = {}
        self._change_handlers: list[Handler] = []

    @property
    def has_change_handlers(self) -> bool:
        """Whether there is a handler of messages that changed."""
        return bool(self._change_handlers)

    def add_message_handler(self, handler: Handler) -> None:
        """Register a handler of messages that are no command."""
        self._message_handlers.append(handler)

    def add_mention_handler(self, handler: Handler) -> None:
        """Register a handler of messages that mention the bot and are no command."""
        self._mention_handlers.append(handler)

    def add_change_handler(self, handler: Handler) -> None:
        """Register a handler of messages that changed."""
        self._change_handlers.append(handler)

    def add_command(self, name: str, handler: Handler) -> None:
        """Register the handler of a command; raises ValueError for a name that is taken or none."""
        key = name.lower()
        if not key or key.split() != [key]:
            raise ValueError(f"not a name for a command: {name!r}")
        if key in self._commands:
            raise ValueError(f"the command {name!r} has a handler already")
        self._commands[key] = handler

    def select(
        self, message: Message, is_mentioned: bool
    ) -> Iterator[tuple[str, Handler, Message]]:
        """Yield label, handler, and the message as this handler should see it.

        `is_mentioned` tells whether it mentions the bot by name.
        """
        if message.data.startswith(self._prefix):
            name, *rest = message.data.removeprefix(self._prefix).split(maxsplit=1) or [""]
            command = self._command(name.lower())
            if command is not None:
                yield "0", command, replace(message, arguments="".join(rest).strip())
                return
        handlers, kind = self._message_handlers, ""
        if is_mentioned and self._mention_handlers:
            handlers, kind = self._mention_handlers, "m"
        for number, handler in enumerate(handlers, 1):
            yield f"{kind}{number}", handler, message

    def select_for_change(self, message: Message) -> Iterator[tuple[str, Handler, Message]]:
        """Yield the same for a message that changed."""
        for number, handler in enumerate(self._change_handlers, 1):
            yield str(number), handler, message

    def help_text(self) -> str:
        """Return each command with the first line of its docstring."""
        lines = []
        for name, handler in self._commands.items():
            about = (handler.__doc__ or "").strip().partition("\n")[0]
            lines.append(f"{self._prefix}{name}  {about}".rstrip())
        return "\n".join(lines)

    def _command(self, name: str) -> Handler | None:
        found = self._commands.get(name)
        if found is None and name == "help" and self._commands:
            return lambda message: message.reply(self.help_text())
        return found
