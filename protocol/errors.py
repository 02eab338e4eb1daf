"""The errors of the wire and the exceptions that carry them.

Three kinds, never mixed: `WireError` answers a request with an `ErrorCode`; `RemoteProtocolError` says that the peer
broke the protocol; `LocalProtocolError` says that we did. Anything else that is raised is a broken invariant.
"""

from __future__ import annotations

from enum import IntEnum


class ErrorCode(IntEnum):
    """Every error code: `retriable` says whether clients try again, `text` what it means in a sentence."""

    retriable: bool
    text: str

    def __new__(cls, code: int, retriable: bool = False, text: str = "") -> ErrorCode:
        member = int.__new__(cls, code)
        member._value_ = code
        member.retriable = retriable
        member.text = text
        return member

    @classmethod
    def of(cls, code: int) -> ErrorCode:
        """The member for a code off the wire; an unknown code is UNKNOWN_SERVER_ERROR, as for Kafka's clients."""
        try:
            return cls(code)
        except ValueError:
            return cls.UNKNOWN_SERVER_ERROR

    UNKNOWN_SERVER_ERROR = -1, False, "The server met an unexpected error with this request."
    NONE = 0, False, ""
    OFFSET_OUT_OF_RANGE = 1, False, "The offset is outside the range that the server keeps for this partition."
    CORRUPT_MESSAGE = 2, True, "The records failed their checksum, exceed the valid size or are otherwise corrupt."
    UNKNOWN_TOPIC_OR_PARTITION = 3, True, "This server does not host this topic-partition."
    INVALID_FETCH_SIZE = 4, False, "The fetch size is invalid."
    LEADER_NOT_AVAILABLE = 5, True, "There is no leader for this topic-partition: an election is under way."
    NOT_LEADER_OR_FOLLOWER = (
        6,
        True,
        "This broker is not the leader (or, where one is enough, not a replica) of this topic-partition.",
    )
    REQUEST_TIMED_OUT = 7, True, "The request timed out."
    BROKER_NOT_AVAILABLE = 8, False, "The broker is not available."
    REPLICA_NOT_AVAILABLE = 9, True, "The replica is not available for this topic-partition."
    MESSAGE_TOO_LARGE = 10, False, "The request holds a batch larger than the server accepts."
    STALE_CONTROLLER_EPOCH = 11, False, "The controller moved to another node."
    OFFSET_METADATA_TOO_LARGE = 12, False, "The metadata of the offset commit is too large."
    NETWORK_EXCEPTION = 13, True, "The server closed the connection before it answered."
    COORDINATOR_LOAD_IN_PROGRESS = 14, True, "The coordinator is loading its state."
    COORDINATOR_NOT_AVAILABLE = 15, True, "The coordinator is not available."
    NOT_COORDINATOR = 16, True, "This broker is not the coordinator."
    INVALID_TOPIC_EXCEPTION = 17, False, "The topic name is not valid for this operation."
    RECORD_LIST_TOO_LARGE = 18, False, "The batch is larger than the configured segment size."
    NOT_ENOUGH_REPLICAS = 19, True, "Fewer replicas are in sync than the topic requires."
    NOT_ENOUGH_REPLICAS_AFTER_APPEND = (
        20,
        True,
        "The records were written, but to fewer in-sync replicas than required.",
    )
    INVALID_REQUIRED_ACKS = 21, False, "The value of acks is invalid."
    ILLEGAL_GENERATION = 22, False, "The generation id is not the group's current one."
    INCONSISTENT_GROUP_PROTOCOL = 23, False, "The member's protocols have nothing in common with those of the group."
    INVALID_GROUP_ID = 24, False, "The group id is invalid."
    UNKNOWN_MEMBER_ID = 25, False, "The coordinator does not know this member."
    INVALID_SESSION_TIMEOUT = 26, False, "The session timeout is outside the range that the server allows."
    REBALANCE_IN_PROGRESS = 27, False, "The group is rebalancing: join it again."
    INVALID_COMMIT_OFFSET_SIZE = 28, False, "The offset commit is too large to be stored."
    TOPIC_AUTHORIZATION_FAILED = 29, False, "Not authorized for this topic."
    GROUP_AUTHORIZATION_FAILED = 30, False, "Not authorized for this group."
    CLUSTER_AUTHORIZATION_FAILED = 31, False, "Not authorized for this operation on the cluster."
    INVALID_TIMESTAMP = 32, False, "The timestamp of a record is outside the accepted range."
    UNSUPPORTED_SASL_MECHANISM = 33, False, "The server does not offer this SASL mechanism."
    ILLEGAL_SASL_STATE = 34, False, "The request is not valid in this state of SASL authentication."
    UNSUPPORTED_VERSION = 35, False, "The server does not support this version of the request."
    TOPIC_ALREADY_EXISTS = 36, False, "The topic exists already."
    INVALID_PARTITIONS = 37, False, "The number of partitions is invalid."
    INVALID_REPLICATION_FACTOR = (
        38,
        False,
        "The replication factor is below 1 or larger than the number of usable brokers.",
    )
    INVALID_REPLICA_ASSIGNMENT = 39, False, "The assignment of replicas is invalid."
    INVALID_CONFIG = 40, False, "The configuration is invalid."
    NOT_CONTROLLER = 41, True, "This node is not the active controller."
    INVALID_REQUEST = 42, False, "The request is malformed or contradicts itself."
    UNSUPPORTED_FOR_MESSAGE_FORMAT = 43, False, "The format of the stored records does not support this request."
    POLICY_VIOLATION = 44, False, "The request violates a policy of the server."
    OUT_OF_ORDER_SEQUENCE_NUMBER = 45, False, "The sequence number does not follow the producer's last one."
    DUPLICATE_SEQUENCE_NUMBER = 46, False, "The sequence number was seen before."
    INVALID_PRODUCER_EPOCH = 47, False, "The producer used an old epoch."
    INVALID_TXN_STATE = 48, False, "The operation is not valid in the transaction's present state."
    INVALID_PRODUCER_ID_MAPPING = 49, False, "The producer id is not the one assigned to this transactional id."
    INVALID_TRANSACTION_TIMEOUT = 50, False, "The transaction timeout exceeds the server's maximum."
    CONCURRENT_TRANSACTIONS = 51, True, "Another operation on this transactional id is still under way."
    TRANSACTION_COORDINATOR_FENCED = 52, False, "The coordinator that sent this marker has been replaced."
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53, False, "Not authorized for this transactional id."
    SECURITY_DISABLED = 54, False, "Security features are disabled on this server."
    OPERATION_NOT_ATTEMPTED = 55, False, "Not attempted, because another part of the request failed."
    KAFKA_STORAGE_ERROR = 56, True, "A log directory failed while the broker used it."
    LOG_DIR_NOT_FOUND = 57, False, "The log directory is not one of the broker's."
    SASL_AUTHENTICATION_FAILED = 58, False, "SASL authentication failed."
    UNKNOWN_PRODUCER_ID = 59, False, "The broker holds no state for this producer id."
    REASSIGNMENT_IN_PROGRESS = 60, False, "A reassignment of the partition is in progress."
    DELEGATION_TOKEN_AUTH_DISABLED = 61, False, "Delegation tokens are disabled on this server."
    DELEGATION_TOKEN_NOT_FOUND = 62, False, "The delegation token does not exist."
    DELEGATION_TOKEN_OWNER_MISMATCH = 63, False, "The delegation token belongs to another principal."
    DELEGATION_TOKEN_REQUEST_NOT_ALLOWED = (
        64,
        False,
        "Delegation tokens cannot be managed over this kind of connection.",
    )
    DELEGATION_TOKEN_AUTHORIZATION_FAILED = 65, False, "Not authorized for this delegation token."
    DELEGATION_TOKEN_EXPIRED = 66, False, "The delegation token has expired."
    INVALID_PRINCIPAL_TYPE = 67, False, "The type of principal is not supported."
    NON_EMPTY_GROUP = 68, False, "The group is not empty."
    GROUP_ID_NOT_FOUND = 69, False, "The group id does not exist."
    FETCH_SESSION_ID_NOT_FOUND = 70, True, "The fetch session does not exist."
    INVALID_FETCH_SESSION_EPOCH = 71, True, "The epoch of the fetch session is invalid."
    LISTENER_NOT_FOUND = 72, True, "The leader has no listener that matches the one of this request."
    TOPIC_DELETION_DISABLED = 73, False, "Deletion of topics is disabled."
    FENCED_LEADER_EPOCH = 74, True, "The leader epoch of the request is older than the broker's."
    UNKNOWN_LEADER_EPOCH = 75, True, "The leader epoch of the request is newer than the broker's."
    UNSUPPORTED_COMPRESSION_TYPE = 76, False, "The client does not support the compression type of this partition."
    STALE_BROKER_EPOCH = 77, False, "The broker epoch is not the current one."
    OFFSET_NOT_AVAILABLE = 78, True, "The leader's high watermark has not yet caught up with its epoch."
    MEMBER_ID_REQUIRED = 79, False, "The group member needs a member id first: join again with the one given."
    PREFERRED_LEADER_NOT_AVAILABLE = 80, True, "The preferred leader is not available."
    GROUP_MAX_SIZE_REACHED = 81, False, "The group has reached its maximum number of members."
    FENCED_INSTANCE_ID = 82, False, "Another member took over this static instance id."
    ELIGIBLE_LEADERS_NOT_AVAILABLE = 83, True, "No eligible leader is available for this topic-partition."
    ELECTION_NOT_NEEDED = 84, True, "The partition has the wanted leader already."
    NO_REASSIGNMENT_IN_PROGRESS = 85, False, "No reassignment is in progress for this partition."
    GROUP_SUBSCRIBED_TO_TOPIC = 86, False, "The group is subscribed to this topic."
    INVALID_RECORD = 87, False, "A record failed validation."
    UNSTABLE_OFFSET_COMMIT = 88, True, "There are offsets of transactions that have not ended."
    THROTTLING_QUOTA_EXCEEDED = 89, True, "A throttling quota has been exceeded."
    PRODUCER_FENCED = 90, False, "A newer producer with the same transactional id has taken over."
    RESOURCE_NOT_FOUND = 91, False, "The request names a resource that does not exist."
    DUPLICATE_RESOURCE = 92, False, "The request names a resource twice."
    UNACCEPTABLE_CREDENTIAL = 93, False, "The credential does not meet the requirements."
    INCONSISTENT_VOTER_SET = 94, False, "The set of voters is not the one that the receiver knows."
    INVALID_UPDATE_VERSION = 95, False, "The version of the update is invalid."
    FEATURE_UPDATE_FAILED = 96, False, "The features could not be updated."
    PRINCIPAL_DESERIALIZATION_FAILURE = 97, False, "The principal could not be read."
    SNAPSHOT_NOT_FOUND = 98, False, "The snapshot does not exist."
    POSITION_OUT_OF_RANGE = 99, False, "The position lies outside the snapshot."
    UNKNOWN_TOPIC_ID = 100, True, "This server does not host this topic id."
    DUPLICATE_BROKER_REGISTRATION = 101, False, "A live broker with this id is registered already."
    BROKER_ID_NOT_REGISTERED = 102, False, "No broker with this id is registered."
    INCONSISTENT_TOPIC_ID = 103, True, "The topic id in the log differs from the one in the request."
    INCONSISTENT_CLUSTER_ID = 104, False, "The cluster id is not that of this cluster."
    TRANSACTIONAL_ID_NOT_FOUND = 105, False, "The transactional id does not exist."
    FETCH_SESSION_TOPIC_ID_ERROR = 106, True, "The fetch session mixes topic ids and topic names."
    INELIGIBLE_REPLICA = 107, False, "The replica is not eligible for the in-sync set."
    NEW_LEADER_ELECTED = 108, False, "The change to the partition elected a new leader."
    OFFSET_MOVED_TO_TIERED_STORAGE = 109, False, "The offset has moved to tiered storage."
    FENCED_MEMBER_EPOCH = (
        110,
        False,
        "The coordinator fenced the member, whose epoch is not the current one: join again.",
    )
    UNRELEASED_INSTANCE_ID = 111, False, "The static instance id is still held by another member."
    UNSUPPORTED_ASSIGNOR = 112, False, "The assignor is not supported, or not by all members."
    STALE_MEMBER_EPOCH = 113, False, "The member's epoch is stale: retry once it has been updated by a heartbeat."
    MISMATCHED_ENDPOINT_TYPE = 114, False, "The request was sent to an endpoint of the wrong type."
    UNSUPPORTED_ENDPOINT_TYPE = 115, False, "This type of endpoint is not known."
    UNKNOWN_CONTROLLER_ID = 116, False, "The controller id is not known."
    UNKNOWN_SUBSCRIPTION_ID = 117, False, "The telemetry subscription is outdated."
    TELEMETRY_TOO_LARGE = 118, False, "The telemetry pushed is larger than the server accepts."
    INVALID_REGISTRATION = 119, False, "The controller refused the registration as invalid."
    TRANSACTION_ABORTABLE = 120, False, "The transaction must be aborted by the client."
    INVALID_RECORD_STATE = 121, False, "The state of the records does not allow this change."
    SHARE_SESSION_NOT_FOUND = 122, True, "The share session does not exist."
    INVALID_SHARE_SESSION_EPOCH = 123, True, "The epoch of the share session is invalid."
    FENCED_STATE_EPOCH = 124, False, "The state epoch of the request is older than the share coordinator's."
    INVALID_VOTER_KEY = 125, False, "The voter key is not the receiver's."
    DUPLICATE_VOTER = 126, False, "The voter is in the set already."
    VOTER_NOT_FOUND = 127, False, "The voter is not in the set."
    INVALID_REGULAR_EXPRESSION = 128, False, "The regular expression is invalid."
    REBOOTSTRAP_REQUIRED = 129, False, "The client's metadata is stale: start again from the bootstrap servers."
    STREAMS_INVALID_TOPOLOGY = 130, False, "The topology is invalid."
    STREAMS_INVALID_TOPOLOGY_EPOCH = 131, False, "The topology's epoch is invalid."
    STREAMS_TOPOLOGY_FENCED = 132, False, "The topology's epoch is outdated."
    SHARE_SESSION_LIMIT_REACHED = 133, True, "The broker has reached its limit of share sessions."


class WireError(Exception):
    """An error to answer a request with. `message` goes to the client; None leaves the text to the client."""

    def __init__(self, code: ErrorCode, message: str | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message or self.code.text}"


class LocalProtocolError(Exception):
    """We misused the protocol: a value that does not fit its field, a version that a message does not have."""


class RemoteProtocolError(Exception):
    """The peer broke the protocol."""


class MalformedMessage(RemoteProtocolError):
    """Bytes that are no such message. `offset` (bytes into the data given) and `path` (of the field) say where."""

    def __init__(self, reason: str, offset: int, path: str) -> None:
        super().__init__(reason, offset, path)
        self.reason = reason
        self.offset = offset
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.reason} (at byte {self.offset})"
