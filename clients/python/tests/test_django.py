"""Django, with psycopg2 or, since Django 4.2, psycopg 3."""

import os
import unittest

import mmdb

from .support import need

try:
    import django
    from django.conf import settings

    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.postgresql",
                                              "NAME": os.environ.get("PGDATABASE", "postgres")}},
                       DEFAULT_AUTO_FIELD="django.db.models.AutoField", USE_TZ=True)
    django.setup()
    from django.core.exceptions import ValidationError
    from django.db import connection, models
    from django.contrib.postgres.fields import ArrayField

    import mmdb.django as md

    class Shop(models.Model):
        photo = md.VectorField(3, null=True)
        name = models.TextField(null=True)
        turnover = models.FloatField(null=True)
        tags = ArrayField(models.TextField(), null=True)

        class Meta:
            app_label = "mmdb_tests"
            indexes = [md.MmdbIndex(fields=["photo", "name", "turnover", "tags"], name="shop_mm", pivots=2,
                                    scales="{1,2,NULL,1}")]
except ImportError:
    pass


@need("django", "psycopg2")
class DjangoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS mmdb_tests_shop")
        with connection.schema_editor() as editor:
            editor.create_model(Shop)
        Shop.objects.bulk_create(Shop(id=i, photo=[i % 10, i % 7, 0.1], name=f"shop {i % 30}", turnover=i * 37 % 1000,
                                      tags=[f"t{i % 5}"]) for i in range(1, 401))
        Shop.objects.create(id=1000)

    @classmethod
    def tearDownClass(cls):
        with connection.schema_editor() as editor:
            editor.delete_model(Shop)
        connection.close()

    def sql(self, statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def test_values(self):
        self.assertEqual(Shop.objects.get(id=17).photo, mmdb.Vector([7, 3, 0.1]))
        self.assertIsNone(Shop.objects.get(id=1000).photo)
        self.assertEqual(Shop.objects.filter(photo=[7, 3, 0.1]).count(), len(self.sql(
            "SELECT FROM mmdb_tests_shop WHERE photo = '[7,3,0.1]'")))
        with self.assertRaises(ValidationError):
            Shop._meta.get_field("photo").to_python("[1,")
        try:
            import numpy
        except ImportError:
            return
        Shop.objects.filter(id=3).update(photo=numpy.array([3, 3, 0.1]))

    def test_migrations(self):
        name, path, args, kwargs = Shop._meta.get_field("photo").deconstruct()
        self.assertEqual((path, args, kwargs), ("mmdb.django.VectorField", [], {"dimensions": 3, "null": True}))
        self.assertEqual(Shop._meta.get_field("photo").db_type(connection), "mmvector(3)")
        path, args, kwargs = Shop._meta.indexes[0].deconstruct()
        self.assertEqual(md.MmdbIndex(*args, **kwargs), Shop._meta.indexes[0])
        self.assertEqual(self.sql("SELECT reloptions FROM pg_class WHERE relname = 'shop_mm'"),
                         [(["pivots=2", "scales={1,2,NULL,1}"],)])

    def test_sums(self):
        distance = (2 * md.L2Distance("photo", [1, 0, 0.3]) + md.EditDistance("name", "shop 7")
                    + 0.01 * md.L1Distance("turnover", 900) + md.JaccardDistance("tags", ["t1"]))
        nearest = Shop.objects.annotate(distance=distance).order_by("distance")
        self.assertEqual(list(nearest.values_list("id", "distance")[:5]), self.sql("""
            SELECT id, 2 * (photo <-> '[1,0,0.3]') + (name <~> 'shop 7') + 0.01 * (turnover <+> 900) + (tags <&> '{t1}') d
            FROM mmdb_tests_shop ORDER BY d, id LIMIT 5"""))
        with connection.cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")
        try:
            self.assertIn("MMDB Scan", nearest[:5].explain())
            within = Shop.objects.annotate(d=md.L2Distance("photo", mmdb.Vector([1, 0, 0.3]))).filter(d__lte=2)
            self.assertIn("MMDB Scan", within.explain())
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET enable_seqscan")
        self.assertEqual(within.count(), self.sql(
            "SELECT count(*) FROM mmdb_tests_shop WHERE photo <-> '[1,0,0.3]' <= 2")[0][0])

    def test_columns(self):
        """The distance of two columns, and the other metrics."""
        row = Shop.objects.annotate(a=md.L2Distance("photo", models.F("photo")), b=md.CosineDistance("photo", [7, 3, 0.1]),
                                    c=md.LinfDistance("photo", [7, 3, 5.1]), d=md.DiscreteDistance("name", "shop 17"),
                                    e=md.GeoDistance(models.expressions.RawSQL("point '(0,0)'", ()), (0, 0))).get(id=17)
        self.assertEqual((row.a, row.b, row.d, row.e), (0, 0, 0, 0))
        self.assertEqual(row.c, 5)

    def test_knn(self):
        connection.ensure_connection()
        (match,) = mmdb.knn(connection.connection, "mmdb_tests_shop", {"photo": [7, 3, 0.1], "turnover": 629}, k=1)
        self.assertEqual(match.row["id"], 17)
