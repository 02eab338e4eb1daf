"""The broker: partitions and their replication, fetch sessions, request handlers, the process.

Knows `server`, `client.connection`, `storage`, `raft` and `metadata`; `cli` and `testing` start it, nobody else imports
it.
"""
