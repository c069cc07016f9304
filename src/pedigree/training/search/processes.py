"""keras-tuner's chief and workers as processes of this machine."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pedigree.errors import RefusedError

HOST = "127.0.0.1"
SECONDS_BETWEEN_LOOKS = 0.2
# A worker that is killed again and again, and does not end a trial in between, is
# killed by what it does.
DEATHS_AT_MOST = 3


@dataclass
class _Worker:
    """A worker, started again under its name when it is killed.

    Attributes:
        name: Its `KERASTUNER_TUNER_ID`, by which the chief hands it its trial again.
        process: What runs now.
        deaths: How often it was killed since a trial has ended.
        done: How many trials were done when it was started.
    """

    name: str
    process: subprocess.Popen[bytes]
    deaths: int = 0
    done: int = field(default=0)


def run_workers(
    command: Sequence[str],
    number: int,
    count_done: Callable[[], int],
    say: Callable[[str], None],
) -> int:
    """Run a chief and workers until there is no trial left.

    Args:
        command: What each of them runs; they differ by the environment.
        number: How many workers.
        count_done: Says how many trials are done.
        say: Called with a line for the terminal.

    Returns:
        0, or the exit code of the first process that ended otherwise by itself.

    Raises:
        RefusedError: If a worker is killed again and again.
    """
    port = _free_port()
    chief = _start(command, "chief", port)
    workers: list[_Worker] = []
    try:
        for place in range(number):
            name = f"worker-{place + 1}"
            workers.append(_Worker(name, _start(command, name, port)))
            say(f"{name} is process {workers[-1].process.pid}")
        while True:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            # The chief ends when no worker has a trial: who asks later asks nobody.
            if chief.poll() is not None:
                return chief.returncode
            codes = [worker.process.poll() for worker in workers]
            if all(code == 0 for code in codes):
                return 0
            for worker, code in zip(workers, codes, strict=True):
                if code is not None and code > 0:
                    return code
                if code is not None and code < 0:
                    _count_death(worker, count_done())
                    worker.process = _start(command, worker.name, port)
                    say(
                        f"{worker.name} was killed by signal {-code}; it goes on as "
                        f"process {worker.process.pid}"
                    )
    finally:
        _end([chief, *(worker.process for worker in workers)])


def _start(command: Sequence[str], name: str, port: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "KERASTUNER_TUNER_ID": name,
        "KERASTUNER_ORACLE_IP": HOST,
        "KERASTUNER_ORACLE_PORT": str(port),
    }
    if name == "chief":
        # It trains nothing, and TensorFlow takes half a gigabyte.
        environment["KERAS_BACKEND"] = "numpy"
    return subprocess.Popen(command, env=environment)


def _count_death(worker: _Worker, done: int) -> None:
    worker.deaths = worker.deaths + 1 if done == worker.done else 1
    worker.done = done
    if worker.deaths > DEATHS_AT_MOST:
        raise RefusedError(
            f"a worker must end a trial before it is killed again. Received: "
            f"{worker.name}, killed {worker.deaths} times",
            "Look at the memory that a trial takes, or use fewer workers.",
        )


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End what still runs: the chief with its workers, the workers after an error."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
