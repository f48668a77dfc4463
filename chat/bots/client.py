"""The bot: what its author registers and calls, and how its parts hang together."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TypeVar

from chat.bots.address import server_address
from chat.bots.backoff import backoff
from chat.bots.calls import Calls
from chat.bots.delivery import Delivery
from chat.bots.errors import BotError, NotLoggedIn, Stopped
from chat.bots.handlers import Handler, Handlers
from chat.bots.handling import handling, next_client_id
from chat.bots.inbox import Inbox
from chat.bots.link import Link
from chat.bots.log import Entry, RoomLogs
from chat.bots.message import Message, read_message
from chat.bots.outbox import Outbox
from chat.bots.reader import Reader
from chat.bots.search import search
from chat.bots.session import Session
from chat.bots.state import State, Unsent
from chat.bots.timers import Timers
from chat.bots.transfers import Source, Transfers

ENDING = (signal.SIGINT, signal.SIGTERM)
STOP_SECONDS = 5.0  # seconds that a handler has to come to its end when the bot is stopped

AnyHandler = TypeVar("AnyHandler", bound=Handler)
Place = tuple[str, int]  # room id and seq
AnyFunction = TypeVar("AnyFunction", bound=Callable[[], object])

log = logging.getLogger(__name__)


class Bot:
    """A program with an account of its own in a chat.

    `url` is the server's address, `http://` or `https://` included. The bot logs in with `username`
    and `password`, or uses the tokens it is given for as long as they are good. What must outlive
    it is in `state_file`, by default `<username>.bot.json` in the current folder: one file, one
    running bot.

    In rooms that it finds at its very first start it begins at their end; `from_start=True` lets
    it begin at the first message of every room. Commands begin with `prefix`.

    All handlers run in one thread, one at a time.
    """

    def __init__(
        self,
        url: str,
        username: str | None = None,
        password: str | None = None,
        *,
        access_token: str | None = None,
        refresh_token: str | None = None,
        state_file: str | Path | None = None,
        from_start: bool = False,
        prefix: str = "/",
    ) -> None:
        if (username is None or password is None) and access_token is None:
            raise ValueError("a bot needs a username and a password, or an access token")
        self._url = server_address(url)
        self._session = Session(self._url, username, password, access_token, refresh_token)
        self._state = State(Path(state_file or f"{(username or 'unnamed').lower()}.bot.json"))
        self._handlers = Handlers(prefix)
        self._timers = Timers()
        self._from_start = from_start
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None
        self._started = False
        self._make_parts()

    @property
    def memory(self) -> dict[str, Any]:
        """Whatever JSON can hold and a restart should not lose; for handlers and timers alone.

        It is written together with the note that a message was handled: both or none.
        """
        return self._state.memory

    @property
    def user_id(self) -> str | None:
        """The id of the bot's own account, None until it has logged in for the first time."""
        return self._state.user_id

    # What the author registers

    def on_message(self, handler: AnyHandler) -> AnyHandler:
        """Decorate a function that gets every message of others that is no command.

        With an `on_mention` handler, those that mention the bot go there instead.
        """
        self._handlers.add_message_handler(handler)
        return handler

    def on_mention(self, handler: AnyHandler) -> AnyHandler:
        """Decorate a function that gets the messages that mention the bot by `@username`.

        Commands go to their handlers all the same, and `@all` is no mention of the bot.
        """
        self._handlers.add_mention_handler(handler)
        return handler

    def on_messages_changed(self, handler: AnyHandler) -> AnyHandler:
        """Decorate a function that gets each message that changed, as it is now.

        It was edited, deleted or pinned, or somebody's reaction came or went. The bot's own
        messages and changes are no exception. Decorate before the bot starts.
        """
        self._handlers.add_change_handler(handler)
        return handler

    def command(self, name: str) -> Callable[[AnyHandler], AnyHandler]:
        """Decorate a function that gets the messages that begin with the prefix and this name.

        The first line of its docstring says in `/help` what it does.
        """

        def register(handler: AnyHandler) -> AnyHandler:
            self._handlers.add_command(name, handler)
            return handler

        return register

    def every(self, seconds: float) -> Callable[[AnyFunction], AnyFunction]:
        """Decorate a function to be called at the start and then every so many seconds."""

        def register(function: AnyFunction) -> AnyFunction:
            self._timers.add(seconds, function)
            return function

        return register

    # What the author calls

    def send(
        self,
        room_id: str,
        text: str,
        client_id: str | None = None,
        *,
        reply_to: int | None = None,
        files: Sequence[Source] = (),
    ) -> Message:
        """Send a message to a room and return it as it was stored.

        `reply_to` is the seq of a message of the room to which it replies. If that was deleted,
        the new message is sent without it. `files` (up to 10) are paths, or names with their bytes:
        `("list.txt", b"milk")`. They are uploaded first, then `text` may be empty.

        It is tried again until the server has answered. Raises BotError when it refuses:
        `forbidden`, `not_found`, `validation_error` …; raises Stopped when the bot stops before:
        the next start sends it. Two sends to a room under the same `client_id` (1 to 64 characters)
        are stored as one message. While files are uploaded, the message is in no file of the bot:
        if it stops then, the next start sends nothing.
        """
        client_id = client_id or next_client_id()
        self._require_started()
        uploaded = tuple(self._transfers.upload(room_id, source) for source in files)
        return self._send(Unsent(client_id, text, room_id, reply_to=reply_to, files=uploaded))

    def send_file(
        self,
        room_id: str,
        file: str | os.PathLike[str] | bytes,
        text: str = "",
        *,
        name: str | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Send a file, by its path or its bytes, with a text or without; as `send`.

        Others see it under its `name`, by default that of its path.
        """
        shown = name or ("file" if isinstance(file, bytes) else Path(file).name)
        return self.send(room_id, text, client_id, files=[(shown, file)])

    def send_to(self, username: str, text: str, client_id: str | None = None) -> Message:
        """Send a message to a person, one to one; as `send`."""
        return self._send(Unsent(client_id or next_client_id(), text, to=username))

    def edit(self, message: Message | Place, text: str) -> Message:
        """Give a message of the bot another text and return it as it is then.

        `message` is one, or its place: `(room_id, seq)`. It is tried again until the server has
        answered. Raises BotError when it refuses: `forbidden`, `conflict` for a deleted message,
        `validation_error` …; raises Stopped when the bot stops before: the next start does not make
        up for it.
        """
        return self._change("edit_message", message, data=text)

    def delete(self, message: Message | Place) -> Message:
        """Delete a message, the bot's own or where it is owner or admin; as `edit`."""
        return self._change("delete_message", message)

    def react(self, message: Message | Place, emoji: str, on: bool = True) -> Message:
        """Put an emoji on a message, or take the bot's own back; as `edit`."""
        return self._change("react", message, emoji=emoji, on=on)

    def pin(self, message: Message | Place, on: bool = True) -> Message:
        """Pin a message where the bot is owner or admin, or take it off; as `edit`."""
        return self._change("pin_message", message, on=on)

    def search(
        self,
        query: str,
        room_id: str | None = None,
        *,
        limit: int = 20,
        **filters: str | int,
    ) -> list[Message]:
        """Return messages that a query finds, in a room or in all rooms of the bot.

        They come newest first, at most `limit`. `filters` are those of the HTTP API: `user`,
        `before`, `after`, `has`. It is tried once; raises BotError as `request` does.
        """
        if room_id is not None:
            filters["room_id"] = room_id
        found = search(self._session, query, limit, filters)
        return [self._message(self._calls.kind_of(entry["room_id"]), entry) for entry in found]

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Call the HTTP API as the bot and return the `data`: `bot.request("GET", "/rooms")`.

        Raises BotError; its code is `unavailable` when there was no answer.
        """
        return self._session.call(method, path, body)

    # Its life

    def run(self) -> None:
        """Run until `stop`, Ctrl-C or SIGTERM; raises what else ended it: NotLoggedIn, OSError …"""
        self.start()
        if threading.current_thread() is not threading.main_thread():
            self.wait()
            return

        def stop(number: int, _: FrameType | None) -> None:
            restore()  # asked twice, it ends at once
            self.stop()

        def restore() -> None:
            for number, handler in previous.items():
                signal.signal(number, handler or signal.SIG_DFL)

        previous = {number: signal.signal(number, stop) for number in ENDING}
        try:
            self.wait()
        finally:
            restore()

    def start(self) -> None:
        """Begin to run beside the caller."""
        if self._started:
            raise RuntimeError("the bot runs already")
        if self._thread is not None:  # it ran before: begin from what is in the file
            self._state.load()
        self._make_parts()
        self._started = True
        self._failure = None
        self._thread = threading.Thread(target=self._live, name="bot", daemon=True)
        self._thread.start()

    def wait_ready(self, timeout: float | None = None) -> bool:
        """Return when the bot gets every message from here on.

        False when that took more than `timeout` seconds, and when the bot has ended.
        """
        return self._ready.wait(timeout) and self._started

    def stop(self) -> None:
        """Ask the bot to end: the message being handled is the last one. Returns at once."""
        self._reader.stop()
        self._link.stop()

    def wait(self) -> None:
        """Return when the bot has ended; raises what ended it, unless it was asked to."""
        while self._thread is not None and self._thread.is_alive():
            # Without an end to the wait, a signal that another thread received would go unheard.
            self._thread.join(0.25)
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Bot:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self.wait()

    # How it does that

    def _make_parts(self) -> None:
        inbox, logs = Inbox(), RoomLogs()
        self._ready = threading.Event()
        self._link = Link(self._url, self._session, inbox.push, inbox.connecting, inbox.connected)
        self._calls = Calls(self._link, self._session, logs)
        self._transfers = Transfers(self._link, self._session)
        self._outbox = Outbox(self._state, self._calls)
        handle_change = self._handle_change if self._handlers.has_change_handlers else None
        self._reader = Reader(
            inbox=inbox,
            link=self._link,
            session=self._session,
            delivery=Delivery(self._state, logs, self._handle, handle_change),
            timers=self._timers,
            on_ready=self._ready.set,
            from_start=self._from_start,
        )

    def _live(self) -> None:
        reading = threading.Thread(
            target=self._guard, args=(self._read,), name="bot-reader", daemon=True
        )
        try:
            self._guard(self._learn_user_id)
            reading.start()
            self._guard(self._link.keep)
            reading.join(STOP_SECONDS)
            self._link.close()
            reading.join()
            self._session.log_out()
        finally:
            self._started = False
            self._ready.set()

    def _guard(self, task: Callable[[], None]) -> None:
        """Run a part of the bot; what it cannot cope with ends the bot and is raised by `wait`."""
        try:
            task()
        except Stopped:
            return
        except Exception as error:
            log.error("the bot ends: %s: %s", type(error).__name__, error)
            self._failure = self._failure or error
            self.stop()

    def _learn_user_id(self) -> None:
        waits = backoff()
        while True:
            try:
                self._state.claim(self._session.call("GET", "/users/me")["id"])
                return
            except NotLoggedIn:
                raise
            except BotError as error:
                log.warning("cannot log in: %s", error)
                self._link.pause(max(next(waits), error.retry_after))

    def _read(self) -> None:
        self._link.wait_online()
        self._outbox.send_leftovers()
        self._reader.run()

    def _handle(self, kind: str, entry: Entry) -> bool:
        """Call the author's handlers for a message; return whether there was one."""
        if entry["user_id"] == self._state.user_id or entry["kind"] != "text":
            return False
        message = self._message(kind, entry)
        if message.deleted_at:  # before the bot read it: nothing is left to answer
            return False
        is_mentioned = self._state.user_id in message.mentions
        calls = self._handlers.select(message, is_mentioned)
        return self._call_handlers(calls, f"re-{message.id}")

    def _handle_change(self, kind: str, entry: Entry) -> bool:
        """Call the author's handlers for a message that changed; as above."""
        if entry["kind"] != "text":
            return False
        message = self._message(kind, entry)
        name = f"re-{message.id}-v{message.version}"
        return self._call_handlers(self._handlers.select_for_change(message), name)

    def _call_handlers(self, calls: Iterable[tuple[str, Handler, Message]], name: str) -> bool:
        """Call handlers one after the other; their sends get client_ids made from `name`."""
        is_handled = False
        for label, handler, message in calls:
            is_handled = True
            try:
                with handling(f"{name}-{label}"):
                    handler(message)
            except Stopped:
                raise
            except Exception:
                log.exception("a handler failed at message %s", message.id)
        return is_handled

    def _send(self, unsent: Unsent) -> Message:
        self._require_started()
        kind, stored = self._outbox.send(unsent)
        return self._message(kind, stored)

    def _change(self, event: str, target: Message | Place, **what: object) -> Message:
        self._require_started()
        room_id, seq = (target.room_id, target.seq) if isinstance(target, Message) else target
        kind, changed = self._calls.call(event, room_id, seq=seq, **what)
        return self._message(kind, changed)

    def _message(self, kind: str, entry: Entry) -> Message:
        return read_message(entry, kind == "direct", self.send, self._transfers.download)

    def _require_started(self) -> None:
        if not self._started:
            raise RuntimeError("the bot does not run: call start() or run() first")
