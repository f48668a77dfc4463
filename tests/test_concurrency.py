"""What the server's event loop never waits for: looking up the name of a host."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.servers import PATIENCE, ROOT, environment
from tests.programs import succeed

# The resolver answers when somebody else in the same process has written to a pipe.
PROGRAM = """
import os, socket
answer, answering = os.pipe()
read, write = os.read, os.write  # they block

def slow(*args, **kwargs):
    read(answer, 1)
    return []

def slow_reverse(*args):
    read(answer, 1)
    raise OSError

socket.getaddrinfo, socket.gethostbyaddr = slow, slow_reverse
import wsgi
import eventlet
from eventlet import tpool

def look_up():
    try:
        {call}
    except OSError:
        pass

def threads():
    return len(os.listdir("/proc/self/task"))

looking = eventlet.spawn(look_up)
eventlet.sleep(0)
{meanwhile}
looking.wait()
"""


def run(call: str, meanwhile: str) -> None:
    program = PROGRAM.format(call=call, meanwhile=meanwhile)
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        cwd=ROOT,
        env=environment({}),
        timeout=PATIENCE,
    )


@pytest.mark.parametrize(
    "call",
    [
        "socket.getaddrinfo('db.example', 27017)",  # databases and Redis
        "socket.create_connection(('mail.example', 25))",  # mail
        "socket.getfqdn('this.machine')",  # mail, which says who is calling
    ],
)
def test_a_slow_resolver_stops_nobody_else(call: str) -> None:
    run(call, meanwhile="write(answering, b'.')")


METERED = """
import eventlet
eventlet.monkey_patch()
import time
from chat.concurrency import Payer, charge_to, yield_to_others, cooperatively, start_metering

class Debtor(Payer):
    def pause(self):
        return 0.05

start_metering()
school, bob = Payer(), Debtor()
ada = Payer(parent=school)

def work(payer, seconds, wait):
    charge_to(payer)
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        pass
    time.sleep(wait)
    charge_to(None)
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        pass

for working in [eventlet.spawn(work, ada, 0.1, 0.5), eventlet.spawn(work, bob, 0.05, 0.5)]:
    working.wait()
assert 0.1 <= ada.used < 0.4, ada.used
assert 0.05 <= bob.used < 0.35, bob.used
assert school.used == ada.used

def list_all():
    charge_to(bob)
    started = time.monotonic()
    list(cooperatively(range(3), seconds=-1))
    return time.monotonic() - started

assert eventlet.spawn(list_all).wait() >= 3 * 0.05
"""


def test_what_runs_is_charged_and_what_waits_is_not() -> None:
    succeed(METERED)


CONTINUED = """
import eventlet
eventlet.monkey_patch()
import greenlet
from chat.concurrency import spawn, spawn_after

ran = {}

def note(name):
    ran[name] = greenlet.getcurrent()

def begin():
    spawn_after(note, "next")
    spawn_after(note, "beside")
    assert not ran
    note("begun")

spawn(begin)
while len(ran) < 3:
    eventlet.sleep(0)
assert list(ran) == ["begun", "next", "beside"], ran
assert ran["next"] is ran["begun"] is not ran["beside"]
spawn_after(note, "unspawned")
while len(ran) < 4:
    eventlet.sleep(0)
assert ran["unspawned"] is not greenlet.getcurrent()
"""


def test_what_comes_after_runs_in_the_same_green_thread_and_a_second_one_beside_it() -> None:
    succeed(CONTINUED)


def test_an_address_needs_no_thread() -> None:
    hosts = ("'127.0.0.1'", "'::1'", "b'127.0.0.1'", "None")
    call = "; ".join(f"socket.getaddrinfo({host}, 1)" for host in hosts)
    run(f"write(answering, b'{'.' * len(hosts)}'); {call}", meanwhile="assert threads() == 1")


def test_lookups_that_hang_leave_threads_to_passwords() -> None:
    call = "for _ in range(20): eventlet.spawn(socket.getaddrinfo, 'db.example', 1)"
    run(call, meanwhile="eventlet.sleep(0); tpool.execute(int); write(answering, b'.' * 20)")


def test_a_lookup_that_hangs_does_not_keep_the_process_from_its_end() -> None:
    run("socket.getaddrinfo('db.example', 1)", meanwhile="raise SystemExit")
