"""A client of Centrifugo in the benchmarks counts every push and passes on every reply."""

from __future__ import annotations

from contextlib import closing

import pytest

from bench.centrifugo import Publisher, Subscriber, channel
from bench.town import GROUP, Place
from harness.clients import LoadError, Loop

ROOM = "a" * 24
SHORT, LONG = (
    b'{"push":{"channel":"group:%s","pub":{"data":"%s"}}}' % (ROOM.encode(), b"x" * size)
    for size in (9, 100)
)
REPLY = b'{"id":%d,"publish":{}}'


@pytest.mark.parametrize(
    "lines",
    [[], [LONG], [LONG] * 16, [SHORT, LONG, SHORT], [SHORT, SHORT, LONG]],
    ids=["none", "one", "many of one size", "of two sizes", "a longer last one"],
)
@pytest.mark.parametrize("replies", [0, 1, 15])
def test_all_pushes_and_replies_of_a_frame_are_counted(lines: list[bytes], replies: int) -> None:
    with closing(Loop()) as loop:
        client = Subscriber(loop, 1, "token", [])
        acked: list[bytes] = []
        client.on_ack = acked.append
        answers = [REPLY % number for number in range(replies)]
        client.handle_packet(b"\n".join([*lines, *answers]))
        client.handle_packet(b"\n".join([*answers, *lines]))
        client.socket.close()

    assert (client.pushes, loop.pushes) == (2 * len(lines), 2 * len(lines))
    assert acked == answers * 2


def test_a_frame_of_something_else_ends_the_measurement() -> None:
    with closing(Loop()) as loop:
        client = Subscriber(loop, 1, "token", [])
        with pytest.raises(LoadError, match="disconnect"):
            client.handle_packet(LONG + b'\n{"disconnect":{"code":3005}}')
        client.socket.close()


def test_a_refused_publication_ends_the_measurement() -> None:
    with closing(Loop()) as loop:
        client = Subscriber(loop, 1, "token", [channel(GROUP, ROOM)])
        Publisher(client, Place(ROOM, GROUP, []))
        with pytest.raises(LoadError, match="permission denied"):
            client.handle_packet(b'{"id":1,"error":{"code":103,"message":"permission denied"}}')
        client.socket.close()
