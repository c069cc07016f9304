"""From raw rows to arrays: one module per kind of transform."""
