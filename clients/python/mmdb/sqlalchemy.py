"""Column types and distances for SQLAlchemy 1.4 and 2.

    class Flat(Base):
        __tablename__ = "flats"
        id = Column(Integer, primary_key=True)
        photo = Column(mmdb.sqlalchemy.Vector(3))
        review = Column(mmdb.sqlalchemy.Text)

    session.query(Flat).order_by(2 * Flat.photo.l2_distance([1, 0, 0.3]) + Flat.review.edit_distance("cozy")).limit(5)

Distances are expressions of type Float, so they can be added and multiplied by weights. The index answers their
weighted sums. For columns of other types, there are the functions of this module: l1_distance(Flat.rent, 900).
"""

from sqlalchemy import Float, types
from sqlalchemy.dialects.postgresql import base as _postgresql

from .vector import Vector as _Vector
from .vector import to_numpy, vector_text

__all__ = ["Point", "Text", "Vector", "cosine_distance", "discrete_distance", "edit_distance", "geo_distance",
           "hamming_distance", "jaccard_distance", "l1_distance", "l2_distance", "linf_distance"]


def _distance(operator, name):
    def distance(column, value):
        return column.op(operator, return_type=Float())(value)

    distance.__name__ = distance.__qualname__ = name
    distance.__doc__ = f"column {operator} value"
    return distance


l2_distance = _distance("<->", "l2_distance")
l1_distance = _distance("<+>", "l1_distance")
linf_distance = _distance("<*>", "linf_distance")
cosine_distance = _distance("<=>", "cosine_distance")
geo_distance = _distance("<@@>", "geo_distance")
edit_distance = _distance("<~>", "edit_distance")
hamming_distance = _distance("<^>", "hamming_distance")
jaccard_distance = _distance("<&>", "jaccard_distance")
discrete_distance = _distance("<!>", "discrete_distance")


class Vector(types.UserDefinedType):
    """A column of type mmvector, with so many dimensions, or of any number of them.

    Its values are mmdb.Vector, or with numpy=True NumPy arrays. Lists, too, can be assigned and compared with.
    """

    cache_ok = True

    def __init__(self, dimensions=None, numpy=False):
        self.dimensions = dimensions
        self.numpy = numpy

    def get_col_spec(self, **kw):
        return "mmvector" if self.dimensions is None else f"mmvector({int(self.dimensions)})"

    def bind_processor(self, dialect):
        return lambda value: None if value is None else vector_text(value)

    def literal_processor(self, dialect):
        return lambda value: f"'{_Vector.from_text(vector_text(value)).to_text()}'"

    def result_processor(self, dialect, coltype):
        def process(value):
            if value is None:
                return None
            if isinstance(value, str):
                value = _Vector.from_text(value)
            # Otherwise the driver knows mmvector, and has made a vector or an array of it.
            return to_numpy(value) if self.numpy else _Vector(value)

        return process

    class comparator_factory(types.UserDefinedType.Comparator):
        def l2_distance(self, value):
            return self.op("<->", return_type=Float())(value)

        def l1_distance(self, value):
            return self.op("<+>", return_type=Float())(value)

        def linf_distance(self, value):
            return self.op("<*>", return_type=Float())(value)

        def cosine_distance(self, value):
            return self.op("<=>", return_type=Float())(value)


class Text(types.Text):
    """A column of type text, with its distances."""

    cache_ok = True

    class comparator_factory(types.Text.Comparator):
        def edit_distance(self, value):
            return self.op("<~>", return_type=Float())(value)

        def discrete_distance(self, value):
            return self.op("<!>", return_type=Float())(value)


class Point(types.UserDefinedType):
    """A column of type point. Its values are pairs (x, y), or (longitude, latitude)."""

    cache_ok = True

    def get_col_spec(self, **kw):
        return "point"

    def bind_processor(self, dialect):
        return lambda value: None if value is None else _point_text(value)

    def literal_processor(self, dialect):
        return lambda value: f"'{_point_text(value)}'"

    def result_processor(self, dialect, coltype):
        def process(value):
            if isinstance(value, str):
                return tuple(map(float, value.strip("()").split(",")))
            return value

        return process

    class comparator_factory(types.UserDefinedType.Comparator):
        def l2_distance(self, value):
            return self.op("<->", return_type=Float())(value)

        def l1_distance(self, value):
            return self.op("<+>", return_type=Float())(value)

        def geo_distance(self, value):
            return self.op("<@@>", return_type=Float())(value)


def _point_text(value):
    x, y = value
    return f"({float(x)!r},{float(y)!r})"


# For the reflection of tables.
_postgresql.ischema_names.setdefault("mmvector", Vector)
_postgresql.ischema_names.setdefault("point", Point)
