"""Brokers that let in who knows a password: SASL at fake brokers, with the server's half of SCRAM.

Each connection authenticates for itself. As with Apache Kafka, whoever asks anything else before that, or when the
session is over (KIP-368), has the connection closed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import trio

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.sasl_authenticate import SaslAuthenticateRequest, SaslAuthenticateResponse
from barnabas.protocol.messages.sasl_handshake import SaslHandshakeRequest, SaslHandshakeResponse
from barnabas.server.dispatch import Request
from fake_brokers import FakeCluster

SALT = b"salt of the tests"
ITERATIONS = 4096


class FakeSasl:
    """Knows one user. To be made before the brokers start."""

    def __init__(self, brokers: FakeCluster, username: str, password: str, *mechanisms: str) -> None:
        self.username, self.password = username, password
        self.mechanisms = mechanisms or ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
        self.lifetime_ms = 0
        self.knows_password = True
        """False: it does not, and lets everybody in."""
        self.sessions = 0
        """How often somebody was let in."""
        self.sent_away = 0
        """How many requests came without a session."""
        self._asking: object = None
        self._mechanisms: dict[object, str] = {}
        self._scrams: dict[object, tuple[str, str]] = {}
        self._known_until: dict[object, float] = {}
        brokers.gate = self._admit
        brokers.more |= {ApiKey.SASL_HANDSHAKE: self._handshake, ApiKey.SASL_AUTHENTICATE: self._authenticate}

    def _admit(self, request: Request[Any]) -> str | None:
        self._asking = request.connection
        if request.body.API_KEY in (ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE):
            return None
        if trio.current_time() < self._known_until.get(request.connection, 0.0):
            return None
        self.sent_away += 1
        return "it has no session"

    def _handshake(self, broker: int, body: SaslHandshakeRequest) -> SaslHandshakeResponse:
        self._mechanisms[self._asking] = body.mechanism
        self._scrams.pop(self._asking, None)
        offered = body.mechanism in self.mechanisms
        code = ErrorCode.NONE if offered else ErrorCode.UNSUPPORTED_SASL_MECHANISM
        return SaslHandshakeResponse(error_code=code, mechanisms=list(self.mechanisms))

    def _authenticate(self, broker: int, body: SaslAuthenticateRequest) -> SaslAuthenticateResponse:
        message = body.auth_bytes.decode()
        if self._mechanisms[self._asking] == "PLAIN":
            return self._let_in(message.split("\0") == ["", self.username, self.password])
        scram = self._scrams.get(self._asking)
        if scram is None:
            gs2, bare = message[:3], message[3:]
            assert gs2 == "n,,"
            fields = _fields(bare)
            server_first = f"r={fields['r']}more,s={base64.b64encode(SALT).decode()},i={ITERATIONS}"
            self._scrams[self._asking] = bare, server_first
            return SaslAuthenticateResponse(auth_bytes=server_first.encode())
        return self._verify(message, *scram)

    def _verify(self, client_final: str, client_first: str, server_first: str) -> SaslAuthenticateResponse:
        without_proof, _, proof = client_final.rpartition(",p=")
        assert _fields(without_proof) == {"c": "biws", "r": _fields(server_first)["r"]}
        name = self._mechanisms[self._asking].removeprefix("SCRAM-").replace("-", "").lower()
        password = self.password if self.knows_password else "another"
        salted = hashlib.pbkdf2_hmac(name, password.encode(), SALT, ITERATIONS)
        message = f"{client_first},{server_first},{without_proof}".encode()
        stored = hashlib.new(name, hmac.digest(salted, b"Client Key", name)).digest()
        signature = hmac.digest(stored, message, name)
        key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature, strict=True))
        known = hashlib.new(name, key).digest() == stored and _fields(client_first)["n"] == self.username
        server = hmac.digest(hmac.digest(salted, b"Server Key", name), message, name)
        return self._let_in(known or not self.knows_password, b"v=" + base64.b64encode(server))

    def _let_in(self, known: bool, last: bytes = b"") -> SaslAuthenticateResponse:
        if not known:
            code = ErrorCode.SASL_AUTHENTICATION_FAILED
            return SaslAuthenticateResponse(error_code=code, error_message="Invalid username or password")
        self.sessions += 1
        lifetime = self.lifetime_ms / 1000 or float("inf")
        self._known_until[self._asking] = trio.current_time() + lifetime
        return SaslAuthenticateResponse(auth_bytes=last, session_lifetime_ms=self.lifetime_ms)


def _fields(text: str) -> dict[str, Any]:
    return dict(part.split("=", 1) for part in text.split(","))
