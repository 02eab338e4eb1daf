"""Security in the properties files of Kafka's clients, as settings of ours.

Java's stores are not read, PEM files are: `ssl.truststore.type=PEM` with a location, `ssl.keystore.type=PEM` with a
location that holds certificate and key. Of `sasl.jaas.config` the user and the password are taken. What is not
understood is refused: a command that talks otherwise than it was told to would be a trap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from barnabas.cli.failures import UsageError
from barnabas.client.security import SecuritySettings

PREFIXES: Final = ("security.", "sasl.", "ssl.")

_IGNORED: Final = frozenset(
    {
        "ssl.protocol",
        "ssl.enabled.protocols",
        "ssl.cipher.suites",
        "ssl.provider",
        "ssl.keymanager.algorithm",
        "ssl.trustmanager.algorithm",
        "ssl.secure.random.implementation",
        "security.providers",
    }
)
"""They say how Java does it; OpenSSL's own defaults are safe."""
_JAAS: Final = re.compile(
    r"\s*(?:[\w.]+\.)?(?P<module>PlainLoginModule|ScramLoginModule)\s+(?:required|requisite|sufficient|optional)\b"
    r"(?P<options>(?:\s+\w+\s*=\s*(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s;\"']+))*)\s*;\s*"
)
_OPTION: Final = re.compile(r"(\w+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|([^\s;\"']+))")


def security_settings(path: Path, properties: Mapping[str, str]) -> SecuritySettings:
    """What the properties of the file say of security; places are relative to the working directory, as Kafka's."""
    settings: SecuritySettings = {}
    for name, value in properties.items():
        if not name.startswith(PREFIXES) or name in _IGNORED:
            continue
        take = _TAKE.get(name)
        if take is None:
            raise UsageError(f"{path}: {name} is nothing that this client knows; it knows {', '.join(_TAKE)}")
        try:
            take(settings, value)
        except ValueError as error:
            raise UsageError(f"{path}: {name}: {error}") from None
    for store, setting in (("truststore", "ssl_cafile"), ("keystore", "ssl_certfile")):
        if setting in settings and properties.get(f"ssl.{store}.type", "JKS").upper() != "PEM":
            place = settings[setting]  # type: ignore[literal-required]  # one of the two
            raise UsageError(
                f"{path}: ssl.{store}.location is read as PEM alone. Turn the Java store into it: keytool "
                f"-importkeystore -srckeystore {place} -destkeystore store.p12 -deststoretype PKCS12, then openssl "
                f"pkcs12 -in store.p12 -nodes -out store.pem, and say ssl.{store}.type=PEM"
            )
    return settings


def _protocol(settings: SecuritySettings, value: str) -> None:
    settings["security_protocol"] = value.upper()  # type: ignore[typeddict-item]  # the client checks it


def _mechanism(settings: SecuritySettings, value: str) -> None:
    settings["sasl_mechanism"] = value


def _truststore(settings: SecuritySettings, value: str) -> None:
    settings["ssl_cafile"] = value


def _keystore(settings: SecuritySettings, value: str) -> None:
    settings["ssl_certfile"] = value


def _key_password(settings: SecuritySettings, value: str) -> None:
    settings["ssl_key_password"] = value


def _type(settings: SecuritySettings, value: str) -> None:
    """Looked at where there is a location."""


def _identification(settings: SecuritySettings, value: str) -> None:
    if value.lower() not in ("", "https"):
        raise ValueError(f"{value!r} is neither https nor empty, which trusts a certificate for any name")
    settings["ssl_check_hostname"] = bool(value)


def _jaas(settings: SecuritySettings, value: str) -> None:
    match = _JAAS.fullmatch(value)
    if match is None:
        raise ValueError(
            'it is read in the form ...ScramLoginModule required username="..." password="..."; and with '
            "PlainLoginModule, no others"
        )
    found = {name: _unquoted(*texts) for name, *texts in _OPTION.findall(match["options"])}
    if "username" not in found or "password" not in found:
        raise ValueError("it has no username or no password")
    settings["sasl_username"], settings["sasl_password"] = found["username"], found["password"]


def _unquoted(in_double: str, in_single: str, bare: str) -> str:
    return re.sub(r"\\(.)", r"\1", in_double or in_single) or bare


_TAKE: Final[Mapping[str, Callable[[SecuritySettings, str], None]]] = {
    "security.protocol": _protocol,
    "ssl.truststore.location": _truststore,
    "ssl.truststore.type": _type,
    "ssl.keystore.location": _keystore,
    "ssl.keystore.type": _type,
    "ssl.key.password": _key_password,
    "ssl.endpoint.identification.algorithm": _identification,
    "sasl.mechanism": _mechanism,
    "sasl.jaas.config": _jaas,
}
