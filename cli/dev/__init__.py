"""`barnabas dev`: a whole cluster under one directory, each node a process of its own.

`layout` says where things lie and `ownership` whose they are, `processes` forks the nodes and `supervisor` watches
them, `control` lets another shell act on one of them, `probe` asks them how they are, `screen` shows it; `run` puts it
together for `command`. `barnabas.testing` builds on the same parts.
"""
