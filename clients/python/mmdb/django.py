"""A field, distances and an index for Django.

    class Flat(models.Model):
        photo = mmdb.django.VectorField(3)
        review = models.TextField()

        class Meta:
            indexes = [mmdb.django.MmdbIndex(fields=["photo", "review"], name="flats_mm")]

    distance = 2 * L2Distance("photo", [1, 0, 0.3]) + EditDistance("review", "cozy")
    Flat.objects.annotate(distance=distance).order_by("distance")[:5]

Distances are expressions of Django, so they can be added and multiplied by weights. The index answers their weighted
sums. A migration that makes the extension: migrations.RunSQL("CREATE EXTENSION mmdb").
"""

from django.contrib.postgres.indexes import PostgresIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import FloatField, Func, Value

from .vector import Vector as _Vector
from .vector import vector_text

__all__ = ["CosineDistance", "DiscreteDistance", "EditDistance", "GeoDistance", "HammingDistance", "JaccardDistance",
           "L1Distance", "L2Distance", "LinfDistance", "MmdbIndex", "VectorField"]


class VectorField(models.Field):
    """A column of type mmvector, with so many dimensions, or of any number of them.

    Its values are mmdb.Vector. Lists and NumPy arrays, too, can be assigned and compared with.
    """

    description = "A vector"
    empty_strings_allowed = False

    def __init__(self, dimensions=None, **options):
        self.dimensions = dimensions
        super().__init__(**options)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        if self.dimensions is not None:
            kwargs["dimensions"] = self.dimensions
        return name, path, args, kwargs

    def db_type(self, connection):
        return "mmvector" if self.dimensions is None else f"mmvector({int(self.dimensions)})"

    def from_db_value(self, value, expression, connection):
        return self.to_python(value)

    def to_python(self, value):
        if value is None or isinstance(value, _Vector):
            return value
        try:
            return _Vector.from_text(value) if isinstance(value, str) else _Vector(value)
        except (TypeError, ValueError) as error:
            raise ValidationError(str(error)) from error

    def get_prep_value(self, value):
        return None if value is None else vector_text(value)

    def value_to_string(self, obj):
        value = self.value_from_object(obj)
        return None if value is None else vector_text(value)


class _Distance(Func):
    """The distance of a column, or another expression, from a value.

    Vectors may be lists or NumPy arrays; a point is a pair.
    """

    template = "(%(expressions)s)"
    arity = 2
    output_field = FloatField()
    text = staticmethod(lambda value: value)

    def __init__(self, expression, value, **extra):
        if not hasattr(value, "resolve_expression") and value is not None:
            value = Value(self.text(value))
        super().__init__(expression, value, **extra)


def _text(value):
    """A vector or a point; what is no sequence, such as a number, is passed on."""
    if isinstance(value, tuple) and len(value) == 2:
        return f"({float(value[0])!r},{float(value[1])!r})"
    return vector_text(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def _distance(name, operator, text=None):
    attributes = {"arg_joiner": f" {operator} ", "__module__": __name__, "__doc__": f"expression {operator} value"}
    if text is not None:
        attributes["text"] = staticmethod(text)
    return type(name, (_Distance,), attributes)


L2Distance = _distance("L2Distance", "<->", _text)
L1Distance = _distance("L1Distance", "<+>", _text)
LinfDistance = _distance("LinfDistance", "<*>", _text)
CosineDistance = _distance("CosineDistance", "<=>", _text)
GeoDistance = _distance("GeoDistance", "<@@>", _text)
EditDistance = _distance("EditDistance", "<~>")
HammingDistance = _distance("HammingDistance", "<^>")
JaccardDistance = _distance("JaccardDistance", "<&>")
DiscreteDistance = _distance("DiscreteDistance", "<!>")


class MmdbIndex(PostgresIndex):
    """An index of mmdb. Its storage parameters are keywords: MmdbIndex(fields=[...], name="...", subindexes="none")."""

    suffix = "mmdb"
    _parameters = ("fillfactor", "pivots", "sample_rows", "scales", "subindexes", "weights")

    def __init__(self, *expressions, **options):
        self.parameters = {name: options.pop(name) for name in self._parameters if name in options}
        super().__init__(*expressions, **options)

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, **self.parameters}

    def get_with_params(self):
        return ["{} = '{}'".format(name, str(value).replace("'", "''")) for name, value in self.parameters.items()]
