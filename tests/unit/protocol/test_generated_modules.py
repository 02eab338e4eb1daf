"""The generated modules are those of the schema, and importing the protocol stays cheap."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from barnabas.protocol import messages
from barnabas.protocol.api_keys import API_VERSIONS, ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.generate import generated
from barnabas.protocol.messages import message_class, request_class, response_class
from barnabas.protocol.messages.produce import ProduceRequest
from barnabas.protocol.messages.vote import VoteRequest
from barnabas.protocol.schema import load_errors, load_messages, parse_versions, snake_case

ROOT = Path(messages.__file__).parent.parent


def test_the_committed_modules_are_up_to_date() -> None:
    modules = generated()
    stale = [name for name, text in modules.items() if (ROOT / name).read_text("utf-8") != text]
    assert not stale, "run: python -m barnabas.protocol.generate"
    committed = {f"messages/{path.name}" for path in (ROOT / "messages").glob("*.py")}
    assert committed - {"messages/__init__.py"} == set(modules) - {"api_keys.py"}


def test_the_schema_is_whole() -> None:
    schemas = load_messages()
    assert len(schemas) == 248
    assert sum(schema.versions[1] - schema.versions[0] + 1 for schema in schemas) == 684


def test_importing_the_protocol_imports_no_message() -> None:
    program = (
        "import sys, time\n"
        "start = time.process_time()\n"
        "import barnabas.protocol\n"
        "package = time.process_time() - start\n"
        "import barnabas.protocol.codec, barnabas.protocol.framing, barnabas.protocol.messages\n"
        "import json\n"
        "names = [n for n in sys.modules if n.startswith('barnabas.')]\n"
        "print(json.dumps([package, names]))\n"
    )
    runs = [json.loads(subprocess.check_output([sys.executable, "-c", program])) for _ in range(3)]
    assert min(seconds for seconds, _ in runs) < 0.020
    loaded = set(runs[0][1])
    assert {name for name in loaded if name.startswith("barnabas.protocol.messages.")} == {
        "barnabas.protocol.messages.index"
    }
    assert not {name for name in loaded if not name.startswith("barnabas.protocol")}
    assert "barnabas.protocol.schema" not in loaded


@pytest.mark.parametrize("api", list(ApiKey))
def test_each_api_has_its_classes(api: ApiKey) -> None:
    request, response = request_class(api), response_class(api)
    assert (api, api) == (request.API_KEY, response.API_KEY)
    assert request.NAME.removesuffix("Request") == response.NAME.removesuffix("Response")
    assert snake_case(request.NAME.removesuffix("Request")).upper() == api.name
    assert request.VERSIONS == response.VERSIONS
    if api in API_VERSIONS:
        facts = API_VERSIONS[api]
        assert (facts.min, facts.max) == request.VERSIONS
        assert facts.request_flexible_from == request.FLEXIBLE_FROM
        assert facts.response_flexible_from == response.FLEXIBLE_FROM
    else:
        assert request.VERSIONS == (0, -1)


def test_versions_that_are_not_stable_yet() -> None:
    assert {ApiKey(key) for key, api in API_VERSIONS.items() if api.latest_unstable} == {ApiKey.INIT_PRODUCER_ID}
    assert (API_VERSIONS[ApiKey.INIT_PRODUCER_ID].max, API_VERSIONS[ApiKey.INIT_PRODUCER_ID].max_stable) == (6, 5)
    assert API_VERSIONS[ApiKey.FETCH].max_stable == API_VERSIONS[ApiKey.FETCH].max == 18


def test_unknown_classes() -> None:
    with pytest.raises(KeyError):
        request_class(93)
    with pytest.raises(KeyError):
        message_class("NoSuchMessage")


def test_names_in_snake_case() -> None:
    names = {
        "TopicId": "topic_id",
        "KRaftVersionFeature": "kraft_version_feature",
        "KRaftVersionRecord": "kraft_version_record",
        "V3AndBelowTopics": "v3_and_below_topics",
        "Enable2Pc": "enable_2pc",
        "IsKRaftController": "is_kraft_controller",
        "ISRs": "is_rs",
    }
    assert {name: snake_case(name) for name in names} == names


def test_version_ranges() -> None:
    assert parse_versions("3+") == (3, 32767)
    assert parse_versions("0-5") == (0, 5)
    assert parse_versions("2") == (2, 2)
    assert parse_versions("none") == (0, -1)


def test_the_error_codes_are_those_of_the_table() -> None:
    assert [(code.value, code.name, code.retriable) for code in ErrorCode] == [
        (error["code"], error["name"], error["retriable"]) for error in load_errors()
    ]
    assert all(code.text for code in ErrorCode if code is not ErrorCode.NONE)
    assert ErrorCode.of(3) is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert ErrorCode.of(30_000) is ErrorCode.UNKNOWN_SERVER_ERROR


def test_messages_are_compared_and_shown_by_their_fields() -> None:
    left, right = VoteRequest(cluster_id="c", voter_id=1), VoteRequest(cluster_id="c", voter_id=1)
    assert left == right
    assert left != VoteRequest(cluster_id="c", voter_id=2)
    assert left != "VoteRequest"
    assert repr(left) == "VoteRequest(cluster_id='c', voter_id=1, topics=[])"
    with pytest.raises(TypeError):
        hash(left)
    with pytest.raises(AttributeError):
        left.no_such_field = 1  # type: ignore[attr-defined]
    data = ProduceRequest.PartitionProduceData(records=bytes(100))
    assert repr(data) == "PartitionProduceData(index=0, records=<100 bytes>)"
    assert repr(ProduceRequest.PartitionProduceData(records=memoryview(b"a"))).endswith("records=b'a')")


def test_a_copy_is_a_message_of_its_own() -> None:
    message = ProduceRequest(topic_data=[ProduceRequest.TopicProduceData(name="t")])
    twin = copy.deepcopy(message)
    twin.topic_data[0].name = "u"
    assert message.topic_data[0].name == "t"


def test_the_schema_ships_with_the_package() -> None:
    names = {entry.name for entry in (files("barnabas.protocol") / "schema").iterdir()}
    assert {"messages.json", "errors.json"} <= names
