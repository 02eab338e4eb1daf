"""Whatever happens in whatever order: the metadata never contradicts itself."""

from __future__ import annotations

import pytest

from barnabas.metadata.records import NO_LEADER, ResourceType
from barnabas.metadata.topics import PartitionKey
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest
from barnabas.protocol.messages.elect_leaders import ElectLeadersRequest
from controller_harness import ControllerHarness


class History:
    """Random deeds of brokers and administrators."""

    def __init__(self, seed: int) -> None:
        self.cluster = ControllerHarness(seed)
        self.random = self.cluster.random
        self.epochs: dict[PartitionKey, tuple[int, int]] = {}
        self.cluster.start(1, 2, 3, 4)

    def step(self) -> None:
        deeds = [self.create, self.kill, self.restart, self.shut_down, self.silence, self.fail_over]
        deeds += [self.alter_isr] * 6 + [self.come_back] * 4
        deeds += [self.configure, self.delete, self.elect, self.fence]
        self.random.choice(deeds)()
        self.cluster.check()
        self.check_epochs()

    def check_epochs(self) -> None:
        for topic in self.cluster.image.topics:
            for partition in topic:
                epochs = (partition.leader_epoch, partition.partition_epoch)
                before = self.epochs.get(partition.key, (0, 0))
                assert epochs[0] >= before[0]
                assert epochs[1] >= before[1]
                self.epochs[partition.key] = epochs

    def broker(self) -> int:
        return self.random.choice(sorted(self.cluster.image.cluster.brokers))

    def create(self) -> None:
        if len(self.cluster.image.topics) < 5 and all(map(self.cluster.image.cluster.is_active, range(1, 5))):
            name = f"t{len(self.epochs)}"
            replicas = [self.random.sample([1, 2, 3, 4], self.random.choice([1, 3])) for _ in range(3)]
            self.cluster.create(
                name,
                *(ids for ids in replicas if len(ids) == len(replicas[0])),
                min_insync_replicas=self.random.choice("123"),
                unclean_leader_election_enable=self.random.choice(["true", "false", "false"]),
            )

    def delete(self) -> None:
        names = sorted(topic.name for topic in self.cluster.image.topics)
        if names and self.random.random() < 0.3:
            self.cluster.request(DeleteTopicsRequest(topic_names=[self.random.choice(names)]), 5)

    def kill(self) -> None:
        self.cluster.kill(self.broker())

    def fence(self) -> None:
        self.cluster.heartbeat(self.broker(), want_fence=True)

    def come_back(self) -> None:
        self.cluster.heartbeat(self.broker())

    def restart(self) -> None:
        broker_id = self.broker()
        epoch = self.cluster.epoch(broker_id)
        self.cluster.controller.heartbeat_connection_closed(broker_id, epoch, self.cluster.now)
        self.cluster.register(broker_id, previous_broker_epoch=self.random.choice([-1, epoch]))

    def shut_down(self) -> None:
        self.cluster.heartbeat(self.broker(), want_shut_down=True)

    def silence(self) -> None:
        self.cluster.advance(self.random.choice([0.1, 1.0, 5.0, 10.0, 400.0]))

    def fail_over(self) -> None:
        self.cluster.fail_over()

    def elect(self) -> None:
        self.cluster.request(ElectLeadersRequest(election_type=self.random.choice([0, 1]), topic_partitions=None))

    def configure(self) -> None:
        names = sorted(topic.name for topic in self.cluster.image.topics)
        if self.random.random() < 0.3:
            self.cluster.configure(ResourceType.BROKER, "", "min.insync.replicas", self.random.choice("123"))
        elif names:
            value = self.random.choice(["1", "2", "3", None])
            self.cluster.configure(ResourceType.TOPIC, self.random.choice(names), "min.insync.replicas", value)

    def alter_isr(self) -> None:
        led = [partition for topic in self.cluster.image.topics for partition in topic if partition.leader != NO_LEADER]
        if led:
            partition = self.random.choice(sorted(led, key=lambda partition: partition.key))
            others = [broker_id for broker_id in partition.replicas if broker_id != partition.leader]
            isr = [partition.leader, *self.random.sample(others, self.random.randint(0, len(others)))]
            name = self.cluster.image.topics.by_id[partition.topic_id].name
            self.cluster.alter_isr(name, partition.index, *isr)


@pytest.mark.parametrize("seed", range(25))
def test_the_metadata_never_contradicts_itself(seed: int) -> None:
    history = History(seed)
    for _ in range(100):
        history.step()


@pytest.mark.parametrize("seed", range(25))
def test_once_everybody_is_back_every_partition_is_led(seed: int) -> None:
    history = History(seed)
    for _ in range(60):
        history.step()
    cluster = history.cluster
    for broker_id in sorted(cluster.image.cluster.brokers):
        cluster.kill(broker_id)
        cluster.register(broker_id, previous_broker_epoch=cluster.epoch(broker_id))
    for broker_id in sorted(cluster.image.cluster.brokers):
        cluster.heartbeat(broker_id)
    cluster.check()
    assert list(cluster.image.topics.without_leader()) == []
