"""The error of the embedded database."""

from __future__ import annotations

from chat.errors import Unavailable


class EmbeddedDatabaseError(Unavailable):
    """The embedded database does not run; the text is one sentence for the operator."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.args = (text,)
