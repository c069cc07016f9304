import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pedigree.evaluation.images import draw_image, draw_images, sample_rows
from pedigree.params.evaluate import Samples


@given(st.integers(1, 30), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_samples_are_drawn_without_replacement_and_in_order(number, rows, seed):
    samples = Samples(number=number, columns=4, seed=seed)
    drawn = sample_rows(samples, rows).tolist()
    assert len(drawn) == min(number, rows)
    assert drawn == sorted(set(drawn))
    assert set(drawn) <= set(range(rows))
    assert drawn == sample_rows(samples, rows).tolist()


def test_the_seed_decides_which():
    drawn = [
        sample_rows(Samples(number=5, columns=5, seed=seed), 1000).tolist()
        for seed in (0, 1)
    ]
    assert drawn[0] != drawn[1]


def test_chosen_rows_are_those_in_their_order():
    assert sample_rows(Samples(rows=(8, 3), columns=2), 9).tolist() == [8, 3]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"number": 1},
        {"seed": 0},
        {"rows": (1,), "seed": 0},
        {"rows": (1,), "number": 1, "seed": 0},
        {"rows": ()},
    ],
)
def test_samples_are_either_drawn_or_chosen(given):
    with pytest.raises(ValidationError, match=r"a number and a seed|at least 1 item"):
        Samples(columns=1, **given)


@pytest.mark.parametrize("channels", [1, 3])
def test_one_image_shows_its_own_values(tmp_path, channels):
    image = np.random.default_rng(0).integers(0, 100, (6, 5, channels), np.uint8)
    drawn = {}
    for name, values in {"a": image, "b": image, "brighter": image + 100}.items():
        draw_image(values, tmp_path / name, "boot", "green")
        drawn[name] = (tmp_path / name).read_bytes()
    assert drawn["a"] == drawn["b"]
    # Of one channel the bar tells the values; a photograph has none.
    assert (drawn["a"] == drawn["brighter"]) == (channels == 3)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("number", [1, 4, 7])
def test_a_grid_is_the_same_bytes_again(tmp_path, channels, number):
    shape = (number, 6, 5, channels)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    titles = [str(index) for index in range(number)]
    for name in "ab":
        draw_images(images, tmp_path / name, 3, titles, ["red"] * number)
    content = (tmp_path / "a").read_bytes()
    assert content == (tmp_path / "b").read_bytes()
    draw_images(images[::-1], tmp_path / "c", 3, titles, ["red"] * number)
    assert (content == (tmp_path / "c").read_bytes()) == (number == 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_only_limits_make_the_brightness_of_images_comparable(tmp_path, channels):
    bright = np.random.default_rng(0).uniform(size=(2, 6, 5, channels))
    for limits, alike in ((None, True), ((0.0, 1.0), False)):
        draw_images(bright, tmp_path / "bright", 2, limits=limits)
        draw_images(bright / 4, tmp_path / "dark", 2, limits=limits)
        contents = [(tmp_path / name).read_bytes() for name in ("bright", "dark")]
        assert (contents[0] == contents[1]) == alike


def test_an_image_of_one_value_is_drawn(tmp_path):
    for channels in (1, 3):
        draw_images(np.zeros((2, 4, 4, channels)), tmp_path / str(channels), 2)
        assert (tmp_path / str(channels)).read_bytes().startswith(b"\x89PNG")
