"""Server-side assignors (KIP-848): which member of a group is to have which partitions. Pure functions.

An assignor gets a `GroupSpec` and gives each member its partitions. What all of them keep: every partition of every
topic that somebody subscribes to is given to exactly one member, and to one that subscribes to its topic. `ASSIGNORS`
has them by the names that `group.consumer.assignors` and clients use. Only the coordinator of groups imports these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from barnabas.broker.coordinator.groups.assignors.range import assign_range
from barnabas.broker.coordinator.groups.assignors.spec import Assignment, GroupSpec, MemberSpec
from barnabas.broker.coordinator.groups.assignors.uniform import assign_uniform

Assignor: TypeAlias = Callable[[GroupSpec], Assignment]

ASSIGNORS: Final[Mapping[str, Assignor]] = {"uniform": assign_uniform, "range": assign_range}

__all__ = ["ASSIGNORS", "Assignment", "Assignor", "GroupSpec", "MemberSpec"]
