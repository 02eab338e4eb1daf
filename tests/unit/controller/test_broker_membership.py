"""Registration, heartbeats, fencing and controlled shutdown."""

from __future__ import annotations

import pytest

from barnabas.metadata.records import NO_LEADER, LeaderRecoveryState
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.broker_registration import BrokerRegistrationRequest
from barnabas.protocol.messages.controller_registration import ControllerRegistrationRequest
from barnabas.protocol.messages.unregister_broker import UnregisterBrokerRequest
from controller_harness import CLUSTER_ID, ControllerHarness, directory


@pytest.fixture
def cluster() -> ControllerHarness:
    harness = ControllerHarness()
    harness.start(1, 2, 3)
    return harness


def refusal(cluster: ControllerHarness, broker_id: int, **fields: object) -> WireError:
    with pytest.raises(WireError) as raised:
        cluster.register(broker_id, **fields)
    return raised.value


# -- registration -----------------------------------------------------------------------------------------------------


def test_a_broker_registers_fenced_and_its_epoch_is_the_offset_of_its_registration(cluster: ControllerHarness) -> None:
    listeners = [BrokerRegistrationRequest.Listener(name="PLAINTEXT", host="h", port=9, security_protocol=0)]
    epoch = cluster.register(4, listeners=listeners, rack="r")
    assert epoch == len(cluster.log.records) - 1
    registered = cluster.image.cluster.brokers[4]
    assert (registered.epoch, registered.fenced, registered.rack) == (epoch, True, "r")
    assert registered.endpoints["PLAINTEXT"].port == 9
    assert registered.directories == (directory(4),)


def test_another_cluster_is_refused(cluster: ControllerHarness) -> None:
    assert refusal(cluster, 4, cluster_id="another").code == ErrorCode.INCONSISTENT_CLUSTER_ID


def test_a_second_process_with_the_id_of_a_live_broker_is_refused(cluster: ControllerHarness) -> None:
    error = refusal(cluster, 1)
    assert (error.code, error.message) == (
        ErrorCode.DUPLICATE_BROKER_REGISTRATION,
        "Another broker is registered with that broker id.",
    )
    cluster.advance(9.0)
    assert cluster.register(1) > 0


def test_a_new_incarnation_need_not_wait_once_the_old_connection_has_closed(cluster: ControllerHarness) -> None:
    cluster.controller.heartbeat_connection_closed(1, cluster.epoch(1), cluster.now)
    cluster.start(1)


def test_a_new_controller_believes_a_new_incarnation_of_a_broker_that_it_never_heard(
    cluster: ControllerHarness,
) -> None:
    cluster.fail_over()
    cluster.heartbeat(2)
    assert refusal(cluster, 2).code == ErrorCode.DUPLICATE_BROKER_REGISTRATION
    cluster.start(1)


def test_the_same_incarnation_amends_its_registration(cluster: ControllerHarness) -> None:
    epoch = cluster.register(4, incarnation_id=bytes(16))
    cluster.heartbeat(4)
    assert cluster.register(4, incarnation_id=bytes(16), rack="new") == epoch
    assert not cluster.image.cluster.brokers[4].fenced
    assert cluster.image.cluster.brokers[4].rack == "new"


@pytest.mark.parametrize(
    ("directories", "message"),
    [
        ([], "No directories specified in request"),
        ([bytes(16)], "Reserved directory ID in request"),
        ([b"x" * 16, b"x" * 16], "Duplicate directory ID in request"),
        ([directory(1)], "Broker 1 is already registered with directory"),
    ],
)
def test_directories_are_checked(cluster: ControllerHarness, directories: list[bytes], message: str) -> None:
    error = refusal(cluster, 4, log_dirs=directories)
    assert error.code == ErrorCode.INVALID_REGISTRATION
    assert message in str(error.message)


def test_a_broker_must_support_what_is_final(cluster: ControllerHarness) -> None:
    error = refusal(cluster, 4, features=[])
    assert error.code == ErrorCode.UNSUPPORTED_VERSION
    assert "finalized version" in str(error.message)


def test_a_controller_registers(cluster: ControllerHarness) -> None:
    listener = ControllerRegistrationRequest.Listener(name="CONTROLLER", host="h", port=9)
    cluster.request(ControllerRegistrationRequest(controller_id=3000, listeners=[listener]))
    assert cluster.image.cluster.controllers[3000].endpoints["CONTROLLER"].port == 9


def test_a_broker_is_unregistered_and_can_lead_no_more(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2], min_insync_replicas="2")
    cluster.create("u", [1])
    cluster.request(UnregisterBrokerRequest(broker_id=1))
    assert 1 not in cluster.image.cluster.brokers
    assert (cluster.partition().leader, cluster.partition().isr, cluster.partition().elr) == (2, (2,), ())
    assert cluster.partition("u").leader == NO_LEADER
    with pytest.raises(WireError) as raised:
        cluster.request(UnregisterBrokerRequest(broker_id=1))
    assert raised.value.code == ErrorCode.BROKER_ID_NOT_REGISTERED
    cluster.check()


# -- fencing ----------------------------------------------------------------------------------------------------------


def test_a_broker_is_unfenced_once_it_has_replayed_its_own_registration(cluster: ControllerHarness) -> None:
    epoch = cluster.register(4)
    behind = cluster.heartbeat(4, current_metadata_offset=epoch - 1)
    assert (behind.is_caught_up, behind.is_fenced) == (False, True)
    waiting = cluster.heartbeat(4, want_fence=True, current_metadata_offset=epoch)
    assert (waiting.is_caught_up, waiting.is_fenced) == (True, True)
    ready = cluster.heartbeat(4, current_metadata_offset=epoch)
    assert (ready.is_caught_up, ready.is_fenced, ready.should_shut_down) == (True, False, False)
    assert cluster.image.cluster.is_active(4)


@pytest.mark.parametrize(("broker_id", "epoch"), [(9, 1), (1, 99)])
def test_a_heartbeat_of_another_incarnation_is_refused(cluster: ControllerHarness, broker_id: int, epoch: int) -> None:
    with pytest.raises(WireError) as raised:
        cluster.heartbeat(broker_id, broker_epoch=epoch)
    assert raised.value.code == ErrorCode.STALE_BROKER_EPOCH


def test_a_silent_broker_is_fenced_after_the_session_timeout(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2, 3])
    for _ in range(8):
        cluster.advance(1.0)
        cluster.heartbeat(2)
        cluster.heartbeat(3)
        assert cluster.partition().leader == 1
    cluster.advance(1.0)
    partition = cluster.partition()
    assert cluster.image.cluster.brokers[1].fenced
    assert (partition.leader, partition.isr, partition.leader_epoch) == (2, (2, 3), 1)
    cluster.check()


def test_a_broker_whose_connection_closed_is_fenced_after_the_grace_time(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2, 3])
    cluster.controller.heartbeat_connection_closed(1, cluster.epoch(1), cluster.now)
    cluster.advance(0.249)
    assert cluster.partition().leader == 1
    cluster.advance(0.001)
    assert cluster.image.cluster.brokers[1].fenced
    assert cluster.partition().leader == 2


def test_a_broker_that_comes_back_in_time_is_not_fenced(cluster: ControllerHarness) -> None:
    cluster.controller.heartbeat_connection_closed(1, cluster.epoch(1), cluster.now)
    cluster.advance(0.2)
    cluster.heartbeat(1)
    cluster.advance(5.0)
    assert not cluster.image.cluster.brokers[1].fenced


def test_the_connection_of_an_earlier_incarnation_does_not_count(cluster: ControllerHarness) -> None:
    old = cluster.epoch(1)
    cluster.kill(1)
    cluster.start(1)
    cluster.controller.heartbeat_connection_closed(1, old, cluster.now)
    cluster.advance(1.0)
    assert not cluster.image.cluster.brokers[1].fenced


def test_a_controller_that_stood_still_fences_nobody_for_that(cluster: ControllerHarness) -> None:
    cluster.now += 60.0
    cluster.advance(0.0)
    assert all(not broker.fenced for broker in cluster.image.cluster.brokers.values())
    cluster.advance(9.0)
    assert all(broker.fenced for broker in cluster.image.cluster.brokers.values())


def test_a_new_controller_fences_a_broker_that_does_not_turn_up(cluster: ControllerHarness) -> None:
    """It may have died together with the old controller. The others are there, and have whole sessions."""
    cluster.create("t", [1, 2, 3])
    cluster.advance(8.0)
    cluster.fail_over()
    cluster.advance(0.5)
    cluster.heartbeat(2)
    cluster.heartbeat(3)
    cluster.advance(0.4)
    assert cluster.partition().leader == 1
    cluster.advance(0.1)
    assert cluster.image.cluster.brokers[1].fenced
    assert (cluster.partition().leader, cluster.partition().isr) == (2, (2, 3))
    cluster.advance(8.4)
    assert not cluster.image.cluster.brokers[2].fenced
    cluster.advance(0.1)
    assert cluster.image.cluster.brokers[2].fenced


@pytest.mark.parametrize(("grace", "wait"), [(0.0, 1.0), (0.5, 2.0), (60.0, 9.0)])
def test_a_new_controller_waits_for_some_grace_times_and_no_longer_than_a_session(grace: float, wait: float) -> None:
    cluster = ControllerHarness(reconnect_grace=grace)
    cluster.start(1)
    cluster.fail_over()
    cluster.advance(wait - 0.01)
    assert not cluster.image.cluster.brokers[1].fenced
    cluster.advance(0.01)
    assert cluster.image.cluster.brokers[1].fenced


def test_a_new_controller_that_stands_still_fences_nobody_for_that(cluster: ControllerHarness) -> None:
    cluster.fail_over()
    cluster.now += 5.0
    cluster.advance(0.9)
    assert all(not broker.fenced for broker in cluster.image.cluster.brokers.values())


def test_a_broker_that_comes_back_leads_what_has_no_leader(cluster: ControllerHarness) -> None:
    cluster.create("t", [1])
    cluster.kill(1)
    assert (cluster.partition().leader, cluster.partition().isr, cluster.partition().elr) == (NO_LEADER, (), (1,))
    cluster.heartbeat(1)
    partition = cluster.partition()
    assert (partition.leader, partition.isr, partition.elr) == (1, (1,), ())
    assert partition.leader_recovery_state == LeaderRecoveryState.RECOVERED
    cluster.check()


def test_a_broker_may_ask_to_be_fenced(cluster: ControllerHarness) -> None:
    assert cluster.heartbeat(1, want_fence=True).is_fenced
    assert cluster.image.cluster.brokers[1].fenced


def test_a_failed_directory_moves_its_leaders_only(cluster: ControllerHarness) -> None:
    lost, kept = b"l" * 16, b"k" * 16
    cluster.kill(1)
    cluster.start(1, log_dirs=[lost, kept])
    cluster.create("t", [1, 2], [2, 1])
    assert cluster.partition().directories[0] == bytes(16)
    cluster.heartbeat(1, offline_log_dirs=[lost])
    assert cluster.image.cluster.brokers[1].directories == (kept,)
    assert cluster.partition().leader == 1
    cluster.heartbeat(2, offline_log_dirs=[directory(2)])
    assert cluster.partition("t", 1).leader == 1
    assert cluster.partition("t", 0).isr == (1,)


# -- unclean and clean restarts ---------------------------------------------------------------------------------------


def test_a_crash_takes_a_broker_out_of_every_elr(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2, 3], min_insync_replicas="3")
    cluster.kill(1)
    assert cluster.partition().elr == (1,)
    cluster.register(1)
    assert cluster.partition().elr == ()
    cluster.check()


def test_a_clean_restart_keeps_a_broker_eligible(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2, 3], min_insync_replicas="3")
    cluster.stop(1)
    assert cluster.partition().elr == (1,)
    cluster.restart_cleanly(1)
    assert cluster.partition().elr == (1,)
    cluster.check()


def test_a_restart_too_quick_to_be_noticed_counts_as_a_crash(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2, 3])
    cluster.controller.heartbeat_connection_closed(1, cluster.epoch(1), cluster.now)
    cluster.register(1)
    partition = cluster.partition()
    assert (partition.leader, partition.isr) == (2, (2, 3))
    assert cluster.image.cluster.brokers[1].fenced
    cluster.check()


def test_after_a_crash_of_all_the_last_known_leader_leads_again(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2, 3], min_insync_replicas="2")
    cluster.fail_over()
    cluster.register(2)
    cluster.register(1)
    cluster.register(3)
    partition = cluster.partition()
    assert (partition.leader, partition.isr, partition.elr, partition.last_known_elr) == (NO_LEADER, (), (), (3,))
    cluster.heartbeat(1)
    assert cluster.partition().leader == NO_LEADER
    cluster.heartbeat(3)
    partition = cluster.partition()
    assert (partition.leader, partition.isr) == (3, (3,))
    assert partition.leader_recovery_state == LeaderRecoveryState.RECOVERING
    cluster.check()


# -- controlled shutdown ----------------------------------------------------------------------------------------------


def test_a_controlled_shutdown_moves_leaders_first_and_waits_until_the_others_know(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2, 3])
    first = cluster.heartbeat(1, want_shut_down=True)
    assert (first.is_fenced, first.should_shut_down) == (False, False)
    assert (cluster.partition().leader, cluster.partition().isr) == (2, (2, 3))
    assert cluster.image.cluster.brokers[1].in_controlled_shutdown
    moved = len(cluster.log.records) - 1
    cluster.heartbeat(2, current_metadata_offset=moved)
    assert not cluster.heartbeat(1, want_shut_down=True).should_shut_down
    cluster.heartbeat(3, current_metadata_offset=moved)
    last = cluster.heartbeat(1, want_shut_down=True)
    assert (last.is_fenced, last.should_shut_down) == (True, True)
    assert cluster.image.cluster.brokers[1].fenced
    cluster.check()


def test_a_broker_that_leads_nothing_may_stop_at_once(cluster: ControllerHarness) -> None:
    cluster.create("t", [2, 1])
    assert cluster.heartbeat(1, want_shut_down=True).should_shut_down
    assert cluster.partition().isr == (2,)


def test_a_fenced_broker_may_stop_at_once(cluster: ControllerHarness) -> None:
    cluster.kill(1)
    assert cluster.heartbeat(1, want_shut_down=True).should_shut_down


def test_a_broker_in_controlled_shutdown_gets_no_leader_and_no_replica(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2])
    cluster.heartbeat(1, want_shut_down=True)
    cluster.create("u", [1, 2])
    assert cluster.partition("u").isr == (2,)
    assert cluster.alter_isr("t", 0, 2, 1).error_code == ErrorCode.INELIGIBLE_REPLICA


def test_all_may_stop_at_the_same_time(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2, 3], [2, 3, 1], [3, 1, 2], min_insync_replicas="2")
    for broker_id in (1, 2, 3):
        assert not cluster.heartbeat(broker_id, want_shut_down=True).should_shut_down
        cluster.check()
    for broker_id in (1, 2, 3):
        assert cluster.heartbeat(broker_id, want_shut_down=True).should_shut_down
        cluster.check()
    for broker_id in (1, 2, 3):
        cluster.restart_cleanly(broker_id)
        cluster.check()
    assert all(partition.leader != NO_LEADER for partition in cluster.topic())
    assert all(partition.leader_recovery_state == 0 for partition in cluster.topic())


def test_a_shutdown_that_a_new_controller_finds_goes_on(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2, 3])
    cluster.heartbeat(1, want_shut_down=True)
    cluster.fail_over()
    assert cluster.heartbeat(1, want_shut_down=True).should_shut_down


def test_the_cluster_id_of_the_harness_is_checked() -> None:
    assert ControllerHarness().register(1, cluster_id=CLUSTER_ID) > 0
