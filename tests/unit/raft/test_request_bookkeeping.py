"""One request in flight a destination; pauses after failures."""

from __future__ import annotations

import math

from barnabas.raft.messages import BeginQuorumEpochRequest
from barnabas.raft.requests import Requests
from barnabas.raft.voters import Endpoint

HERE, THERE = Endpoint("C", "here", 1), Endpoint("C", "there", 1)
REQUEST = BeginQuorumEpochRequest(cluster_id="c", epoch=1, leader_id=1, voter=None)


def test_a_destination_has_one_request_in_flight() -> None:
    requests = Requests(0.02)
    message = requests.send(HERE, 1, REQUEST)
    assert not requests.is_ready(HERE, 0)
    assert requests.is_ready(THERE, 0)
    assert requests.answered(message.correlation) is message
    assert requests.is_ready(HERE, 0)


def test_an_answer_counts_once() -> None:
    requests = Requests(0.02)
    message = requests.send(HERE, 1, REQUEST)
    requests.answered(message.correlation)
    assert requests.answered(message.correlation) is None
    assert requests.failed(message.correlation) is None


def test_the_pause_doubles_up_to_eightfold_and_an_answer_ends_it() -> None:
    requests, now, pauses = Requests(0.02), 0.0, []
    for _ in range(6):
        message = requests.send(HERE, 1, REQUEST)
        requests.failed(message.correlation)
        requests.back_off(HERE, now)
        assert not requests.is_ready(HERE, now)
        pauses.append(round(requests.next_retry - now, 3))
        now = requests.next_retry
        requests.end_backoffs(now)
    assert pauses == [0.02, 0.04, 0.08, 0.16, 0.16, 0.16]
    requests.answered(requests.send(HERE, 1, REQUEST).correlation)
    requests.back_off(HERE, now)
    assert round(requests.next_retry - now, 3) == 0.02


def test_a_pause_that_is_over_wakes_nobody() -> None:
    requests = Requests(0.02)
    requests.back_off(HERE, 0.0)
    requests.end_backoffs(0.02)
    assert requests.next_retry == math.inf
    assert requests.is_ready(HERE, 0.02)


def test_a_change_of_role_forgets_everything() -> None:
    requests = Requests(0.02)
    message = requests.send(HERE, 1, REQUEST)
    requests.back_off(THERE, 0.0)
    requests.reset()
    assert requests.answered(message.correlation) is None
    assert requests.is_ready(HERE, 0)
    assert requests.is_ready(THERE, 0)
