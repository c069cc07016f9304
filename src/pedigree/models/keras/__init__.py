"""Models that Keras has trained."""
