"""Every example of the client's guide, run as it stands there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from barnabas.client import Admin, BrokerError, Consumer, NewTopic, Producer
from barnabas.testing import embedded

pytestmark = pytest.mark.cluster

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "client.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    """A cluster with what the guide takes for given: its first example has been run."""
    with embedded() as running:
        trio.run(run, EXAMPLES[0], running)
        yield running


def names(bootstrap: str) -> dict[str, Any]:
    clients = {"Admin": Admin, "Consumer": Consumer, "Producer": Producer, "NewTopic": NewTopic}
    return {**clients, "BOOTSTRAP": bootstrap, "BrokerError": BrokerError}


async def run(example: str, bootstrap: str) -> None:
    code = compile(example, str(GUIDE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with trio.fail_after(60):
        await eval(code, names(bootstrap))


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_work(bootstrap: str, example: str) -> None:
    is_whole = "asyncio.run(" in example or "async" not in example
    if is_whole:
        exec(compile(example, str(GUIDE), "exec"), names(bootstrap))
    else:
        trio.run(run, example, bootstrap)
