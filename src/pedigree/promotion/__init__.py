"""Promotion: a version becomes the champion only through a gate."""
