"""Finding messages over HTTP, in the rooms that one is in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from chat.services import message_search
from harness.accounts import data_of, error_of
from harness.people import UNKNOWN_ID, Person, make_people

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


def pages_of(person: Person, q: str) -> Iterator[dict[str, Any]]:
    """Yield the pages of a search, to its end."""
    page = search(person, q)
    yield page
    while page["cursor"]:
        page = search(person, q, cursor=page["cursor"])
        yield page


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
    seen = [[message["data"] for message in page["messages"]] for page in pages_of(ann, "entry")]
    assert [len(page) for page in seen] == [20, 20, 5]
    assert sorted(sum(seen, []), key=lambda text: int(text.split()[1])) == [
        f"entry {number}" for number in range(45)
    ]


def test_each_page_gets_on_whose_time_is_over_at_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_search, "SECONDS", 0.0)
    (ann,) = make_people(app, "ann")
    room = ann.create_group()
    for number in range(45):
        ann.say(room, f"entry {number}" if number % 2 else "something else: 实")
    index(app)
    for q, count in (("entry", 22), ("实", 23)):  # the second one looks at all messages
        pages = [*pages_of(ann, q)]
        seen = [message["seq"] for page in pages for message in page["messages"]]
        assert len(seen) == len(set(seen)) == count
        assert seen == sorted(seen, reverse=True)
    assert len(pages[0]["messages"]) < 20  # of the last search: it compared 20 messages


def test_the_cursor_of_somebody_else_is_a_moment_and_shows_none_of_their_messages(
    app: Flask,
) -> None:
    ann, bob = make_people(app, "ann", "bob")
    rooms = [ann.create_group(), bob.create_group()]
    for _ in range(25):
        ann.say(rooms[0], "entry of ann")
        bob.say(rooms[1], "entry of bob")
    index(app)
    cursor = search(ann, "entry")["cursor"]
    rest = search(bob, "entry", cursor=cursor)["messages"]
    assert {message["data"] for message in rest} == {"entry of bob"}
    assert [message["seq"] for message in rest] == [5, 4, 3, 2, 1]


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
        (f"q=a&cursor=9-{UNKNOWN_ID}0", "cursor"),
        (f"q=a&cursor=-9-{UNKNOWN_ID}", "cursor"),
        ("q=%E2%80%A6", "q"),
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


def test_a_query_has_twenty_words_at_most_and_a_sentence_in_quotes_is_one(app: Flask) -> None:
    (ann,) = make_people(app, "ann")
    words = [f"w{number}" for number in range(21)]
    ann.say(ann.create_group(), " ".join(words))
    index(app)
    assert texts(ann, " ".join(words[:20])) == texts(ann, f'"{" ".join(words)}"')
    assert len(texts(ann, " ".join(words[:20] * 2))) == 1
    for language, said in (("zh", "最多搜索 20 个词"), ("en", "At most 20 words")):
        response = ann.get(
            "/search", query_string={"q": " ".join(words)}, headers={"Accept-Language": language}
        )
        error = error_of(response, 400)
        assert (error["code"], [*error["fields"]]) == ("validation_error", ["q"])
        assert said in error["fields"]["q"][0]


def test_common_words_emoji_and_one_character_are_searches_like_others(app: Flask) -> None:
    (ann,) = make_people(app, "ann")
    ann.say(ann.create_group(), "the 猫 🐈")
    index(app)
    for q in ("the", "🐈", "猫"):
        assert texts(ann, q) == ["the 猫 🐈"]
