"""Serve as `python wsgi.py` does, but wait for slow clients for two seconds only."""

from __future__ import annotations

import sys

import wsgi  # first of all: it patches the standard library
from chat.realtime.transport import pace

if __name__ == "__main__":
    pace.GRACE_SECONDS, pace.MIN_RATE = 2.0, 1_000_000
    sys.exit(wsgi.main())
