"""What keeps a client's connections from strangers: TLS, and who it says it is. Settings under Kafka's names.

Kafka's stores are Java's; here keys and certificates are PEM files, one setting each, as Python's other clients have
them. `ssl_cafile` stands for a truststore, `ssl_certfile` and `ssl_keyfile` for a keystore.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, get_args

from barnabas.client.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

    from barnabas.client.sasl import Credentials

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]


class SecuritySettings(TypedDict, total=False):
    """What every client takes besides its own settings.

    security_protocol: whether connections are encrypted (SSL), and whether we say who we are (SASL).
    ssl_context: all about TLS, made by the program; instead of the `ssl_` settings that follow.
    ssl_cafile: PEM, the authorities that are trusted; without it those of the system.
    ssl_certfile, ssl_keyfile, ssl_key_password: PEM, our certificate with what signed it, and its key (may be in the
        same file), for brokers that want one.
    ssl_check_hostname: whether a broker's certificate must be for the name that we connect to.
    sasl_mechanism, sasl_username, sasl_password: how and as whom we authenticate.
    """

    security_protocol: SecurityProtocol
    ssl_context: ssl.SSLContext | None
    ssl_cafile: str | None
    ssl_certfile: str | None
    ssl_keyfile: str | None
    ssl_key_password: str | None
    ssl_check_hostname: bool
    sasl_mechanism: str
    sasl_username: str | None
    sasl_password: str | None


MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
SETTINGS: Final = tuple(SecuritySettings.__annotations__)


@dataclass(frozen=True, slots=True)
class Security:
    """What the settings mean: None for what connections do without."""

    tls: ssl.SSLContext | None = None
    credentials: Credentials | None = None


def security_of(settings: SecuritySettings) -> Security:
    """ConfigurationError says what makes no sense."""
    protocol = settings.get("security_protocol", "PLAINTEXT")
    if protocol not in get_args(SecurityProtocol):
        raise ConfigurationError(
            f"security_protocol={protocol!r}; it is one of {', '.join(get_args(SecurityProtocol))}"
        )
    _check_use(settings, "ssl_", protocol.endswith("SSL"), "SSL or SASL_SSL")
    _check_use(settings, "sasl_", protocol.startswith("SASL"), "SASL_SSL or SASL_PLAINTEXT")
    return Security(
        _context(settings) if protocol.endswith("SSL") else None,
        _credentials(settings) if protocol.startswith("SASL") else None,
    )


def check_not_beside_cluster(settings: SecuritySettings) -> None:
    """An open Cluster has its own."""
    if settings:
        raise ConfigurationError(f"{next(iter(settings))} beside an open Cluster: give it to the Cluster")


def _check_use(settings: SecuritySettings, prefix: str, used: bool, protocols: str) -> None:
    given = [name for name, value in settings.items() if name.startswith(prefix) and value is not None]
    if given and not used:
        raise ConfigurationError(f"{given[0]} has no meaning unless security_protocol is {protocols}")


def _context(settings: SecuritySettings) -> ssl.SSLContext:
    import ssl

    context = settings.get("ssl_context")
    if context is not None:
        if others := [name for name in settings if name.startswith("ssl_") and name != "ssl_context"]:
            raise ConfigurationError(f"{others[0]} beside ssl_context: set it up there")
        return context
    context = ssl.create_default_context(cafile=_file(settings, "ssl_cafile"))
    certificate, key = _file(settings, "ssl_certfile"), _file(settings, "ssl_keyfile")
    if key is not None and certificate is None:
        raise ConfigurationError("ssl_keyfile without ssl_certfile")
    if certificate is not None:
        password = settings.get("ssl_key_password")
        try:
            context.load_cert_chain(certificate, key, password or _no_password)
        except (ssl.SSLError, OSError) as error:
            raise ConfigurationError(f"ssl_certfile={certificate}, ssl_keyfile={key}: {error}") from None
    context.check_hostname = settings.get("ssl_check_hostname", True)
    return context


def _file(settings: SecuritySettings, name: str) -> str | None:
    """A PEM file that can be read."""
    path: Any = settings.get(name)
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise ConfigurationError(f"{name}={path}: {error.strerror}") from None
    if b"-----BEGIN " not in content:
        raise ConfigurationError(
            f"{name}={path} is not a PEM file; of a Java store: keytool -importkeystore -srckeystore {path} "
            "-destkeystore store.p12 -deststoretype PKCS12, then openssl pkcs12 -in store.p12 -nodes -out store.pem"
        )
    return str(path)


def _no_password() -> str:
    """OpenSSL would ask for it on the terminal."""
    raise ConfigurationError("the key is encrypted: give ssl_key_password")


def _credentials(settings: SecuritySettings) -> Credentials:
    from barnabas.client.sasl import Credentials

    mechanism = settings.get("sasl_mechanism")
    if mechanism not in MECHANISMS:
        raise ConfigurationError(f"sasl_mechanism={mechanism!r}; it is one of {', '.join(MECHANISMS)}")
    username, password = settings.get("sasl_username"), settings.get("sasl_password")
    if not username or password is None:
        missing = "sasl_password" if username else "sasl_username"
        raise ConfigurationError(f"{mechanism} needs {missing}")
    if "\0" in username + password:
        raise ConfigurationError("sasl_username and sasl_password cannot have a zero byte")
    return Credentials(mechanism, username, password)  # type: ignore[arg-type]  # one of the three
