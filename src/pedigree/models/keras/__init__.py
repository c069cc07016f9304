"""What all Keras models are put together from."""
