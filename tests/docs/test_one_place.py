"""Each table has one place; other documents link there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chat.namespaces.direct import DirectNamespace
from chat.namespaces.group import GroupNamespace
from chat.realtime import publisher
from tests.docs.configuration import read_config
from tests.docs.documents import CALL, CODE, OPERATING, PROTOCOL, all_documents, prose, read

MARK = re.compile(r"<!-- table: (\S+) -->")
NAMES = re.compile(r"(?:`[^`]+` ?)+")
EVENTS = {*publisher.EVENTS, *DirectNamespace.events, *GroupNamespace.events}


def listed(path: Path) -> list[str]:
    """Return the names to which a row of any table of a document belongs."""
    rows = [line for line in prose(path).split("\n") if line.startswith("|")]
    heads = [row.split("|")[1].strip() for row in rows]
    return [name for head in heads if NAMES.fullmatch(head) for name in CODE.findall(head)]


def others_than(place: Path) -> list[Path]:
    return [path for path in all_documents() if path != place]


def test_no_table_is_there_twice() -> None:
    marks = [mark for path in all_documents() for mark in MARK.findall(read(path))]
    assert len(marks) == len(set(marks))


@pytest.mark.parametrize("path", others_than(PROTOCOL), ids=lambda path: path.name)
def test_calls_and_events_are_listed_in_the_protocol_alone(path: Path) -> None:
    assert [name for name in listed(path) if CALL.fullmatch(name) or name in EVENTS] == []


@pytest.mark.parametrize("path", others_than(OPERATING), ids=lambda path: path.name)
def test_settings_are_listed_in_the_operating_document_alone(path: Path) -> None:
    assert [name for name in listed(path) if name in read_config()] == []


def test_the_protocol_lists_what_the_others_link_to() -> None:
    assert set(listed(PROTOCOL)) >= EVENTS
    assert set(listed(OPERATING)) >= set(read_config())
