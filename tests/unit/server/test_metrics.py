"""The metrics page says what was counted."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from barnabas.server.metrics import LATENCY_BOUNDS, Histogram, Metrics, add_server_metrics
from barnabas.server.probes import CollectorPauses, LoopDelay, add_probe_metrics
from server_harness import ServerHarness


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            found[sample.name, *sample.labels.values()] = sample.value
    return found


def test_gauges_and_counters_are_read_when_asked_for() -> None:
    metrics, values = Metrics(), {"a": 1.0}
    metrics.gauge("barnabas_some", "Some", lambda: values["a"])
    metrics.counter("barnabas_many", "Many", lambda: {("x",): 3, ("y",): 4}, ["kind"])
    assert samples(metrics)["barnabas_some",] == 1.0
    values["a"] = 2.0
    found = samples(metrics)
    assert found["barnabas_some",] == 2.0
    assert found["barnabas_many_total", "x"] == 3
    assert found["barnabas_many_total", "y"] == 4
    assert found["process_resident_memory_bytes",] > 0


def test_histogram() -> None:
    histogram = Histogram()
    for seconds in (0.0001, 0.00011, 3.0, 100.0):
        histogram.observe(seconds)
    assert histogram.count == 4
    metrics = Metrics()
    metrics.histogram("barnabas_time_seconds", "Time", lambda: {("x",): histogram}, ["kind"])
    found = samples(metrics)
    assert found["barnabas_time_seconds_bucket", "x", "0.0001"] == 1
    assert found["barnabas_time_seconds_bucket", "x", "0.00025"] == 2
    assert found["barnabas_time_seconds_bucket", "x", str(LATENCY_BOUNDS[-1])] == 3
    assert found["barnabas_time_seconds_bucket", "x", "+Inf"] == 4
    assert found["barnabas_time_seconds_count", "x"] == 4
    assert found["barnabas_time_seconds_sum", "x"] == histogram.total


async def test_requests_and_connections(harness: ServerHarness) -> None:
    harness.table.register(ApiKey.HEARTBEAT, lambda request: request.reply(HeartbeatResponse()))
    await harness.start()
    metrics = Metrics()
    add_server_metrics(metrics, harness.table, harness.server.statistics)
    add_probe_metrics(metrics, LoopDelay(), CollectorPauses())
    await (await harness.connect()).request(HeartbeatRequest(), 4)
    found = samples(metrics)
    assert found["barnabas_request_latency_seconds_count", "Heartbeat"] == 1
    assert ("barnabas_request_latency_seconds_count", "ApiVersions") not in found
    assert found["barnabas_request_bytes_total", "Heartbeat"] > 20
    assert found["barnabas_response_bytes_total", "Heartbeat"] > 4
    assert found["barnabas_connections",] == 1
    assert found["barnabas_connections_accepted_total",] == 1
    assert found["barnabas_event_loop_delay_seconds_count",] == 0
