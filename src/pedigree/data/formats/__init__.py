"""How to read bytes: one module per format."""
