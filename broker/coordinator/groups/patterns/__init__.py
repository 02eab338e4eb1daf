"""Regular expressions of topic names, in the syntax of RE2/J, matched in time linear in the name.

A subscription's pattern comes from a client, so it must not be able to hold up the coordinator: Python's `re` may take
exponential time. Topic names are made of 65 characters, which makes a small automaton enough. Pure; only the
coordinator of groups imports these.
"""

from __future__ import annotations

from barnabas.broker.coordinator.groups.patterns.automaton import TopicPattern
from barnabas.broker.coordinator.groups.patterns.syntax import PatternError

__all__ = ["PatternError", "TopicPattern"]
