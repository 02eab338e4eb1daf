"""Compiles the decoder of a message at a version.

The function that it writes is `run(buf, p, end) -> (message, next offset)`, where `buf` is a memoryview of bytes. It
raises struct.error, IndexError or ValueError on malformed input, which `codec` turns into MalformedMessage. Slices of a
memoryview never fail, hence the explicit comparisons with `end`; everything else fails by itself.
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
from barnabas.protocol.types import MAX_STRING_BYTES, Buffer, decode_unsigned_varint


class Invalid(ValueError):
    """What the compiled code raises itself; `str()` of it is the reason."""


def compile_decoder(message: type[Message], version: int) -> Compiled:
    """The decoder of `message` at `version`. Raises LocalProtocolError if it has no such version."""
    return _Decoder(message, version).compile()


def skip_tags(buf: Buffer, p: int, end: int) -> int:
    """The offset after a section of tagged fields, none of which is known."""
    count, p = decode_unsigned_varint(buf, p)
    for _ in range(count):
        _, p = decode_unsigned_varint(buf, p)
        size, p = decode_unsigned_varint(buf, p)
        if not 0 <= size <= end - p:
            raise Invalid(f"tagged field of {size} bytes with {end - p} left")
        p += size
    return p


class _Decoder:
    def __init__(self, message: type[Message], version: int) -> None:
        self.message = message
        self.version = version
        self.flexible = is_flexible(message, version)
        names = {
            "new": object.__new__,
            "uvarint": decode_unsigned_varint,
            "skip_tags": skip_tags,
            "Invalid": Invalid,
            "unpack_array": struct.unpack_from,
        }
        self.source = Source("def run(buf, p, end):", message.NAME, names)
        self.run = Run(self.source, "unpack_from")

    def compile(self) -> Compiled:
        source = self.source
        source.add(f"m = new({source.constant('C', self.message)})")
        self.struct_body("m", layout(self.message.FIELDS, self.version, self.flexible))
        self.flush()
        source.add("return m, p")
        return source.compile(f"decode {self.message.NAME} v{self.version}")

    def flush(self) -> None:
        """Read the waiting run."""
        if not self.run.formats:
            return
        name, size, targets, places = self.run.take()
        if name == "unpack_from_B":
            self.source.add(f"{targets[0]} = buf[p]", places)
        else:
            self.source.add(f"{', '.join(targets)}{',' if len(targets) == 1 else ''} = {name}(buf, p)", places)
        self.source.add(f"p += {size}")

    def struct_body(self, var: str, fields: Layout) -> None:
        """Read a struct's fields into the object `var`."""
        for field in (*fields.absent, *fields.tagged):
            with self.source.at(f".{field.name}"):
                self.default(f"{var}.{field.name}", field)
        for field in fields.plain:
            with self.source.at(f".{field.name}"):
                self.value(f"{var}.{field.name}", field)
        if self.flexible:
            self.tags(var, fields.tagged)

    def default(self, target: str, field: Field) -> None:
        """Set a field that the bytes do not carry."""
        if field.default is None or field.type in FIXED or field.type in SIZED:
            self.source.add(f"{target} = {field.default!r}")
        elif field.element:
            self.source.add(f"{target} = []")
        else:
            var = self.new_struct(target, field.type)
            facts = struct_class(self.message, field.type).FIELDS
            for inner in (field for group in layout(facts, self.version, self.flexible) for field in group):
                self.default(f"{var}.{inner.name}", inner)

    def new_struct(self, target: str, name: str) -> str:
        """Put an empty struct into `target`; the variable that holds it."""
        var = self.source.fresh("s")
        self.source.add(f"{target} = {var} = new({self.source.constant('C', struct_class(self.message, name))})")
        return var

    def value(self, target: str, field: Field) -> None:
        """Read a field, or an element of an array, into `target`."""
        if field.type in FIXED:
            self.run.add(FIXED[field.type], target)
        elif field.type in SIZED:
            self.sized(target, field)
        elif field.element:
            self.array(target, field, field.element)
        elif field.nullable:
            self.nullable_struct(target, field)
        else:
            self.struct(target, field.type)

    def struct(self, target: str, name: str) -> None:
        var = self.new_struct(target, name)
        self.struct_body(var, layout(struct_class(self.message, name).FIELDS, self.version, self.flexible))

    def nullable_struct(self, target: str, field: Field) -> None:
        """A byte before the struct tells null: negative, or in a tagged field a varint of 0."""
        flag = self.source.fresh("f")
        if field.tag >= 0:
            self.flush()
            self.source.add(f"{flag}, p = uvarint(buf, p)")
            condition = f"if {flag} <= 0:"
        else:
            self.run.add("b", flag)
            self.flush()
            condition = f"if {flag} < 0:"
        with self.source.block(condition):
            self.source.add(f"{target} = None")
        with self.source.block("else:"):
            self.struct(target, field.type)
            self.flush()

    def length(self, field: Field, code: str) -> str:
        """Read a length; the variable that holds it, one above the length for compact fields."""
        var = self.source.fresh("n")
        if field.compact:
            self.run.add("B", var)
            self.flush()
            with self.source.block(f"if {var} > 127:"):
                self.source.add(f"{var}, p = uvarint(buf, p - 1)")
        else:
            self.run.add(code, var)
            self.flush()
        return var

    def null(self, target: str, field: Field, length: str) -> None:
        """The branch for a length that means null; an `else` must follow."""
        bound = 0 if field.compact else -1
        with self.source.block(f"if {length} <= {bound}:"):
            if field.nullable:
                self.source.add(f"{target} = None")
            else:
                self.source.add(f"raise Invalid(f'length {{{length} - {bound + 1}}} of a field that is never null')")

    def sized(self, target: str, field: Field) -> None:
        """A string, bytes or records: a length and so many bytes."""
        source = self.source
        length = self.length(field, "h" if field.type == "string" else "i")
        self.null(target, field, length)
        with source.block("else:"):
            source.add(f"q = p + {length}{' - 1' if field.compact else ''}")
            if field.type == "string" and field.compact:
                with source.block(f"if {length} > {MAX_STRING_BYTES + 1}:"):
                    source.add("raise Invalid(f'string of {q - p} bytes')")
            with source.block("if q > end:"):
                source.add("raise Invalid(f'{q - p} bytes announced, {end - p} left')")
            read = {"string": "str(buf[p:q], 'utf-8')", "bytes": "bytes(buf[p:q])", "records": "buf[p:q]"}
            source.add(f"{target} = {read[field.type]}")
            source.add("p = q")

    def array(self, target: str, field: Field, element: Field) -> None:
        source = self.source
        length = self.length(field, "i")
        self.null(target, field, length)
        with source.block("else:"):
            if field.compact:
                source.add(f"{length} -= 1")
            size = max(1, self.least_size(element))
            with source.block(f"if {length}{f' * {size}' if size > 1 else ''} > end - p:"):
                source.add(f"raise Invalid(f'{{{length}}} elements announced, {{end - p}} bytes left')")
            if element.type in FIXED and element.type != "uuid":
                source.add(f"{target} = list(unpack_array(f'>{{{length}}}{FIXED[element.type]}', buf, p))")
                source.add(f"p += {length}{f' * {size}' if size > 1 else ''}")
            else:
                self.elements(target, element, length)

    def elements(self, target: str, element: Field, length: str) -> None:
        """A loop over elements that are read one by one."""
        source = self.source
        items, index, item = source.fresh("a"), source.fresh("i"), source.fresh("e")
        source.add(f"{target} = {items} = []")
        with source.at(f"[{{{index}}}]"), source.block(f"for {index} in range({length}):"):
            self.value(item, element)
            self.flush()
            source.add(f"{items}.append({item})")

    def tags(self, var: str, tagged: list[Field]) -> None:
        """The section of tagged fields at a flexible struct's end."""
        source = self.source
        count = source.fresh("t")
        self.run.add("B", count)
        self.flush()
        with source.block(f"if {count}:"):
            if not tagged:
                source.add("p = skip_tags(buf, p - 1, end)")
                return
            tag, size, stop = source.fresh("k"), source.fresh("z"), source.fresh("q")
            source.add(f"{count}, p = uvarint(buf, p - 1)")
            with source.block(f"for _ in range({count}):"):
                source.add(f"{tag}, p = uvarint(buf, p)")
                source.add(f"{size}, p = uvarint(buf, p)")
                source.add(f"{stop} = p + {size}")
                with source.block(f"if {size} < 0 or {stop} > end:"):
                    source.add(f"raise Invalid(f'tagged field of {{{size}}} bytes with {{end - p}} left')")
                branch = "if"
                for field in tagged:
                    with source.at(f".{field.name}"), source.block(f"{branch} {tag} == {field.tag}:"):
                        self.value(f"{var}.{field.name}", field)
                        self.flush()
                    branch = "elif"
                with source.block("else:"):
                    source.add(f"p = {stop}")
                with source.block(f"if p != {stop}:"):
                    source.add(f"raise Invalid(f'tagged field {{{tag}}} ends at {{p}}, not at {{{stop}}}')")

    def least_size(self, field: Field) -> int:
        """The fewest bytes that a value can take."""
        if field.type in FIXED:
            return struct.calcsize(">" + FIXED[field.type])
        if field.type in SIZED or field.element:
            return 1 if field.compact else 2 if field.type == "string" else 4
        if field.nullable:
            return 1
        fields = layout(struct_class(self.message, field.type).FIELDS, self.version, self.flexible)
        return sum(self.least_size(inner) for inner in fields.plain) + self.flexible
