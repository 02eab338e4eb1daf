"""The metadata quorum as a pure state machine: election, replication and the voter set (KIP-595, KIP-853, KIP-996).

`node.RaftNode` is the core: `step(event, now)`, `ready()`, `advance(ready)`, `next_deadline()`. It does no I/O and
knows no clock; `barnabas.server.quorum` drives it over sockets and files, the simulation over an event queue. It
imports `barnabas.protocol` alone; `server` and what stands above it may import it. Nothing is re-exported here.

One class a role, one file a class: unattached, follower, prospective, candidate, leader, resigned, observer.
"""
