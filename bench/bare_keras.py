"""The yardstick: a bare Keras script that trains on the same arrays and saves.

usage: python bench/bare_keras.py PREPARED EPOCHS OUTPUT

It builds `fashion_csv_vgg_lite` as one would in a notebook, with nothing of the
pipeline: no order by seed, no checkpoint, no tracking.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers


def build() -> keras.Model:
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Rescaling(1 / 255)], name="vgg_lite"
    )
    for filters in (32, 64, 128):
        for _ in range(2):
            model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(256, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    return model


def main(prepared: Path, epochs: int, output: Path) -> None:
    def read(split: str) -> tuple[np.ndarray, np.ndarray]:
        y = np.load(prepared / split / "y.npy")
        return np.load(prepared / split / "x.npy"), keras.utils.to_categorical(y, 10)

    model = build()
    optimizer = keras.optimizers.Adam(0.001)
    model.compile(
        optimizer, "categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    x, y = read("train")
    model.fit(
        x,
        y,
        batch_size=128,
        epochs=epochs,
        validation_data=read("validation"),
        verbose=2,
    )
    model.save(output)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
