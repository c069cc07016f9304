"""The random numbers of seedrandom.js, which the TensorFlow Playground draws from.

They are doubles made of the bytes of RC4, the key of which is the seed's characters and
the first 256 bytes of which are left out: https://github.com/davidbau/seedrandom.
"""

from collections.abc import Iterator

SIGNIFICANT_BITS = 53


class SeedRandom:
    """A generator that a text has seeded.

    Args:
        seed: 1 to 256 characters of Latin-1.
    """

    def __init__(self, seed: str) -> None:
        self._bytes = _rc4(seed.encode("latin-1"))
        for _ in range(256):
            next(self._bytes)

    def random(self) -> float:
        """Draw a number from [0, 1), all of whose 53 bits are random."""
        number, bits = 0, 0
        # At least six bytes, and more while the leading ones are zeros.
        while bits < 48 or number < 2 ** (SIGNIFICANT_BITS - 1):
            number, bits = number * 256 + next(self._bytes), bits + 8
        surplus = max(0, number.bit_length() - SIGNIFICANT_BITS)
        return float((number >> surplus) / 2 ** (bits - surplus))


def _rc4(key: bytes) -> Iterator[int]:
    """Yield the bytes of RC4."""
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + key[i % len(key)] + state[i]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    while True:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        yield state[(state[i] + state[j]) % 256]
