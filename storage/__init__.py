"""One partition's log on disk, in Apache Kafka's own files, and the log directories that hold the partitions.

Everything here is synchronous and reaches files only through a `Disk` (`disk.py`), so that a simulation can put another
one in its place. `log.py` is what raft's metadata log and the broker's partitions are built on; `log_manager.py` keeps
a node's directories. Appends and cached reads are meant for the event loop; what may wait for a disk (flush, recovery,
cold reads) for a thread.

May be imported by raft's and the broker's shells, controller, server and cli; knows only `protocol`.
"""
