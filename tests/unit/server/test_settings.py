"""Settings: precedence, types, and a line for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from barnabas.protocol.errors import LocalProtocolError
from barnabas.server.definitions import node_definitions
from barnabas.server.settings import Settings, SettingsError


def mistakes(tmp_path: Path, text: str, **other: object) -> list[str]:
    path = tmp_path / "broker.properties"
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        Settings.load(path, **other)  # type: ignore[arg-type]
    return [line.replace(str(tmp_path) + "/", "") for line in raised.value.mistakes]


def test_overrides_stand_above_the_environment_and_that_above_the_file(tmp_path: Path) -> None:
    path = tmp_path / "broker.properties"
    path.write_text("node.id=1\nnum.partitions=1\nlog.dirs=/a, /b\n")
    settings = Settings.load(
        path,
        environment={
            "BARNABAS_NODE_ID": "2",
            "BARNABAS_NUM_PARTITIONS": "2",
            "HOME": "/",
            "BARNABAS_LOG_LEVEL": "debug",
        },
        overrides=["num.partitions=3", "barnabas.log.format = console"],
    )
    assert settings.int("node.id") == 2
    assert settings.int("num.partitions") == 3
    assert settings.list("log.dirs") == ["/a", "/b"]
    assert settings.str("barnabas.log.level") == "debug"
    assert settings.str("barnabas.log.format") == "console"


def test_defaults() -> None:
    settings = Settings()
    assert settings.int("num.partitions") == 1
    assert settings.bool("auto.create.topics.enable") is True
    assert settings.float("log.cleaner.min.cleanable.ratio") == 0.5
    assert settings.str("compression.type") == "producer"
    assert settings.list("listeners") == ["PLAINTEXT://:9092"]
    assert settings.list("log.dirs") == []
    assert settings.optional_str("broker.rack") is None
    assert settings.seconds("broker.heartbeat.interval.ms") == 2.0
    assert settings.seconds("quota.window.size.seconds") == 1.0
    assert settings.int("barnabas.broker.reconnect.grace.ms") == 250


def test_required_setting_that_is_not_set() -> None:
    with pytest.raises(SettingsError, match=r"node.id is required and is not set"):
        Settings().int("node.id")


def test_our_own_misuse_is_told_from_the_users() -> None:
    with pytest.raises(LocalProtocolError, match=r"no setting is called nod.id"):
        Settings().value("nod.id")
    with pytest.raises(LocalProtocolError, match="is no int"):
        Settings().int("auto.create.topics.enable")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("num.partition=3", "num.partition is not a known setting; did you mean num.partitions?"),
        ("zzz=3", "zzz is not a known setting"),
        ("num.partitions=x", "num.partitions: 'x' is not a whole number"),
        ("num.partitions=1.5", "num.partitions: '1.5' is not a whole number"),
        ("num.partitions=1_000", "num.partitions: '1_000' is not a whole number"),
        ("num.partitions=", "num.partitions: '' is not a whole number"),
        ("num.partitions=0", "num.partitions: 0 is not in [1,...]"),
        ("num.partitions=3000000000", "num.partitions: 3000000000 does not fit into 32 bits"),
        ("auto.create.topics.enable=yes", "auto.create.topics.enable: 'yes' is not true or false"),
        ("log.cleaner.min.cleanable.ratio=1.5", "log.cleaner.min.cleanable.ratio: 1.5 is not in [0,...,1]"),
        ("log.cleaner.min.cleanable.ratio=nan", "log.cleaner.min.cleanable.ratio: 'nan' is not a number"),
        (
            "compression.type=lzma",
            "compression.type: 'lzma' is not one of uncompressed, zstd, lz4, snappy, gzip, producer",
        ),
        ("log.cleanup.policy=delete,shred", "log.cleanup.policy: 'shred' is not one of compact, delete"),
        ("log.retention.ms=0", "log.retention.ms: it must be at least 1, or -1 for no limit"),
        ("compression.gzip.level=0", "compression.gzip.level: 0 is not in [1,...,9] or -1"),
        ("http.listener=9090", "http.listener: '9090' is not host:port"),
        ("a=\\u12", "\\u must be followed by four hexadecimal digits"),
    ],
)
def test_mistake_in_a_file(tmp_path: Path, line: str, said: str) -> None:
    assert mistakes(tmp_path, f"# a comment\n\n{line}\n") == [f"broker.properties:3: {said}"]


@pytest.mark.parametrize("line", ["num.partitions = 3 ", "compression.gzip.level=-1", "auto.create.topics.enable=TRUE"])
def test_legal(tmp_path: Path, line: str) -> None:
    path = tmp_path / "broker.properties"
    path.write_text(line)
    Settings.load(path)


def test_every_mistake_is_named_in_the_order_of_lines(tmp_path: Path) -> None:
    said = mistakes(
        tmp_path,
        "node.id=x\nfoo=\\u1\nnum.partitions=0\n",
        environment={"BARNABAS_NUM_IO_THREADS": "x"},
        overrides=["broken", "log.dirz=/x"],
    )
    assert said == [
        "broker.properties:1: node.id: 'x' is not a whole number",
        "broker.properties:2: \\u must be followed by four hexadecimal digits",
        "broker.properties:3: num.partitions: 0 is not in [1,...]",
        "BARNABAS_NUM_IO_THREADS: num.io.threads: 'x' is not a whole number",
        "--override broken: must be name=value",
        "--override: log.dirz is not a known setting; did you mean log.dir?",
    ]


def test_variables_of_others_do_no_harm() -> None:
    """Kubernetes sets such for a service called barnabas; the bootstrap servers are the command line's."""
    others = {"BARNABAS_PORT": "tcp://10.0.0.1:9092", "BARNABAS_BOOTSTRAP": "127.0.0.1:9092"}
    settings = Settings.load(None, environment={**others, "BARNABAS_NODE_IDD": "1"})
    assert settings.ignored == [
        "BARNABAS_NODE_IDD: node.idd is not a known setting; did you mean node.id?",
        "BARNABAS_PORT: port is not a known setting",
    ]
    with pytest.raises(SettingsError, match=r"node\.id is required and is not set\nBARNABAS_NODE_IDD: "):
        settings.int("node.id")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing.properties: No such file"):
        Settings.load(tmp_path / "nothing.properties")


def test_contradictions(tmp_path: Path) -> None:
    text = "node.id=1\nbroker.id=2\nreplica.lag.time.max.ms=100\n"
    said = mistakes(tmp_path, text)
    assert said[0].startswith(
        "broker.properties:3: replica.fetch.wait.max.ms (500) is above replica.lag.time.max.ms (100)"
    )
    assert said[1].startswith("broker.properties:2: broker.id (2) is not node.id (1)")


def test_secrets_are_not_shown() -> None:
    settings = Settings.of({"ssl.key.password": "hunter2", "listener.name.x.ssl.key.password": "hunter3", "node.id": 1})
    assert repr(settings) == (
        "Settings(listener.name.x.ssl.key.password=[hidden], node.id=1, ssl.key.password=[hidden])"
    )
    assert settings.str("ssl.key.password") == "hunter2"


def test_what_nothing_reads_is_known(tmp_path: Path) -> None:
    path = tmp_path / "broker.properties"
    path.write_text("node.id=1\nnum.io.threads=8\nlistener.name.internal.ssl.key.password=x\n")
    settings = Settings.load(path)
    settings.int("node.id")
    settings.peek("num.io.threads")
    assert [(given.name, given.place) for given in settings.unread()] == [
        ("listener.name.internal.ssl.key.password", f"{path}:3"),
        ("num.io.threads", f"{path}:2"),
    ]


def test_latin_1_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "broker.properties"
    path.write_bytes("broker.rack=Zürich".encode("latin-1"))
    assert Settings.load(path).str("broker.rack") == "Zürich"


def test_every_default_is_legal() -> None:
    for definition in node_definitions().values():
        if definition.default is not None and definition.valid not in ("non-empty list",):
            text = ",".join(definition.default) if isinstance(definition.default, list) else str(definition.default)
            assert definition.parse(text) == definition.default, definition.name
