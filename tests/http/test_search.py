"""Finding messages over HTTP, in the rooms that one is in."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.accounts import data_of, error_of
from harness.people import Person, make_people

Room = dict[str, Any]


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """Each test here needs only people of its own."""
    return shared_app


def index(app: Flask) -> None:
    """Let the index catch up with all rooms."""
    app.extensions["chat"].consumers.run_due()


def search(person: Person, q: str = "", **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = data_of(person.get("/search", query_string={"q": q, **query}))
    return found


def texts(person: Person, q: str = "", **query: Any) -> list[str]:
    return [message["data"] for message in search(person, q, **query)["messages"]]


def test_words_phrases_and_characters_find_messages_the_newest_first(app: Flask) -> None:
    (ann,) = make_people(app, "ann")
    room = ann.create_group()
    for text in ("Hello, big world", "hello again", "明天会议改期", "Café 👍🏽"):
        ann.say(room, text)
    index(app)
    assert texts(ann, "HEL") == ["hello again", "Hello, big world"]
    assert texts(ann, "wor hello") == ["Hello, big world"]
    assert texts(ann, '"big world"') == ["Hello, big world"]
    assert texts(ann, '"world big"') == []
    assert texts(ann, "会议") == texts(ann, "议") == texts(ann, "“议改”") == ["明天会议改期"]
    assert texts(ann, "会改") == []
    assert texts(ann, "cafe") == texts(ann, "👍") == ["Café 👍🏽"]
    assert search(ann, "Hello “会议”")["words"] == ["hello", "会议"]


def test_only_rooms_are_searched_in_which_one_is_now(app: Flask) -> None:
    ann, bob, eve = make_people(app, "ann", "bob", "eve")
    room, other = ann.create_group(bob), bob.create_group()
    ann.say(room, "a secret plan")
    bob.say(other, "another secret")
    index(app)
    assert texts(ann, "secret") == ["a secret plan"]
    assert texts(bob, "secret") == ["another secret", "a secret plan"]
    assert texts(bob, "secret", room_id=room["id"]) == ["a secret plan"]
    assert texts(eve, "secret") == []
    assert eve.get(f"/search?q=secret&room_id={room['id']}").status_code == 404
    assert ann.delete(f"/rooms/{room['id']}/members/{bob.user['id']}").status_code == 204
    assert texts(bob, "secret") == ["another secret"]


def test_an_edited_message_is_found_by_its_new_text_and_a_deleted_one_by_none(app: Flask) -> None:
    (ann,) = make_people(app, "ann")
    room = ann.create_group()
    ann.say(room, "apples")
    ann.say(room, "cherries")
    index(app)
    url = f"/rooms/{room['id']}/messages"
    ann.patch(f"{url}/1", json={"data": "bananas"})
    ann.delete(f"{url}/2")
    # Before the index knows of it, a message is shown as it is, or not at all.
    assert texts(ann, "apples") == texts(ann, "cherries") == []
    index(app)
    assert texts(ann, "bananas") == ["bananas"]
    assert texts(ann, "apples") == texts(ann, "cherries") == []


def test_operators_narrow_a_search_in_both_languages(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    room, other = ann.create_group(bob, name="Team 一组"), ann.create_group(name="Other")
    ann.say(room, "report of ann")
    bob.say(room, "report of bob: https://example.org/report")
    ann.say(other, "report elsewhere")
    index(app)
    name = bob.user["username"]
    of_bob = ["report of bob: https://example.org/report"]
    assert texts(ann, f"report from:{name}") == texts(ann, f"report 来自：{name}") == of_bob
    assert texts(ann, user=name) == texts(bob, "from:me") == texts(bob, "来自:我") == of_bob
    assert texts(ann, "report has:link") == texts(ann, "有：链接") == of_bob
    assert texts(ann, "report in:other") == texts(ann, "在：Other report") == ["report elsewhere"]
    assert texts(ann, 'report in:"team 一" from:me') == ["report of ann"]
    assert texts(ann, "report after:2100-01-01") == texts(ann, "report 之前:2000-01-01") == []
    assert len(texts(ann, "report", before="2100-1-1", after="2000年1月1日")) == 3
    assert texts(ann, "report from:nobody-of-this-name") == texts(ann, "has:file") == []


def test_pages_go_on_where_the_one_before_ended(app: Flask) -> None:
    ann, bob = make_people(app, "ann", "bob")
    rooms = [ann.create_group() for _ in range(3)]
    for number in range(45):
        ann.say(rooms[number % 3], f"entry {number}")
    index(app)
    seen, cursor = [], None
    for _ in range(3):
        page = search(ann, "entry", **({"cursor": cursor} if cursor else {}))
        seen += [message["data"] for message in page["messages"]]
        cursor = page["cursor"]
    assert sorted(seen, key=lambda text: int(text.split()[1])) == [
        f"entry {number}" for number in range(45)
    ]
    assert cursor is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=", "q"),
        ("q=%E3%80%82%EF%BC%81%20...", "q"),  # punctuation
        ("q=" + "a" * 10_000, "q"),
        ("q=before:yesterday", "q"),
        ("q=a&before=2026-13-01", "before"),
        ("q=has:money", "q"),
        ("q=a&has=money", "has"),
        ("q=a&cursor=1", "cursor"),
        ("q=a&room_id=..", "room_id"),
        ("q=a&utc_offset=900", "utc_offset"),
    ],
)
def test_a_search_without_meaning_is_refused_by_the_name_of_its_field(
    app: Flask, query: str, field: str
) -> None:
    (ann,) = make_people(app, "ann")
    error = error_of(ann.get(f"/search?{query}"), 400)
    assert (error["code"], [*error["fields"]]) == ("validation_error", [field])


def test_common_words_emoji_and_one_character_are_searches_like_others(app: Flask) -> None:
    (ann,) = make_people(app, "ann")
    ann.say(ann.create_group(), "the 猫 🐈")
    index(app)
    for q in ("the", "🐈", "猫"):
        assert texts(ann, q) == ["the 猫 🐈"]
