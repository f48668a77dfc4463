"""Compact JSON in UTF-8 without escapes: the form of what leaves the server on sockets."""

from __future__ import annotations

from typing import Any

import orjson

Encoded = orjson.Fragment  # JSON of a value, which stands in a larger one and is not written again
# Our own models are not part of the wire. They are errors here, as they are for `json`.
STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def write_json(value: Any) -> bytes:
    """Return the JSON of a value. It may contain `Encoded` values.

    Raises TypeError for a value of another type, a lone surrogate, an integer of more than 64 bits
    and a name that is no text. NaN, which no field of ours can be, becomes null.
    """
    return orjson.dumps(value, option=STRICT)
