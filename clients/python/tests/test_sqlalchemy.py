"""SQLAlchemy, with whichever of the drivers there is."""

import unittest

import mmdb

from .support import FLATS, NEAREST, SearchTests, need

try:
    import sqlalchemy as sa
    from sqlalchemy.orm import Session, declarative_base

    import mmdb.sqlalchemy as ms

    Base = declarative_base()

    class Shop(Base):
        __tablename__ = "shops"
        id = sa.Column(sa.Integer, primary_key=True)
        photo = sa.Column(ms.Vector(3))
        place = sa.Column(ms.Point)
        name = sa.Column(ms.Text)
        turnover = sa.Column(sa.Float)
        tags = sa.Column(sa.ARRAY(sa.Text))
        __table_args__ = (sa.Index("shops_mm", "photo", "place", "name", "turnover", "tags", postgresql_using="mmdb",
                                   postgresql_ops={"place": "point_geo_ops"}, postgresql_with={"pivots": 2}),)
except ImportError:
    pass


def urls():
    """Of the drivers there are. SQLAlchemy 2 knows psycopg 3."""
    found = []
    for driver in ("psycopg2", "psycopg"):
        try:
            sa.create_engine(f"postgresql+{driver}://").dispose()
            found.append(f"postgresql+{driver}://")
        except (ImportError, sa.exc.NoSuchModuleError):
            pass
    return found


@need("sqlalchemy")
class SqlalchemyTest(SearchTests, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.urls = urls()
        if not cls.urls:
            raise unittest.SkipTest("there is neither psycopg2 nor, with SQLAlchemy 2, psycopg")
        cls.engine = sa.create_engine(cls.urls[0])
        with cls.engine.begin() as conn:
            conn.exec_driver_sql(FLATS.replace("%", "%%"))

    @classmethod
    def tearDownClass(cls):
        cls.engine.dispose()

    def setUp(self):
        self.conn = self.engine.connect()
        self.addCleanup(self.conn.close)

    def sql(self, statement):
        return [tuple(row) for row in self.conn.exec_driver_sql(statement.replace("%", "%%"))]

    def rollback(self):
        if hasattr(self.conn, "rollback"):    # SQLAlchemy 1.4 does it by itself.
            self.conn.rollback()

    def test_values(self):
        self.skipTest("tested with the drivers")

    def test_session(self):
        with Session(self.engine) as session:
            found = mmdb.knn(session, "flats", self.query(), self.weights, k=7, columns=["id"])
        self.assertEqual([(m.row["id"], m.distance, m.parts) for m in found], self.sql(NEAREST))

    def shops(self, engine):
        Base.metadata.drop_all(engine)
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            session.add_all(Shop(id=i, photo=[i % 10, i % 7, 0.1], place=(i % 20, i % 15), name=f"shop {i % 30}",
                                 turnover=i * 37 % 1000, tags=[f"t{i % 5}"]) for i in range(1, 401))
            session.add(Shop(id=1000))
            session.commit()
            session.execute(sa.text("ANALYZE shops"))
            session.commit()

    def test_orm(self):
        for url in self.urls:
            with self.subTest(url=url):
                engine = sa.create_engine(url)
                self.shops(engine)
                with Session(engine) as session:
                    self.orm(session)
                engine.dispose()

    def orm(self, session):
        shop = session.get(Shop, 7)
        self.assertEqual(shop.photo, mmdb.Vector([7, 0, 0.1]))
        self.assertEqual(tuple(shop.place), (7, 7))
        self.assertIsNone(session.get(Shop, 1000).photo)

        some = (2 * Shop.photo.l2_distance([1, 2, 3]) + Shop.name.edit_distance("shop 7") / 3
                + 0.001 * Shop.place.geo_distance((2, 3)) + ms.l1_distance(Shop.turnover, 500) * 0.1)
        distance = some + sa.func.coalesce(ms.jaccard_distance(Shop.tags, ["t1", "t2"]), 1)
        statement = sa.select(Shop.id, distance.label("distance")).order_by("distance").limit(5)
        expected = session.execute(sa.text("""
            SELECT id, 2 * (photo <-> '[1,2,3]') + (name <~> 'shop 7') / 3 + 0.001 * (place <@@> '(2,3)')
                + (turnover <+> 500) * 0.1 + coalesce(tags <&> '{t1,t2}', 1) AS distance
            FROM shops ORDER BY distance LIMIT 5"""))
        self.assertEqual([tuple(row) for row in session.execute(statement)], [tuple(row) for row in expected])

        # The index answers it.
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        compiled = sa.select(Shop.id).order_by(some).limit(5).compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        plan = "\n".join(line for line, in session.connection().exec_driver_sql("EXPLAIN " + str(compiled)))
        self.assertIn("MMDB Scan", plan)

        # As a condition, and with the other distances.
        for column, value, sql in [(Shop.photo.l1_distance, [1, 2, 3], "photo <+> '[1,2,3]'"),
                                   (Shop.photo.linf_distance, mmdb.Vector([1, 2, 3]), "photo <*> '[1,2,3]'"),
                                   (Shop.photo.cosine_distance, "[1,2,3]", "photo <=> '[1,2,3]'"),
                                   (Shop.place.l2_distance, (1, 2), "place <-> '(1,2)'"),
                                   (Shop.place.l1_distance, (1, 2), "place <+> '(1,2)'"),
                                   (Shop.name.discrete_distance, "shop 7", "name <!> 'shop 7'")]:
            found = session.scalars(sa.select(column(value)).where(column(value) <= 5).order_by(Shop.id)).all()
            expected = [d for d, in session.execute(sa.text(f"SELECT {sql} FROM shops WHERE ({sql}) <= 5 ORDER BY id"))]
            self.assertEqual(found, expected)
            self.assertTrue(found)

        found = mmdb.knn(session, Shop, {"photo": [1, 2, 3], "name": "shop 7"}, k=3)
        self.assertEqual(len(found), 3)

    def test_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("there is no Python module numpy")
        table = sa.Table("arrays", sa.MetaData(), sa.Column("v", ms.Vector(numpy=True)), prefixes=["TEMPORARY"])
        with self.engine.connect() as conn:
            table.create(conn)
            conn.execute(table.insert(), [{"v": numpy.array([1, 2.5])}, {"v": None}, {"v": [3, 4]}])
            found = conn.execute(sa.select(table.c.v).order_by(table.c.v.l2_distance(numpy.array([1, 1])))).scalars().all()
            self.assertEqual([None if v is None else v.tolist() for v in found], [[1, 2.5], [3, 4], None])
            self.assertEqual(found[0].dtype, numpy.float32)

    def test_reflection(self):
        self.shops(self.engine)
        table = sa.Table("shops", sa.MetaData(), autoload_with=self.engine)
        self.assertIsInstance(table.c.photo.type, ms.Vector)
        self.assertIsInstance(table.c.place.type, ms.Point)
        with self.engine.connect() as conn:
            self.assertEqual(conn.execute(sa.select(table.c.photo).where(table.c.id == 7)).scalar(), mmdb.Vector([7, 0, 0.1]))
        # Of the dimensions, reflection knows nothing in SQLAlchemy 1.4.
        self.assertEqual(ms.Vector(3).get_col_spec(), "mmvector(3)")
        self.assertEqual(ms.Vector().get_col_spec(), "mmvector")


if __name__ == "__main__":
    unittest.main()
