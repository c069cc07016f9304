"""Damages of images: each takes images and labels of a split and returns bad ones."""

from collections.abc import Callable
from functools import wraps

import numpy as np
import pyarrow as pa

from data_gate.damage import Damage, Decorator, Rule, register
from data_gate.table_damages import (
    BETWEEN,
    DISTINCT,
    IN_SET,
    MEAN,
    NOT_NULL,
    ROWS,
    ROWS_EXACTLY,
    SHARES,
)
from pedigree.data.raw import table_of_images

IMAGE_DAMAGES: list[Damage] = []

Pair = tuple[np.ndarray, np.ndarray]
Splits = dict[str, Pair]

UNIQUE = "expect_column_values_to_be_unique"


def fashion(expectation: str, *columns: str) -> Decorator:
    return _of_each_split("fashion_mnist", Rule(expectation, columns))


def digits(expectation: str, *columns: str) -> Decorator:
    return _of_each_split("digits", Rule(expectation, columns))


def mnist(expectation: str, *columns: str) -> Decorator:
    return _of_each_split("mnist", Rule(expectation, columns))


def fashion_splits(expectation: str, *columns: str) -> Decorator:
    """A damage of both splits at once."""
    rule = Rule(expectation, columns)
    return register(IMAGE_DAMAGES, "fashion_mnist", "images", rule)


def _of_each_split(dataset: str, rule: Rule) -> Decorator:
    def decorate(damage: Callable[[np.ndarray, np.ndarray], Pair]) -> Callable:
        @wraps(damage)
        def apply(splits: Splits) -> Splits:
            return {
                split: damage(images.copy(), labels.copy())
                for split, (images, labels) in splits.items()
            }

        register(IMAGE_DAMAGES, dataset, "images", rule)(apply)
        return damage

    return decorate


def some(images: np.ndarray, share: float) -> np.ndarray:
    """Choose images by lot, the same each time."""
    return np.random.default_rng(1).random(len(images)) < share


# --- single images ------------------------------------------------------------------


@digits(BETWEEN, "maximum")
@fashion(BETWEEN, "maximum")
@mnist(BETWEEN, "maximum")
def an_image_is_black(images: np.ndarray, labels: np.ndarray) -> Pair:
    images[77] = 0
    return images, labels


@digits(IN_SET, "minimum")
@fashion(IN_SET, "minimum")
@mnist(IN_SET, "minimum")
def an_image_is_white(images: np.ndarray, labels: np.ndarray) -> Pair:
    images[77] = images.max()
    return images, labels


@fashion(IN_SET, "minimum")
def an_image_is_noise(images: np.ndarray, labels: np.ndarray) -> Pair:
    images[77] = np.random.default_rng(0).integers(1, 256, images.shape[1:])
    return images, labels


@digits(UNIQUE, "content")
@fashion(UNIQUE, "content")
@mnist(UNIQUE, "content")
def an_image_is_repeated(images: np.ndarray, labels: np.ndarray) -> Pair:
    images[77], labels[77] = images[78], labels[78]
    return images, labels


@fashion(IN_SET, "bytes")
@mnist(IN_SET, "bytes")
def an_image_is_truncated(images: np.ndarray, labels: np.ndarray) -> pa.Table:
    return _with_image(images, labels, images[77].tobytes()[:-1])


@digits(IN_SET, "bytes")
def an_image_is_missing(images: np.ndarray, labels: np.ndarray) -> pa.Table:
    return _with_image(images, labels, None)


def _with_image(
    images: np.ndarray, labels: np.ndarray, content: bytes | None
) -> pa.Table:
    table = table_of_images(images, labels)
    column = table["image"].to_pylist()
    column[77] = content
    return table.set_column(0, "image", pa.array(column, pa.binary()))


# --- all images ---------------------------------------------------------------------


@digits(MEAN, "mean")
@fashion(MEAN, "mean")
@mnist(MEAN, "mean")
def images_are_inverted(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images.max() - images, labels


@fashion(BETWEEN, "blank")
def a_few_images_are_inverted(images: np.ndarray, labels: np.ndarray) -> Pair:
    few = some(images, 0.01)
    images[few] = 255 - images[few]
    return images, labels


@digits(IN_SET, "blank_rows")
@fashion(BETWEEN, "blank_rows")
@mnist(MEAN, "blank_columns")
def images_are_transposed(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images.transpose(0, 2, 1), labels


@fashion(BETWEEN, "blank_columns")
def images_are_turned(images: np.ndarray, labels: np.ndarray) -> Pair:
    return np.rot90(images, axes=(1, 2)), labels


@digits(BETWEEN, "centre_column")
@fashion(BETWEEN, "centre_column")
@mnist(BETWEEN, "centre_column")
def images_are_mirrored(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images[:, :, ::-1], labels


@digits(BETWEEN, "centre_row")
@fashion(BETWEEN, "centre_row")
@mnist(BETWEEN, "centre_row")
def images_are_upside_down(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images[:, ::-1], labels


@fashion(BETWEEN, "centre_row")
def the_lower_half_of_images_is_lost(images: np.ndarray, labels: np.ndarray) -> Pair:
    images[:, 14:] = 0
    return images, labels


@digits(IN_SET, "height")
@fashion(IN_SET, "height")
def images_lose_a_row(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images[:, :-1], labels


@fashion(IN_SET, "width")
@mnist(IN_SET, "width")
def images_are_padded(images: np.ndarray, labels: np.ndarray) -> Pair:
    return np.pad(images, ((0, 0), (2, 2), (2, 2))), labels


@fashion(IN_SET, "channels")
def images_are_in_colour(images: np.ndarray, labels: np.ndarray) -> Pair:
    return np.repeat(images[..., None], 3, axis=3), labels


@fashion(BETWEEN, "maximum")
@mnist(BETWEEN, "maximum")
def images_are_dimmed(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images // 16, labels


@digits(BETWEEN, "maximum")
def images_are_brightened(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images * 15, labels


@fashion(IN_SET, "minimum")
def images_have_a_grey_background(images: np.ndarray, labels: np.ndarray) -> Pair:
    return np.maximum(images, 20), labels


# --- rows ---------------------------------------------------------------------------


@digits(ROWS_EXACTLY)
def an_image_is_lost(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images[1:], labels[1:]


@fashion(ROWS)
def most_images_are_lost(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images[::10], labels[::10]


@digits(ROWS_EXACTLY)
@fashion(ROWS)
def all_images_are_lost(images: np.ndarray, labels: np.ndarray) -> pa.Table:
    return table_of_images(images, labels).slice(0, 0)


@fashion_splits(IN_SET, "in_earlier_split")
def the_test_split_is_a_stale_copy_of_training(splits: Splits) -> Splits:
    images, labels = splits["train"]
    count = len(splits["test"][0])
    return {**splits, "test": (images[:count], labels[:count])}


@fashion_splits(IN_SET, "in_earlier_split")
def a_training_image_leaks_into_the_test(splits: Splits) -> Splits:
    images, labels = (array.copy() for array in splits["test"])
    images[77], labels[77] = (array[99] for array in splits["train"])
    return {**splits, "test": (images, labels)}


@fashion_splits("expect_table_row_count_to_be_between")
def the_test_split_is_missing(splits: Splits) -> Splits:
    return {"train": splits["train"]}


# --- labels -------------------------------------------------------------------------


@digits(DISTINCT, "label")
@fashion(DISTINCT, "label")
@mnist(DISTINCT, "label")
def a_class_is_missing(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images[labels != 9], labels[labels != 9]


@digits(DISTINCT, "label")
@fashion(DISTINCT, "label")
def labels_count_from_1(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images, labels + 1


@fashion(NOT_NULL, "label")
def a_label_is_missing(images: np.ndarray, labels: np.ndarray) -> pa.Table:
    table = table_of_images(images, labels)
    values = [None if row == 77 else int(label) for row, label in enumerate(labels)]
    place = table.column_names.index("label")
    return table.set_column(place, "label", pa.array(values, pa.int64()))


@digits(BETWEEN, "centre_row")
@fashion(BETWEEN, "blank_rows")
@mnist(MEAN, "blank_columns")
def a_tenth_of_the_labels_is_wrong(images: np.ndarray, labels: np.ndarray) -> Pair:
    drawn = np.random.default_rng(0).integers(1, 10, len(labels))
    return images, np.where(some(images, 0.1), (labels + drawn) % 10, labels)


@digits(MEAN, "blank")
@fashion(MEAN, "mean")
@mnist(MEAN, "mean")
def labels_are_shuffled(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images, np.random.default_rng(0).permutation(labels)


@digits(BETWEEN, "centre_row")
@fashion(BETWEEN, "blank_columns")
def labels_slip_by_an_image(images: np.ndarray, labels: np.ndarray) -> Pair:
    return images, np.roll(labels, 1)


@digits(BETWEEN, "centre_column")
@fashion(BETWEEN, "centre_column")
def classes_are_numbered_in_another_order(
    images: np.ndarray, labels: np.ndarray
) -> Pair:
    return images, (labels + 1) % 10


@digits(SHARES, "label")
@fashion(SHARES, "label")
def a_class_becomes_rare(images: np.ndarray, labels: np.ndarray) -> Pair:
    kept = (labels != 5) | some(images, 0.2)
    return images[kept], labels[kept]
