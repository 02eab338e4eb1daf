"""CRC-32C, the checksum of record batches.

It comes from the extension module of the `crc32c` package, which is loaded by itself: the package around it looks up
its own version and makes a command line's parser when it is imported, a twentieth of the time that a broker needs to
start.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Final

from barnabas.protocol.types import Buffer


def _load() -> Callable[[Buffer], int]:
    package = PathFinder.find_spec("crc32c")
    places = None if package is None else package.submodule_search_locations
    spec = None if places is None else PathFinder.find_spec("_crc32c", list(places))
    if spec is None or spec.loader is None:  # packed or arranged in a way of its own
        from crc32c import crc32c

        return crc32c
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[Buffer], int] = module.crc32c
    return found


crc32c: Final = _load()
"""The checksum of some bytes."""
