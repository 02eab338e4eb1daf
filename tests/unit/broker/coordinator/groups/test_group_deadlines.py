"""Deadlines by key, held against a plain dictionary."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.broker.coordinator.groups.deadlines import Deadlines

keys = st.sampled_from("abc")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("set"), keys, st.integers(0, 9)),
        st.tuples(st.just("cancel"), keys, st.just(0)),
        st.tuples(st.just("pop"), st.just(""), st.integers(0, 9)),
    )
)


@settings(max_examples=150, deadline=None)
@given(steps=steps)
def test_behaves_as_a_dictionary_would(steps: list[tuple[str, str, int]]) -> None:
    deadlines: Deadlines[str] = Deadlines()
    twin: dict[str, float] = {}
    for what, key, time in steps:
        if what == "set":
            deadlines.set(key, time)
            twin[key] = time
        elif what == "cancel":
            deadlines.cancel(key)
            twin.pop(key, None)
        else:
            due = min(twin.values(), default=None)
            popped = deadlines.pop_due(time)
            if popped is None:
                assert due is None or due > time
            else:
                assert twin.pop(popped) == due
        assert len(deadlines) == len(twin)
        assert all((key in deadlines) == (key in twin) for key in "abc")
        assert deadlines.next() == min(twin.values(), default=None)


def test_to_put_a_deadline_off_does_not_grow_the_heap() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for time in range(1000):
        deadlines.set("a", time)
    assert len(deadlines._heap) == 1
    assert deadlines.next() == 999
