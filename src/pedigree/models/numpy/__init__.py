"""Dense nets written in NumPy, with their own back-propagation."""
