"""How long a leader counts as lost."""

from __future__ import annotations

from barnabas.broker.lost_leaders import LostLeaders


class Registered:
    """Brokers 1 and 2."""

    def __init__(self) -> None:
        self.epochs = {1: 10, 2: 20}
        self.lost = LostLeaders(1.5, self.epochs.get)


def test_a_leader_is_lost_for_a_while() -> None:
    lost = Registered().lost
    assert lost.at(0.0) == frozenset()
    lost.lose(1, 0.0)
    lost.lose(2, 1.0)
    assert lost.at(1.4) == {1, 2}
    assert lost.at(1.5) == {2}
    assert lost.at(2.5) == frozenset()


def test_a_leader_that_is_reached_again_is_not_lost() -> None:
    lost = Registered().lost
    lost.lose(1, 0.0)
    lost.find(1)
    lost.find(2)
    assert lost.at(0.1) == frozenset()


def test_a_leader_that_was_restarted_is_not_lost_until_it_is_lost_again() -> None:
    cluster = Registered()
    cluster.lost.lose(1, 0.0)
    cluster.epochs[1] = 11
    assert cluster.lost.at(0.1) == frozenset()
    cluster.lost.lose(1, 0.2)
    assert cluster.lost.at(0.3) == {1}
    del cluster.epochs[1]
    assert cluster.lost.at(0.4) == frozenset()
