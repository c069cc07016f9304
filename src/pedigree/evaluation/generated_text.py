"""Texts that a language model goes on with."""

from pathlib import Path

from pedigree.data.prepared import Meta
from pedigree.models.continuation import continue_texts
from pedigree.models.predictor import Predictor
from pedigree.params.evaluate import Generation


def write_generated_text(
    predictor: Predictor, generation: Generation, meta: Meta, path: Path
) -> None:
    """Write one line per prefix: the prefix, and what the model adds to it."""
    prefixes = generation.prefixes
    added = continue_texts(predictor, prefixes, meta, generation.tokens)
    lines = (f"{one}{other}\n" for one, other in zip(prefixes, added, strict=True))
    path.write_text("".join(lines), "utf-8")
