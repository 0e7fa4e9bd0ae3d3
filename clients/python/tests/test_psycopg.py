"""psycopg 3."""

import asyncio
import unittest

import mmdb

from .support import FLATS, NEAREST, SearchTests, VectorTests, need

try:
    import psycopg
    from psycopg.rows import dict_row
except ImportError:
    pass


@need("psycopg")
class PsycopgTest(SearchTests, VectorTests, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with psycopg.connect(autocommit=True) as conn:
            conn.execute(FLATS)

    def setUp(self):
        self.conn = psycopg.connect()
        self.addCleanup(self.conn.close)

    def test_formats(self):
        mmdb.register(self.conn)
        vector = mmdb.Vector([0.1, -2, 1e-45])
        for placeholder in ("%s", "%t", "%b"):
            for binary in (False, True):
                with self.conn.cursor(binary=binary) as cursor:
                    cursor.execute(f"SELECT {placeholder}, '[0.1,-2,1e-45]'::mmvector = {placeholder}", (vector, vector))
                    self.assertEqual(cursor.fetchone(), (vector, True))
        self.conn.execute("CREATE TEMP TABLE copied (v mmvector)")
        for options in ("", "(FORMAT binary)"):
            with self.conn.cursor() as cursor:
                with cursor.copy(f"COPY copied FROM STDIN {options}") as copy:
                    if options:
                        copy.set_types(["mmvector"])
                    copy.write_row([vector])
        self.assertEqual(self.conn.execute("SELECT * FROM copied").fetchall(), [(vector,)] * 2)

    def test_prepared_statement(self):
        for prepare in (False, True):
            statement, parameters = mmdb.knn_statement("flats", self.query(), self.weights, 7, columns=["id"])
            for _ in range(7):
                rows = self.conn.execute(statement, parameters, prepare=prepare).fetchall()
                self.assertEqual(rows, self.conn.execute(NEAREST).fetchall())
        mmdb.register(self.conn)
        for v in ([1, 2, 3], [4, 2, 0]):
            rows = self.conn.execute("SELECT id FROM flats ORDER BY photo <-> %s, id LIMIT 3", (mmdb.Vector(v),), prepare=True)
            expected = self.conn.execute(f"SELECT id FROM flats ORDER BY photo <-> '{v}', id LIMIT 3")
            self.assertEqual(rows.fetchall(), expected.fetchall())

    def test_named_cursor(self):
        statement, parameters = mmdb.knn_statement("flats", self.query(), self.weights, 400, columns=["id"])
        with self.conn.cursor(name="nearest") as cursor:
            cursor.execute(statement, parameters)
            self.assertEqual(cursor.fetchmany(3) + cursor.fetchmany(4), self.conn.execute(NEAREST).fetchall())

    def test_row_factory(self):
        with psycopg.connect(row_factory=dict_row) as conn:
            mmdb.register(conn)
            self.assertEqual([m.row["id"] for m in mmdb.knn(conn, "flats", self.query(), self.weights, k=7)],
                             [row["id"] for row in conn.execute(NEAREST)])

    def test_async(self):
        async def search():
            async with await psycopg.AsyncConnection.connect() as conn:
                await mmdb.register_async(conn)
                cursor = await conn.execute(*mmdb.knn_statement("flats", self.query(), self.weights, 7))
                return await cursor.fetchall()

        rows = asyncio.run(search())
        self.assertEqual([(row[0], *row[-2:]) for row in rows], self.sql(NEAREST))
        self.assertIsInstance(rows[0][1], mmdb.Vector)

    def test_errors(self):
        with self.assertRaisesRegex(psycopg.Error, 'no column "colour"'):
            mmdb.knn(self.conn, "flats", {"colour": 1})
        self.conn.rollback()
        with self.assertRaises(LookupError):
            mmdb.knn(self.conn, 'flats"; DROP TABLE flats; --', {"rent": 1})
        with self.assertRaisesRegex(TypeError, "knn_statement"):
            mmdb.knn(object(), "flats", {"rent": 1})
        with self.assertRaises(TypeError):
            mmdb.register(object())


if __name__ == "__main__":
    unittest.main()
