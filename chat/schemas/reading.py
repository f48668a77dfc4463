"""Strict JSON parsing: it refuses texts that parsers read differently."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class Ambiguous:
    """Stands for an object with a repeated name; every schema refuses it."""


def read_json(text: str | bytes) -> Any:
    """Return the value of a JSON text, with `Ambiguous` for each object with a repeated name.

    Raises ValueError for invalid UTF-8 or JSON, and RecursionError for too deep nesting.
    """
    return _decoder.decode(text if isinstance(text, str) else text.decode())


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Ambiguous:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Ambiguous()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


_decoder = json.JSONDecoder(object_pairs_hook=_read_object, parse_constant=_refuse_constant)
