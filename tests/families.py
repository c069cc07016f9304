"""One small experiment of each family, on the data of the default set."""

from typing import Any


def experiment(
    title: str,
    features: str,
    model: dict[str, Any],
    epochs: int,
    **train: object,
) -> dict[str, Any]:
    """Build an entry of the section `experiments`."""
    return {
        "study": "families",
        "title": title,
        "features": features,
        "model": {"seed": 0, **model},
        "train": {
            "library": "keras",
            "loss": "categorical_crossentropy",
            "optimizer": {"name": "adam", "learning_rate": 0.01},
            "batch_size": 32,
            "epochs": epochs,
            "seed": 0,
            "precision": "float32",
            "xla": False,
            **train,
        },
        "evaluate": {
            "task": "classification",
            "splits": ["test"],
            "bootstrap": {"resamples": 100, "confidence": 0.95, "seed": 0},
        },
        "register": {"model": title},
    }


DENSE = experiment(
    "dense",
    "breast_cancer_30",
    {
        "architecture": "mlp",
        "hidden": [16, 8],
        "activation": "relu",
        "dropout": [0.5, 0.2],
    },
    epochs=40,
    # Both act and stop the training: a large rate makes the loss go up and down.
    optimizer={"name": "sgd", "learning_rate": 0.05, "momentum": 0.9},
    reduce_learning_rate={"monitor": "val_loss", "factor": 0.5, "patience": 1},
    early_stopping={
        "monitor": "val_loss",
        "patience": 5,
        "restore_best_weights": True,
    },
)
CONVNET = experiment(
    "convnet",
    "digits_8",
    {
        "architecture": "convnet",
        "blocks": [[8], [8]],
        "kernel": [3, 3],
        "padding": ["same", "same"],
        "pool": [2, 2],
        "activation": "relu",
        "dense": [16],
        "dropout": {"blocks": [0.25], "flatten": 0.4},
        "augmentation": [
            {"layer": "random_rotation", "factor": 0.05},
            {"layer": "random_zoom", "height_factor": 0.1},
            {"layer": "random_translation", "height_factor": 0.1, "width_factor": 0.1},
            {"layer": "random_contrast", "factor": 0.2, "value_range": [0, 1]},
            {"layer": "random_brightness", "factor": 0.2, "value_range": [0, 1]},
            {
                "layer": "random_brightness_factor",
                "factor": 0.2,
                "value_range": [0, 1],
            },
            {"layer": "gaussian_noise", "stddev": 0.1},
        ],
    },
    epochs=8,
)
RECURRENT = experiment(
    "recurrent",
    "digits_8",
    {
        "architecture": "recurrent",
        "cell": "lstm",
        "units": [16],
        "dropout": 0.2,
        "recurrent_dropout": 0.2,
    },
    epochs=8,
)

FAMILIES = {"dense": DENSE, "convnet": CONVNET, "recurrent": RECURRENT}
