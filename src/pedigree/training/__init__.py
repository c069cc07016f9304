"""Training: batches, optimizers, callbacks, checkpoints and hardware."""
