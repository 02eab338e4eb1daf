"""API keys and the versions of each API. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class ApiKey(IntEnum):
    """Every API by Kafka's name, with those that Kafka no longer serves."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    LEADER_AND_ISR = 4
    STOP_REPLICA = 5
    UPDATE_METADATA = 6
    CONTROLLED_SHUTDOWN = 7
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    LEAVE_GROUP = 13
    SYNC_GROUP = 14
    DESCRIBE_GROUPS = 15
    LIST_GROUPS = 16
    SASL_HANDSHAKE = 17
    API_VERSIONS = 18
    CREATE_TOPICS = 19
    DELETE_TOPICS = 20
    DELETE_RECORDS = 21
    INIT_PRODUCER_ID = 22
    OFFSET_FOR_LEADER_EPOCH = 23
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    WRITE_TXN_MARKERS = 27
    TXN_OFFSET_COMMIT = 28
    DESCRIBE_ACLS = 29
    CREATE_ACLS = 30
    DELETE_ACLS = 31
    DESCRIBE_CONFIGS = 32
    ALTER_CONFIGS = 33
    ALTER_REPLICA_LOG_DIRS = 34
    DESCRIBE_LOG_DIRS = 35
    SASL_AUTHENTICATE = 36
    CREATE_PARTITIONS = 37
    CREATE_DELEGATION_TOKEN = 38
    RENEW_DELEGATION_TOKEN = 39
    EXPIRE_DELEGATION_TOKEN = 40
    DESCRIBE_DELEGATION_TOKEN = 41
    DELETE_GROUPS = 42
    ELECT_LEADERS = 43
    INCREMENTAL_ALTER_CONFIGS = 44
    ALTER_PARTITION_REASSIGNMENTS = 45
    LIST_PARTITION_REASSIGNMENTS = 46
    OFFSET_DELETE = 47
    DESCRIBE_CLIENT_QUOTAS = 48
    ALTER_CLIENT_QUOTAS = 49
    DESCRIBE_USER_SCRAM_CREDENTIALS = 50
    ALTER_USER_SCRAM_CREDENTIALS = 51
    VOTE = 52
    BEGIN_QUORUM_EPOCH = 53
    END_QUORUM_EPOCH = 54
    DESCRIBE_QUORUM = 55
    ALTER_PARTITION = 56
    UPDATE_FEATURES = 57
    ENVELOPE = 58
    FETCH_SNAPSHOT = 59
    DESCRIBE_CLUSTER = 60
    DESCRIBE_PRODUCERS = 61
    BROKER_REGISTRATION = 62
    BROKER_HEARTBEAT = 63
    UNREGISTER_BROKER = 64
    DESCRIBE_TRANSACTIONS = 65
    LIST_TRANSACTIONS = 66
    ALLOCATE_PRODUCER_IDS = 67
    CONSUMER_GROUP_HEARTBEAT = 68
    CONSUMER_GROUP_DESCRIBE = 69
    CONTROLLER_REGISTRATION = 70
    GET_TELEMETRY_SUBSCRIPTIONS = 71
    PUSH_TELEMETRY = 72
    ASSIGN_REPLICAS_TO_DIRS = 73
    LIST_CONFIG_RESOURCES = 74
    DESCRIBE_TOPIC_PARTITIONS = 75
    SHARE_GROUP_HEARTBEAT = 76
    SHARE_GROUP_DESCRIBE = 77
    SHARE_FETCH = 78
    SHARE_ACKNOWLEDGE = 79
    ADD_RAFT_VOTER = 80
    REMOVE_RAFT_VOTER = 81
    UPDATE_RAFT_VOTER = 82
    INITIALIZE_SHARE_GROUP_STATE = 83
    READ_SHARE_GROUP_STATE = 84
    WRITE_SHARE_GROUP_STATE = 85
    DELETE_SHARE_GROUP_STATE = 86
    READ_SHARE_GROUP_STATE_SUMMARY = 87
    STREAMS_GROUP_HEARTBEAT = 88
    STREAMS_GROUP_DESCRIBE = 89
    DESCRIBE_SHARE_GROUP_OFFSETS = 90
    ALTER_SHARE_GROUP_OFFSETS = 91
    DELETE_SHARE_GROUP_OFFSETS = 92


class ApiVersions(NamedTuple):
    """The versions of an API: first and last valid one, where request and response become flexible (None: never)."""

    min: int
    max: int
    request_flexible_from: int | None
    response_flexible_from: int | None
    latest_unstable: bool
    listeners: tuple[str, ...]

    @property
    def max_stable(self) -> int:
        """The last version that a server announces unless told to announce unstable ones."""
        return self.max - self.latest_unstable


API_VERSIONS: dict[int, ApiVersions] = {
    0: ApiVersions(3, 13, 9, 9, False, ("broker",)),
    1: ApiVersions(4, 18, 12, 12, False, ("broker", "controller")),
    2: ApiVersions(1, 11, 6, 6, False, ("broker",)),
    3: ApiVersions(0, 13, 9, 9, False, ("broker",)),
    8: ApiVersions(2, 10, 8, 8, False, ("broker",)),
    9: ApiVersions(1, 10, 6, 6, False, ("broker",)),
    10: ApiVersions(0, 6, 3, 3, False, ("broker",)),
    11: ApiVersions(0, 9, 6, 6, False, ("broker",)),
    12: ApiVersions(0, 4, 4, 4, False, ("broker",)),
    13: ApiVersions(0, 5, 4, 4, False, ("broker",)),
    14: ApiVersions(0, 5, 4, 4, False, ("broker",)),
    15: ApiVersions(0, 6, 5, 5, False, ("broker",)),
    16: ApiVersions(0, 5, 3, 3, False, ("broker",)),
    17: ApiVersions(0, 1, None, None, False, ("broker", "controller")),
    18: ApiVersions(0, 4, 3, 3, False, ("broker", "controller")),
    19: ApiVersions(2, 7, 5, 5, False, ("broker", "controller")),
    20: ApiVersions(1, 6, 4, 4, False, ("broker", "controller")),
    21: ApiVersions(0, 2, 2, 2, False, ("broker",)),
    22: ApiVersions(0, 6, 2, 2, True, ("broker",)),
    23: ApiVersions(2, 4, 4, 4, False, ("broker",)),
    24: ApiVersions(0, 5, 3, 3, False, ("broker",)),
    25: ApiVersions(0, 4, 3, 3, False, ("broker",)),
    26: ApiVersions(0, 5, 3, 3, False, ("broker",)),
    27: ApiVersions(1, 2, 1, 1, False, ("broker",)),
    28: ApiVersions(0, 5, 3, 3, False, ("broker",)),
    29: ApiVersions(1, 3, 2, 2, False, ("broker", "controller")),
    30: ApiVersions(1, 3, 2, 2, False, ("broker", "controller")),
    31: ApiVersions(1, 3, 2, 2, False, ("broker", "controller")),
    32: ApiVersions(1, 4, 4, 4, False, ("broker", "controller")),
    33: ApiVersions(0, 2, 2, 2, False, ("broker", "controller")),
    34: ApiVersions(1, 2, 2, 2, False, ("broker",)),
    35: ApiVersions(1, 5, 2, 2, False, ("broker",)),
    36: ApiVersions(0, 2, 2, 2, False, ("broker", "controller")),
    37: ApiVersions(0, 3, 2, 2, False, ("broker", "controller")),
    38: ApiVersions(1, 3, 2, 2, False, ("broker", "controller")),
    39: ApiVersions(1, 2, 2, 2, False, ("broker", "controller")),
    40: ApiVersions(1, 2, 2, 2, False, ("broker", "controller")),
    41: ApiVersions(1, 3, 2, 2, False, ("broker", "controller")),
    42: ApiVersions(0, 2, 2, 2, False, ("broker",)),
    43: ApiVersions(0, 2, 2, 2, False, ("broker", "controller")),
    44: ApiVersions(0, 1, 1, 1, False, ("broker", "controller")),
    45: ApiVersions(0, 1, 0, 0, False, ("broker", "controller")),
    46: ApiVersions(0, 0, 0, 0, False, ("broker", "controller")),
    47: ApiVersions(0, 0, None, None, False, ("broker",)),
    48: ApiVersions(0, 1, 1, 1, False, ("broker",)),
    49: ApiVersions(0, 1, 1, 1, False, ("broker", "controller")),
    50: ApiVersions(0, 0, 0, 0, False, ("broker", "controller")),
    51: ApiVersions(0, 0, 0, 0, False, ("broker", "controller")),
    52: ApiVersions(0, 2, 0, 0, False, ("controller",)),
    53: ApiVersions(0, 1, 1, 1, False, ("controller",)),
    54: ApiVersions(0, 1, 1, 1, False, ("controller",)),
    55: ApiVersions(0, 2, 0, 0, False, ("broker", "controller")),
    56: ApiVersions(2, 3, 0, 0, False, ("controller",)),
    57: ApiVersions(0, 2, 0, 0, False, ("broker", "controller")),
    58: ApiVersions(0, 0, 0, 0, False, ("controller",)),
    59: ApiVersions(0, 1, 0, 0, False, ("controller",)),
    60: ApiVersions(0, 2, 0, 0, False, ("broker", "controller")),
    61: ApiVersions(0, 0, 0, 0, False, ("broker",)),
    62: ApiVersions(0, 4, 0, 0, False, ("controller",)),
    63: ApiVersions(0, 2, 0, 0, False, ("controller",)),
    64: ApiVersions(0, 0, 0, 0, False, ("broker", "controller")),
    65: ApiVersions(0, 0, 0, 0, False, ("broker",)),
    66: ApiVersions(0, 2, 0, 0, False, ("broker",)),
    67: ApiVersions(0, 0, 0, 0, False, ("controller",)),
    68: ApiVersions(0, 1, 0, 0, False, ("broker",)),
    69: ApiVersions(0, 1, 0, 0, False, ("broker",)),
    70: ApiVersions(0, 0, 0, 0, False, ("controller",)),
    71: ApiVersions(0, 0, 0, 0, False, ("broker",)),
    72: ApiVersions(0, 0, 0, 0, False, ("broker",)),
    73: ApiVersions(0, 0, 0, 0, False, ("controller",)),
    74: ApiVersions(0, 1, 0, 0, False, ("broker",)),
    75: ApiVersions(0, 0, 0, 0, False, ("broker",)),
    76: ApiVersions(1, 1, 0, 0, False, ("broker",)),
    77: ApiVersions(1, 1, 0, 0, False, ("broker",)),
    78: ApiVersions(1, 2, 0, 0, False, ("broker",)),
    79: ApiVersions(1, 2, 0, 0, False, ("broker",)),
    80: ApiVersions(0, 1, 0, 0, False, ("controller", "broker")),
    81: ApiVersions(0, 0, 0, 0, False, ("controller", "broker")),
    82: ApiVersions(0, 0, 0, 0, False, ("controller",)),
    83: ApiVersions(0, 0, 0, 0, False, ("broker",)),
    84: ApiVersions(0, 0, 0, 0, False, ("broker",)),
    85: ApiVersions(0, 1, 0, 0, False, ("broker",)),
    86: ApiVersions(0, 0, 0, 0, False, ("broker",)),
    87: ApiVersions(0, 1, 0, 0, False, ("broker",)),
    88: ApiVersions(0, 0, 0, 0, False, ("broker",)),
    89: ApiVersions(0, 0, 0, 0, False, ("broker",)),
    90: ApiVersions(0, 1, 0, 0, False, ("broker",)),
    91: ApiVersions(0, 0, 0, 0, False, ("broker",)),
    92: ApiVersions(0, 0, 0, 0, False, ("broker",)),
}
"""By API key, for every API that has a valid version."""
