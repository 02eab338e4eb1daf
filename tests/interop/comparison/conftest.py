"""The two clusters of the comparison: of one shape and with the same settings, or ones that run already."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest
from comparison.case import DIFFERED_ONCE
from comparison.talk import PATIENCE_SECONDS, Side

import apache_kafka
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from barnabas.testing import cluster

COORDINATOR_SECONDS = 120.0
SETTINGS = {
    # Cases write records of fixed, old times.
    "log.retention.ms": "-1",
    # Other than the default, to be seen where it counts.
    "num.partitions": "2",
    # Members of groups come and go quickly.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "300",
    "group.max.size": "5",
    "group.consumer.max.size": "4",
    "offsets.topic.num.partitions": "5",
    # Transactions time out soon after their time is over.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "200",
}


def pytest_configure(config: pytest.Config) -> None:
    config.stash[DIFFERED_ONCE] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for seen in config.stash[DIFFERED_ONCE]:
        terminalreporter.write_line(f"Differed, but not again: {seen}")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("comparison with Apache Kafka")
    group.addoption("--kafka", metavar="BOOTSTRAP", help="use this running Apache Kafka")
    group.addoption("--barnabas", metavar="BOOTSTRAP", help="use this running Barnabas; 'none': ask Apache Kafka alone")
    group.addoption("--answers", action="store_true", help="print what was answered")


@pytest.fixture(scope="session")
def sides(request: pytest.FixtureRequest) -> Iterator[list[Side]]:
    """Apache Kafka, and Barnabas unless it is left out."""
    with contextlib.ExitStack() as stack:
        found = [_apache_kafka(stack, request.config.getoption("--kafka", default=None))]
        barnabas = request.config.getoption("--barnabas", default=None)
        if barnabas != "none":
            found.append(_barnabas(stack, barnabas))
        for side in found:
            stack.callback(side.close)
            wait_for_producer_ids(side)
            wait_for_coordinators(side)
        yield found


def _apache_kafka(stack: contextlib.ExitStack, bootstrap: str | None) -> Side:
    """The cluster at `bootstrap`, or one of our own."""
    if bootstrap is not None:
        return Side("Apache Kafka", bootstrap.split(","))
    if (missing := apache_kafka.missing()) is not None:
        pytest.skip(missing)
    overrides = tuple(f"{name}={value}" for name, value in SETTINGS.items())
    running = stack.enter_context(apache_kafka.apache_kafka(overrides=overrides))
    return Side("Apache Kafka", running.bootstrap.split(","), running.restart)


def _barnabas(stack: contextlib.ExitStack, bootstrap: str | None) -> Side:
    """The cluster at `bootstrap`, or one of our own."""
    if bootstrap is not None:
        return Side("Barnabas", bootstrap.split(","))
    running = stack.enter_context(cluster(brokers=3, controllers=3, overrides=SETTINGS))

    def restart(broker: int, while_down: Callable[[], None]) -> None:
        running.node(broker).stop()
        while_down()
        running.node(broker).start()

    return Side("Barnabas", running.bootstrap.split(","), restart)


def wait_for_producer_ids(side: Side) -> None:
    """Each broker asks the controller for a block of them when it is first asked for one."""
    request = InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=60_000)
    for broker in range(1, len(side.addresses) + 1):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while side.wire(broker).ask(request, 0, InitProducerIdResponse).error_code:
            assert time.monotonic() < deadline, f"{side.name} gives no producer ids"
            time.sleep(0.05)


def wait_for_coordinators(side: Side) -> None:
    """Their topics are created when somebody first asks for one, which takes Apache Kafka long on a busy machine."""
    deadline = time.monotonic() + COORDINATOR_SECONDS
    for key_type in (0, 1):
        request = FindCoordinatorRequest(key_type=key_type, coordinator_keys=["anything"])
        while side.wire(1).ask(request, 4, FindCoordinatorResponse).coordinators[0].error_code:
            assert time.monotonic() < deadline, f"{side.name} has no coordinators"
            time.sleep(0.05)
