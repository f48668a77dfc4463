"""Become the embedded database, which dies with the process that started it.

    python -I launcher.py PARENT_PID LOCK_FILE PROGRAM ARGUMENT...

It runs by path and imports nothing of `chat`, to be small and quick. The program inherits the lock
on LOCK_FILE through exec, and the kernel releases it whenever the program dies. So the holder of
the lock is the running database, and no recorded process id has to be trusted.
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
    if os.getppid() != parent:  # the parent died before the line above
        return 1
    os.execv(program[0], program)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, even by a crash."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
