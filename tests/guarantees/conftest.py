"""What the tests of the guarantees stand on: two servers on one database, and people on both."""

from __future__ import annotations

from tests.sockets.conftest import beside, elsewhere, people, spread  # noqa: F401 (fixtures)
