"""The catalogue of experiments, and how its entries get into `params.yaml`."""
