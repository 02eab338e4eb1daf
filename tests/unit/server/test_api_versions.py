"""ApiVersions: what is registered is announced, and a client of any age finds out."""

from __future__ import annotations

import pytest

from barnabas.protocol.api_keys import API_VERSIONS, ApiKey
from barnabas.protocol.errors import ErrorCode, LocalProtocolError
from barnabas.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from barnabas.server.dispatch import ApiTable, Features, Request
from server_harness import ServerHarness

REQUEST = ApiVersionsRequest(client_software_name="apache-kafka-java", client_software_version="4.3.1")
FEATURES = Features(
    supported={"metadata.version": (7, 30), "kraft.version": (0, 1)},
    finalized={"metadata.version": 30, "share.version": 0},
    epoch=42,
)


def handle(request: Request) -> None:
    raise AssertionError("not asked")


def announced(response: ApiVersionsResponse) -> dict[int, tuple[int, int]]:
    return {api.api_key: (api.min_version, api.max_version) for api in response.api_keys}


async def ask(harness: ServerHarness, version: int, request: ApiVersionsRequest = REQUEST) -> ApiVersionsResponse:
    response = await (await harness.connect()).request(request if version >= 3 else ApiVersionsRequest(), version)
    assert isinstance(response, ApiVersionsResponse)
    return response


@pytest.mark.parametrize("version", range(5))
async def test_what_is_registered_is_announced(harness: ServerHarness, version: int) -> None:
    harness.table.register(ApiKey.FETCH, handle)
    harness.table.register(ApiKey.METADATA, handle, min_version=2, max_version=9)
    harness.table.register(ApiKey.PRODUCE, handle)
    await harness.start()
    response = await ask(harness, version)
    assert (response.error_code, response.throttle_time_ms) == (0, 0)
    assert announced(response) == {
        0: (0, API_VERSIONS[0].max),  # librdkafka takes a broker without v0 for an ancient one
        1: (4, API_VERSIONS[1].max),
        3: (2, 9),
        18: (0, 4),
    }


async def test_unstable_versions_are_not_announced(harness: ServerHarness) -> None:
    harness.table.register(ApiKey.INIT_PRODUCER_ID, handle)
    await harness.start()
    assert announced(await ask(harness, 4))[22] == (0, API_VERSIONS[22].max - 1)


@pytest.mark.parametrize(
    ("version", "supported"), [(3, ["metadata.version"]), (4, ["kraft.version", "metadata.version"])]
)
async def test_v3_leaves_out_features_whose_lowest_level_is_0(
    harness: ServerHarness, version: int, supported: list[str]
) -> None:
    harness.table = ApiTable(lambda: FEATURES)
    await harness.start()
    response = await ask(harness, version)
    assert [feature.name for feature in response.supported_features] == supported
    assert response.supported_features[-1].max_version == 30
    (final,) = response.finalized_features
    assert (final.name, final.min_version_level, final.max_version_level) == ("metadata.version", 30, 30)
    assert response.finalized_features_epoch == 42


@pytest.mark.parametrize("version", [5, 100, -1])
async def test_unknown_version_is_answered_in_v0_with_key_18_alone(harness: ServerHarness, version: int) -> None:
    harness.table.register(ApiKey.FETCH, handle)
    await harness.start()
    client = await harness.connect()
    frame = b"\0\x12" + version.to_bytes(2, "big", signed=True) + b"\0\0\0\x07" + b"whatever comes in a later version"
    await client.send(len(frame).to_bytes(4, "big") + frame)
    correlation_id, response = await client.receive_response(ApiKey.API_VERSIONS, 0)
    assert correlation_id == 7
    assert response.error_code == ErrorCode.UNSUPPORTED_VERSION
    assert announced(response) == {18: (0, 4)}
    again = await client.request(REQUEST, 4)  # the connection stays usable
    assert isinstance(again, ApiVersionsResponse)
    assert again.error_code == 0


@pytest.mark.parametrize(
    ("name", "version"), [("", "1"), ("a", ""), ("-a", "1"), ("a-", "1"), ("a b", "1"), ("a", "1_0"), ("ä", "1")]
)
async def test_bad_client_software_is_an_invalid_request(harness: ServerHarness, name: str, version: str) -> None:
    await harness.start()
    request = ApiVersionsRequest(client_software_name=name, client_software_version=version)
    response = await ask(harness, 3, request)
    assert response.error_code == ErrorCode.INVALID_REQUEST
    assert response.api_keys == []


def test_an_api_has_one_handler() -> None:
    table = ApiTable()
    table.register(ApiKey.FETCH, handle)
    with pytest.raises(LocalProtocolError, match="FETCH has a handler already"):
        table.register(ApiKey.FETCH, handle)
    assert [api.name for api in table.apis] == ["Fetch", "ApiVersions"]
