"""What a process counts, and how it is told to Prometheus.

Hot paths only add to plain integers (`ApiStatistics`, `ServerStatistics`, a broker's own); text is made when
`/metrics` is asked for, by the callables given to `Metrics`. Nothing is registered globally, so several nodes can
live in one process.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from barnabas.server.dispatch import ApiTable

LATENCY_BOUNDS: Final = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    10.0,
)
"""Upper bounds of latency buckets, in seconds."""


class Histogram:
    """Counts of durations in the buckets of `LATENCY_BOUNDS`. `observe` costs a fraction of a microsecond."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets: Final = [0] * (len(LATENCY_BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.buckets[bisect_left(LATENCY_BOUNDS, seconds)] += 1
        self.total += seconds

    @property
    def count(self) -> int:
        return sum(self.buckets)


class ApiStatistics:
    """What one API has done: replied requests by latency, seconds from the arrival of the frame to the handing over
    of the reply.
    """

    __slots__ = ("bytes_in", "bytes_out", "latency")

    def __init__(self) -> None:
        self.latency: Final = Histogram()
        self.bytes_in = 0
        self.bytes_out = 0


class ServerStatistics:
    """What the connections of a process have done."""

    __slots__ = ("accepted", "closed_for_cause", "handler_failures", "open", "refused")

    def __init__(self) -> None:
        self.accepted = 0
        self.open = 0
        self.refused = 0
        """Connections turned away at once by max.connections or max.connections.per.ip."""
        self.closed_for_cause = 0
        """Connections closed because of what the client sent or did."""
        self.handler_failures = 0
        """Exceptions that left a handler: bugs."""


Reading: TypeAlias = float | Mapping[tuple[str, ...], float]
"""A metric's value, or its values by label values."""


class Metrics:
    """The page `/metrics`.

    Values are read from callables when the page is asked for; adding one costs nothing afterwards.
    """

    def __init__(self) -> None:
        self._collectors: list[Callable[[], Iterable[Metric]]] = []

    def gauge(self, name: str, text: str, read: Callable[[], Reading], labels: Sequence[str] = ()) -> None:
        """A value that goes up and down. With labels, `read` returns the values by tuples of label values."""
        self._collectors.append(lambda: [_family("gauge", name, text, read(), labels)])

    def counter(self, name: str, text: str, read: Callable[[], Reading], labels: Sequence[str] = ()) -> None:
        """A value that only goes up; `_total` is put after its name."""
        self._collectors.append(lambda: [_family("counter", name, text, read(), labels)])

    def histogram(
        self, name: str, text: str, read: Callable[[], Mapping[tuple[str, ...], Histogram]], labels: Sequence[str] = ()
    ) -> None:
        """Durations in seconds, by tuples of label values; {(): histogram} without labels."""
        self._collectors.append(lambda: [_histogram_family(name, text, read(), labels)])

    def render(self) -> bytes:
        """The page, in Prometheus' text format, UTF-8."""
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected(self._collectors))
        ProcessCollector(registry=registry)
        return generate_latest(registry)


class _Collected:
    """All families, once, as prometheus-client wants them."""

    def __init__(self, collectors: Iterable[Callable[[], Iterable[Metric]]]) -> None:
        self._collectors = collectors

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        for collector in self._collectors:
            yield from collector()


def _family(kind: str, name: str, text: str, reading: Reading, labels: Sequence[str]) -> Metric:
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

    family = (GaugeMetricFamily if kind == "gauge" else CounterMetricFamily)(name, text, labels=labels)
    for values, value in (reading if isinstance(reading, Mapping) else {(): reading}).items():
        family.add_metric(values, value)
    return family


def _histogram_family(
    name: str, text: str, histograms: Mapping[tuple[str, ...], Histogram], labels: Sequence[str]
) -> Metric:
    from prometheus_client.metrics_core import HistogramMetricFamily

    family = HistogramMetricFamily(name, text, labels=labels)
    bounds = [str(bound) for bound in LATENCY_BOUNDS] + ["+Inf"]
    for values, histogram in histograms.items():
        counts = list(zip(bounds, accumulate(histogram.buckets), strict=True))
        family.add_metric(values, counts, histogram.total)
    return family


def add_server_metrics(metrics: Metrics, table: ApiTable, statistics: ServerStatistics) -> None:
    """What connections and requests have done."""

    def by_api(read: Callable[[ApiStatistics], float]) -> Callable[[], Reading]:
        return lambda: {(api.name,): read(api.statistics) for api in table.apis if api.statistics.latency.count}

    metrics.histogram(
        "barnabas_request_latency_seconds",
        "From a request's arrival to the handing over of its response",
        lambda: {(api.name,): api.statistics.latency for api in table.apis if api.statistics.latency.count},
        ["api"],
    )
    metrics.counter("barnabas_request_bytes", "Bytes of requests", by_api(lambda api: api.bytes_in), ["api"])
    metrics.counter("barnabas_response_bytes", "Bytes of responses", by_api(lambda api: api.bytes_out), ["api"])
    metrics.gauge("barnabas_connections", "Open connections", lambda: statistics.open)
    metrics.counter("barnabas_connections_accepted", "Connections accepted", lambda: statistics.accepted)
    metrics.counter("barnabas_connections_refused", "Connections closed at once by a limit", lambda: statistics.refused)
    metrics.counter(
        "barnabas_connections_closed_for_cause",
        "Connections closed because of what the client sent",
        lambda: statistics.closed_for_cause,
    )
    metrics.counter(
        "barnabas_handler_failures", "Requests that could not be handled", lambda: statistics.handler_failures
    )
