from io import StringIO

from rich.console import Console

from pedigree.evaluation.figures_table import table_of_figures

# The order of the keys is that of a sorted file, and a class has dots in its name.
METRICS = {
    "intervals": {"test": {"share": {"low": 0.25, "high": 0.75}}},
    "test": {"share": 0.5, "classes": {"a.b": {"iou": 0.125}, "[c]": {}}},
    "train": {"share": 1.0, "classes": {"a.b": {"iou": 0.0625}, "[c]": {"iou": 1.0}}},
    "yardstick": {"classes": {"a.b": {}, "[c]": {}}},
}


def lines_of(titles: dict[str, str], decimals: int = 4) -> list[list[str]]:
    console = Console(width=100, record=True, file=StringIO())
    console.print(table_of_figures(METRICS, titles, decimals))
    rows = console.export_text().replace("┃", "│").splitlines()
    return [
        [cell.strip() for cell in row.strip("│").split("│")]
        for row in rows
        if row.startswith("│")
    ]


def test_each_split_has_a_line_and_the_reported_one_its_intervals() -> None:
    titles = {
        "share": "a share",
        "classes.a.b.iou": "IoU of a.b",
        "classes.[c].iou": "IoU of [c]",
    }
    assert lines_of(titles) == [
        ["split", "a share", "IoU of a.b", "IoU of [c]"],
        ["train", "1.0000", "0.0625", "1.0000"],
        ["test", "0.5000", "0.1250", "-"],
        ["yardstick", "-", "-", "-"],
        ["test interval", "0.2500 to 0.7500", "-", "-"],
    ]


def test_as_many_decimals_are_shown_as_asked_for() -> None:
    assert lines_of({"share": "share"}, 1)[-1] == ["test interval", "0.2 to 0.8"]
