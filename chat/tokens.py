"""Random tokens that are shown once; only their hashes are stored."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 16  # 128 bits cannot be guessed


def new_token() -> str:
    """Return a new URL-safe token."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> str:
    """Return the hash to store; a random token needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
