"""Says on a new connection who we are (KIP-43, KIP-152): the shell of `sasl`.

A broker that gives a session a lifetime (KIP-368) wants to be told again before it is over. Instead of that on the same
connection, where it would hold up everything else, a new connection takes over in time, and the old one ends with its
last answer. Where no lifetime is given, there is nothing to do again.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, cast

import trio

from barnabas.client.errors import AuthenticationFailed
from barnabas.client.sasl import Credentials, SaslError
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.sasl_authenticate import SaslAuthenticateRequest, SaslAuthenticateResponse
from barnabas.protocol.messages.sasl_handshake import SaslHandshakeRequest, SaslHandshakeResponse

if TYPE_CHECKING:
    from barnabas.client.connection import ClientConnection

_SHARE_OF_LIFETIME: Final = 0.8
_SPREAD: Final = 0.1
"""After which part of its lifetime a session is followed by another, and by how much more at most: clients that began
together need not all come again together.
"""
_NONCE_BYTES: Final = 24


async def authenticate(connection: ClientConnection, credentials: Credentials) -> None:
    """AuthenticationFailed says why not; ConnectionLost."""
    address = connection.address
    try:
        await _agree(connection, credentials.mechanism)
        lifetime_ms = await _converse(connection, credentials)
    except SaslError as error:
        raise AuthenticationFailed(f"{address}: {error}") from None
    except WireError:
        raise AuthenticationFailed(f"{address}: {_WANTS_NONE}") from None
    if lifetime_ms > 0:
        share = _SHARE_OF_LIFETIME + _SPREAD * secrets.SystemRandom().random()
        connection.fresh_until = trio.current_time() + lifetime_ms / 1000 * share


async def _converse(connection: ClientConnection, credentials: Credentials) -> int:
    """The session's lifetime in ms, 0 for one without an end."""
    conversation = credentials.conversation(secrets.token_urlsafe(_NONCE_BYTES))
    message = conversation.first()
    while True:
        request = SaslAuthenticateRequest(auth_bytes=message)
        said = cast(SaslAuthenticateResponse, await connection.request(request))
        if said.error_code:
            why = said.error_message or ErrorCode.of(said.error_code).text
            who = f"user {credentials.username}, {credentials.mechanism}"
            raise AuthenticationFailed(f"{connection.address}: {why} ({who})")
        answer = conversation.answer(said.auth_bytes)
        if answer is None:
            return said.session_lifetime_ms
        message = answer


async def _agree(connection: ClientConnection, mechanism: str) -> None:
    answer = cast(SaslHandshakeResponse, await connection.request(SaslHandshakeRequest(mechanism=mechanism)))
    match answer.error_code:
        case ErrorCode.NONE:
            return
        case ErrorCode.UNSUPPORTED_SASL_MECHANISM:
            offered = ", ".join(answer.mechanisms) or "none"
            raise AuthenticationFailed(f"{connection.address}: no {mechanism} here; sasl_mechanism may be {offered}")
        case ErrorCode.ILLEGAL_SASL_STATE:
            raise AuthenticationFailed(f"{connection.address}: {_WANTS_NONE}")
        case code:
            raise AuthenticationFailed(f"{connection.address}: {ErrorCode.of(code).name}")


_WANTS_NONE: Final = "it authenticates nobody on this port; security_protocol is PLAINTEXT or SSL there"
