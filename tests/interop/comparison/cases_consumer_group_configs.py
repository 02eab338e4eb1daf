"""The configuration of groups, and ListConfigResources."""

from __future__ import annotations

from functools import partial

from comparison.case import case
from comparison.configuring import (
    APPEND,
    BROKER,
    DELETE,
    GROUP,
    SET,
    SUBTRACT,
    TOPIC,
    alter,
    describe,
    replace,
)
from comparison.talk import Talk

from barnabas.protocol.messages.list_config_resources import ListConfigResourcesRequest

SESSION, HEARTBEAT = "consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"


def is_set(talk: Talk, name: str, value: str) -> bool:
    """Whether all brokers know of it."""
    return all(
        talk.quietly(describe((GROUP, name, [SESSION])), 4, broker).results[0].configs[0].value == value
        for broker in (1, 2, 3)
    )


@case(1, 4)
def a_group_that_sets_nothing(talk: Talk, version: int) -> None:
    talk.ask(describe((GROUP, talk.name(), None), include_synonyms=True), version)
    talk.ask(describe((GROUP, talk.name(), [SESSION, "no.such"])), version)
    talk.ask(describe((GROUP, "", None)), version)


@case(0, 1)
def a_group_gets_values_and_loses_them(talk: Talk, version: int) -> None:
    name = talk.name()
    talk.ask(alter(GROUP, name, (SESSION, SET, "50000"), (HEARTBEAT, SET, "6000")), version)
    talk.wait_until(partial(is_set, talk, name, "50000"))
    talk.ask(describe((GROUP, name, None), include_synonyms=True), 4)
    talk.ask(alter(GROUP, name, (SESSION, DELETE, None)), version)
    talk.wait_until(partial(is_set, talk, name, "45000"))
    talk.ask(replace(GROUP, name, (SESSION, "46000")), 2)
    talk.wait_until(partial(is_set, talk, name, "46000"))
    talk.ask(describe((GROUP, name, [SESSION, HEARTBEAT])), 4)
    talk.ask(alter(GROUP, name, (SESSION, SET, "50000"), validate_only=True), version)
    talk.ask(describe((GROUP, name, [SESSION])), 4)


@case(1)
def what_groups_cannot_be_configured_with(talk: Talk, version: int) -> None:
    for key, value in (
        ("no.such.key", "1"),
        ("retention.ms", "1"),
        (SESSION, "x"),
        (SESSION, ""),
        (SESSION, "0"),
        (SESSION, "44999"),
        (SESSION, "60001"),
        (HEARTBEAT, "4999"),
        (HEARTBEAT, "15001"),
        ("consumer.assignment.interval.ms", "15001"),
        ("consumer.assignment.interval.ms", "-1"),
        ("share.auto.offset.reset", "none"),
        ("share.auto.offset.reset", "by_duration:PT1H"),
        ("share.isolation.level", "read_committed"),
        ("share.isolation.level", "none"),
        ("share.delivery.count.limit", "1"),
        ("share.renew.acknowledge.enable", "maybe"),
        ("streams.num.standby.replicas", "3"),
    ):
        talk.ask(alter(GROUP, talk.name(), (key, SET, value), validate_only=True), version)
    talk.ask(alter(GROUP, "", (SESSION, SET, "50000")), version)
    talk.ask(alter(GROUP, talk.name(), (SESSION, SET, None)), version)
    for operation in (APPEND, SUBTRACT):
        talk.ask(alter(GROUP, talk.name(), (SESSION, operation, "50000")), version)
    talk.ask(alter(GROUP, talk.name(), ("no.such.key", DELETE, None)), version)
    talk.ask(replace(GROUP, talk.name(), ("no.such.key", "1")), 2)
    talk.ask(replace(GROUP, "", (SESSION, "50000")), 2)


@case(0, 1)
def what_has_a_configuration(talk: Talk, version: int) -> None:
    if version == 0:
        talk.ask(ListConfigResourcesRequest(), version)
        return
    topic, name = talk.create(), talk.name("-group")
    talk.quietly(alter(GROUP, name, (SESSION, SET, "50000")), 1)
    talk.wait_until(partial(is_set, talk, name, "50000"))
    for kinds in ([GROUP], [TOPIC, GROUP], [BROKER], []):
        answer = talk.quietly(ListConfigResourcesRequest(resource_types=kinds), version)
        found = {(each.resource_type, each.resource_name) for each in answer.config_resources}
        talk.note(f"of types {kinds}", [(TOPIC, topic.name) in found, (GROUP, name) in found, (BROKER, "1") in found])
    talk.ask(ListConfigResourcesRequest(resource_types=[1]), version)
