"""Re-encode one picture and end: the process in which bytes of strangers are decoded.

    python -I worker.py KIND SOURCE PICTURE PREVIEW MEMORY SECONDS MOVING_SECONDS

KIND is `message` or `avatar`; then come three inherited file descriptors, and the limits in bytes
and in seconds of one core. It runs by path with an empty environment, and imports nothing of `chat`
but the file beside it. It prints one line of JSON: what the picture is, or `{"error": …}`. Whatever
else happens, only this process ends.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys

LARGEST = 64 * 1024 * 1024  # bytes of a file that is written
OPEN_FILES = 32
NICENESS = 10


def main(arguments: list[str]) -> None:
    kind, moving_seconds = arguments[0], float(arguments[-1])
    source, picture, preview, memory, seconds = map(int, arguments[1:-1])
    set_limits(memory, seconds)
    # From here on, with limits: Pillow alone is a hundred thousand lines.
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    try:
        from reencoding import Refused, reencode  # type: ignore[import-not-found]
    except ImportError:
        print(json.dumps({"error": "no_decoder"}))
        return

    with (
        open(source, "rb") as sent,
        open(picture, "w+b") as to_picture,
        open(preview, "w+b") as to_preview,
    ):
        try:
            answer = reencode(sent, kind, to_picture, to_preview, moving_seconds)
        except Refused as refused:
            answer = {"error": refused.reason}
    print(json.dumps(answer))


def set_limits(memory: int, seconds: int) -> None:
    """Limit memory, time, files and processes; raise the niceness, so that others go first."""
    os.nice(NICENESS)
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: LARGEST,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in limits.items():
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))
    signal.alarm(4 * seconds)  # by the clock, in case that nobody is left to end this process


if __name__ == "__main__":
    main(sys.argv[1:])
