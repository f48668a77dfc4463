"""Pictures that are larger once they are written anew."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask import Flask
from PIL import Image

from harness.accounts import error_of
from harness.people import make_people
from tests.http.uploading import post_file, some_bytes, upload


def growing_picture() -> bytes:
    """Return a picture of poor quality, which is stored in a better one."""
    made = io.BytesIO()
    Image.effect_noise((900, 900), 80).convert("RGB").save(made, "JPEG", quality=25)
    return made.getvalue()


def test_a_picture_that_grew_is_no_larger_than_other_files(make_app: Callable[..., Flask]) -> None:
    sent = growing_picture()
    app = make_app(MAX_FILE_BYTES=len(sent))
    (person,) = make_people(app, "ada")
    error_of(post_file(person, person.create_group(), sent, "a.jpg"), 413)
    assert app.extensions["chat"].database.db["file.chunks"].count_documents({}) == 0


def test_a_picture_that_grew_takes_no_more_space_than_there_is(
    make_app: Callable[..., Flask],
) -> None:
    sent = growing_picture()
    app = make_app(FILE_BYTES_PER_USER=len(sent) + 100)
    (person,) = make_people(app, "ada")
    room = person.create_group()
    refused = error_of(post_file(person, room, sent, "a.jpg"), 429)
    assert refused["code"] == "quota_exceeded"
    assert app.extensions["chat"].database.db["file.chunks"].count_documents({}) == 0
    upload(person, room, some_bytes(len(sent)))
