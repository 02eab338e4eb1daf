"""How commands find their cluster: options, properties files, profiles, the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from barnabas.cli.access import Access, Asked, resolve
from barnabas.cli.failures import UsageError
from command_harness import FakeAdmin, FakeProducer, Run

PROFILES = """
profile = "local"

[profiles.local]
bootstrap = "local:1"
timeout = 3

[profiles.prod]
bootstrap = "prod:1,prod:2"
client-id = "ops"

[profiles.file]
command-config = "client.properties"
timeout = 4
"""
PROPERTIES = "bootstrap.servers=file:1\nclient.id=me\nrequest.timeout.ms=7000\nacks=all\nenable.auto.commit=false\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with profiles and a properties file beside them."""
    folder = tmp_path / ".config" / "barnabas"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(PROFILES)
    (folder / "client.properties").write_text(PROPERTIES)
    return tmp_path


def env(home: Path, **variables: str) -> dict[str, str]:
    return {"HOME": str(home), **variables}


def test_without_anything_it_is_this_machine(tmp_path: Path) -> None:
    assert resolve(Asked(), env(tmp_path)) == Access("127.0.0.1:9092", 15.0, "barnabas-cli")


def test_each_source_gives_way_to_the_one_before_it(home: Path) -> None:
    file = home / ".config/barnabas/client.properties"
    variables = env(home, BARNABAS_BOOTSTRAP="env:1", BARNABAS_PROFILE="prod")
    assert resolve(Asked("option:1", None, "prod", file), variables).bootstrap == "option:1"
    assert resolve(Asked(None, None, "prod", file), variables).bootstrap == "file:1"
    assert resolve(Asked(None, None, "prod"), variables).bootstrap == "prod:1,prod:2"
    assert resolve(Asked(), variables).bootstrap == "env:1"
    assert resolve(Asked(), env(home, BARNABAS_PROFILE="prod")).bootstrap == "prod:1,prod:2"
    assert resolve(Asked(), env(home)) == Access("local:1", 3, "barnabas-cli")


def test_each_setting_comes_from_the_first_that_has_it(home: Path) -> None:
    file = home / ".config/barnabas/client.properties"
    assert resolve(Asked(command_config=file), env(home)) == Access("file:1", 7.0, "me")
    assert resolve(Asked(timeout=2, command_config=file), env(home)).timeout == 2
    assert resolve(Asked("option:1", profile="prod"), env(home)) == Access("option:1", 15.0, "ops")
    assert resolve(Asked(profile="file"), env(home)) == Access("file:1", 4, "me")


def test_a_default_profile_has_no_say_over_another_cluster(home: Path) -> None:
    assert resolve(Asked("option:1"), env(home)) == Access("option:1", 15.0, "barnabas-cli")
    assert resolve(Asked(), env(home, BARNABAS_BOOTSTRAP="env:1")).timeout == 15.0


def test_the_time_of_a_whole_call_is_the_one_that_counts(tmp_path: Path) -> None:
    file = tmp_path / "p"
    file.write_text("default.api.timeout.ms=9000\nrequest.timeout.ms=7000\nsecurity.protocol=PLAINTEXT\n")
    assert resolve(Asked(command_config=file), env(tmp_path)).timeout == 9.0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("sasl.jaas.config=x", "sasl.jaas.config: it is read in the form ...ScramLoginModule required username="),
        ("ssl.truststore.location=/x", "ssl.truststore.location is read as PEM alone. Turn the Java store into it"),
        ("sasl.oauthbearer.token.endpoint.url=x", "is nothing that this client knows"),
        ("request.timeout.ms=soon", "request.timeout.ms=soon is not a positive number"),
        ("client.id=\\u00zz", "line 1"),
    ],
)
def test_a_properties_file_that_cannot_be_followed_is_refused(tmp_path: Path, line: str, complaint: str) -> None:
    file = tmp_path / "client.properties"
    file.write_text(line)
    with pytest.raises(UsageError) as refused:
        resolve(Asked(command_config=file), env(tmp_path))
    assert str(file) in str(refused.value)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[profiles.local]\nbootstrap = 5", "profile local: bootstrap is text in quotes, not 5"),
        ("[profiles.local]\ntimeout = 0", "timeout is a number of seconds, 1 or more, not 0"),
        ("[profiles.local]\nbootstrp = 'x'", "nothing is called bootstrp here; did you mean bootstrap?"),
        ("[profiles.other]", "there is no profile local in"),
        ("profile = 5", "`profile` is a name in quotes"),
        ("colour = 5", "there are profile, profiles"),
        ("= 5", "config.toml: "),
    ],
)
def test_a_file_of_profiles_that_makes_no_sense_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    folder = tmp_path / "xdg" / "barnabas"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text)
    with pytest.raises(UsageError) as refused:
        resolve(Asked(profile="local"), {"XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    assert complaint in str(refused.value)


def test_commands_take_all_the_options(run: Run, admin: FakeAdmin, producer: FakeProducer, home: Path) -> None:
    file = home / ".config/barnabas/client.properties"
    run("topic", "list", "--command-config", str(file))
    assert admin.opened_with == ("file:1", {"client_id": "me", "timeout": 7.0})
    run("produce", "t", "--command-config", str(file), "--bootstrap", "option:1")
    assert producer.opened_with[0] == "option:1"
    assert (producer.opened_with[1]["client_id"], producer.opened_with[1]["request_timeout"]) == ("me", 7.0)


def test_a_profile_that_is_not_there_is_wrong_usage(run: Run, admin: FakeAdmin) -> None:
    result = run("topic", "list", "--profile", "nowhere")
    assert (result.code, result.out) == (2, "")
    [line] = result.err.splitlines()
    assert "there is no profile nowhere in" in line
    missing = run("topic", "list", "--command-config", "/nowhere")
    assert (missing.code, "/nowhere cannot be read: No such file" in missing.err) == (2, True)
