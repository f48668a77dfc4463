"""The committed bundle is made of the sources beside it, and the page works on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chat.bundle import BUNDLE, is_fresh
from harness.people import Person
from harness.servers import Server
from tests.page.conftest import Visitor
from tools.bundle import make


def test_the_bundle_is_made_of_the_present_sources() -> None:
    assert (
        is_fresh()
    ), "The page's sources were changed: run `make bundle` and commit what it makes."


@pytest.mark.skipif(not is_fresh(), reason="made of other sources")
def test_the_same_sources_make_the_same_bundle(tmp_path: Path) -> None:
    make(tmp_path)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert made.keys() == {file.name for file in BUNDLE.iterdir()}
    for file in BUNDLE.iterdir():
        assert made[file.name] == file.read_bytes(), file.name


@pytest.mark.parametrize(("locale", "said"), [("en", "Log in"), ("zh", "登录")])
def test_the_bundle_greets_in_both_languages(
    visit: Callable[..., Visitor], bundled: Server, locale: str, said: str
) -> None:
    visitor = visit(bundled.url, locale=locale)
    page = visitor.open()
    page.get_by_role("button", name=said, exact=True).wait_for()
    assert visitor.complaints == []


def test_two_people_log_in_and_talk_on_the_bundle(
    visit: Callable[..., Visitor], people: Callable[..., list[Person]], bundled: Server
) -> None:
    ann, ben = people("ann", "ben")
    room = ann.talk_to(ben)
    visitors = []
    for person, other in ((ann, ben), (ben, ann)):
        visitor = visit(bundled.url)
        visitor.open(f"/d/{other.username}")
        visitor.log_in(person.username, person.password)
        visitors.append(visitor)
    here, there = visitors
    here.write("made of one piece")
    there.sees("made of one piece")
    assert [message["data"] for message in ben.history(room)["messages"]] == ["made of one piece"]
    assert here.complaints == there.complaints == []
