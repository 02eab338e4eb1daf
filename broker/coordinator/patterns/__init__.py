"""Regular expressions in the syntax of RE2/J, matched against whole names in time linear in the name.

Patterns come from clients (subscriptions, ListTransactions), so they must not be able to hold up the coordinator:
Python's `re` may take exponential time. Names may have any characters of Unicode. Pure; coordinators and the handlers
in front of them import these.
"""

from __future__ import annotations

from barnabas.broker.coordinator.patterns.automaton import Pattern
from barnabas.broker.coordinator.patterns.syntax import PatternError

__all__ = ["Pattern", "PatternError"]
