"""What both clusters announce: whatever Barnabas serves, it serves at the versions of Apache Kafka."""

from __future__ import annotations

import pytest
from comparison.talk import Side

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse

Ranges = dict[ApiKey, tuple[int, int]]


def announced(side: Side) -> Ranges:
    request = ApiVersionsRequest(client_software_name="test", client_software_version="1")
    answer = side.wire(1).ask(request, 4, ApiVersionsResponse)
    return {ApiKey(api.api_key): (api.min_version, api.max_version) for api in answer.api_keys}


def test_every_api_is_served_in_all_its_versions(sides: list[Side], capsys: pytest.CaptureFixture[str]) -> None:
    if len(sides) == 1:
        pytest.skip("there is no Barnabas to be compared")
    kafka, barnabas = map(announced, sides)
    missing = sorted(api.name for api in kafka.keys() - barnabas.keys())
    with capsys.disabled():
        print(f"\nApache Kafka announces besides ({len(missing)} APIs): {', '.join(missing)}")
    differing = {
        api.name: (kafka.get(api), versions) for api, versions in barnabas.items() if kafka.get(api) != versions
    }
    assert differing == {}, "versions announced by Apache Kafka, and by Barnabas"
