"""The controller: decides every change of the cluster's metadata, and the process that does so.

`controller.Controller` is the core, a replicated machine for `server.runtime`; it is made of one file a subject, each
with handlers that decide and change nothing. `driver` and `process` are the shell. May be imported by the CLI and
testing.
"""
