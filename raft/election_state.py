"""What a member remembers of elections across restarts: the content of the file `quorum-state`.

It is one line of JSON, as Kafka writes it (data version 1). It is on disk before any message that follows from it
leaves: a voter that forgot its vote could vote twice in an epoch and so elect two leaders.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from barnabas.protocol.types import ZERO_UUID, parse_uuid, uuid_text
from barnabas.raft.voters import ReplicaKey

DATA_VERSION = 1
"""The format of the file since the voter set is part of the log (kraft.version 1)."""


class CorruptElectionState(Exception):
    """The file `quorum-state` cannot be read; the node must not start without knowing how it voted."""


@dataclass(frozen=True, slots=True)
class ElectionState:
    """The newest `epoch` seen, its leader if known, and whom this replica voted for in it, if it did."""

    epoch: int = 0
    leader_id: int | None = None
    voted: ReplicaKey | None = None

    def __str__(self) -> str:
        leader = "none" if self.leader_id is None else self.leader_id
        return f"epoch={self.epoch} leader={leader} voted={'none' if self.voted is None else self.voted}"

    def encode(self) -> bytes:
        """The file's content."""
        voted_directory = ZERO_UUID if self.voted is None else self.voted.directory_id
        fields = {
            "leaderId": -1 if self.leader_id is None else self.leader_id,
            "leaderEpoch": self.epoch,
            "votedId": -1 if self.voted is None else self.voted.id,
            "votedDirectoryId": uuid_text(voted_directory),
            "data_version": DATA_VERSION,
        }
        return json.dumps(fields, separators=(",", ":")).encode("ascii")

    @classmethod
    def decode(cls, content: bytes) -> ElectionState:
        """Reads the file's content; raises `CorruptElectionState` for anything but a whole, sensible state."""
        try:
            fields = json.loads(content)
            version = fields["data_version"]
            epoch, leader_id, voted_id = (int(fields[name]) for name in ("leaderEpoch", "leaderId", "votedId"))
            voted_directory = parse_uuid(fields["votedDirectoryId"]) if version == DATA_VERSION else ZERO_UUID
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptElectionState(f"quorum-state holds {content[:200]!r}: {error!r}") from error
        if version not in (0, DATA_VERSION) or epoch < 0:
            raise CorruptElectionState(f"quorum-state holds data version {version}, epoch {epoch}")
        voted = None if voted_id < 0 else ReplicaKey(voted_id, voted_directory)
        return cls(epoch, None if leader_id < 0 else leader_id, voted)
