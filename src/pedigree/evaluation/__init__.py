"""The measures of a model: one package per task, chosen by name.

The stage evaluate calls, in this order, what the module `task` of each package has:
`predict`, `measure`, `figures` of a split for each repeat of the training,
`write_predictions`, `write_points`, `write_tables`, `draw` and `tables`; `HEADLINE` is
the figure by which repeats are compared. `regression` is the example to follow for
another task.
"""
