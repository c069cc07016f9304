"""Classification: what is measured on a classifier, and how it is shown."""
