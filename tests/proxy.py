"""A network that behaves badly: a TCP proxy that drops, repeats and delays what a server pushes."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from urllib.parse import urlsplit

UPGRADED = b"HTTP/1.1 101 "
PUSH = re.compile(rb'42(/\w+,)?\["message(_created|s_changed)",')
CHUNK = 65_536
PATIENCE = 60.0  # seconds for the proxy's own thread to do what it is told

log = logging.getLogger(__name__)


class FaultyProxy:
    """Stands before a server: `with FaultyProxy(server.url) as proxy`, and clients use `proxy.url`.

    HTTP and what clients send pass unchanged, and so does what a server sends over a WebSocket but
    for `message_created` and `messages_changed`: of those pushes a share of `drop` never arrives,
    of `repeat` comes twice, of `late` comes as much as `delay` seconds later, and so behind later
    ones. The shares can be changed at any time. What became of the n-th push of the m-th connection
    follows from `seed`; `counts` says how many were `pushed`, `dropped`, `doubled`, `late`.
    """

    def __init__(
        self,
        url: str,
        drop: float = 0.1,
        repeat: float = 0.1,
        late: float = 0.2,
        delay: float = 0.5,
        seed: int = 7,
    ) -> None:
        self.drop = drop
        self.repeat = repeat
        self.late = late
        self.delay = delay
        self.counts: Counter[str] = Counter()
        self._seed = seed
        self._target = urlsplit(url)
        self._numbers = itertools.count(1)
        self._connections: set[asyncio.Task[None]] = set()
        self._port = 0
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    @property
    def url(self) -> str:
        """Return the address for clients, without a slash at its end."""
        return f"http://127.0.0.1:{self._port}"

    def cut(self) -> None:
        """Break all connections, without a word to either side; new ones are taken."""
        self._tell(self._cut)

    def freeze(self) -> None:
        """Become a black hole: connections are taken and stay, and nothing passes any more."""
        self._tell(self._flowing.clear)

    def thaw(self) -> None:
        """Let everything pass again, what was held back first."""
        self._tell(self._flowing.set)

    def __enter__(self) -> FaultyProxy:
        self._thread.start()
        assert self._started.wait(PATIENCE) and self._port, "the proxy does not listen"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tell(self._ending.set)
        self._thread.join(PATIENCE)

    # What follows runs in the proxy's own thread

    def _tell(self, action: Callable[[], object]) -> None:
        """Let the proxy's thread do something, and return when it is done."""
        done = threading.Event()

        def act() -> None:
            action()
            done.set()

        self._loop.call_soon_threadsafe(act)
        assert done.wait(PATIENCE), "the proxy does not react"

    def _run(self) -> None:
        try:
            asyncio.run(self._listen())
        finally:
            self._started.set()

    async def _listen(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending, self._flowing = asyncio.Event(), asyncio.Event()
        self._flowing.set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._ending.wait()
        server.close()
        connections = self._cut()
        await asyncio.gather(*connections, return_exceptions=True)

    def _cut(self) -> list[asyncio.Task[None]]:
        cut = list(self._connections)
        for connection in cut:
            connection.cancel()
        return cut

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = self._loop.create_task(self._carry(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

        def end(_: asyncio.Task[None]) -> None:
            if not writer.is_closing():  # it was cut before it had begun
                writer.transport.abort()

        connection.add_done_callback(end)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end closes it, or it is cut (cancelled)."""
        writers = [writer]
        try:
            await self._flowing.wait()
            assert self._target.hostname is not None
            answers, requests = await asyncio.open_connection(
                self._target.hostname, self._target.port
            )
            writers.append(requests)
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._pass(reader, requests))
                directions.create_task(self._answer(answers, writer, directions))
        except* (EOFError, OSError) as ended:
            log.debug("a connection ended: %r", ended.exceptions)
            for one in writers:
                one.close()  # what was written still goes out
        finally:
            for one in writers:
                if not one.is_closing():
                    one.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes on until they end, which is raised as EOFError."""
        while data := await reader.read(CHUNK):
            await self._write(writer, data)
        raise EOFError

    async def _answer(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        directions: asyncio.TaskGroup,
    ) -> None:
        start = await reader.readexactly(len(UPGRADED))
        if start != UPGRADED:
            await self._write(writer, start)
            await self._pass(reader, writer)
        await self._write(writer, start + await reader.readuntil(b"\r\n\r\n"))
        dice = random.Random(f"{self._seed} {next(self._numbers)}")
        while True:
            frame, payload = await _read_frame(reader)
            for wait in self._fate(dice) if PUSH.match(payload) else [0.0]:
                if wait:
                    directions.create_task(self._write_later(writer, frame, wait))
                else:
                    await self._write(writer, frame)

    def _fate(self, dice: random.Random) -> list[float]:
        """Return after how many seconds a push is to be sent: not at all, once, or twice."""
        dropped, repeated, late, *waits = (dice.random() for _ in range(5))
        self.counts["pushed"] += 1
        if dropped < self.drop:
            self.counts["dropped"] += 1
            return []
        first = second = 0.0
        if late < self.late:
            self.counts["late"] += 1
            first = waits[0] * self.delay
        if repeated < self.repeat:
            self.counts["doubled"] += 1
            second = waits[1] * self.delay
            return [first, second]
        return [first]

    async def _write_later(self, writer: asyncio.StreamWriter, data: bytes, wait: float) -> None:
        await asyncio.sleep(wait)
        await self._write(writer, data)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        await self._flowing.wait()
        writer.write(data)
        await writer.drain()


async def _read_frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return a frame that a server sent, as it is and what is in it."""
    head = await reader.readexactly(2)
    length = head[1] & 0x7F
    if length > 125:
        extended = await reader.readexactly(2 if length == 126 else 8)
        head, length = head + extended, int.from_bytes(extended, "big")
    payload = await reader.readexactly(length)
    return head + payload, payload
