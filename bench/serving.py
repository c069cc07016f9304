"""How fast registered models answer, and how much memory a large file takes.

usage: python bench/serving.py [--part serve --part pyfunc --part predict]
       [--model models:/breast-cancer@challenger ...] [--requests 200] [--rows 10000000]

In a checkout that has run. Requests go to `mlflow models serve` on this machine, one
after the other. Files are rows of the dataset, repeated. Seconds are of the clock.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

PARTS = ("serve", "pyfunc", "predict")
MODELS = ("models:/breast-cancer@challenger", "models:/digits@challenger")
BATCH = 1000
LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
PEDIGREE = Path(sys.executable).with_name("pedigree")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--model", action="append")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--suffix", default=".csv")
    parser.add_argument("--pyfunc", metavar="MODEL_URI", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ.setdefault("MLFLOW_TRACKING_URI", "sqlite:///mlruns/mlflow.db")
    if arguments.pyfunc:
        _pyfunc(arguments.pyfunc, arguments.requests)
        return
    for model_uri in arguments.model or MODELS:
        for part in arguments.part or PARTS:
            if part == "serve":
                _serve(model_uri, arguments.requests)
            elif part == "pyfunc":
                # A process of its own: the import of TensorFlow is part of the start.
                own = [sys.executable, __file__, "--pyfunc", model_uri]
                own += ["--requests", str(arguments.requests)]
                subprocess.run(own, check=True)
            else:
                _predict(model_uri, arguments.rows, arguments.suffix)


def _serve(model_uri: str, requests: int) -> None:
    table = _raw_rows(model_uri)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.perf_counter()
    with _server(model_uri, port) as address:
        cold = time.perf_counter() - started
        body = _body(table.slice(0, 1))
        first = _time(lambda: _post(address, body))
        seconds = [_time(lambda: _post(address, body)) for _ in range(requests)]
        _report(f"REST {model_uri}", cold, first, seconds)
        many = _body(_repeated(table, BATCH))
        _post(address, many)
        batches = [_time(lambda: _post(address, many)) for _ in range(10)]
        _report_rows(f"REST {model_uri}", BATCH / statistics.median(batches))


def _pyfunc(model_uri: str, requests: int) -> None:
    table = _raw_rows(model_uri)
    started = time.perf_counter()
    import mlflow

    model = mlflow.pyfunc.load_model(model_uri)
    cold = time.perf_counter() - started
    one, many = _input(table.slice(0, 1)), _input(_repeated(table, BATCH))
    first = _time(lambda: model.predict(one))
    seconds = [_time(lambda: model.predict(one)) for _ in range(requests)]
    _report(f"Python {model_uri}", cold, first, seconds)
    model.predict(many)
    batches = [_time(lambda: model.predict(many)) for _ in range(10)]
    _report_rows(f"Python {model_uri}", BATCH / statistics.median(batches))


def _predict(model_uri: str, rows: int, suffix: str) -> None:
    table = _raw_rows(model_uri)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, f"in{suffix}")
        _write(table, rows, source)
        target = Path(folder, "out.parquet")
        command = [PEDIGREE, "predict", model_uri, source, target]
        started = time.perf_counter()
        # A child is taken to be as large as the process that starts it: a small one.
        launch = [sys.executable, "-c", LAUNCHER, *map(str, command)]
        done = subprocess.run(launch, check=True, stdout=subprocess.PIPE, text=True)
        seconds = time.perf_counter() - started
    memory = int(done.stdout) / 1024
    print(
        f"predict {model_uri}: {rows:,} rows of a {suffix} in {seconds:.1f} s, start "
        f"included, {rows / seconds:,.0f} per second; highest memory {memory:,.0f} MiB"
    )


def _raw_rows(model_uri: str) -> pa.Table:
    """Read the raw data of a model's dataset, without its label."""
    from pedigree.data.raw import read_splits
    from pedigree.lineage.ancestry import read_ancestry
    from pedigree.lineage.records import open_records
    from pedigree.serving.version import find_stage, read_source

    ancestry = read_ancestry(open_records(), model_uri)
    dataset, _ = read_source(ancestry)
    preprocess = find_stage(ancestry, "preprocess")
    table = next(iter(read_splits(Path("data/raw", dataset)).values()))
    transforms = [
        value
        for name, value in preprocess.parameters["params.yaml"].items()
        if name.endswith(".transform")
    ]
    target = (transforms[0].get("label") or transforms[0]["target"])["column"]
    return table.drop_columns([target])


def _repeated(table: pa.Table, rows: int) -> pa.Table:
    return table.take(pa.array(np.arange(rows) % table.num_rows))


def _input(table: pa.Table) -> "pd.DataFrame | np.ndarray":
    if "image" not in table.column_names:
        return table.to_pandas()
    from pedigree.data.raw import images_of

    return images_of(table)


def _body(table: pa.Table) -> bytes:
    rows = _input(table)
    if isinstance(rows, np.ndarray):
        return json.dumps({"inputs": rows.tolist()}).encode()
    return (
        f'{{"dataframe_split": {rows.to_json(orient="split", index=False)}}}'.encode()
    )


def _write(table: pa.Table, rows: int, path: Path) -> None:
    """Write rows over and over; images as columns of pixels."""
    frame = _input(table)
    if isinstance(frame, np.ndarray):
        flat = frame.reshape(len(frame), -1)
        names = [f"pixel{n + 1}" for n in range(flat.shape[1])]
        frame = pd.DataFrame(flat, columns=names)
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        whole = pa.Table.from_pandas(frame, preserve_index=False)
        with pq.ParquetWriter(path, whole.schema) as writer:
            for start in range(0, rows, len(frame)):
                writer.write_table(whole.slice(0, rows - start))
        return
    header, _, lines = frame.to_csv(index=False).partition("\n")
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{header}\n")
        for _ in range(rows // len(frame)):
            file.write(lines)
        file.write(frame[: rows % len(frame)].to_csv(index=False, header=False))


@contextmanager
def _server(model_uri: str, port: int) -> Iterator[str]:
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model_uri]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(
        command,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            _wait(f"http://127.0.0.1:{port}/ping", server)
            yield f"http://127.0.0.1:{port}/invocations"
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def _wait(address: str, server: "subprocess.Popen[bytes]") -> None:
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                sys.exit("the server has ended")
            time.sleep(0.05)


def _post(address: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, body, headers)
    with urllib.request.urlopen(request, timeout=600) as response:
        response.read()


def _time(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _report(name: str, cold: float, first: float, seconds: list[float]) -> None:
    milliseconds = np.array(seconds) * 1000
    print(
        f"{name}: start {cold:.1f} s, first row {first * 1000:.0f} ms, then "
        f"{len(seconds)} single rows: median {np.median(milliseconds):.1f} ms, 99th "
        f"percentile {np.quantile(milliseconds, 0.99):.1f} ms",
        flush=True,
    )


def _report_rows(name: str, rows: float) -> None:
    print(f"{name}: {rows:,.0f} rows per second by {BATCH} at once", flush=True)


if __name__ == "__main__":
    main()
