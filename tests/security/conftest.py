"""The running servers and their people, as the tests of sockets know them."""

from tests.sockets.conftest import beside, elsewhere, people, spread

__all__ = ["beside", "elsewhere", "people", "spread"]
