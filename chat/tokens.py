"""Random tokens that are handed out once; only their hashes are stored."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 16  # 128 bits: nobody guesses one


def new_token() -> str:
    """Return a new token, as text that fits into an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> str:
    """Return what is stored of a token: it is random enough to need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
