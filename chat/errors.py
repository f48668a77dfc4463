"""The errors that clients get. A new error is a class here and its texts in `chat.i18n`."""

from __future__ import annotations

from typing import Any, ClassVar

DAY_SECONDS = 24 * 60 * 60


class ChatError(Exception):
    """An error with a stable code for programs, by which its text for people is found.

    `fields` has the errors of the input: `{name: [text key, …]}`, nested like the input.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, fields: dict[str, Any] | None = None) -> None:
        super().__init__(self.code)
        self.fields = fields

    def details(self) -> dict[str, Any]:
        """Return the members of the error other than code, message and fields."""
        return {}


class InvalidInput(ChatError):
    code = "validation_error"
    status = 400


class BadPicture(InvalidInput):
    """A file that should be a picture is none that is taken."""

    def __init__(self, text_key: str = "invalid.picture") -> None:
        super().__init__({"file": [text_key]})


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
    """The user was removed from the group and cannot rejoin by themselves."""

    text_key = "error.removed"


class AdminsPost(Forbidden):
    """Only the owner and the admins may post in this group."""

    text_key = "error.admins_post"


class PeerLeft(Forbidden):
    """The other member of the direct room has deleted their account."""


class ForeignPage(Forbidden):
    """The request comes from a page of an origin that is not allowed."""

    text_key = "error.foreign_page"


class NotFound(ChatError):
    """It does not exist or the caller may not see it; both look the same."""

    code = "not_found"
    status = 404


class MethodNotAllowed(ChatError):
    code = "method_not_allowed"
    status = 405


class Conflict(ChatError):
    code = "conflict"
    status = 409


class MessageDeleted(Conflict):
    """A deleted message cannot be changed."""

    text_key = "error.message_deleted"


class TooManyEmoji(Conflict):
    """The message has as many different emoji as allowed."""

    text_key = "error.too_many_emoji"


class TooManyPins(Conflict):
    """The room has as many pinned messages as allowed."""

    text_key = "error.too_many_pins"


class TooManyPinnedRooms(Conflict):
    """The user has pinned as many rooms as allowed."""

    text_key = "error.too_many_pinned_rooms"


class PayloadTooLarge(ChatError):
    code = "payload_too_large"
    status = 413


class UnsupportedMediaType(ChatError):
    code = "unsupported_media_type"
    status = 415


class FormInsteadOfFile(UnsupportedMediaType):
    """The body of an upload is a form with a file in it, not the bytes of the file."""

    text_key = "error.form_instead_of_file"


class RangeNotSatisfiable(ChatError):
    code = "range_not_satisfiable"
    status = 416


class MisdirectedRequest(ChatError):
    """The request names a host that is not one of this server's."""

    code = "misdirected_request"
    status = 421


class RateLimited(ChatError):
    """A rate limit is reached; `retry_after` is in seconds."""

    code = "rate_limited"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after

    def details(self) -> dict[str, Any]:
        return {"retry_after": self.retry_after}


class QuotaExceeded(RateLimited):
    """The quota of a day is used up; `retry_after` is the rest of the day in seconds."""

    code = "quota_exceeded"


class StorageFull(QuotaExceeded):
    """The user's files take as much space as they may; nothing becomes free by itself."""

    text_key = "error.storage_full"

    def __init__(self) -> None:
        super().__init__(DAY_SECONDS)


class UnknownEvent(ChatError):
    code = "unknown_event"
    status = 400


class Unavailable(ChatError):
    """The outcome is unknown. The client may repeat the call with the same `client_id`."""

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
