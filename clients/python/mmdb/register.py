"""What drivers must be told of the type mmvector."""

from .search import _fetch, _is

# By the extension, not by the search_path.
FIND_TYPE = """
    SELECT t.oid::bigint, t.typarray::bigint
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_extension e ON t.typnamespace = e.extnamespace
    WHERE e.extname = 'mmdb' AND t.typname = 'mmvector'"""


def register(conn, numpy=False):
    """Let a connection return vectors as Vector, or with numpy as NumPy arrays, and take both as parameters.

    It is a connection of psycopg 3 or psycopg2. A pool calls this for each of its connections (psycopg_pool's
    argument configure); for an Engine of SQLAlchemy it is not needed, because its column types do this.
    psycopg2 has one table for the parameters of all connections.
    """
    if _is(conn, "psycopg2.extensions", "connection"):
        from . import psycopg2 as driver
    elif _is(conn, "psycopg", "Connection"):
        from . import psycopg as driver
    else:
        raise TypeError(f"not a connection of psycopg or psycopg2: {conn!r}")

    idle = not in_transaction(conn)
    rows, _ = _fetch(conn, FIND_TYPE, None)
    if idle and not conn.autocommit:
        conn.rollback()             # Registering begins no transaction, so that settings can be made next.
    driver.register(conn, *_one(rows), numpy)


async def register_async(conn, numpy=False):
    """The same for a psycopg.AsyncConnection."""
    from psycopg.rows import tuple_row

    from . import psycopg as driver

    idle = not in_transaction(conn)
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(FIND_TYPE)
        rows = await cursor.fetchall()
    if idle and not conn.autocommit:
        await conn.rollback()
    driver.register(conn, *_one(rows), numpy)


def in_transaction(conn):
    # 0 is IDLE in both drivers.
    return int(conn.info.transaction_status) != 0


def _one(rows):
    if not rows:
        raise LookupError("the database has no extension mmdb; CREATE EXTENSION mmdb makes it")
    return rows[0]
