"""A run of many minutes is drawn as a short one, and stretched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.simulation.long_runs import SHORT_SECONDS, SLOWEST, pace_of, patient
from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario
from tests.simulation.workload_groups import GroupLoad

BOTH = ("groups", "transactions")


def test_the_pace_of_short_runs_is_one_and_that_of_long_ones_limited() -> None:
    assert [pace_of(seconds) for seconds in (5, SHORT_SECONDS, 300, 600, 6000)] == [1, 1, 5, SLOWEST, SLOWEST]


@pytest.mark.parametrize("seed", range(20))
def test_a_short_run_is_as_it_is_drawn_whatever_its_length(seed: int) -> None:
    some, others = Scenario.drawn(seed, seconds=5, extras=BOTH), Scenario.drawn(seed, seconds=40, extras=BOTH)
    assert replace(some, seconds=40) == others
    assert some.load.pace == 1


def test_in_a_long_run_the_same_clients_and_faults_take_their_time() -> None:
    short, long = Scenario.drawn(1, extras=BOTH), Scenario.drawn(1, seconds=600, extras=BOTH)
    assert short.plan is not None
    assert long.plan is not None
    assert long.plan.kinds == short.plan.kinds
    assert long.plan.pause == short.plan.pause * SLOWEST
    assert long.plan.length > short.plan.length
    assert long.load.topics == short.load.topics
    assert long.load.producers == short.load.producers
    assert long.load.pause >= short.load.pause
    assert isinstance(short.load.groups, GroupLoad)
    assert isinstance(long.load.groups, GroupLoad)
    for one, other in zip(short.load.groups.groups, long.load.groups.groups, strict=True):
        assert other.life == one.life * SLOWEST
        assert other.session > one.session
        assert long.settings["group.consumer.session.timeout.ms"] == int(other.session * 1000)


def test_a_broker_does_not_give_up_while_long_faults_keep_it_from_the_controllers() -> None:
    """Seed 7 of 600 seconds: a broker was cut off, then paused, then there was no quorum, for a minute in all."""
    timeout = Scenario.drawn(7, seconds=600).settings["initial.broker.registration.timeout.ms"]
    assert isinstance(timeout, int)
    assert timeout >= 600_000


def test_who_waits_for_news_does_not_count_as_gone() -> None:
    settings = patient({"replica.lag.time.max.ms": 1000, "broker.session.timeout.ms": 2000})
    assert settings["replica.fetch.wait.max.ms"] == 500
    assert settings["broker.heartbeat.interval.ms"] == 500


def test_after_faults_a_long_run_does_not_wait_for_pauses() -> None:
    drawn = Scenario.drawn(4, seconds=600, extras=())
    outcome = run_seed(4, replace(drawn, seconds=20))
    assert outcome.failure is None
    assert outcome.simulated < 20 + 60
