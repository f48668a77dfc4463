"""The base of all schemas: unknown fields are refused, messages are keys of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import marshmallow
from marshmallow.fields import Field

from chat.schemas.reading import Ambiguous

MAX_FIELDS = 100  # of one object; marshmallow takes long to refuse thousands one by one
UNBOUNDED = (marshmallow.fields.List, marshmallow.fields.Mapping, marshmallow.fields.Nested)
KEYS = {"required": "invalid.required", "null": "invalid.null", "unknown": "invalid.unknown"}


class Schema(marshmallow.Schema):
    """A schema whose messages `i18n` can render."""

    error_messages = {"type": "invalid.object", "unknown": "invalid.unknown"}

    class Meta:
        unknown = marshmallow.RAISE

    def load(self, data: Any, **kwargs: Any) -> Any:
        """Return what was read; raise ValidationError, at once of far too many fields."""
        if isinstance(data, Ambiguous):
            raise marshmallow.ValidationError({"_schema": ["invalid.repeated"]})
        if isinstance(data, Mapping) and len(data) > MAX_FIELDS:
            raise marshmallow.ValidationError({"_schema": ["invalid.unknown"]})
        return super().load(data, **kwargs)

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:
        """Refuse containers without a bound; replace marshmallow's own texts."""
        if isinstance(field_obj, UNBOUNDED):
            raise TypeError(f"{field_name}: use a container of chat.schemas.fields")
        field_obj.error_messages = {
            name: text if text.startswith("invalid.") else KEYS.get(name, "invalid.value")
            for name, text in field_obj.error_messages.items()
            if isinstance(text, str)
        }


def require_fields(payload: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise ValidationError that names those of the fields that a payload lacks."""
    missing = [name for name in names if name not in payload]
    if missing:
        raise marshmallow.ValidationError({name: ["invalid.required"] for name in missing})
