"""Become the embedded database, tied to the process that asked for it.

    python -I launcher.py PARENT_PID LOCK_FILE PROGRAM ARGUMENT...

Run by path and standing alone: it has to be small and quick, and nothing of `chat` is needed. The
lock on LOCK_FILE passes through exec to the program and is let go by the kernel when it dies,
however it dies: who holds it *is* the living database, so that no recorded process id has to be
trusted.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
ALREADY_RUNNING = 75


def main(arguments: list[str]) -> int:
    parent, lock_file, program = int(arguments[0]), arguments[1], arguments[2:]
    lock = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return ALREADY_RUNNING
    os.set_inheritable(lock, True)
    die_with_parent()
    if os.getppid() != parent:  # it died before the line above
        return 1
    os.execv(program[0], program)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies: a crash leaves nothing behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
