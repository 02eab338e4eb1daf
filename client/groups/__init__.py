"""A consumer's membership in a group: both protocols as cores (`classic_member`, `consumer_member`) that say what is
to be done next, the assignors of the classic one, and the shell that does it (`session`, with `coordinator` and
`committed`). Only `client.consumer` and `client.admin` may import from here.
"""
