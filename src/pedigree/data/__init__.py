"""Data: where bytes come from, how they are read, checked, split and transformed."""
