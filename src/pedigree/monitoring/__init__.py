"""New data beside those that a model was trained on, and what follows from it."""
