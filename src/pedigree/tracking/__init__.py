"""MLflow runs, lineage by content, and the model registry."""
