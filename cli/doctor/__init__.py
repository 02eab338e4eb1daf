"""`barnabas doctor`: what is wrong with a cluster, and what to do.

`examine` looks; `partitions`, `placement`, `settings` and `quorum` judge what was seen (pure functions); `command`
shows it. Imported by `cli.main` alone, and there only when it is asked for.
"""
