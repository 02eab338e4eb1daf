"""Registration, heartbeats, fencing and controlled shutdown, without a socket."""

from __future__ import annotations

import random

import pytest

from barnabas.broker.lifecycle import (
    MAX_BACKOFF,
    MIN_BACKOFF,
    QUORUM_SILENCE,
    TRANSITIONS,
    Beat,
    BeatAnswer,
    BrokerLifecycle,
    BrokerState,
    Register,
)
from barnabas.protocol.errors import ErrorCode

DIR = bytes(range(16))


def lifecycle(**settings: float) -> BrokerLifecycle:
    core = BrokerLifecycle(heartbeat_interval=2.0, registration_timeout=60.0, previous_broker_epoch=7)
    core.start(0.0)
    return core


def registered() -> BrokerLifecycle:
    core = lifecycle()
    assert core.next_request(0.0) == Register(7)
    core.handle_registration(ErrorCode.NONE, 100, 0.0)
    return core


def beat(core: BrokerLifecycle, now: float) -> Beat:
    request = core.next_request(now)
    assert isinstance(request, Beat), request
    return request


def running(now: float = 0.0) -> BrokerLifecycle:
    core = registered()
    beat(core, now)
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True), now)
    core.ready_to_unfence(now)
    beat(core, now)
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True, is_fenced=False), now)
    assert core.state is BrokerState.RUNNING
    return core


def test_nothing_is_sent_before_the_start() -> None:
    core = BrokerLifecycle(heartbeat_interval=2.0, registration_timeout=60.0)
    assert core.next_request(1.0) is None
    assert core.next_deadline() is None


def test_registers_then_beats_at_once_wanting_the_fence() -> None:
    core = registered()
    assert core.state is BrokerState.STARTING
    assert beat(core, 0.0) == Beat(100, want_fence=True, want_shut_down=False, offline_log_dirs=())


def test_one_request_at_a_time() -> None:
    core = registered()
    beat(core, 0.0)
    assert core.next_request(50.0) is None


def test_not_running_until_ready_even_when_the_controller_unfenced_an_earlier_incarnation() -> None:
    core = registered()
    beat(core, 0.0)
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True, is_fenced=False), 0.0)
    assert core.state is BrokerState.RECOVERY
    beat(core, 0.01)
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True, is_fenced=False), 0.01)
    assert core.state is BrokerState.RECOVERY
    assert not core.ready


def test_ready_asks_to_be_unfenced_at_once() -> None:
    core = registered()
    beat(core, 0.0)
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True), 0.0)
    assert core.state is BrokerState.RECOVERY
    core.ready_to_unfence(0.001)
    assert beat(core, 0.001).want_fence is False
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True, is_fenced=False), 0.002)
    assert core.ready
    assert core.next_deadline() == 2.002


def test_ready_while_a_beat_is_under_way_beats_again_after_it() -> None:
    core = registered()
    beat(core, 0.0)
    core.ready_to_unfence(0.5)
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True), 1.0)
    assert beat(core, 1.0).want_fence is False


def test_a_stale_epoch_registers_again() -> None:
    core = running()
    beat(core, 2.0)
    core.handle_beat(BeatAnswer(ErrorCode.STALE_BROKER_EPOCH), 2.0)
    assert not core.ready
    assert core.next_request(2.0 + MIN_BACKOFF) == Register(7)
    core.handle_registration(ErrorCode.NONE, 200, 3.0)
    assert beat(core, 3.0).broker_epoch == 200
    assert core.state is BrokerState.RUNNING


def test_a_starting_broker_whose_id_another_process_keeps_gives_up() -> None:
    core = registered()
    beat(core, 1.0)
    core.handle_beat(BeatAnswer(ErrorCode.STALE_BROKER_EPOCH), 1.0)
    assert core.next_request(1.0 + MIN_BACKOFF) == Register(7)
    core.handle_registration(ErrorCode.DUPLICATE_BROKER_REGISTRATION, -1, 2.0)
    assert core.next_request(60.0) == Register(7)
    core.handle_registration(ErrorCode.DUPLICATE_BROKER_REGISTRATION, -1, 60.0)
    assert core.next_request(61.0) is None
    assert core.failure == "not registered within 60 s: the controller answered DUPLICATE_BROKER_REGISTRATION"


def test_a_duplicate_registration_is_tried_until_the_old_session_is_fenced() -> None:
    core = lifecycle()
    now = 0.0
    pauses = []
    for _ in range(12):
        assert core.next_request(now) == Register(7)
        core.handle_registration(ErrorCode.DUPLICATE_BROKER_REGISTRATION, -1, now)
        deadline = core.next_deadline()
        assert deadline is not None
        pauses.append(deadline - now)
        now = deadline
    assert pauses[0] == pytest.approx(MIN_BACKOFF)
    assert max(pauses) == pytest.approx(MAX_BACKOFF)
    assert core.next_request(now) == Register(7)
    core.handle_registration(ErrorCode.NONE, 5, now)
    assert core.failure is None


def test_registration_gives_up_with_the_last_reason() -> None:
    core = lifecycle()
    core.next_request(0.0)
    core.handle_registration(ErrorCode.DUPLICATE_BROKER_REGISTRATION, -1, 0.0)
    assert core.next_request(60.0) is None
    assert core.state is BrokerState.SHUTTING_DOWN
    assert core.failure is not None
    assert "DUPLICATE_BROKER_REGISTRATION" in core.failure


def test_another_cluster_is_fatal_at_once() -> None:
    core = lifecycle()
    core.next_request(0.0)
    core.handle_registration(ErrorCode.INCONSISTENT_CLUSTER_ID, -1, 0.0)
    assert core.state is BrokerState.SHUTTING_DOWN
    assert core.failure is not None


def test_fenced_while_running_beats_fast_until_unfenced() -> None:
    core = running()
    beat(core, 2.0)
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=False, is_fenced=True), 2.0)
    assert not core.ready
    deadline = core.next_deadline()
    assert deadline is not None
    assert deadline < 2.2
    beat(core, deadline)
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True, is_fenced=False), deadline)
    assert core.ready


def test_a_lost_connection_beats_at_once_then_backs_off() -> None:
    core = running()
    beat(core, 2.0)
    core.handle_connection_lost(2.1)
    beat(core, 2.1)
    core.handle_connection_lost(2.1)
    assert core.next_request(2.1) is None
    beat(core, 2.2)


def test_a_new_controller_while_a_request_is_under_way_leaves_nothing_undone() -> None:
    core = lifecycle()
    core.next_request(0.0)
    core.controller_changed(0.1)
    core.handle_connection_lost(0.1)
    assert core.next_request(0.1) == Register(7)
    core.handle_registration(ErrorCode.NONE, 100, 0.2)
    beat(core, 0.2)


def test_an_idle_connection_that_closes_makes_a_heartbeat_due() -> None:
    core = running()
    assert core.next_request(0.5) is None
    core.handle_connection_lost(0.5)
    beat(core, 0.5)


def test_controlled_shutdown_waits_for_the_controller() -> None:
    core = running()
    core.begin_controlled_shutdown(1.0)
    assert beat(core, 1.0).want_shut_down
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True, is_fenced=False), 1.0)
    assert core.state is BrokerState.PENDING_CONTROLLED_SHUTDOWN
    assert beat(core, 1.05).want_shut_down
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True, is_fenced=False, should_shut_down=True), 1.06)
    assert core.state is BrokerState.SHUTTING_DOWN
    assert core.failure is None
    assert core.next_deadline() is None


def test_controlled_shutdown_ends_when_the_quorum_is_gone() -> None:
    core = running()
    core.begin_controlled_shutdown(1.0)
    now = 1.0
    while core.state is BrokerState.PENDING_CONTROLLED_SHUTDOWN:
        if core.next_request(now) is not None:
            core.handle_failure(now)
        deadline = core.next_deadline()
        now = deadline if deadline is not None else now
    assert now == pytest.approx(1.0 + QUORUM_SILENCE)


def test_controlled_shutdown_has_a_limit_while_the_controller_keeps_answering() -> None:
    core = running()
    core.begin_controlled_shutdown(1.0, limit=3.0)
    now = 1.0
    while core.state is BrokerState.PENDING_CONTROLLED_SHUTDOWN:
        if core.next_request(now) is not None:
            core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True, is_fenced=False), now)
        deadline = core.next_deadline()
        now = deadline if deadline is not None else now
    assert now == pytest.approx(4.0)


def test_controlled_shutdown_before_running_stops_at_once() -> None:
    core = registered()
    core.begin_controlled_shutdown(1.0)
    assert core.state is BrokerState.SHUTTING_DOWN


def test_a_failed_directory_is_told_until_it_is_known() -> None:
    core = running()
    core.log_dir_failed(DIR, 1.0)
    assert beat(core, 1.0).offline_log_dirs == (DIR,)
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True, is_fenced=False), 1.0)
    assert beat(core, 3.0).offline_log_dirs == (DIR,)
    core.handle_beat(BeatAnswer(ErrorCode.NONE, is_caught_up=True, is_fenced=False), 3.0)
    assert core.next_request(31.5) is not None
    assert core.failure is None


def test_a_failed_directory_that_cannot_be_told_stops_the_broker() -> None:
    core = running()
    core.log_dir_failed(DIR, 1.0)
    beat(core, 1.0)
    core.handle_failure(1.0)
    core.next_request(31.0)
    assert core.state is BrokerState.SHUTTING_DOWN
    assert core.failure is not None


def test_the_transitions_end_in_shutting_down() -> None:
    assert all(BrokerState.SHUTTING_DOWN in targets for state, targets in TRANSITIONS.items() if state != 7)
    with pytest.raises(AssertionError):
        running().start(0.0)


@pytest.mark.parametrize("seed", range(200))
def test_a_broker_is_never_silent(seed: int) -> None:
    """Whatever happens in whatever order: while it lives, a request is under way or one is due."""
    chance = random.Random(seed)
    core = BrokerLifecycle(heartbeat_interval=2.0, registration_timeout=1e9)
    core.start(0.0)
    now, pending = 0.0, None
    events = [
        lambda: core.ready_to_unfence(now),
        lambda: core.beat_soon(now),
        lambda: core.controller_changed(now),
        lambda: core.handle_connection_lost(now),
        lambda: core.handle_failure(now),
    ]
    errors = [ErrorCode.NONE] * 4 + [ErrorCode.STALE_BROKER_EPOCH, ErrorCode.DUPLICATE_BROKER_REGISTRATION]
    for _ in range(100):
        now += chance.choice([0.0, 0.001, 0.1])
        pending = core.next_request(now) or pending
        match chance.choice([pending, None]):
            case Register():
                core.handle_registration(chance.choice(errors), 5, now)
                pending = None
            case Beat():
                caught_up, fenced = chance.random() < 0.7, chance.random() < 0.5
                core.handle_beat(BeatAnswer(chance.choice(errors), caught_up, fenced), now)
                pending = None
            case None:
                event = chance.choice(events)
                if event in events[3:]:
                    pending = None
                event()
        if core.state is BrokerState.SHUTTING_DOWN:
            return
        deadline = core.next_deadline()
        assert pending is not None or (deadline is not None and deadline <= now + 2.0), core
