"""How to get bytes: one module per kind of download."""
