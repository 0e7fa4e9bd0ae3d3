"""The class Vector, without a server."""

import struct
import unittest

import mmdb


class VectorTest(unittest.TestCase):
    def test_forms(self):
        for numbers in ([1], [0.1, -2.5, 3.4e38, 1e-45], range(16000)):
            vector = mmdb.Vector(numbers)
            self.assertEqual(mmdb.Vector.from_text(vector.to_text()), vector)
            self.assertEqual(mmdb.Vector.from_binary(vector.to_binary()), vector)
            self.assertEqual(mmdb.Vector.from_binary(memoryview(vector.to_binary())), vector)
        self.assertEqual(mmdb.Vector([1, 2.5, -3]).to_text(), "[1,2.5,-3]")
        self.assertEqual(mmdb.Vector([1, 2.5]).to_binary(), struct.pack("!iff", 2, 1, 2.5))
        self.assertEqual(repr(mmdb.Vector([1, 0.5])), "Vector([1,0.5])")

    def test_sequence(self):
        vector = mmdb.Vector([1, 2, 3])
        self.assertEqual((len(vector), vector[0], vector[-1], list(vector), 2 in vector), (3, 1, 3, [1, 2, 3], True))
        self.assertEqual(vector[1:], mmdb.Vector([2, 3]))
        self.assertEqual(vector.to_list(), [1, 2, 3])
        self.assertEqual({vector: 1}[mmdb.Vector(vector)], 1)
        self.assertNotEqual(vector, [1, 2, 3])

    def test_errors(self):
        for text in ("", "[", "1,2", "[1,]", "{1,2}", "[]"):
            with self.assertRaises(ValueError):
                mmdb.Vector.from_text(text)
        with self.assertRaises(TypeError):
            mmdb.Vector("[1,2]")
        with self.assertRaises(OverflowError):
            mmdb.Vector([1e39])
        with self.assertRaises(ValueError):
            mmdb.Vector.from_binary(struct.pack("!if", 2, 1))

    def test_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("there is no Python module numpy")
        array = numpy.asarray(mmdb.Vector([1, 0.5]))
        self.assertEqual((array.dtype, array.tolist()), (numpy.float32, [1, 0.5]))
        self.assertEqual(mmdb.Vector(array), mmdb.Vector([1, 0.5]))
        for dtype in (numpy.float64, numpy.float32, numpy.float16, numpy.int8, ">f4"):
            self.assertEqual(mmdb.Vector(numpy.array([1, 9, 2, 9], dtype=dtype)[::2]), mmdb.Vector([1, 2]))
        with self.assertRaises(ValueError):
            mmdb.Vector(numpy.zeros((2, 2)))


if __name__ == "__main__":
    unittest.main()
