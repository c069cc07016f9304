"""The measures of a model: one module per task, chosen by name.

The stage evaluate calls, in this order, what every task module has: `predict`,
`measure`, `write_predictions`, `write_plots` and `tables`. `classification` is the
example to follow for another task.
"""
