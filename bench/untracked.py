"""Track a training that trains nothing: what tracking alone costs.

usage: python bench/tracking.py EXPERIMENT EPOCHS   (in a checkout that has run it)

Prints the seconds of opening the run (imports, hashes, tags, parameters), of the
epochs' metrics, and of closing it (the outputs' hashes), on one line.
"""

import sys
import time


def main(experiment: str, epochs: int) -> None:
    started = time.perf_counter()
    from pedigree.tracking.dvc_entry import DvcEntry
    from pedigree.tracking.stage import open_run

    names = ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
    with open_run(DvcEntry(f"train@{experiment}")) as run:
        opened = time.perf_counter()
        for epoch in range(epochs):
            run.log_metrics(dict.fromkeys(names, 0.5), epoch + 1)
        logged = time.perf_counter()
    closed = time.perf_counter()
    print(opened - started, logged - opened, closed - logged)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
