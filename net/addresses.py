"""`host:port`, as settings, command lines and messages have it; the host of IPv6 stands in brackets."""

from __future__ import annotations

import re
from typing import Final

_HOST_PORT: Final = re.compile(r"(?:\[([0-9a-fA-F:%.]+)\]|([^\[\]/:\s]*)):(\d{1,5})", re.ASCII)


def parse_host_port(text: str) -> tuple[str, int]:
    """The host, "" for none, and the port of `host:port` or `[host]:port`. ValueError for anything else."""
    match = _HOST_PORT.fullmatch(text.strip())
    if match is None or int(match.group(3)) > 65535:
        raise ValueError(f"{text!r} is not host:port")
    return match.group(1) or match.group(2), int(match.group(3))


def host_port_text(host: str, port: int) -> str:
    """The opposite of `parse_host_port`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
