"""The base of all schemas: it refuses unknown fields, and its messages are text keys."""

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
    """A schema with error messages that `i18n` can render."""

    error_messages = {"type": "invalid.object", "unknown": "invalid.unknown"}

    class Meta:
        unknown = marshmallow.RAISE

    def load(self, data: Any, **kwargs: Any) -> Any:
        """Return the loaded data; raise ValidationError, at once for more than MAX_FIELDS."""
        if isinstance(data, Ambiguous):
            raise marshmallow.ValidationError({"_schema": ["invalid.repeated"]})
        if isinstance(data, Mapping) and len(data) > MAX_FIELDS:
            raise marshmallow.ValidationError({"_schema": ["invalid.unknown"]})
        loaded = None if kwargs or any(self._hooks.values()) else self._load_valid(data)
        return super().load(data, **kwargs) if loaded is None else loaded

    def _load_valid(self, data: Any) -> dict[str, Any] | None:
        """Return the loaded data, or None if there is any error, which marshmallow will report.

        The fields alone define what is valid. marshmallow asks the same fields, but takes twice as
        long because it collects all errors.
        """
        if type(data) is not dict or not data.keys() <= self.load_fields.keys():
            return None
        loaded = {}
        try:
            for name, field in self.load_fields.items():
                value = field.deserialize(data.get(name, marshmallow.missing), name, data)
                if value is not marshmallow.missing:
                    loaded[name] = value
        except marshmallow.ValidationError:
            return None
        return loaded

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:
        """Refuse unbounded containers; replace marshmallow's own messages."""
        if isinstance(field_obj, UNBOUNDED):
            raise TypeError(f"{field_name}: use a container of chat.schemas.fields")
        if field_obj.data_key or field_obj.attribute:
            raise TypeError(f"{field_name}: a field has one name")
        field_obj.error_messages = {
            name: text if text.startswith("invalid.") else KEYS.get(name, "invalid.value")
            for name, text in field_obj.error_messages.items()
            if isinstance(text, str)
        }


def require_fields(payload: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise ValidationError for those of the fields that a payload lacks."""
    missing = [name for name in names if name not in payload]
    if missing:
        raise marshmallow.ValidationError({name: ["invalid.required"] for name in missing})
