"""Strict fields: they convert nothing, and every refusal has a text key."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError
from marshmallow import fields as plain

from chat.i18n import CATALOGUE, Text
from chat.schemas import fields
from chat.schemas.base import Schema
from chat.schemas.messages import PostMessageSchema
from chat.schemas.rooms import CreateRoomSchema


def refusal(field: Any, value: object) -> str | None:
    """Return the key of what is wrong with a value, or None."""
    try:
        field.deserialize(value)
    except ValidationError as error:
        (text,) = error.messages
        assert text in CATALOGUE
        return str(text)
    return None


NOT_TEXT: list[object] = [1, 1.0, True, [], {}, {"$gt": ""}, b"x"]


@pytest.mark.parametrize("value", NOT_TEXT)
@pytest.mark.parametrize("field", [fields.String(), fields.Username(), fields.Email(), fields.Id()])
def test_what_is_not_text_is_refused(field: Any, value: object) -> None:
    assert refusal(field, value) in ("invalid.string", "invalid.id")


@pytest.mark.parametrize("value", ["ab", "a b c", "abc\n", "x" * 21, "用户名", ""])
def test_a_new_username_has_three_to_twenty_letters_digits_and_signs(value: str) -> None:
    assert refusal(fields.Username(), value) == "invalid.username"
    for good in ("abc", "x" * 20, "a.b-c_1"):
        assert refusal(fields.Username(), good) is None


@pytest.mark.parametrize("value", ["a\x00", "\ud800", "x\udfffy"])
def test_nul_and_lone_surrogates_are_refused(value: str) -> None:
    assert refusal(fields.String(), value) == "invalid.characters"


def test_length_is_counted_in_code_points() -> None:
    field = fields.String(min=2, max=3)
    assert refusal(field, "😀😀😀") is None
    assert refusal(field, "😀") == "invalid.too_short"
    assert refusal(field, "😀😀😀😀") == "invalid.too_long"


@pytest.mark.parametrize("value", ["", " ", "\n\t", "\u3000", "\u200b\u200d", "\u3164", "\u2800"])
def test_text_that_shows_nothing_is_blank(value: str) -> None:
    assert refusal(fields.String(blank=False), value) == "invalid.blank"
    assert refusal(fields.String(), value) is None


@pytest.mark.parametrize("value", ["🫨", "\U00031350", "\U0001faff"])
def test_the_newest_emoji_and_characters_are_messages_and_names(value: str) -> None:
    assert refusal(PostMessageSchema().fields["data"], value) is None
    assert refusal(CreateRoomSchema().fields["name"], value) is None
    assert refusal(fields.Nickname(), value) is None


@pytest.mark.parametrize("value", ["\ufe0f", "\u034f", "\u17b4", "\u180b", "\U000e0041\U000e007f"])
def test_what_shows_nothing_is_neither_message_nor_name(value: str) -> None:
    said = {"client_id": "c1", "data": value}
    with pytest.raises(ValidationError) as error:
        PostMessageSchema().load(said)
    assert error.value.messages == {"data": ["invalid.blank"]}
    assert PostMessageSchema().load(said | {"files": ["f1"]})["data"] == value
    assert refusal(CreateRoomSchema().fields["name"], value) == "invalid.blank"
    assert refusal(fields.Nickname(), value) == "invalid.blank"


DECEITFUL = ["a\x1b[31m", "a\u2028b", "\u202eabc", "a\u2066b", "ab\u200f", "a\u200bb", "a\ufeffb"]


@pytest.mark.parametrize("value", DECEITFUL)
def test_names_and_plain_texts_look_like_what_they_are(value: str) -> None:
    assert refusal(fields.String(line=True), value) == "invalid.characters"
    assert refusal(fields.String(plain=True), value) == "invalid.characters"
    assert refusal(fields.String(), value) is None


def test_plain_text_may_have_lines_and_names_may_not() -> None:
    assert refusal(fields.String(plain=True), "a\r\n\tb") is None
    assert refusal(fields.String(line=True), "a\nb") == "invalid.characters"


def test_joined_emoji_and_right_to_left_names_are_names() -> None:
    for value in ("👩‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "محمد", "می‌خواهم", "Zoë", "张三"):
        assert refusal(fields.Nickname(), value) is None


def test_text_is_kept_as_it_was_sent_unless_it_is_to_be_stripped() -> None:
    assert fields.String().deserialize("  a ") == "  a "
    assert fields.String(strip=True).deserialize("  a ") == "a"


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [], {"$gt": 0}])
def test_only_whole_numbers_are_integers(value: object) -> None:
    assert refusal(fields.Integer(), value) in ("invalid.integer", "invalid.null")


def test_integers_have_bounds_that_javascript_and_the_database_share() -> None:
    field = fields.Integer(min=1)
    assert refusal(field, 0) == "invalid.too_small"
    assert refusal(field, 2**53 - 1) is None
    assert refusal(field, 2**53) == "invalid.too_big"
    assert refusal(field, 10**4000) == "invalid.too_big"


@pytest.mark.parametrize("value", [1, 0, "true", "on", None])
def test_only_true_and_false_are_boolean(value: object) -> None:
    assert refusal(fields.Boolean(), value) in ("invalid.boolean", "invalid.null")
    assert refusal(fields.Boolean(), False) is None


@pytest.mark.parametrize("value", [True, 1.0, "1", 3, [1], {"$in": [1]}])
def test_a_choice_has_the_type_of_its_values(value: object) -> None:
    assert refusal(fields.Choice([0, 1, 2]), value) == "invalid.choice"


@pytest.mark.parametrize(
    "value",
    [
        "a@example.org",
        "A.b+c@mail.example.org",
        "a@localhost",
        "o'neil@x.co",
        f"{'a' * 64}@b.cn",
        "用户@例子.公司",
        "josé@example.org",
    ],
)
def test_usual_and_international_addresses_are_taken(value: str) -> None:
    assert fields.Email().deserialize(value) == value


def test_an_address_in_full_width_is_read_as_what_it_means() -> None:
    assert fields.Email().deserialize(" ｗａｎｇ＠例子。公司 ") == "wang@例子.公司"


def test_digits_are_kept_alone_and_the_rest_names_nothing() -> None:
    assert fields.Digits().deserialize("１２３－４５６ ７８９") == "123456789"
    assert fields.Digits().deserialize("12a") == "12a"
    assert refusal(fields.Digits(), "1" * 65) == "invalid.too_long"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a",
        "@b.c",
        "a@",
        "a@b@c",
        "a b@c.d",
        "a@b..c",
        ".a@b.c",
        "a@-b.c",
        "a@b.c\r\nBcc: x@y.z",
        "a@b.c,d@e.f",
        "Name <a@b.c>",
        f"{'a' * 65}@b.c",
        f"{'é' * 33}@b.c",
        "a@b c.例子",
        "a@-例子.公司",
        f"a@{'例' * 60}.公司",
        "a\u200bb@例子.公司",
        "=?utf-8?q?a=0d=0ab?=@b.c",
        "a\u202eb@b.c",
        "a\u00a0b@b.c",
        "a\x85b@b.c",
    ],
)
def test_what_could_not_stand_in_a_mail_header_is_refused(value: str) -> None:
    assert refusal(fields.Email(), value) == "invalid.email"


class Sample(Schema):
    name = fields.String(required=True)
    rooms = fields.Dict(fields.Id(), fields.Integer(min=0), most=20)
    when = plain.DateTime()


def messages(data: Any) -> Any:
    with pytest.raises(ValidationError) as error:
        Sample().load(data)
    return error.value.messages


def test_all_of_marshmallows_own_messages_are_keys_of_ours() -> None:
    assert messages({}) == {"name": ["invalid.required"]}
    assert messages({"name": None}) == {"name": ["invalid.null"]}
    assert messages({"name": "", "more": 1}) == {"more": ["invalid.unknown"]}
    assert messages([]) == {"_schema": ["invalid.object"]}
    assert messages({"name": "", "rooms": 1}) == {"rooms": ["invalid.object"]}
    assert messages({"name": "", "when": "soon"}) == {"when": ["invalid.value"]}


def test_what_is_wrong_inside_a_dict_is_found() -> None:
    found = messages({"name": "", "rooms": {"$gt": 1, "a": "1"}})
    assert found == {"rooms": {"$gt": ["invalid.id"], "a": ["invalid.integer"]}}


def test_a_dict_is_bounded_and_read_no_further_than_its_first_mistakes() -> None:
    found = messages({"name": "", "rooms": {f"r{number}": 0 for number in range(21)}})
    assert found == {"rooms": [Text("invalid.too_many", max=20)]}
    found = messages({"name": "", "rooms": {f"r{number}": "" for number in range(20)}})
    assert len(found["rooms"]) == fields.MAX_ERRORS


def test_a_container_without_a_bound_is_no_field_of_a_schema() -> None:
    with pytest.raises(TypeError, match="some"):
        type("Careless", (Schema,), {"some": plain.List(fields.Id())})()
