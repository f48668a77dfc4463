"""Which addresses count as one mailbox."""

from __future__ import annotations

import pytest

from chat.text.addresses import mailbox_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@example.org", "Ann+label@EXAMPLE.org"),
        ("ann+a+b@example.org", "ann+c@example.org"),
        ("a.n.n@gmail.com", "ann+label@googlemail.com"),
        ("ann@bücher.example", "ann+x@xn--bcher-kva.example"),
    ],
)
def test_names_of_one_mailbox(one: str, other: str) -> None:
    assert mailbox_of(one) == mailbox_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@example.org", "bob@example.org"),
        ("a.nn@example.org", "ann@example.org"),  # dots mean something at most providers
        ("ann-label@example.org", "ann@example.org"),
        ("+ann@example.org", "+bob@example.org"),
        ("ann@example.org", "ann@example.com"),
    ],
)
def test_two_mailboxes(one: str, other: str) -> None:
    assert mailbox_of(one) != mailbox_of(other)
