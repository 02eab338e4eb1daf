"""Short questions to a node's HTTP listener, for the supervisor and the tests."""

from __future__ import annotations

import http.client
import json
from typing import Any

from barnabas.cli.dev.layout import HOST

PROBE_SECONDS = 0.25


def probe_ready(port: int) -> bool:
    """Whether the node that serves HTTP on `port` says it is ready."""
    return _get(port, "/health/ready")[0] == 200


def probe_status(port: int) -> dict[str, Any] | None:
    """What the node says of itself at `/status`; None if it does not answer."""
    code, body = _get(port, "/status")
    if code != 200:
        return None
    status = json.loads(body)
    return status if isinstance(status, dict) else None


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()
