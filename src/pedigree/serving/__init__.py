"""Registered models at work: loading them, and answering to files of raw rows."""
