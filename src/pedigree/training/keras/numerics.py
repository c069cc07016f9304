"""The settings of Keras that shape results, whatever a user's own are."""

import keras


def fix_numerics(precision: str) -> None:
    """Set what Keras otherwise reads from `~/.keras/keras.json`, a hidden input.

    Args:
        precision: Name of the policy that layers compute and keep their weights by.
    """
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy(precision)
