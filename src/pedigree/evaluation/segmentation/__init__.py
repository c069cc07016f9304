"""Segmentation: what is measured on a model that tells the class of every pixel."""
