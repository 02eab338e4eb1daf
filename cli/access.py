"""How commands reach a cluster: options, Kafka's properties files, profiles, the environment, in that order.

A profile is a table of `~/.config/barnabas/config.toml` (or under XDG_CONFIG_HOME):

    profile = "local"                      the one for commands that name none

    [profiles.local]
    bootstrap = "127.0.0.1:9092"
    timeout = 5

    [profiles.production]
    command-config = "production.properties"

The cluster is that of the first of these which is there: --bootstrap, bootstrap.servers of --command-config, --profile,
BARNABAS_BOOTSTRAP, BARNABAS_PROFILE, the file's `profile`, 127.0.0.1:9092. A profile that was not asked for by the
command has no say over a cluster that it does not name.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from barnabas.cli.failures import UsageError

if TYPE_CHECKING:
    from barnabas.client.security import SecuritySettings

DEFAULT_BOOTSTRAP: Final = "127.0.0.1:9092"
DEFAULT_TIMEOUT: Final = 15.0
DEFAULT_CLIENT_ID: Final = "barnabas-cli"
BOOTSTRAP_VARIABLE: Final = "BARNABAS_BOOTSTRAP"
PROFILE_VARIABLE: Final = "BARNABAS_PROFILE"

_PROFILE_KEYS: Final = ("bootstrap", "timeout", "client-id", "command-config")
_SECURITY: Final = ("security.", "sasl.", "ssl.")


def _none() -> SecuritySettings:
    return {}


@dataclass(frozen=True, slots=True)
class Access:
    """Where a cluster is and how it is talked to. `timeout` in seconds, for each request with its retries."""

    bootstrap: str = DEFAULT_BOOTSTRAP
    timeout: float = DEFAULT_TIMEOUT
    client_id: str = DEFAULT_CLIENT_ID
    security: SecuritySettings = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Settings:
    """What one source says of an Access; None for what it does not."""

    bootstrap: str | None = None
    timeout: float | None = None
    client_id: str | None = None
    security: SecuritySettings | None = None

    def over(self, other: Settings) -> Settings:
        """This one, and the other for what it does not say."""
        return Settings(
            self.bootstrap if self.bootstrap is not None else other.bootstrap,
            self.timeout if self.timeout is not None else other.timeout,
            self.client_id if self.client_id is not None else other.client_id,
            self.security if self.security is not None else other.security,
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command line says; None for what it does not."""

    bootstrap: str | None = None
    timeout: float | None = None
    profile: str | None = None
    command_config: Path | None = None


def resolve(asked: Asked, environment: Mapping[str, str] | None = None) -> Access:
    """The access that was asked for. UsageError for a file or profile that cannot be used."""
    env = os.environ if environment is None else environment
    found = Settings(asked.bootstrap, asked.timeout)
    if asked.command_config is not None:
        found = found.over(read_client_properties(asked.command_config))
    if asked.profile is not None:
        found = found.over(_profile(asked.profile, _Profiles.read(env)))
    if found.bootstrap is None:
        found = found.over(_unasked(env))
    return Access(
        found.bootstrap if found.bootstrap is not None else DEFAULT_BOOTSTRAP,
        found.timeout if found.timeout is not None else DEFAULT_TIMEOUT,
        found.client_id if found.client_id is not None else DEFAULT_CLIENT_ID,
        found.security if found.security is not None else {},
    )


def profile_names(environment: Mapping[str, str] | None = None) -> list[str]:
    """The profiles that there are. UsageError for a file that cannot be read."""
    return list(_Profiles.read(os.environ if environment is None else environment).tables)


def _unasked(env: Mapping[str, str]) -> Settings:
    if env.get(BOOTSTRAP_VARIABLE):
        return Settings(env[BOOTSTRAP_VARIABLE])
    profiles = _Profiles.read(env)
    name = env.get(PROFILE_VARIABLE) or profiles.default
    return Settings() if name is None else _profile(name, profiles)


# -- profiles ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Profiles:
    """What the file of profiles has; it need not be there."""

    path: Path
    default: str | None = None
    tables: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, env: Mapping[str, str]) -> _Profiles:
        home = Path(env.get("XDG_CONFIG_HOME") or Path(env.get("HOME") or "~").expanduser() / ".config")
        path = home / "barnabas" / "config.toml"
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(path)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: {error}") from None
        _check_names(path, content, ("profile", "profiles"))
        default, tables = content.get("profile"), content.get("profiles", {})
        if not isinstance(default, str | None) or not isinstance(tables, dict):
            raise UsageError(f"{path}: `profile` is a name in quotes, and profiles are tables: [profiles.NAME]")
        return cls(path, default, tables)


def _profile(name: str, profiles: _Profiles) -> Settings:
    table = profiles.tables.get(name)
    if not isinstance(table, dict):
        known = ", ".join(profiles.tables) or "none"
        raise UsageError(f"there is no profile {name} in {profiles.path}; it has {known}")
    _check_names(profiles.path, table, _PROFILE_KEYS)
    where = f"{profiles.path}, profile {name}"
    timeout = table.get("timeout")
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout < 1):
        raise UsageError(f"{where}: timeout is a number of seconds, 1 or more, not {timeout!r}")
    own = Settings(_text(table, "bootstrap", where), timeout, _text(table, "client-id", where))
    file = _text(table, "command-config", where)
    return own if file is None else own.over(read_client_properties(profiles.path.parent / Path(file).expanduser()))


def _text(table: Mapping[str, Any], key: str, where: str) -> str | None:
    value = table.get(key)
    if not isinstance(value, str | None):
        raise UsageError(f"{where}: {key} is text in quotes, not {value!r}")
    return value


def _check_names(path: Path, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in table:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
            raise UsageError(f"{path}: nothing is called {name} here{hint}")


# -- Kafka's properties files ------------------------------------------------------------------------------------


def read_client_properties(path: Path) -> Settings:
    """What a properties file of Kafka's clients says of the cluster.

    Its names for producers, consumers and others are none of ours and left alone, but nothing of security is: see
    `security_properties`.
    """
    from barnabas.server.properties import parse_properties

    try:
        properties, malformed = parse_properties(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{path} cannot be read: {why}") from None
    if malformed:
        raise UsageError(f"{path}, line {malformed[0].line}: {malformed[0].reason}")
    values = {entry.name: entry.value.strip() for entry in properties}
    ms = _milliseconds(path, values, "default.api.timeout.ms") or _milliseconds(path, values, "request.timeout.ms")
    return Settings(
        values.get("bootstrap.servers") or None,
        None if ms is None else ms / 1000,
        values.get("client.id") or None,
        _security(path, values),
    )


def _security(path: Path, values: Mapping[str, str]) -> SecuritySettings | None:
    if not any(name.startswith(_SECURITY) for name in values):
        return None
    from barnabas.cli.security_properties import security_settings

    return security_settings(path, values)


def _milliseconds(path: Path, values: Mapping[str, str], name: str) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    if not text.isdecimal() or int(text) == 0:
        raise UsageError(f"{path}: {name}={text} is not a positive number of milliseconds")
    return int(text)
