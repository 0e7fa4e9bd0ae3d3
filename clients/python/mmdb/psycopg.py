"""mmvector in psycopg 3, in text and binary format."""

from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.types import TypeInfo

from .vector import Vector, to_numpy


class _TextDumper(Dumper):
    format = Format.TEXT

    def dump(self, value):
        return Vector(value).to_text().encode()


class _BinaryDumper(Dumper):
    format = Format.BINARY

    def dump(self, value):
        return Vector(value).to_binary()


class _TextLoader(Loader):
    format = Format.TEXT

    def load(self, data):
        return Vector.from_text(bytes(data).decode())


class _BinaryLoader(Loader):
    format = Format.BINARY

    def load(self, data):
        return Vector.from_binary(data)


class _NumpyTextLoader(_TextLoader):
    def load(self, data):
        return to_numpy(super().load(data))


class _NumpyBinaryLoader(_BinaryLoader):
    def load(self, data):
        return to_numpy(super().load(data))


def register(conn, oid, array_oid, numpy):
    """Adapt mmvector, whose OIDs these are, on a connection."""
    TypeInfo("mmvector", oid, array_oid).register(conn)

    text = type("TextDumper", (_TextDumper,), {"oid": oid})
    binary = type("BinaryDumper", (_BinaryDumper,), {"oid": oid})
    for cls in [Vector, "numpy.ndarray"] if numpy else [Vector]:
        # Of two dumpers, the last one is what %s takes.
        conn.adapters.register_dumper(cls, text)
        conn.adapters.register_dumper(cls, binary)
    for loader in (_NumpyTextLoader, _NumpyBinaryLoader) if numpy else (_TextLoader, _BinaryLoader):
        conn.adapters.register_loader(oid, loader)
