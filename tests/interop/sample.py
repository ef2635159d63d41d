"""What tests/support/sample_frames.hpp writes, computed anew."""
import numpy as np

FIELDS = {"u": 0, "v": 1}


def frames(field, count, shape, dtype):
    """[count, (z,) y, x] cells of one field."""
    z, y, x = np.indices((1,) * (3 - len(shape)) + tuple(shape), dtype=np.int64)
    cell = z * 131 + y * 31 + x * 7 + FIELDS[field] * 77
    number = np.arange(count, dtype=np.int64).reshape(-1, 1, 1, 1)
    values = (number * 1009 + cell[np.newaxis]) % 1000 / 1000.0
    return values.astype(dtype).reshape((count,) + tuple(shape))


def steps(count):
    return (np.arange(count, dtype=np.int64) + 1) * 10


def times(count):
    return steps(count) * 0.5


def statistic(field, name, count):
    base = np.arange(count) + 0.25 * FIELDS[field]
    return base + {"min": 0.0, "max": 0.5, "mean": 0.125}[name]
