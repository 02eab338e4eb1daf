"""The group coordinator's machine: members, rebalances and committed offsets of the groups of one partition of
`__consumer_offsets`. Pure: `machine.GroupCoordinator` is what a `Shard` runs and handlers talk to.

classic_*   groups whose members agree among themselves (JoinGroup, SyncGroup)
consumer_*  groups whose partitions are assigned here (KIP-848); conversion leads from one kind to the other
offsets*    committed offsets, and those of transactions that have not ended
"""
