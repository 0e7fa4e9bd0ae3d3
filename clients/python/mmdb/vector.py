"""The value of a column of type mmvector."""

import struct
import sys
from array import array
from collections.abc import Sequence


class Vector(Sequence):
    """A vector of 32-bit floating-point numbers, as mmvector is.

    It is made of any iterable of numbers, such as a list or a NumPy array, and does not change. numpy.asarray()
    turns it into an array.
    """

    __slots__ = ("_numbers",)

    def __init__(self, numbers):
        if isinstance(numbers, Vector):
            self._numbers = numbers._numbers
        elif isinstance(numbers, (str, bytes)):
            raise TypeError("a vector is made of numbers; Vector.from_text() reads a string")
        elif hasattr(numbers, "astype"):
            if numbers.ndim != 1:
                raise ValueError(f"a vector is made of an array of one dimension, not {numbers.ndim}")
            self._numbers = array("f", numbers.astype("float32").tobytes())
        else:
            # array('f', ...) would make an infinity of a number beyond the type.
            numbers = [float(number) for number in numbers]
            self._numbers = array("f", struct.pack(f"={len(numbers)}f", *numbers))

    @classmethod
    def _of(cls, numbers):
        vector = cls.__new__(cls)
        vector._numbers = numbers
        return vector

    @classmethod
    def from_text(cls, text):
        """The vector that mmvector's text, such as "[1,2.5]", stands for."""
        text = text.strip()
        if text[:1] != "[" or text[-1:] != "]":
            raise ValueError(f"not the text of a vector: {text[:40]!r}")
        return cls(text[1:-1].split(","))

    def to_text(self):
        """mmvector's text, from which PostgreSQL reads the same numbers."""
        return "[" + ",".join(f"{number:.9g}" for number in self._numbers) + "]"

    @classmethod
    def from_binary(cls, data):
        """The vector that mmvector's binary form stands for: the number of dimensions, and the numbers."""
        (dimensions,) = struct.unpack_from("!i", data)
        numbers = array("f", bytes(data[4:]))
        if dimensions != len(numbers):
            raise ValueError(f"not a vector of {dimensions} dimensions: {len(data)} bytes")
        if sys.byteorder == "little":
            numbers.byteswap()
        return cls._of(numbers)

    def to_binary(self):
        """mmvector's binary form."""
        numbers = self._numbers
        if sys.byteorder == "little":
            numbers = array("f", numbers)
            numbers.byteswap()
        return struct.pack("!i", len(numbers)) + numbers.tobytes()

    def to_list(self):
        return self._numbers.tolist()

    def __array__(self, dtype=None, copy=None):
        import numpy

        # A copy, so that what is done to the array does not change the vector.
        return numpy.array(self._numbers, dtype=dtype or numpy.float32)

    def __len__(self):
        return len(self._numbers)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Vector._of(self._numbers[index])
        return self._numbers[index]

    def __eq__(self, other):
        if isinstance(other, Vector):
            return self._numbers == other._numbers
        return NotImplemented

    def __hash__(self):
        # 0 and -0 are equal.
        return hash(tuple(self._numbers))

    def __repr__(self):
        return f"Vector({self.to_text()})"


def vector_text(value):
    """mmvector's text of a vector, an array or a list of numbers; a string is taken for the text already."""
    return value if isinstance(value, str) else Vector(value).to_text()


def to_numpy(vector):
    import numpy

    return numpy.asarray(vector)
