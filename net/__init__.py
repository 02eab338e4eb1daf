"""Sockets on trio behind a small interface; client and server use it, the simulation replaces it.

`transport` says what a connection is and implements it on TCP, `frames` cuts bytes into frames, `memory` is a network
inside the process for tests. Every layer above `net` may import it; it knows only `protocol`.
"""
