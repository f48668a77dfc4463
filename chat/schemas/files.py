"""Uploaded files on the wire."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from chat.models import File
from chat.schemas import fields
from chat.schemas.base import Schema

MAX_NAME = 4_096  # characters of a name as it is sent; what is kept of it is much shorter


class UploadSchema(Schema):
    """The query of an upload."""

    name = fields.String(max=MAX_NAME, load_default="")


def dump_file(file: File) -> dict[str, Any]:
    return asdict(file)
