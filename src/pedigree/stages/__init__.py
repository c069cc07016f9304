"""One script per DVC stage."""
