"""How long `pedigree lineage` takes with 1,000 runs in the store.

usage: python bench/lineage.py [--runs 1000] [--rounds 5]   (in a checkout that has run)

Copies the store of the checkout, adds finished runs that are like those that are there,
and asks for the lineage of the newest version and for the descendants of its source, in
turns. The seconds are those of whole processes, imports included.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path.cwd()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "mlruns")
        shutil.copytree("mlruns", store)
        os.chdir(folder)
        model_uri, source = _fill(arguments.runs)
        commands = {
            "lineage": ["lineage", model_uri],
            "lineage --json": ["lineage", model_uri, "--json"],
            "descendants": ["lineage", source],
        }
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                seconds[name].append(_time(command))
    print(f"{arguments.runs} runs, {arguments.rounds} rounds; median (range), seconds")
    for name, pairs in seconds.items():
        for kind, values in zip(("wall", "CPU"), zip(*pairs, strict=True), strict=True):
            spread = f"({min(values):.2f} to {max(values):.2f})"
            print(f"{name:15} {kind:4} {statistics.median(values):.2f} {spread}")


def _fill(count: int) -> tuple[str, str]:
    """Copy runs until there are as many as asked for, and return what to ask about."""
    from mlflow.entities import Metric, Param, RunTag

    from pedigree.tracking.store import open_client

    client = open_client()
    experiments = [each.experiment_id for each in client.search_experiments()]
    runs = client.search_runs(experiments, "attributes.status = 'FINISHED'")
    for number in range(count - len(runs)):
        like = runs[number % len(runs)]
        new = client.create_run(like.info.experiment_id, run_name=like.info.run_name)
        # Another execution: its key and its outputs are its own.
        tags = like.data.tags | {"dvc.key": f"{number:064x}"}
        own = {name: f"{number:032x}" for name in tags if name.startswith("dvc.out.")}
        client.log_batch(
            new.info.run_id,
            metrics=[Metric(k, v, 0, 0) for k, v in like.data.metrics.items()],
            params=[Param(k, v) for k, v in like.data.params.items()],
            tags=[RunTag(k, v) for k, v in (tags | own).items()],
        )
        client.set_terminated(new.info.run_id)
    (version, *_) = client.search_model_versions()
    trained = client.get_run(version.run_id)
    dataset = json.loads(trained.inputs.dataset_inputs[0].dataset.source)["uri"]
    return f"models:/{version.name}/{version.version}", dataset


def _time(arguments: list[str]) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        [Path(sys.executable).with_name("pedigree"), *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


if __name__ == "__main__":
    main()
