"""mmvector in psycopg2."""

from psycopg2.extensions import AsIs, new_array_type, new_type, register_adapter, register_type

from .vector import Vector, to_numpy


def _adapt(vector):
    # A literal without a type, which becomes an mmvector whatever schema that is in.
    return AsIs(f"'{Vector(vector).to_text()}'")


def _vector(text, cursor):
    return None if text is None else Vector.from_text(text)


def _numpy_vector(text, cursor):
    return None if text is None else to_numpy(Vector.from_text(text))


def register(conn, oid, array_oid, numpy):
    """Adapt mmvector, whose OIDs these are: its values on a connection, parameters in all of them."""
    mmvector = new_type((oid,), "mmvector", _numpy_vector if numpy else _vector)
    register_type(mmvector, conn)
    register_type(new_array_type((array_oid,), "mmvector[]", mmvector), conn)
    register_adapter(Vector, _adapt)
    if numpy:
        import numpy as np

        register_adapter(np.ndarray, _adapt)
