"""The cluster's metadata: records, the immutable image built from them, deltas between images, replica placement.

Pure: no I/O, no clock, no randomness of its own. The controller decides records, and controllers and brokers replay
the same records into the same image. May be imported by the controller, the broker, the server, the CLI and testing;
imports only `barnabas.protocol`.
"""
