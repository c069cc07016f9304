"""Architectures: one module each."""
