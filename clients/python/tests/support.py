"""What the tests have in common: a table of flats, and what PostgreSQL itself finds in it."""

import importlib
import unittest

FLATS = '''
    DROP TABLE IF EXISTS flats;
    CREATE TABLE flats (id integer PRIMARY KEY, photo mmvector(3), place point, rent numeric, review text, tags text[],
                        "100% ""odd""" date);
    INSERT INTO flats
    SELECT i, CASE WHEN i % 50 > 0 THEN ARRAY[i % 10, i % 7, i % 3]::real[]::mmvector END, point(i % 20, i % 15),
           500 + (i * 37) % 1000, (ARRAY['cozy', 'quiet', 'loud', 'near the park'])[i % 4 + 1] || i % 6,
           ARRAY['t' || i % 5, 'a "b" \\ {c}'], date '2026-01-01' + i % 100
    FROM generate_series(1, 400) i;
    CREATE INDEX flats_mm ON flats USING mmdb (photo, place, rent, review, tags, "100% ""odd""");'''

# The same search, as PostgreSQL has it: by position, with the types of SQL.
NEAREST = """
    SELECT (r.obj).id, r.distance, r.parts
    FROM odbknn(NULL::flats, ROW('[1,2.5,3]', '(4,5.5)', 900, 'cozy', NULL, '2026-02-03'), '{1,1,0.5,2,1,1}', 7) r"""


def need(*modules):
    """A decorator: the tests of this class need these modules."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError:
            return unittest.skip(f"there is no Python module {module}")
    return lambda cls: cls


class SearchTests:
    """The tests of searches, for each kind of connection: self.conn, and self.sql() for rows of plain SQL."""

    def sql(self, statement):
        cursor = self.conn.cursor()
        cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()]

    def rollback(self):
        self.conn.rollback()

    def query(self):
        import datetime
        import decimal

        return {"photo": [1, 2.5, 3], "place": (4, 5.5), "rent": decimal.Decimal(900), "review": "cozy",
                '100% "odd"': datetime.date(2026, 2, 3)}

    weights = {"photo": 1, "place": 1, "rent": 0.5, "review": 2, '100% "odd"': 1}

    def test_knn(self):
        import mmdb

        expected = self.sql(NEAREST)
        found = mmdb.knn(self.conn, "flats", self.query(), self.weights, k=7)
        self.assertEqual([(m.row["id"], m.distance, m.parts) for m in found], expected)
        self.assertEqual(list(found[0].row), ["id", "photo", "place", "rent", "review", "tags", '100% "odd"'])

        by_position = [[1, 2.5, 3], [4, 5.5], 900, "cozy", None, "2026-02-03"]
        found = mmdb.knn(self.conn, ("public", "flats"), by_position, [1, 1, 0.5, 2, 1, 1], 7, columns=["id", '100% "odd"'])
        self.assertEqual([(m.row["id"], m.distance, m.parts) for m in found], expected)
        self.assertEqual(list(found[0].row), ["id", '100% "odd"'])

    def test_within(self):
        import mmdb

        radius = self.sql(NEAREST)[4][1]
        found = mmdb.within(self.conn, "flats", self.query(), self.weights, radius, using_index="flats_mm")
        self.assertEqual(sorted(m.distance for m in found), [row[1] for row in self.sql(NEAREST) if row[1] <= radius])
        with self.assertRaises(TypeError):
            mmdb.within(self.conn, "flats", self.query())

    def test_options(self):
        import mmdb

        found = mmdb.knn(self.conn, "flats", {"rent": 900}, k=3, normalized=False, filter="id % 2 = 0", columns=["id", "rent"])
        self.assertEqual([(m.row["id"], m.distance) for m in found],
                         self.sql("SELECT id, rent <+> 900 FROM flats WHERE id % 2 = 0 ORDER BY rent <+> 900 LIMIT 3"))
        count = {missing: len(mmdb.within(self.conn, "flats", {"photo": [1, 1, 1]}, radius=1e9, missing=missing, columns=[]))
                 for missing in ("penalty", "exclude")}
        self.assertEqual(count, {"penalty": 400, "exclude": 392})

    def test_no_table(self):
        import mmdb

        for table, message in (("flat", 'no table "flat"$'), (("public", "100%"), 'no table "public.100%"$'),
                               ("public.flats", 'no table "public.flats"; a schema is given as a pair')):
            with self.assertRaisesRegex(LookupError, message):
                mmdb.knn(self.conn, table, {"rent": 1})
            self.rollback()
        with self.assertRaisesRegex(Exception, 'type "moon" does not exist'):     # The table is there.
            mmdb.within(self.conn, "flats", {"rent": 1}, radius=1, filter="NULL::moon IS NULL")

    def test_columns(self):
        import mmdb

        self.assertEqual(mmdb.columns(self.conn, "flats_mm"), ["photo", "place", "rent", "review", "tags", '100% "odd"'])

    def test_values(self):
        """Values of all sorts, each against itself in the table."""
        import datetime
        import decimal
        import enum
        import uuid

        import mmdb

        class Mood(enum.Enum):
            sad = 1

        values = {"i": 3, "f": 0.1, "n": decimal.Decimal("12345678901234567890.5"), "s": 'é"\\', "b": True,
                  "u": uuid.UUID(int=7), "d": datetime.date(2026, 2, 3),
                  "t": datetime.datetime(2026, 2, 3, 4, 5, 6, 7, datetime.timezone.utc),
                  "v": datetime.timedelta(days=-1, microseconds=7), "e": Mood.sad, "a": ["x", 'y"', "NULL"],
                  "m": mmdb.Vector([0.1, 2])}
        cursor = self.conn.cursor()
        cursor.execute("""
            DROP TABLE IF EXISTS kinds; DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('ok', 'sad');
            CREATE TABLE kinds (i bigint, f float8, n numeric, s text, b boolean, u uuid, d date, t timestamptz, v interval, e mood,
                                a text[], m mmvector);
            INSERT INTO kinds VALUES (3, 0.1, 12345678901234567890.5, 'é"\\', true, '00000000-0000-0000-0000-000000000007',
                '2026-02-03', '2026-02-03 04:05:06.000007+00', '-1 day 0.000007 seconds', 'sad', '{x,"y\\"","NULL"}', '[0.1,2]'),
                (4, 1, 1, 'x', false, NULL, '2020-01-01', '2020-01-01', '1 day', 'ok', '{}', '[1,1]');
            CREATE INDEX kinds_mm ON kinds USING mmdb (i, f, n, s, b, u, d, t, v, e, a, m)""")
        (nearest,) = mmdb.knn(self.conn, "kinds", values, k=1, normalized=False, missing="ignore")
        self.assertEqual(nearest.distance, 0)
        self.assertEqual(len(nearest.parts), 12)
        with self.assertRaises(TypeError):
            mmdb.knn(self.conn, "kinds", {"s": object()})


class VectorTests:
    """The tests of vectors, for each driver: self.connect() makes a connection."""

    def test_types(self):
        import mmdb

        vectors = [[0.1, -2.5, 3e38], [1e-45, 16777217, -0.0]]
        mmdb.register(self.conn)
        with self.conn.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE v (n integer, v mmvector(3))")
            for n, numbers in enumerate(vectors):
                cursor.execute("INSERT INTO v VALUES (%s, %s)", (n, mmdb.Vector(numbers)))
            cursor.execute("INSERT INTO v VALUES (2, %s)", (None,))
            cursor.execute("SELECT v FROM v ORDER BY n")
            found = [v for v, in cursor.fetchall()]
            self.assertEqual(found, [mmdb.Vector(numbers) for numbers in vectors] + [None])
            cursor.execute("SELECT v = '[0.1,-2.5,3e38]', v <-> %s FROM v WHERE n = 0", (mmdb.Vector(vectors[0]),))
            self.assertEqual(cursor.fetchone(), (True, 0))
            cursor.execute("SELECT array_agg(v ORDER BY n) FROM v WHERE n < 2")
            self.assertEqual(cursor.fetchone()[0], found[:2])
        row = mmdb.knn(self.conn, "flats", {"photo": mmdb.Vector([1, 2, 3])}, k=1)[0].row
        self.assertIsInstance(row["photo"], mmdb.Vector)

    def test_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("there is no Python module numpy")
        import mmdb

        mmdb.register(self.conn, numpy=True)
        with self.conn.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE v (v mmvector)")
            for dtype in (numpy.float32, numpy.float64, numpy.int64):
                cursor.execute("INSERT INTO v VALUES (%s)", (numpy.arange(1, 5, dtype=dtype),))
            cursor.execute("INSERT INTO v VALUES (%s)", (numpy.arange(1, 9, dtype=numpy.float32)[::2],))
            cursor.execute("SELECT v FROM v")
            for vector, in cursor.fetchall():
                self.assertEqual(vector.dtype, numpy.float32)
                self.assertEqual(len(vector), 4)
            self.assertEqual(vector.tolist(), [1, 3, 5, 7])
            vector += 1             # It may be changed.
        (match,) = mmdb.knn(self.conn, "flats", {"photo": numpy.array([1, 2, 3]), "rent": numpy.float32(900)},
                            numpy.array([1, 0, 0.5, 0, 0, 0]), k=1)
        self.assertIsInstance(match.row["photo"], numpy.ndarray)

    def test_no_transaction(self):
        import mmdb

        self.conn.rollback()
        mmdb.register(self.conn)
        self.assertEqual(int(self.conn.info.transaction_status), 0)
        self.conn.cursor().execute("SELECT 1")
        mmdb.register(self.conn)
        self.assertNotEqual(int(self.conn.info.transaction_status), 0)
