"""Every view of the page by name, each with the way there."""

from harness.tour import VIEWS
from harness.views import (  # they fill VIEWS
    account,
    auth,
    files,
    group,
    lists,
    messages,
    room,
    search,
)

PARTS = tuple(
    one.__name__.rpartition(".")[2]
    for one in (auth, lists, room, messages, files, search, group, account)
)

__all__ = ["PARTS", "VIEWS"]
