"""A small application on our transport, as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from harness.servers import ROOT, environment

Serve = Callable[..., str]


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """A function that starts the application with options and returns its address."""
    with ExitStack() as stack:

        def start(*options: object) -> str:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.transport.application", *map(str, options)],
                    cwd=ROOT,
                    env=environment({}),
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            return f"127.0.0.1:{int(process.stdout.readline())}"

        yield start
