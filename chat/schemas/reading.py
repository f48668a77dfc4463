"""JSON as it comes in: what two readers could understand differently is refused."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class Ambiguous:
    """Stands for an object that names something twice; no schema takes it."""


def read_json(text: str | bytes) -> Any:
    """Return what a JSON text says, with `Ambiguous` for each object that repeats a name.

    Raises ValueError for what is no JSON in UTF-8, and RecursionError for endless nesting.
    """
    return _decoder.decode(text if isinstance(text, str) else text.decode())


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Ambiguous:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Ambiguous()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


_decoder = json.JSONDecoder(object_pairs_hook=_read_object, parse_constant=_refuse_constant)
