"""The wire: primitive types, message classes, codec, framing, record batches, compression, errors.

Pure: no I/O, no clock, no randomness. Everyone may import it; it imports no other part of Barnabas. Nothing is
re-exported here, so that importing the package costs nothing: import the modules that you need.
"""
