"""Query objects and weights as mmdb's type odbvalues has them: JSON, by the names of columns."""

import datetime
import decimal
import enum
import json
import math
import uuid
from collections.abc import Mapping, Set

from .vector import Vector


def to_json(values):
    """The text of a mapping from columns to values, or of a list of values in the index's order.

    A value is turned into what PostgreSQL reads as a literal of the column's type.
    """
    if isinstance(values, str):
        return values               # JSON or an array literal already
    if isinstance(values, Mapping):
        return json.dumps({str(name): _value(value) for name, value in values.items()}, ensure_ascii=False)
    return json.dumps([_value(value) for value in values], ensure_ascii=False)


def _value(value):
    if isinstance(value, enum.Enum):
        # As psycopg has them: the label is the name, unless the enum is one of strings.
        return value.value if isinstance(value.value, str) and isinstance(value, str) else value.name
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return f"{value.days} days {value.seconds}.{value.microseconds:06} seconds"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "\\x" + bytes(value).hex()
    if isinstance(value, Vector):
        return value.to_list()
    if isinstance(value, Set):
        return [_value(element) for element in sorted(value, key=str)]
    if isinstance(value, (list, tuple)):
        return [_value(element) for element in value]
    if hasattr(value, "tolist"):
        return _value(value.tolist())   # arrays and scalars of NumPy and of the standard library
    raise TypeError(f"mmdb does not know how to write a {type(value).__name__} as a query value; give it as a string")


def _not_finite(value):
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
