"""`barnabas dev`: a whole cluster under one directory, each node a process of its own.

`layout` says where things lie, `supervisor` starts and watches the nodes, `control` lets another shell act on one
of them, `screen` shows their state. `barnabas.testing` builds on the same parts.
"""
