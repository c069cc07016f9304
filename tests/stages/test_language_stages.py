"""A text goes through the stages that read it, and ends in the same bytes again."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa

from pedigree.data.prepared import read_meta
from pedigree.data.raw import write_split
from pedigree.data.verdict import hash_raw, write_verdict
from pedigree.models.raw_rows import load_raw_rows_model
from pedigree.stages import evaluate, preprocess, train
from pedigree.tracking.registry import signature_of

LINES = ["It was so,", "and so it was.", ""] * 12
PARAMETERS = {
    "features": {
        "f": {
            "split": {
                "test": {"method": "tail", "rows": 60},
                "validation": {"method": "tail", "rows": 60},
                "duplicates": "keep",
            },
            "transform": {
                "kind": "tokens",
                "column": "line",
                "level": "character",
                "vocabulary": 10,
                "fit": "train",
            },
        }
    },
    "experiments": {
        "e": {
            "model": {
                "architecture": "char_lm",
                "cell": "lstm",
                "implementation": "scratch",
                "units": 4,
                "seed": 0,
            },
            "train": {
                "library": "keras",
                "loss": "sparse_categorical_crossentropy",
                "sequences": {"steps": 5, "partition": "sequential"},
                "optimizer": {"name": "sgd", "learning_rate": 1.0, "momentum": 0.0},
                "batch_size": 4,
                "epochs": 2,
                "seed": 0,
                "precision": "float32",
                "xla": False,
            },
            "evaluate": {
                "task": "language",
                "splits": ["train", "validation", "test"],
                "bootstrap": {"resamples": 100, "confidence": 0.95, "seed": 0},
                "generation": {"prefixes": ["it was"], "tokens": 8},
            },
        }
    },
}


class Run(SimpleNamespace):
    """Keeps what a stage logs."""

    def log_metrics(self, metrics, step=0):
        assert step >= 0
        self.metrics |= metrics

    def log_artifact(self, path):
        assert Path(path).exists()


def run_stages(folder, monkeypatch):
    folder.mkdir()
    monkeypatch.chdir(folder)
    Path("params.yaml").write_text(json.dumps(PARAMETERS), "utf-8")
    write_split(Path("data/raw/d"), "all", pa.table({"line": LINES}))
    verdict = {"dataset": "d", "suite": "d", "success": True, "results": []}
    write_verdict(Path("data/validated/d.json"), verdict | {"data": hash_raw("d")})
    run = Run(key="key", metrics={})
    preprocess.main(run, "f", "d")
    train.main(run, "e", "f")
    monkeypatch.setattr(evaluate, "training_run", lambda _: run)
    evaluate.main(run, "e", "f")
    assert run.metrics["tokens_per_second"] > 0
    assert run.metrics["test.perplexity"] > 1
    paths = [Path("data/prepared"), Path("models"), Path("reports")]
    files = [file for path in paths for file in path.rglob("*") if file.is_file()]
    return {str(file): file.read_bytes() for file in files}


def test_a_text_goes_through_the_stages(tmp_path, monkeypatch):
    first = run_stages(tmp_path / "first", monkeypatch)
    assert first == run_stages(tmp_path / "again", monkeypatch)
    text = first["reports/e/tables/generated.txt"].decode()
    assert text.startswith("it was") and len(text) == len("it was") + 8 + 1
    assert b"tokens_per_second" not in b"".join(first.values())
    assert json.loads(first["models/e/outputs.json"])["kind"] == "tokens"

    signature = signature_of(read_meta(Path("data/prepared/f")), "tokens")
    assert signature.inputs.input_names() == ["line"]
    assert signature.outputs.input_names() == ["continuation"]
    folder = Path("served")
    shutil.copytree("data/prepared/f", folder)
    shutil.copytree("models/e", folder, dirs_exist_ok=True)
    model = load_raw_rows_model(folder)
    answers = model.answer(pa.table({"line": ["It WAS!", "so"]}))
    assert tuple(answers.columns) == model.answer_names == ("continuation",)
    assert answers["continuation"].str.len().tolist() == [50, 50]
    assert answers["continuation"][0].startswith(text[len("it was") : -1])
