"""The XOR points of the TensorFlow Playground, written as a CSV: nothing is downloaded.

The page, https://playground.tensorflow.org, draws its points in the browser. Here the
same draws are made in the same order, from the generator that the page uses with the
seed of its address, so the points are its own.
"""

from pathlib import Path
from typing import NamedTuple

from pedigree.data.sources.seedrandom import SeedRandom
from pedigree.params.downloads import PlaygroundXorDownload

# A coordinate is drawn from -RANGE to RANGE, then pushed away from its axis.
RANGE = 5
PADDING = 0.3


class Point(NamedTuple):
    """A point of the plane; its label is 1 or -1."""

    x1: float
    x2: float
    label: int


def fetch(download: PlaygroundXorDownload, _: str, folder: Path) -> None:
    """Write the columns `x1`, `x2` and `label`, in the order of the page.

    The page trains on the first rows, and tests on the others.

    Args:
        download: The section of params.yaml.
        _: The key of the section, for which a mirror has no folder.
        folder: Where the file goes.
    """
    generator = SeedRandom(download.seed)
    points = [draw_point(generator, download.noise) for _ in range(download.points)]
    shuffle(points, generator)
    # All digits, in the shortest form that reads back as the same number: sums and
    # products of doubles are equal on every platform, as no library computes them.
    lines = [",".join(Point._fields), *(",".join(map(repr, each)) for each in points)]
    path = folder / download.files[0].name
    path.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")


def draw_point(generator: SeedRandom, noise: float) -> Point:
    """Draw a point, and label it by the signs of its coordinates after some noise.

    Args:
        generator: Where the four draws come from.
        noise: What part of its range each coordinate moves by at most.
    """
    x1, x2 = (_padded(_draw_coordinate(generator)) for _ in range(2))
    noise1, noise2 = (_draw_coordinate(generator) * noise for _ in range(2))
    return Point(x1, x2, 1 if (x1 + noise1) * (x2 + noise2) >= 0 else -1)


def shuffle(points: list[Point], generator: SeedRandom) -> None:
    """Put points in another order: Fisher and Yates's shuffle, from the last one."""
    for last in reversed(range(len(points))):
        drawn = int(generator.random() * (last + 1))
        points[last], points[drawn] = points[drawn], points[last]


def _draw_coordinate(generator: SeedRandom) -> float:
    return generator.random() * (2 * RANGE) - RANGE


def _padded(coordinate: float) -> float:
    return coordinate + (PADDING if coordinate > 0 else -PADDING)
