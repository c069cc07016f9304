"""The typed schema of `params.yaml`: frozen, strict, unknown keys refused."""
