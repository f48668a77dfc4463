"""What tests upload, and how."""

from __future__ import annotations

import io
import secrets
from typing import Any

from PIL import Image
from werkzeug.test import TestResponse

from harness.people import Person

BYTES = "application/octet-stream"


def post_file(
    person: Person, room: dict[str, Any], content: bytes, name: str = "notes.bin", **more: Any
) -> TestResponse:
    """Upload a file for a room; return the response, even an error."""
    path = f"/rooms/{room['id']}/files"
    return person.post(path, query_string={"name": name}, data=content, content_type=BYTES, **more)


def upload(
    person: Person, room: dict[str, Any], content: bytes = b"some bytes", name: str = "notes.bin"
) -> dict[str, Any]:
    """Upload a file and return it."""
    return person.upload(room, content, name)


def send_file(person: Person, room: dict[str, Any], content: bytes) -> dict[str, Any]:
    """Upload a file and send it; return the message."""
    return person.say(room, "", files=[upload(person, room, content)["id"]])


def some_bytes(size: int) -> bytes:
    """Return bytes that no other test has, and that are neither a text nor a picture."""
    return b"\0" + secrets.token_bytes(size - 1)


def picture(width: int = 8, height: int = 6, kind: str = "PNG") -> bytes:
    """Return a picture of one colour."""
    made = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(made, kind)
    return made.getvalue()
