"""What the cells of a search measured, recorded beside what was published."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pedigree.catalogue.activation import activate
from pedigree.catalogue.read import read_catalogue
from pedigree.cli.app import app
from pedigree.errors import WrongUseError
from pedigree.params.file import read_parameters
from pedigree.tracking.dvc_entry import DvcEntry
from pedigree.tracking.results import Result, read_results
from pedigree.tracking.runs import output_tags, start_run
from pedigree.tracking.search_results import record_search
from pedigree.tracking.store import open_client

ID = "fashion_bn_cnn_grid"
CELL = "last.val_accuracy dropout_1=0.0 dropout_2=0.0 dropout_3=0.{} "
CELL += "linear_hidden_size=64"
TRIALS = (
    "trial,dropout_1,dropout_2,dropout_3,linear_hidden_size,epochs,last.val_accuracy\n"
    "1,0.0,0.0,0.0,64,10,0.91\n"
    "2,0.0,0.0,0.2,64,10,0.92\n"
    "3,0.0,0.0,0.3,64,,\n"
)


@pytest.fixture
def searched(project: Path, store: Path) -> None:
    """What a search leaves behind, with small files in the place of its outputs."""
    from dvc.repo import Repo

    assert store.parent == project
    activate(read_catalogue(), [ID])
    reports = f"reports/search/{ID}"
    for path, content in (
        ("data/external/fashion_mnist/train.gz", "bytes"),
        ("data/raw/fashion_mnist/all.parquet", "rows"),
        ("data/validated/fashion_mnist.json", "{}"),
        ("data/prepared/fashion_28_random/meta.json", "{}"),
        (f"{reports}/trials.csv", TRIALS),
        (f"{reports}/history.csv", "trial,epoch\n"),
        (f"{reports}/best.json", "{}"),
        (f"{reports}/plots/parallel_coordinates.png", "1"),
    ):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(content, "utf-8")
    subprocess.run(["git", "init", "--quiet"], check=True)
    Repo().commit(f"tune@{ID}", with_deps=True, force=True)
    client = open_client()
    entry = DvcEntry(f"tune@{ID}")
    run = start_run(client, entry, entry.entry, output_tags(entry.outputs()))
    began = client.get_run(run.run_id).info.start_time
    client.set_terminated(run.run_id, "FINISHED", began + 9000)


def record_one() -> Result:
    return record_search(ID, read_parameters(), read_catalogue().parameters)


@pytest.mark.usefixtures("searched")
def test_a_search_is_recorded_and_compared() -> None:
    result = record_one()
    # A trial that failed measured nothing.
    assert result.measured == {CELL.format(0): 0.91, CELL.format(2): 0.92}
    assert (result.scale, result.epochs, result.seconds) == ("full", 20, 9.0)
    assert result.settings.search["epochs"] == 10
    assert "data/prepared/fashion_28_random" in result.lineage.hashes
    assert result.lineage.keys == {"tune": DvcEntry(f"tune@{ID}").key}

    runner = CliRunner()
    recorded = runner.invoke(app, ["record", ID, "--remark", "two cells"])
    assert recorded.exit_code == 0, recorded.output
    assert read_results("seed_004")[ID].remark == "two cells"
    assert record_one().remark == "two cells"
    compared = runner.invoke(
        app, ["compare", "--study", "seed_004", "--format", "markdown"]
    )
    name = CELL.format(2).replace("_", "_")
    assert f"| {ID} | full | {name} | 0.9194 | 0.9200 |  | +0.0006 |" in compared.output


@pytest.mark.usefixtures("searched")
def test_a_search_with_other_values_is_refused_and_a_shorter_one_told() -> None:
    params = Path("params.yaml")
    text = params.read_text("utf-8")
    params.write_text(text.replace("dropout_1=0.0", "dropout_1=0.2"), "utf-8")
    assert record_one().scale == "full"  # what was published changes no recipe
    head, entry, rest = text.partition(f"  {ID}:\n")
    params.write_text(head + entry + rest.replace("epochs: 10", "epochs: 9"), "utf-8")
    with pytest.raises(WrongUseError, match=f"tune@{ID} must be up to date"):
        record_one()


@pytest.mark.usefixtures("project")
def test_published_cells_are_those_of_the_grid() -> None:
    activate(read_catalogue(), [ID])
    params = Path("params.yaml")
    text = params.read_text("utf-8")
    params.write_text(text.replace("dropout_1=0.0 ", "dropout_1=0.1 "), "utf-8")
    with pytest.raises(
        WrongUseError, match=r"published must name cells.*dropout_1=0.1"
    ):
        read_parameters()
