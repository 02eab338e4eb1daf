"""Compiles the encoder of a message at a version.

The function that it writes is `run(m, out, parts)`: it appends the message's bytes to the bytearray `out`, and to
`parts` the pieces of the frame in order, `out` first. A `records` field becomes a part of its own, uncopied, and a new
bytearray starts after it. It raises whatever a wrong value raises, which `codec` turns into LocalProtocolError.
"""

from __future__ import annotations

import struct

from barnabas.protocol.message import Message
from barnabas.protocol.source import (
    FIXED,
    SIZED,
    Compiled,
    Field,
    Layout,
    Run,
    Source,
    is_flexible,
    layout,
    struct_class,
)
from barnabas.protocol.types import MAX_STRING_BYTES, encode_unsigned_varint


def compile_encoder(message: type[Message], version: int) -> Compiled:
    """The encoder of `message` at `version`. Raises LocalProtocolError if it has no such version."""
    return _Encoder(message, version).compile()


class _Encoder:
    def __init__(self, message: type[Message], version: int) -> None:
        self.message = message
        self.version = version
        self.flexible = is_flexible(message, version)
        names = {"uvarint": encode_unsigned_varint, "pack_array": struct.pack}
        self.source = Source("def run(m, out, parts):", message.NAME, names)
        self.run = Run(self.source, "pack")
        self.out = "out"
        """The variable that holds the bytearray being written: another one inside a tagged field."""

    def compile(self) -> Compiled:
        self.struct_body("m", layout(self.message.FIELDS, self.version, self.flexible))
        self.flush()
        with self.source.block("if out:"):
            self.source.add("parts.append(out)")
        return self.source.compile(f"encode {self.message.NAME} v{self.version}")

    def flush(self) -> None:
        """Write the waiting run."""
        if self.run.formats:
            name, _, values, places = self.run.take()
            self.source.add(f"{self.out} += {name}({', '.join(values)})", places)

    def struct_body(self, var: str, fields: Layout) -> None:
        """Write the fields of the object `var`."""
        for field in fields.absent:
            if not field.ignorable:
                with self.source.at(f".{field.name}"), self.source.block(f"if {self.differs(var, field)}:"):
                    self.source.add(f"raise ValueError('version {self.version} has no such field')")
        for field in fields.plain:
            with self.source.at(f".{field.name}"):
                self.value(f"{var}.{field.name}", field)
        if self.flexible:
            self.tags(var, fields.tagged)

    def differs(self, var: str, field: Field) -> str:
        """An expression: whether a field differs from its default."""
        name = f"{var}.{field.name}"
        if field.default is None:
            return f"{name} is not None"
        if field.type in FIXED or field.type in SIZED:
            return f"{name} != {field.default!r}"
        if field.element:
            return f"({name} is None or len({name}) != 0)"
        facts = struct_class(self.message, field.type).FIELDS
        inner = [field for group in layout(facts, self.version, self.flexible) for field in group]
        return f"({' or '.join((f'{name} is None', *(self.differs(name, field) for field in inner)))})"

    def value(self, name: str, field: Field) -> None:
        """Write the value of the expression `name`."""
        if field.type == "uuid":
            var = self.source.fresh("u")
            self.source.add(f"{var} = {name}")
            with self.source.block(f"if len({var}) != 16:"):
                self.source.add(f"raise ValueError(f'uuid of {{len({var})}} bytes')")
            self.run.add("16s", var)
        elif field.type in FIXED:
            self.run.add(FIXED[field.type], name)
        elif field.type in SIZED:
            self.sized(name, field)
        elif field.element:
            self.array(name, field, field.element)
        elif field.nullable:
            self.nullable_struct(name, field)
        else:
            self.struct(name, field.type)

    def struct(self, name: str, type_name: str) -> None:
        var = self.source.fresh("s")
        self.source.add(f"{var} = {name}")
        self.struct_body(var, layout(struct_class(self.message, type_name).FIELDS, self.version, self.flexible))

    def nullable_struct(self, name: str, field: Field) -> None:
        """A byte before the struct: 1, or for null 255, in a tagged field 0."""
        self.flush()
        null = 0 if field.tag >= 0 else 255
        with self.source.block(f"if {name} is None:"):
            self.source.add(f"{self.out}.append({null})")
        with self.source.block("else:"):
            self.run.add("b", "1")
            self.struct(name, field.type)
            self.flush()

    def length(self, field: Field, code: str, length: str) -> None:
        """Write a length, -1 for null, held by the variable `length`."""
        if not field.compact:
            self.run.add(code, length)
            self.flush()
            return
        self.flush()
        with self.source.block(f"if {length} < 127:"):
            self.source.add(f"{self.out}.append({length} + 1)")
        with self.source.block("else:"):
            self.source.add(f"{self.out} += uvarint({length} + 1)")

    def sized(self, name: str, field: Field) -> None:
        """A string, bytes or records: a length and so many bytes."""
        source = self.source
        value, length = source.fresh("b"), source.fresh("n")
        text = field.type == "string"
        source.add(f"{value} = {name}")
        if field.nullable:
            with source.block(f"if {value} is None:"):
                source.add(f"{length} = -1")
                source.add(f"{value} = b''")
            with source.block("else:"):
                if text:
                    source.add(f"{value} = {value}.encode()")
                source.add(f"{length} = len({value})")
        else:
            if text:
                source.add(f"{value} = {value}.encode()")
            source.add(f"{length} = len({value})")
        if text:
            with source.block(f"if {length} > {MAX_STRING_BYTES}:"):
                source.add(f"raise ValueError(f'string of {{{length}}} bytes')")
        self.length(field, "h" if text else "i", length)
        if field.type != "records":
            source.add(f"{self.out} += {value}")
            return
        assert self.out == "out", "the schema has no records in tagged fields"
        with source.block(f"if {length} > 0:"):
            source.add("parts.append(out)")
            source.add(f"parts.append({value})")
            source.add("out = bytearray()")

    def array(self, name: str, field: Field, element: Field) -> None:
        source = self.source
        items, length = source.fresh("a"), source.fresh("n")
        source.add(f"{items} = {name}")
        if field.nullable:
            with source.block(f"if {items} is None:"):
                source.add(f"{length} = -1")
                source.add(f"{items} = ()")
            with source.block("else:"):
                source.add(f"{length} = len({items})")
        else:
            source.add(f"{length} = len({items})")
        self.length(field, "i", length)
        if element.type in FIXED and element.type != "uuid":
            source.add(f"{self.out} += pack_array(f'>{{len({items})}}{FIXED[element.type]}', *{items})")
            return
        item = source.fresh("e")
        with source.at("[]"), source.block(f"for {item} in {items}:"):
            self.value(item, element)
            self.flush()

    def tags(self, var: str, tagged: list[Field]) -> None:
        """The section of tagged fields at a flexible struct's end: those that differ from their defaults."""
        if not tagged:
            self.run.add("x", "")
            return
        source = self.source
        self.flush()
        present = []
        for field in tagged:
            present.append(source.fresh("t"))
            with source.at(f".{field.name}"):
                source.add(f"{present[-1]} = {self.differs(var, field)}")
        with source.block(f"if {' or '.join(present)}:"):
            source.add(f"{self.out} += uvarint({' + '.join(present)})")
            for flag, field in zip(present, tagged, strict=True):
                with source.at(f".{field.name}"), source.block(f"if {flag}:"):
                    self.tag(f"{var}.{field.name}", field)
        with source.block("else:"):
            source.add(f"{self.out}.append(0)")

    def tag(self, name: str, field: Field) -> None:
        """A tagged field: tag, size, value. The value goes to a bytearray of its own, to know its size."""
        outer, self.out = self.out, self.source.fresh("o")
        self.source.add(f"{self.out} = bytearray()")
        self.value(name, field)
        self.flush()
        inner, self.out = self.out, outer
        self.source.add(f"{self.out} += uvarint({field.tag})")
        self.source.add(f"{self.out} += uvarint(len({inner}))")
        self.source.add(f"{self.out} += {inner}")
