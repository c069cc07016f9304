"""Training of the nets that are written in NumPy."""
