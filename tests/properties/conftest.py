"""People on the running server, for properties of what it answers."""

from __future__ import annotations

from tests.sockets.conftest import beside, people  # noqa: F401 (fixtures)
