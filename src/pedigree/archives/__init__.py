"""Files of fitted objects whose bytes depend on nothing but their content."""
