"""What a client says to prove who it is: SASL PLAIN (RFC 4616) and SCRAM (RFC 5802, RFC 7677). A core.

PLAIN shows the password; use it with TLS alone. SCRAM never does: both sides prove that they know it, and so a broker
that accepts anybody is found out. Four messages:

    client-first   n,,n=USER,r=NONCE
    server-first   r=NONCE+MORE,s=SALT,i=ITERATIONS
    client-final   c=biws,r=NONCE+MORE,p=PROOF
    server-final   v=SIGNATURE, or e=ERROR

Left out, as in Kafka: channel binding, and the normalising of names and passwords (SASLprep).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

_HASHES: Final = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
_LEAST_ITERATIONS: Final = 4096
_MOST_ITERATIONS: Final = 1_000_000
"""They are computed at one go, half a second or so: a broker must not be able to stop us for longer."""


class SaslError(Exception):
    """The server's message makes no sense, or shows that it does not know the password."""


class Conversation(Protocol):
    """One attempt to authenticate."""

    def first(self) -> bytes:
        """What to say first."""
        ...

    def answer(self, challenge: bytes) -> bytes | None:
        """What to say to the server's message; None: that was all. SaslError."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are, and how we prove it."""

    mechanism: Mechanism
    username: str
    password: str = field(repr=False)

    def conversation(self, nonce: str) -> Conversation:
        """A new attempt. `nonce`: random printable text without commas, another one each time."""
        if self.mechanism == "PLAIN":
            return Plain(self.username, self.password)
        return Scram(_HASHES[self.mechanism], self.username, self.password, nonce)


class Plain:
    """One message."""

    def __init__(self, username: str, password: str) -> None:
        self._message: Final = f"\0{username}\0{password}".encode()

    def first(self) -> bytes:
        return self._message

    def answer(self, challenge: bytes) -> bytes | None:
        return None


class Scram:
    """See the module's text. `hash_name` as hashlib has it."""

    def __init__(self, hash_name: str, username: str, password: str, nonce: str) -> None:
        self._hash: Final = hash_name
        self._password: Final = password.encode()
        self._nonce: Final = nonce
        name = username.replace("=", "=3D").replace(",", "=2C")
        self._first_bare: Final = f"n={name},r={nonce}"
        self._signature: bytes | None = None

    def first(self) -> bytes:
        return f"n,,{self._first_bare}".encode()

    def answer(self, challenge: bytes) -> bytes | None:
        try:
            text = challenge.decode()
            fields = dict(part.split("=", 1) for part in text.split(","))
            if self._signature is None:
                return self._final(text, fields["r"], _bytes(fields["s"]), int(fields["i"]))
            if "e" in fields:
                raise SaslError(f"the broker refuses: {fields['e']}")
            signature = _bytes(fields["v"])
        except (KeyError, ValueError):  # a binascii.Error and a UnicodeDecodeError are ValueErrors too
            raise SaslError("the broker's SCRAM message makes no sense") from None
        if not hmac.compare_digest(signature, self._signature):
            raise SaslError("the broker does not know the password either: it is not who it says it is")
        return None

    def _final(self, server_first: str, nonce: str, salt: bytes, iterations: int) -> bytes:
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise SaslError("the broker's SCRAM message answers somebody else")
        if not _LEAST_ITERATIONS <= iterations <= _MOST_ITERATIONS:
            raise SaslError(f"the broker asks for {iterations} iterations, not {_LEAST_ITERATIONS} or more")
        salted = hashlib.pbkdf2_hmac(self._hash, self._password, salt, iterations)
        without_proof = f"c=biws,r={nonce}"
        message = f"{self._first_bare},{server_first},{without_proof}".encode()
        client_key = self._hmac(salted, b"Client Key")
        client_signature = self._hmac(hashlib.new(self._hash, client_key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(client_key, client_signature, strict=True))
        self._signature = self._hmac(self._hmac(salted, b"Server Key"), message)
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def _hmac(self, key: bytes, data: bytes) -> bytes:
        return hmac.digest(key, data, self._hash)


def _bytes(text: str) -> bytes:
    return binascii.a2b_base64(text, strict_mode=True)
