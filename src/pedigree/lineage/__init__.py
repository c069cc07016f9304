"""The ancestry of model versions: shown, verified, and rebuilt."""
