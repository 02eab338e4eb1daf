"""What controllers and brokers share: listeners, connections, dispatch, HTTP endpoints, settings, logging, timers,
metrics.

Imported by `controller` and `broker`; knows `client`, `raft`, `storage`, `metadata`, `net` and `protocol`, never its
users.
"""
