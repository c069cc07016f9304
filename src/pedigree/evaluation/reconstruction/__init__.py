"""Reconstruction: what is measured on a model that gives back its input."""
