"""`barnabas top`: a cluster as it lives.

`frame` makes of two looks at a cluster what is to be seen (pure), `view` draws it, `command` looks again and again.
Imported by `cli.main` alone, and there only when it is asked for.
"""
