"""Coordinators: replicated machines whose log is a partition of an internal topic.

A coordinator of a kind (groups, transactions) is split over the partitions of its topic; each partition that this
broker leads is a `Shard`: the decide/append/replay/reply runtime, a machine, and the loading that brings it up. What a
machine decides is in the kind's own folder (`groups/`, ...), pure; all that waits, writes and reads is here.
Handlers, `broker.apis` and `broker.process` import from here.
"""
