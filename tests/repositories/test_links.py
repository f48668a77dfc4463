"""Links in the database."""

from __future__ import annotations

from chat.database.client import Database
from chat.models import Link
from chat.repositories.links import LinkRepository


def test_a_link_expires_at_the_very_millisecond_that_was_said(migrated: Database) -> None:
    links, start = LinkRepository(migrated), 2_197_574_982_700
    for number in range(50):
        link = Link("", "register", "", 1, 1, 1, start + number)
        assert links.insert(link, f"hash {number}").expires_at == link.expires_at
    found = links.list_unexpired("register", 1)
    assert sorted(link.expires_at for link in found) == list(range(start, start + 50))
