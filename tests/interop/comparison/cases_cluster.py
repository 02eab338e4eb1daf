"""What brokers pass on to the controller about the cluster: DescribeQuorum, ElectLeaders, UnregisterBroker,
UpdateFeatures.
"""

from __future__ import annotations

from collections.abc import Sequence

from comparison.case import case
from comparison.talk import Talk

from barnabas.protocol.messages.describe_quorum import DescribeQuorumRequest
from barnabas.protocol.messages.elect_leaders import ElectLeadersRequest
from barnabas.protocol.messages.unregister_broker import UnregisterBrokerRequest
from barnabas.protocol.messages.update_features import UpdateFeaturesRequest

METADATA = "__cluster_metadata"
PREFERRED, UNCLEAN = 0, 1
CHOSEN = (
    "leader_id",
    "leader_epoch",
    "high_watermark",
    "log_end_offset",
    "last_fetch_timestamp",
    "last_caught_up_timestamp",
)


def quorum(*topics: tuple[str, Sequence[int]]) -> DescribeQuorumRequest:
    """Ask for these topics and partitions."""
    outer = DescribeQuorumRequest
    return outer(
        topics=[
            outer.TopicData(topic_name=name, partitions=[outer.PartitionData(partition_index=i) for i in indexes])
            for name, indexes in topics
        ]
    )


@case(0, 1, 2)
def the_quorum(talk: Talk, version: int) -> None:
    for broker in (1, 2):
        talk.ask(quorum((METADATA, [0])), version, broker=broker, blur=CHOSEN)


@case(0, 2)
def quorums_that_are_not_there(talk: Talk, version: int) -> None:
    topic = talk.create()
    for name, index in ((METADATA, 1), (METADATA, -1), (topic.name, 0), ("no-such-topic", 0), ("", 0)):
        talk.ask(quorum((name, [index])), version, blur=CHOSEN)


@case(0, 2)
def several_quorums(talk: Talk, version: int) -> None:
    for request in (
        quorum(),
        quorum((METADATA, [])),
        quorum((METADATA, [0, 1])),
        quorum((METADATA, [0]), ("no-such-topic", [0, 1])),
    ):
        talk.ask(request, version, blur=CHOSEN)


def elect(
    topics: Sequence[tuple[str, Sequence[int]]] | None, kind: int = PREFERRED, timeout_ms: int = 10_000
) -> ElectLeadersRequest:
    """An election of these topics' partitions; None: of all."""
    outer = ElectLeadersRequest
    named = None if topics is None else [outer.TopicPartitions(topic=t, partitions=p) for t, p in topics]
    return outer(election_type=kind, topic_partitions=named, timeout_ms=timeout_ms)


@case(0, 1, 2)
def elections_that_nobody_needs(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2, replicas=[2, 1])
    talk.ask(elect([(topic.name, [0, 1])]), version)
    if version > 0:
        talk.ask(elect([(topic.name, [0])], UNCLEAN), version)


@case(1, 2)
def elections_of_no_kind(talk: Talk, version: int) -> None:
    topic = talk.create()
    for kind in (2, -1, 127):
        talk.ask(elect([(topic.name, [0])], kind), version)


@case(0, 2)
def elections_of_what_is_not_there(talk: Talk, version: int) -> None:
    topic = talk.create()
    for name, index in ((topic.name, 1), (topic.name, -1), ("no-such-topic", 0), ("", 0), (METADATA, 0)):
        talk.ask(elect([(name, [index])]), version)
    talk.ask(elect([(topic.name, [0, 7]), ("no-such-topic", [0])]), version)


@case(0, 2)
def elections_of_nothing(talk: Talk, version: int) -> None:
    talk.ask(elect([]), version)
    talk.ask(elect([(talk.create().name, [])]), version)
    talk.ask(elect(None), version)


@case(2)
def elections_of_a_partition_twice(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(elect([(topic.name, [0, 0])]), version)
    talk.ask(elect([(topic.name, [0]), (topic.name, [0])]), version)


@case(0)
def brokers_that_were_never_registered(talk: Talk, version: int) -> None:
    for broker in (99, -1, 101, 0x7FFFFFFF):
        talk.ask(UnregisterBrokerRequest(broker_id=broker), version)


def update(*features: tuple[str, int, int], validate_only: bool = True) -> UpdateFeaturesRequest:
    """Updates of features: name, level, and how (1: upgrade, 2: downgrade, 3: unsafe downgrade)."""
    outer = UpdateFeaturesRequest
    updates = [
        outer.FeatureUpdateKey(feature=name, max_version_level=level, allow_downgrade=how != 1, upgrade_type=how)
        for name, level, how in features
    ]
    return outer(timeout_ms=10_000, feature_updates=updates, validate_only=validate_only)


@case(0, 1, 2)
def features_that_nobody_knows(talk: Talk, version: int) -> None:
    for name, level in (("no.such.feature", 1), ("no.such.feature", 0), ("", 1)):
        talk.ask(update((name, level, 1), validate_only=version > 0), version)
