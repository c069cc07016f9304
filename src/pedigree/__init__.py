"""Pedigree: an MLOps pipeline in which every registered model knows its ancestry."""
