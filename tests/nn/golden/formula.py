"""The pseudo-random numbers that golden files and tests agree on."""
import numpy as np


def numbers(key, *shape):
    """In [-0.5, 0.5): the same integers in every language; tests/nn/golden.cpp."""
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    x = (i * 2654435761 + key * 40503 + 12345) % 2**32
    x = ((x ^ (x >> 15)) * 2246822519) % 2**32
    x = ((x ^ (x >> 13)) * 3266489917) % 2**32
    return ((x ^ (x >> 16)) / 2**32 - 0.5).astype(np.float32).reshape(shape)
