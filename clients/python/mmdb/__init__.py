"""Exact multi-metric similarity search in PostgreSQL: a client of the extension mmdb.

    import mmdb, psycopg

    conn = psycopg.connect("dbname=gallery")
    mmdb.register(conn)
    for match in mmdb.knn(conn, "clipart", {"title": "crow", "keywords": ["bird"]}, k=3):
        print(match.row["title"], match.distance)

mmdb.sqlalchemy has column types and distances for SQLAlchemy, mmdb.django a field, distances and an index for Django.
"""

from .register import register, register_async
from .search import Match, columns, knn, knn_statement, within, within_statement
from .vector import Vector

__version__ = "0.1.0"
__all__ = ["Match", "Vector", "columns", "knn", "knn_statement", "register", "register_async", "within",
           "within_statement"]
