"""SASL as the RFCs have it: their own examples, and servers that cheat."""

from __future__ import annotations

import pytest

from barnabas.client.sasl import Credentials, SaslError, Scram

SHA1 = Scram("sha1", "user", "pencil", "fyko+d2lbbFgONRv9qkxdawL")
SHA256 = Scram("sha256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO")
NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SERVER_FIRST = f"r=rOprNGfwEbeRWgbNEkqO{NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".encode()


def test_the_example_of_rfc_5802() -> None:
    assert SHA1.first() == b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"
    final = SHA1.answer(b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096")
    assert final == b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    assert SHA1.answer(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=") is None


def test_the_example_of_rfc_7677() -> None:
    assert SHA256.first() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert SHA256.answer(SERVER_FIRST) == (
        f"c=biws,r=rOprNGfwEbeRWgbNEkqO{NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=".encode()
    )
    assert SHA256.answer(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") is None


def test_plain_says_it_all_at_once() -> None:
    plain = Credentials("PLAIN", "tim", "tanstaaftanstaaf").conversation("")
    assert plain.first() == b"\0tim\0tanstaaftanstaaf"
    assert plain.answer(b"") is None


def test_a_name_may_have_any_characters() -> None:
    assert Scram("sha256", "a=b,c", "p", "n").first() == b"n,,n=a=3Db=2Cc,r=n"


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("PLAIN", "me", "secret"))


@pytest.mark.parametrize(
    ("first", "complaint"),
    [
        (SERVER_FIRST.replace(b"r=rOpr", b"r=xxxx"), "answers somebody else"),
        (b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "answers somebody else"),
        (SERVER_FIRST.replace(b"4096", b"4095"), "4095 iterations"),
        (SERVER_FIRST.replace(b"4096", b"999999999"), "999999999 iterations"),
        (SERVER_FIRST.replace(b"4096", b"many"), "makes no sense"),
        (SERVER_FIRST.replace(b"s=W22Z", b"s=!"), "makes no sense"),
        (b"r=rOprNGfwEbeRWgbNEkqOx,i=4096", "makes no sense"),
        (b"\xff", "makes no sense"),
        (b"", "makes no sense"),
    ],
)
def test_a_first_message_that_cannot_be_followed(first: bytes, complaint: str) -> None:
    scram = Scram("sha256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO")
    with pytest.raises(SaslError, match=complaint):
        scram.answer(first)


@pytest.mark.parametrize(
    ("last", "complaint"),
    [
        (b"v=AAAA", "does not know the password"),
        (b"e=invalid-proof", "the broker refuses: invalid-proof"),
        (b"x=1", "makes no sense"),
        (b"v=!", "makes no sense"),
    ],
)
def test_a_server_that_cannot_prove_what_it_knows(last: bytes, complaint: str) -> None:
    scram = Scram("sha256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO")
    scram.answer(SERVER_FIRST)
    with pytest.raises(SaslError, match=complaint):
        scram.answer(last)
