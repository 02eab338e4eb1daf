"""Writes `api_keys.py` and `messages/*.py` from the schema: `python -m barnabas.protocol.generate`.

A test compares the committed modules with `generated()`, so the schema and they cannot drift apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from barnabas.protocol.message import FieldFacts
from barnabas.protocol.schema import (
    NO_VERSIONS,
    SCALAR_TYPES,
    MessageSchema,
    element_type,
    iter_requests,
    load_messages,
    snake_case,
)
from barnabas.protocol.types import ZERO_UUID

PYTHON_TYPES = {
    "bool": "bool",
    "int8": "int",
    "int16": "int",
    "uint16": "int",
    "int32": "int",
    "uint32": "int",
    "int64": "int",
    "float64": "float",
    "string": "str",
    "bytes": "bytes",
    "uuid": "bytes",
    "records": "memoryview",
}
LINE_LENGTH = 120
BASES = {"request": "RequestMessage", "response": "ResponseMessage"}
HEAD = '''"""{title}. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

'''


def generated() -> dict[str, str]:
    """The text of every generated module by its path below `protocol/`."""
    messages = load_messages()
    modules = {"api_keys.py": api_keys_module(messages), "messages/index.py": index_module(messages)}
    for request, response in iter_requests(messages):
        title = f"{request.api_name}, API key {request.api_key}"
        modules[f"messages/{snake_case(request.api_name)}.py"] = message_module(title, [request, response])
    for message in messages:
        if message.api_key is None:
            modules[f"messages/{snake_case(message.name)}.py"] = message_module(message.name, [message])
    return modules


def main() -> None:
    """Rewrite the generated modules in place and remove those that the schema no longer has."""
    root = Path(__file__).resolve().parent
    modules = generated()
    for path in sorted((root / "messages").glob("*.py")):
        if path.name != "__init__.py" and f"messages/{path.name}" not in modules:
            path.unlink()
    for name, text in modules.items():
        (root / name).write_text(text, "utf-8")


def api_keys_module(messages: list[MessageSchema]) -> str:
    """`api_keys.py`: the enum and the table of versions, importable without any message."""
    lines = [
        HEAD.format(title="API keys and the versions of each API"),
        "from enum import IntEnum\nfrom typing import NamedTuple\n\n\n",
        'class ApiKey(IntEnum):\n    """Every API by Kafka\'s name, with those that Kafka no longer serves."""\n\n',
    ]
    rows: list[str] = []
    for request, response in iter_requests(messages):
        name = snake_case(request.api_name).upper()
        lines.append(f"    {name} = {request.api_key}\n")
        if request.versions != NO_VERSIONS:
            first, last = request.versions
            facts: tuple[Any, ...] = (first, last, request.flexible_from, response.flexible_from)
            facts += (request.latest_unstable, request.listeners)
            rows.append(f"    {request.api_key}: ApiVersions{_literal(facts)},\n")
    lines.append(API_VERSIONS_CLASS)
    lines += ["API_VERSIONS: dict[int, ApiVersions] = {\n", *rows, "}\n"]
    lines.append('"""By API key, for every API that has a valid version."""\n')
    return "".join(lines)


API_VERSIONS_CLASS = '''

class ApiVersions(NamedTuple):
    """The versions of an API: first and last valid one, where request and response become flexible (None: never)."""

    min: int
    max: int
    request_flexible_from: int | None
    response_flexible_from: int | None
    latest_unstable: bool
    listeners: tuple[str, ...]

    @property
    def max_stable(self) -> int:
        """The last version that a server announces unless told to announce unstable ones."""
        return self.max - self.latest_unstable


'''


def index_module(messages: list[MessageSchema]) -> str:
    """`messages/index.py`: which module holds which message."""
    lines = [HEAD.format(title="Where each message lives")]
    lines.append("MODULES: dict[str, str] = {\n")
    lines += [f'    "{message.name}": "{snake_case(message.api_name)}",\n' for message in messages]
    lines.append('}\n"""Module by message name."""\n\nAPIS: dict[int, str] = {\n')
    lines += [f'    {request.api_key}: "{request.api_name}",\n' for request, _ in iter_requests(messages)]
    lines.append('}\n"""API name by API key."""\n')
    return "".join(lines)


def message_module(title: str, messages: list[MessageSchema]) -> str:
    """One module with the classes of `messages`."""
    body = "".join(_message_class(message) for message in messages)
    imports = []
    if "Iterable[" in body:
        imports.append("from collections.abc import Iterable\n")
    imports.append("from typing import ClassVar\n\n")
    if "ApiKey." in body:
        imports.append("from barnabas.protocol.api_keys import ApiKey\n")
    bases = {BASES.get(message.kind, "Message") for message in messages}
    bases |= {"Struct"} if "(Struct)" in body else set()
    imports.append(f"from barnabas.protocol.message import {', '.join(sorted({*bases, 'FieldFacts'}))}\n")
    names = [name for name in ("ZERO_UUID", "Part") if name in body]
    if names:
        imports.append(f"from barnabas.protocol.types import {', '.join(sorted(names, key=str.upper))}\n")
    return HEAD.format(title=title) + "".join(imports) + body


def _message_class(message: MessageSchema) -> str:
    first, last = message.versions
    flexible = message.flexible_from
    if message.versions == NO_VERSIONS:
        text = "no longer in use"
    else:
        text = f"version {first}" if first == last else f"versions {first} to {last}"
        text += ", never flexible" if flexible is None else f", flexible from {flexible}"
    lines = [
        f'\n\nclass {message.name}({BASES.get(message.kind, "Message")}):\n    """{message.name}: {text}."""\n\n',
        *_body(message.fields, "    "),
        f'    NAME: ClassVar[str] = "{message.name}"\n',
        f"    VERSIONS: ClassVar[tuple[int, int]] = {message.versions}\n",
        f"    FLEXIBLE_FROM: ClassVar[int | None] = {flexible}\n",
    ]
    if message.api_key is not None:
        key = snake_case(message.api_name).upper()
        lines.append(f"    API_KEY: ClassVar[ApiKey] = ApiKey.{key}\n")
    for struct in message.structs:
        lines.append(f'\n    class {struct.name}(Struct):\n        """A struct of {message.name}."""\n\n')
        lines += _body(struct.fields, "        ")
        lines += _constructor(message.name, struct.fields, "        ")
    lines += _constructor(message.name, message.fields, "    ")
    return "".join(lines)


def _body(fields: tuple[FieldFacts, ...], indent: str) -> Iterator[str]:
    slots = f"{indent}__slots__ = {_literal(tuple(field[0] for field in fields))}\n"
    if len(slots) > LINE_LENGTH + 1:
        names = "".join(f'{indent}    "{field[0]}",\n' for field in fields)
        slots = f"{indent}__slots__ = (\n{names}{indent})\n"
    yield slots
    rows = "".join(f"{indent}    {_literal(field)},\n" for field in fields)
    if rows:
        yield f"{indent}FIELDS: ClassVar[tuple[FieldFacts, ...]] = (\n{rows}{indent})\n"


def _constructor(owner: str, fields: tuple[FieldFacts, ...], indent: str) -> Iterator[str]:
    if not fields:
        return
    yield f"\n{indent}def __init__(\n{indent}    self,\n{indent}    *,\n"
    for field in fields:
        yield f"{indent}    {field[0]}: {_parameter(owner, field)},\n"
    yield f"{indent}) -> None:\n"
    for field in fields:
        line = f"{indent}    self.{field[0]}: {_attribute_type(owner, field)} ="
        value = _initial(owner, field)
        if field[1] != "records" and len(line) + len(value) >= LINE_LENGTH:
            value = f"(\n{indent}        {value}\n{indent}    )"
        yield f"{line} {value}\n"


def _attribute_type(owner: str, field: FieldFacts) -> str:
    _, type_name, _, nullable, _, _, _, _, _ = field
    inner = element_type(type_name)
    kind = PYTHON_TYPES.get(inner) or f"{owner}.{inner}"
    if type_name.startswith("[]"):
        kind = f"list[{kind}]"
    return f"{kind} | None" if nullable else kind


def _parameter(owner: str, field: FieldFacts) -> str:
    """The type of the constructor's parameter and its default."""
    _, type_name, _, nullable, _, _, default, _, _ = field
    inner = element_type(type_name)
    if type_name == "records":
        return "Part | None = None" if nullable else 'Part = b""'
    kind = PYTHON_TYPES.get(inner) or f"{owner}.{inner}"
    if type_name.startswith("[]"):
        return f"Iterable[{kind}]{' | None' if nullable else ''} = {default!r}"
    if inner in SCALAR_TYPES:
        return f"{kind}{' | None' if nullable else ''} = {_literal(default)}"
    if default is None or not nullable:
        return f"{kind} | None = None"
    return f"{kind} | tuple[()] | None = ()"


def _initial(owner: str, field: FieldFacts) -> str:
    """What the constructor assigns."""
    name, type_name, _, nullable, _, _, default, _, _ = field
    if type_name == "records":
        return f"{name}  # type: ignore[assignment]  # decoded it is a memoryview; any part can be sent"
    if type_name.startswith("[]"):
        return f"None if {name} is None else list({name})" if nullable else f"list({name})"
    if type_name in SCALAR_TYPES or default is None:
        return name
    if nullable:
        return f"{owner}.{type_name}() if isinstance({name}, tuple) else {name}"
    return f"{owner}.{type_name}() if {name} is None else {name}"


def _literal(value: Any) -> str:
    """`value` as source, as ruff would format it."""
    if isinstance(value, tuple):
        items = ", ".join(map(_literal, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, bytes):
        return "ZERO_UUID" if value == ZERO_UUID else 'b""'
    return repr(value)


if __name__ == "__main__":
    main()
