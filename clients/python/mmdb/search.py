"""Searches: odbknn and odbrange."""

import sys
from typing import NamedTuple

from .values import to_json


class Match(NamedTuple):
    """A row that was found."""

    row: dict           #: the row's columns, or those that were asked for
    distance: float     #: its distance from the query object
    parts: list         #: what each column of the index adds to it; None for those that play no part


def knn(conn, table, query, weights=None, k=10, **options):
    """The k rows nearest to a query object, the nearest first.

    conn: a connection of psycopg 3 or psycopg2, or a Connection or Session of SQLAlchemy.
    table: the name of a table or view, or a pair of schema and name, or a table or mapped class of SQLAlchemy.
    query: a mapping from columns to values; other columns play no part. Or a list with a value for each column of
        the index, None for those that play no part.
    weights: a mapping from columns to weights, or a list; None: all are 1.

    Options, which are keywords:
    columns: the names of the columns to return; None: all of them. Leave out embeddings that are not needed.
    filter: a condition in SQL, checked before the nearest are chosen. Never put into it what a user has typed.
    using_index: the index that gives metrics and scales, where the table has several.
    normalized: False: distances are not divided by the columns' scales.
    missing: what a NULL costs: "penalty", "ignore" or "exclude".

    Returns a list of Match. A table that is not there is a LookupError.
    """
    return _matches(conn, table, *knn_statement(table, query, weights, k, **options))


def within(conn, table, query, weights=None, radius=None, **options):
    """All rows within a radius of a query object, the nearest first. The other arguments are those of knn."""
    return _matches(conn, table, *within_statement(table, query, weights, radius, **options))


def knn_statement(table, query, weights=None, k=10, **options):
    """The statement that knn runs, and its parameters: for drivers of psycopg's paramstyle, such as asynchronous ones.

    A row of its result has the columns, the distance and the parts.
    """
    return _statement("odbknn", "k", table, query, weights, k, **options)


def within_statement(table, query, weights=None, radius=None, **options):
    """The same for within."""
    if radius is None:
        raise TypeError("within() needs a radius")
    return _statement("odbrange", "radius", table, query, weights, radius, **options)


def columns(conn, index):
    """The names of an index's columns, in the order of weights in lists and of a match's parts."""
    rows, _ = _fetch(conn, "SELECT column_name FROM mmdb.index_column_statistics(%s::text::regclass) "
                     "WHERE column_number IS NOT NULL ORDER BY column_number", (index,))
    return [name for name, in rows]


def _statement(function, limit, table, query, weights, value, columns=None, filter=None, using_index=None,
               normalized=True, missing="penalty"):
    if columns is None:
        chosen = "(r.obj).*"
    else:
        chosen = ", ".join(f"(r.obj).{_quoted(column)}" for column in columns)
    table = ".".join(map(_quoted, _names(table)))
    statement = (f"SELECT {chosen}{', ' if chosen else ''}r.distance, r.parts FROM {function}(NULL::{table}, %s, %s, "
                 f"{limit} => %s, using_index => %s, normalized => %s, missing => %s, filter => %s) r")
    return statement, (to_json(query), None if weights is None else to_json(weights), value, using_index, normalized,
                       missing, filter)


def _names(table):
    """The names that a table is given by: its own, or its schema's before it."""
    table = getattr(table, "__table__", table)      # SQLAlchemy's mapped classes
    if isinstance(table, str):
        return (table,)
    if isinstance(table, tuple):
        return table
    if hasattr(table, "name"):
        return tuple(name for name in (getattr(table, "schema", None), table.name) if name)
    raise TypeError(f"not a table: {table!r}")


def _quoted(name):
    # A per cent sign would be taken for the beginning of a placeholder.
    return '"' + str(name).replace('"', '""').replace("%", "%%") + '"'


def _matches(conn, table, statement, parameters):
    try:
        rows, names = _fetch(conn, statement, parameters)
    except Exception as error:
        name = ".".join(map(str, _names(table)))
        if not _lacks_type(error, name):
            raise
        hint = '; a schema is given as a pair, ("schema", "table")' if isinstance(table, str) and "." in table else ""
        raise LookupError(f'no table "{name}"{hint}') from error
    return [Match(dict(zip(names, row[:-2])), row[-2], row[-1]) for row in rows]


def _lacks_type(error, name):
    """Whether an error of a driver is that there is no type of a name, which is what a table's rows are of."""
    error = getattr(error, "orig", error)           # SQLAlchemy's
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return state == "42704" and name in error.diag.message_primary


def _is(conn, module, *names):
    """Whether conn is of a class of a module, which is then loaded already."""
    module = sys.modules.get(module)
    return module is not None and isinstance(conn, tuple(getattr(module, name) for name in names))


def _fetch(conn, statement, parameters):
    """Rows, as tuples, and the names of their columns, whatever the connection's own settings make of rows."""
    if _is(conn, "sqlalchemy.orm", "Session", "scoped_session"):
        conn = conn.connection()
    if _is(conn, "sqlalchemy.engine", "Connection"):
        result = conn.exec_driver_sql(statement, parameters)
        return [tuple(row) for row in result], list(result.keys())
    if _is(conn, "psycopg", "Connection"):
        from psycopg.rows import tuple_row

        cursor = conn.cursor(row_factory=tuple_row)
    elif _is(conn, "psycopg2.extensions", "connection"):
        from psycopg2.extensions import cursor as plain_cursor

        cursor = conn.cursor(cursor_factory=plain_cursor)
    else:
        raise TypeError(f"mmdb does not know connections of {type(conn).__module__}.{type(conn).__name__}; "
                        "knn_statement() returns a statement for other drivers")
    with cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall(), [column[0] for column in cursor.description]
