"""The transaction coordinator's machine: who may write under a transactional id, what its transaction comprises, and
how it ends. Pure, but for the `*_sender` modules: `machine.TransactionCoordinator` is what a `Shard` runs and handlers
talk to, the rest is its parts.

metadata         one transactional id's state, its transitions, and its record
init_producer_id, partitions, ending    what the requests decide
marker_queue     which markers go where; `marker_sender` sends them

`broker.handlers` and `broker.coordinator` import from here.
"""
