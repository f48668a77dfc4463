"""Everything that can go wrong for a reason. A new error is a class here and its line in i18n."""

from __future__ import annotations

from typing import Any, ClassVar


class ChatError(Exception):
    """An error with a stable code for programs; its text for people is found by the code.

    `fields` names what is wrong in the input: `{name: [text key, …]}`, nested as the input is.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, fields: dict[str, Any] | None = None) -> None:
        super().__init__(self.code)
        self.fields = fields

    def details(self) -> dict[str, Any]:
        """Return what the error says beside code, message and fields."""
        return {}


class InvalidInput(ChatError):
    code = "validation_error"
    status = 400


class Unauthorized(ChatError):
    code = "unauthorized"
    status = 401


class TokenExpired(ChatError):
    code = "token_expired"
    status = 401


class Forbidden(ChatError):
    code = "forbidden"
    status = 403


class Removed(Forbidden):
    """Somebody who was removed from a group would come back by their own doing."""

    text_key = "error.removed"


class AdminsPost(Forbidden):
    """Only the owner and the admins of this group post in it."""

    text_key = "error.admins_post"


class PeerLeft(Forbidden):
    """The other one of a direct room has left it for good."""


class ForeignPage(Forbidden):
    """A page of an origin that may not use this server sent the request."""

    text_key = "error.foreign_page"


class NotFound(ChatError):
    """It does not exist, or not for the one who asks: both look the same."""

    code = "not_found"
    status = 404


class MethodNotAllowed(ChatError):
    code = "method_not_allowed"
    status = 405


class Conflict(ChatError):
    code = "conflict"
    status = 409


class MessageDeleted(Conflict):
    """Nothing can be done to a message of which only its place is left."""

    text_key = "error.message_deleted"


class TooManyEmoji(Conflict):
    """A message has as many different emoji as it may have."""

    text_key = "error.too_many_emoji"


class TooManyPins(Conflict):
    """A room has as many pinned messages as it may have."""

    text_key = "error.too_many_pins"


class PayloadTooLarge(ChatError):
    code = "payload_too_large"
    status = 413


class UnsupportedMediaType(ChatError):
    code = "unsupported_media_type"
    status = 415


class RangeNotSatisfiable(ChatError):
    code = "range_not_satisfiable"
    status = 416


class MisdirectedRequest(ChatError):
    """The request is for a host that is not this server's."""

    code = "misdirected_request"
    status = 421


class RateLimited(ChatError):
    """Too much at once; `retry_after` is in seconds."""

    code = "rate_limited"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after

    def details(self) -> dict[str, Any]:
        return {"retry_after": self.retry_after}


class QuotaExceeded(RateLimited):
    """What may be stored on a day is used up; `retry_after` is the rest of the day."""

    code = "quota_exceeded"


class UnknownEvent(ChatError):
    code = "unknown_event"
    status = 400


class Unavailable(ChatError):
    """The outcome is unknown: the same call may be repeated under the same `client_id`."""

    code = "unavailable"
    status = 503


class NotReady(Unavailable):
    """This process should get no new clients; `reason` is the end of a text key."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.text_key = f"error.not_ready.{reason}"


class Internal(ChatError):
    code = "internal"
    status = 500
