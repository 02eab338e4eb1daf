"""Security in Kafka's properties files, as the clients' settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from barnabas.cli.access import Asked, resolve
from barnabas.cli.failures import UsageError
from command_harness import FakeAdmin, Run

PROPERTIES = r"""
bootstrap.servers=secure:9093
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
  username="alice" \
  password="a \\"secret\\" word;";
ssl.truststore.type=PEM
ssl.truststore.location=/etc/ca.pem
ssl.keystore.type=PEM
ssl.keystore.location=/etc/me.pem
ssl.key.password=key
ssl.endpoint.identification.algorithm=
ssl.enabled.protocols=TLSv1.3
acks=all
"""
SETTINGS = {
    "security_protocol": "SASL_SSL",
    "sasl_mechanism": "SCRAM-SHA-512",
    "sasl_username": "alice",
    "sasl_password": 'a "secret" word;',
    "ssl_cafile": "/etc/ca.pem",
    "ssl_certfile": "/etc/me.pem",
    "ssl_key_password": "key",
    "ssl_check_hostname": False,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "client.properties"
    file.write_text(PROPERTIES)
    return file


def test_each_property_becomes_a_setting(file: Path) -> None:
    assert resolve(Asked(command_config=file), {"HOME": str(file.parent)}).security == SETTINGS


def test_commands_open_their_clients_with_them(run: Run, admin: FakeAdmin, file: Path) -> None:
    run("topic", "list", "--command-config", str(file))
    assert admin.opened_with[0] == "secure:9093"
    assert SETTINGS.items() <= admin.opened_with[1].items()


@pytest.mark.parametrize(
    ("value", "username", "password"),
    [
        ('PlainLoginModule required username="a" password="b";', "a", "b"),
        ("x.y.PlainLoginModule required username=a password='b c' ;", "a", "b c"),
        ('ScramLoginModule required password="" username="a" tokenauth="false";', "a", ""),
    ],
)
def test_the_login_line_in_its_forms(tmp_path: Path, value: str, username: str, password: str) -> None:
    file = tmp_path / "p"
    file.write_text(f"sasl.jaas.config={value}")
    found = resolve(Asked(command_config=file), {"HOME": str(tmp_path)}).security
    assert (found["sasl_username"], found["sasl_password"]) == (username, password)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("sasl.jaas.config=KerberosLoginModule required;", "no others"),
        ('sasl.jaas.config=PlainLoginModule required username="a";', "it has no username or no password"),
        ("ssl.endpoint.identification.algorithm=ldap", "neither https nor empty"),
        ("ssl.keystore.location=/x", "ssl.keystore.location is read as PEM alone"),
    ],
)
def test_what_cannot_be_followed_is_refused(tmp_path: Path, line: str, complaint: str) -> None:
    file = tmp_path / "p"
    file.write_text(line)
    with pytest.raises(UsageError, match=complaint):
        resolve(Asked(command_config=file), {"HOME": str(tmp_path)})
