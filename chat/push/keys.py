"""The pair of keys by which push services know this installation (VAPID, RFC 8292)."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from dataclasses import dataclass

import jwt
from cachetools import LRUCache
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chat import base64url
from chat.repositories.push_keys import PushKeyRepository

NONCE = 12  # bytes
VALID_SECONDS = 12 * 3_600  # of a signature; a day is the most that services take
RENEWED_SECONDS = 3_600  # before its end
KNOWN_ORIGINS = 100


@dataclass(frozen=True)
class KeyPair:
    """`public` is what pages subscribe with, `fingerprint` its short name."""

    private: ec.EllipticCurvePrivateKey
    public: str
    fingerprint: str


class PushKeys:
    """Makes the pair once, and signs with it.

    It is stored encrypted under the secret key of the installation: a copy of the database alone
    sends nothing. With another secret key all sessions end, and there is a new pair.
    """

    def __init__(self, repository: PushKeyRepository, secret: str, subject: str) -> None:
        self._repository = repository
        self._secret = secret
        self._subject = subject
        self._pair: KeyPair | None = None
        # By origin: until when, and the header.
        self._signed: LRUCache[str, tuple[float, str]] = LRUCache(KNOWN_ORIGINS)
        self._lock = threading.Lock()

    def pair(self) -> KeyPair:
        """Return the pair; make it if there is none."""
        if self._pair is None:
            self._pair = self._read_or_make()
        return self._pair

    def forget(self) -> None:
        """Read the pair again: the database was restored."""
        with self._lock:
            self._pair = None
            self._signed.clear()

    def authorization(self, origin: str) -> str:
        """Return the header `Authorization` for a push service."""
        now = time.time()
        with self._lock:
            until, header = self._signed.get(origin, (0.0, ""))
        if until <= now:
            pair = self.pair()
            claims = {"aud": origin, "exp": int(now) + VALID_SECONDS, "sub": self._subject}
            signed = jwt.encode(claims, pair.private, algorithm="ES256")
            until, header = (
                now + VALID_SECONDS - RENEWED_SECONDS,
                f"vapid t={signed}, k={pair.public}",
            )
            with self._lock:
                self._signed[origin] = (until, header)
        return header

    def _read_or_make(self) -> KeyPair:
        while True:
            sealed = self._repository.find()
            opened = None if sealed is None else self._open(sealed)
            if opened is not None:
                return _pair_of(opened)
            number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
            self._repository.replace(sealed, self._seal(number.to_bytes(32, "big")))

    def _seal(self, private: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self._sealing_key()).encrypt(nonce, private, None)

    def _open(self, sealed: bytes) -> bytes | None:
        try:
            return AESGCM(self._sealing_key()).decrypt(sealed[:NONCE], sealed[NONCE:], None)
        except InvalidTag:
            return None

    def _sealing_key(self) -> bytes:
        derive = HKDF(hashes.SHA256(), 32, salt=None, info=b"push key")
        return derive.derive(self._secret.encode())


def _pair_of(private: bytes) -> KeyPair:
    key = ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1())
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    fingerprint = hashlib.sha256(point).hexdigest()[:16]
    return KeyPair(key, base64url.encode(point), fingerprint)
