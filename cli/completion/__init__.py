"""`barnabas completion`: scripts for shells, and what they complete with.

`scripts` has the shells' side, `words` finds out what may stand at the end of a command line (pure), `command` has the
options and asks the cluster for names. Imported by `cli.main` alone, and there only when it is asked for.
"""
