"""`barnabas perf`: how fast a cluster is with the trio client, which does all the work in this one process.

`measures` counts and times (pure), `loads` produce and consume, `view` shows, `command` has the options. Imported by
`cli.main` alone, and there only when it is asked for.
"""
