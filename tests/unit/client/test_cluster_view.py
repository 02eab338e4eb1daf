from __future__ import annotations

from barnabas.client.metadata import NO_LEADER, ClusterView, Node
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.metadata import MetadataResponse

NEW = MetadataResponse
A, B = b"a" * 16, b"b" * 16


def answer(leader: int, epoch: int, *, topic_id: bytes = A, name: str = "t", error: int = 0) -> MetadataResponse:
    partition = NEW.MetadataResponsePartition(
        partition_index=0, leader_id=leader, leader_epoch=epoch, replica_nodes=[1, 2], isr_nodes=[1]
    )
    topic = NEW.MetadataResponseTopic(
        name=name, topic_id=topic_id, error_code=error, partitions=[] if error else [partition]
    )
    brokers = [NEW.MetadataResponseBroker(node_id=i, host=f"h{i}", port=9092 + i) for i in (1, 2)]
    return NEW(cluster_id="c", controller_id=1, brokers=brokers, topics=[topic])


def test_the_leader_is_a_broker_with_its_address() -> None:
    view = ClusterView()
    view.update(answer(2, 5))
    assert view.leader("t", 0) == Node(2, "h2", 9094)
    assert view.leader_epoch("t", 0) == 5
    assert view.topic_id("t") == A
    assert view.leader("t", 1) is None
    assert view.leader("u", 0) is None


def test_an_older_leader_epoch_is_never_taken() -> None:
    view = ClusterView()
    view.update(answer(2, 5))
    view.update(answer(1, 4))
    assert view.leader("t", 0) == Node(2, "h2", 9094)
    view.forget_leader("t", 0)
    view.update(answer(1, 4))
    assert view.leader("t", 0) is None
    view.update(answer(1, 5))
    assert view.leader("t", 0) == Node(1, "h1", 9093)


def test_a_topic_made_anew_under_the_same_name_begins_with_its_own_epochs() -> None:
    view = ClusterView()
    view.update(answer(2, 5))
    view.update(answer(1, 0, topic_id=B))
    assert view.leader("t", 0) == Node(1, "h1", 9093)
    assert view.leader_epoch("t", 0) == 0


def test_a_leader_that_is_no_live_broker_is_none() -> None:
    view = ClusterView()
    view.update(answer(9, 5))
    assert view.leader("t", 0) is None
    view.update(answer(NO_LEADER, 6))
    assert view.leader("t", 0) is None


def test_an_answer_about_every_topic_removes_those_that_it_does_not_name() -> None:
    view = ClusterView()
    view.update(answer(1, 1))
    view.update(answer(1, 1, name="u"))
    assert set(view.topics) == {"t", "u"}
    view.update(answer(1, 1, name="u"), every_topic=True)
    assert set(view.topics) == {"u"}


def test_a_topic_that_is_gone_has_an_error_and_no_partitions() -> None:
    view = ClusterView()
    view.update(answer(1, 1))
    view.update(answer(1, 1, error=ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
    assert view.topics["t"].error == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert view.leader("t", 0) is None
