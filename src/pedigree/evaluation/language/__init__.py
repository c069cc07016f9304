"""Language: what is measured on a model that predicts the next token of a text."""
