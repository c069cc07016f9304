"""A small case of each irregular architecture: shape of its input, hyperparameters."""

RESNET = {
    "stem": {"kernel": 7, "stride": 2, "pool": True},
    "stages": [4, 8],
    "blocks": 2,
    "padding": "symmetric",
    "initializer": "glorot_uniform",
    "batch_normalization": {"momentum": 0.9, "epsilon": 0.00001},
}
# As Keras's own examples build it, for small images.
KERAS_RESNET = RESNET | {
    "stem": {"kernel": 7, "stride": 1, "pool": False},
    "padding": "same",
    "initializer": "he_normal",
    "l2": 0.0001,
    "batch_normalization": {"momentum": 0.99, "epsilon": 0.001},
    "last_pool": 2,
}
CASES = {
    "lenet": (
        (12, 12, 1),
        {"filters": [2, 3], "dense": [8, 6], "activation": "tanh"},
    ),
    "alexnet": (
        (67, 67, 1),
        {"filters": [4, 4, 4, 4], "dense": [8, 8], "dropout": 0.5},
    ),
    "vgg": (
        (8, 8, 1),
        {"blocks": [[8, 1], [16, 2]], "width_divisor": 2, "dense": [8], "dropout": 0.5},
    ),
    "googlenet": (
        (32, 32, 1),
        {
            "stem": [4, 4, 6],
            "stem_activation": "linear",
            "stages": [[[2, [3, 4], [3, 2], 2]], [[4, [3, 4], [3, 4], 2]]],
            "last_pool": "max",
        },
    ),
    "resnet": ((16, 16, 1), RESNET),
    "resnet_as_printed": ((8, 8, 1), {"filters": 4, "stages": 3, "l2": 0.0001}),
    "autoencoder": ((8, 8, 1), {"filters": [4, 2], "kernel": 3}),
    "segmentation": ((8, 8, 1), {"filters": [4, 3]}),
}
# They give back their input.
RECONSTRUCTING = {"autoencoder"}
# They tell the class of every pixel.
SEGMENTING = {"segmentation"}
