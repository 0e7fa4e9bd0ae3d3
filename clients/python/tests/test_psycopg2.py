"""psycopg2."""

import unittest

import mmdb

from .support import FLATS, NEAREST, SearchTests, VectorTests, need

try:
    import psycopg2
    import psycopg2.extras
except ImportError:
    pass


@need("psycopg2")
class Psycopg2Test(SearchTests, VectorTests, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        conn = psycopg2.connect("")
        with conn, conn.cursor() as cursor:
            cursor.execute(FLATS)
        conn.close()

    def setUp(self):
        self.conn = psycopg2.connect("")
        self.addCleanup(self.conn.close)

    def test_named_cursor(self):
        statement, parameters = mmdb.knn_statement("flats", self.query(), self.weights, 400, columns=["id"])
        with self.conn.cursor("nearest") as cursor:
            cursor.itersize = 3
            cursor.execute(statement, parameters)
            self.assertEqual(cursor.fetchmany(3) + cursor.fetchmany(4), self.sql(NEAREST))

    def test_cursor_factory(self):
        conn = psycopg2.connect("", cursor_factory=psycopg2.extras.RealDictCursor)
        self.addCleanup(conn.close)
        mmdb.register(conn)
        self.assertEqual([m.row["id"] for m in mmdb.knn(conn, "flats", self.query(), self.weights, k=7)],
                         [row[0] for row in self.sql(NEAREST)])

    def test_operators(self):
        """None of the distance operators is taken for a placeholder."""
        mmdb.register(self.conn)
        with self.conn.cursor() as cursor:
            cursor.execute("SELECT id FROM flats ORDER BY (photo <-> %s) + (tags <&> %s), id LIMIT 3",
                           (mmdb.Vector([1, 2, 3]), ["t1"]))
            self.assertEqual(cursor.fetchall(), self.sql(
                "SELECT id FROM flats ORDER BY (photo <-> '[1,2,3]') + (tags <&> '{t1}'), id LIMIT 3"))


if __name__ == "__main__":
    unittest.main()
