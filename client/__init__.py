"""The trio client. It knows only `net` and `protocol`; nodes of a cluster talk to each other through its connection.

`connection` is one connection to one node, `connection_core` what it keeps in mind. May be imported by `server`,
`controller`, `broker`, `cli` and `testing`.
"""
