from __future__ import annotations

from barnabas.client.metadata import NO_LEADER, ClusterView, Node, nodes_of
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.fetch import FetchResponse
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


def test_a_leader_that_another_broker_tells_of_is_taken_if_its_epoch_is_later() -> None:
    view = ClusterView()
    view.update(answer(2, 5))
    told = nodes_of([FetchResponse.NodeEndpoint(node_id=7, host="h7", port=1, rack="r")])
    assert view.learn_leader("t", 0, 7, 6, told)
    assert view.leader("t", 0) == Node(7, "h7", 1, "r")
    assert view.leader_epoch("t", 0) == 6
    assert view.learn_leader("t", 0, 1, 7, {})
    assert view.leader("t", 0) == Node(1, "h1", 9093)


def test_what_a_broker_tells_of_leaders_is_no_news_if_it_is_old_or_nobody_is_there() -> None:
    view = ClusterView()
    view.update(answer(2, 5))
    for leader, epoch in ((1, 5), (1, 4), (-1, -1), (NO_LEADER, 6), (9, 6)):
        assert not view.learn_leader("t", 0, leader, epoch, {})
    assert not view.learn_leader("t", 1, 1, 6, {})
    assert not view.learn_leader("u", 0, 1, 6, {})
    assert view.leader("t", 0) == Node(2, "h2", 9094)
