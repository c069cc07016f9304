"""What `pedigree summary --analysis` says of a model: as plain data, and as tables."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pedigree.params.train import KerasTrain, Train

if TYPE_CHECKING:
    import keras
    from rich.console import Console
    from rich.table import Table

    from pedigree.models.analysis import LayerCost

MEBIBYTE = 2**20
# What the tables need; a narrower terminal wraps their lines.
WIDTH = 100
COUNTS = ("parameters", "activations", "multiply_adds")


def analysis(
    model: "keras.Model", train: Train, batch_sizes: Sequence[int]
) -> dict[str, Any]:
    """Analyse a model.

    Args:
        model: The model.
        train: How it is trained: the optimizer and the precision count.
        batch_sizes: Batch sizes to estimate the memory for.

    Returns:
        `layers`, each with its counts and their shares in the total, `totals`, and
        `memory` in MiB for each batch size, of trainings by Keras alone.
    """
    from pedigree.models.analysis import analyse

    costs = analyse(model)
    totals = {name: sum(getattr(cost, name) for cost in costs) for name in COUNTS}
    layers = []
    for cost in costs:
        shares = {
            f"{name}_share": getattr(cost, name) / totals[name] if totals[name] else 0.0
            for name in COUNTS
        }
        layers.append(asdict(cost) | shares)
    memory = []
    if isinstance(train, KerasTrain):
        memory = [_memory(model, costs, train, size) for size in batch_sizes]
    return {"layers": layers, "totals": totals, "memory": memory}


def _memory(
    model: "keras.Model", costs: "Sequence[LayerCost]", train: KerasTrain, size: int
) -> dict[str, Any]:
    from pedigree.models.analysis import estimate_memory
    from pedigree.training.keras.optimizers import build_optimizer

    optimizer = build_optimizer(train.optimizer)
    width = 4 if train.precision == "float32" else 2
    memory = estimate_memory(model, costs, optimizer, size, width)
    needed = {**asdict(memory), "total": memory.total}
    del needed["batch_size"]
    mebibytes = {name: round(count / MEBIBYTE, 2) for name, count in needed.items()}
    return {"batch_size": size, **mebibytes}


def print_analysis(analysis: dict[str, Any], train: Train) -> None:
    """Print the layers and the memory as tables of at most 100 columns."""
    from rich.console import Console

    console = Console(highlight=False)
    console.width = max(console.width, WIDTH)
    console.print(_layers(analysis["layers"], analysis["totals"]))
    if isinstance(train, KerasTrain):
        _print_memory(console, analysis["memory"], train)


def _layers(layers: Sequence[dict[str, Any]], totals: dict[str, int]) -> "Table":
    table = _table()
    table.add_column("layer", overflow="fold")
    table.add_column("output shape", no_wrap=True)
    for name in COUNTS:
        table.add_column(name.replace("_", "-"), justify="right")
        table.add_column("%", justify="right")
    table.add_column("field", justify="right")
    for layer in layers:
        cells = [layer["name"], _times(layer["output_shape"])]
        for name in COUNTS:
            cells += _cells(layer[name], 100 * layer[f"{name}_share"])
        table.add_row(*cells, _field(layer["receptive_field"]))
    table.add_section()
    sums = [cell for name in COUNTS for cell in (f"{totals[name]:,}", "")]
    table.add_row("total", "", *sums, "")
    return table


def _print_memory(
    console: "Console", memory: Sequence[dict[str, Any]], train: KerasTrain
) -> None:
    table = _table()
    for name in memory[0]:
        title = train.optimizer.name if name == "optimizer" else name.replace("_", " ")
        table.add_column(title, justify="right")
    for row in memory:
        cells = [f"{value:,.1f}" for name, value in row.items() if name != "batch_size"]
        table.add_row(str(row["batch_size"]), *cells)
    console.print(f"\nMemory of a training in MiB, with {train.precision}:")
    console.print(table)


def _table() -> "Table":
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)


def _cells(count: int, percent: float) -> list[str]:
    return [f"{count:,}", f"{percent:.1f}"] if count else ["", ""]


def _times(numbers: Sequence[int]) -> str:
    return "x".join(map(str, numbers))


def _field(field: Sequence[int] | None) -> str:
    if field is None:
        return ""
    return str(field[0]) if len(set(field)) == 1 else _times(field)
