"""Copying entries of the catalogue into `params.yaml`, and taking them out."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pedigree.catalogue.blocks import (
    add_entries,
    find_sections,
    read_block,
    remove_entries,
    shared_lines,
)
from pedigree.catalogue.read import SECTIONS, Catalogue, needs
from pedigree.errors import WrongUseError
from pedigree.params.file import (
    PARAMS_FILE,
    UNREAD_SECTIONS,
    Parameters,
    read_parameters,
)
from pedigree.sections import load_yaml, parse

Entries = dict[str, list[str]]


@dataclass(frozen=True)
class Change:
    """What was changed in `params.yaml`: names of entries, by section.

    Attributes:
        entries: The entries added or removed.
        kept: Entries that were there already and differ from the catalogue's.
    """

    entries: Entries
    kept: Entries


def activate(
    catalogue: Catalogue, names: Iterable[str], path: Path = PARAMS_FILE
) -> Change:
    """Copy experiments and searches, with what they need, into the parameters file.

    Entries that are there already stay as they are.

    Args:
        catalogue: Where the entries are copied from.
        names: Names of experiments and of searches of the catalogue.
        path: The parameters file; replaced in one step, untouched at an error.

    Raises:
        WrongUseError: If the file is wrong, before or after.
    """
    active = read_parameters(path)
    present = {*active.experiments, *active.searches}
    new = [name for name in names if name not in present]
    needed = needs(catalogue.parameters, new)
    added = {
        section: [name for name in needed[section] if name not in held]
        for section, held in _sections(active).items()
    }
    source = _sections(catalogue.parameters)
    kept = {
        section: [
            name
            for name in needed[section]
            if name in held and held[name] != source[section][name]
        ]
        for section, held in _sections(active).items()
    }
    text = read_text(path)
    expected = load_yaml(path) or {}
    blocks = _read_blocks(catalogue, added)
    for section in SECTIONS:
        text = add_entries(text, section, blocks[section])
        for name in added[section]:
            entry = catalogue.entries[section][name]
            expected.setdefault(section, {})[name] = entry
    replace_file(path, text, expected)
    return Change(added, kept)


def deactivate(
    catalogue: Catalogue, names: Iterable[str], path: Path = PARAMS_FILE
) -> Change:
    """Take entries, and what nobody else needs any more, out of the file.

    Searches leave with their experiment. What the catalogue does not hold stays, with
    what it needs: it could not be activated again.

    Args:
        catalogue: What can be activated again.
        names: Names of experiments and of searches of the catalogue.
        path: The parameters file; replaced in one step, untouched at an error.

    Raises:
        WrongUseError: If the file is wrong, before or after.
    """
    active = read_parameters(path)
    leaving = _leaving(active, catalogue, set(names))
    removed = _no_longer_needed(active, catalogue, leaving)
    text = read_text(path)
    expected = load_yaml(path) or {}
    for section in SECTIONS:
        text = remove_entries(text, section, removed[section])
        for name in removed[section]:
            del expected[section][name]
    replace_file(path, text, expected)
    return Change(removed, {section: [] for section in SECTIONS})


def _leaving(active: Parameters, catalogue: Catalogue, asked: set[str]) -> set[str]:
    """The searches and experiments that leave, where those that are asked for do."""
    searches = {
        name
        for name, search in active.searches.items()
        if name in asked
        or (search.experiment in asked and name in catalogue.files["searches"])
    }
    staying = active.searches.keys() - searches
    needed = {active.searches[name].experiment for name in staying}
    return searches | (asked & active.experiments.keys()) - needed


def _no_longer_needed(
    active: Parameters, catalogue: Catalogue, leaving: set[str]
) -> Entries:
    """The leaving experiments and what only they need, as far as the catalogue has it.

    Features that stay keep their dataset, whether an experiment uses them or not.
    """
    experiments = [name for name in active.experiments if name in leaving]
    candidates = needs(active, experiments)
    candidates = {
        section: [name for name in names if name in catalogue.files[section]]
        for section, names in candidates.items()
    }
    staying = [name for name in active.experiments if name not in leaving]
    used_features = {active.experiments[name].features for name in staying}
    features = [f for f in candidates["features"] if f not in used_features]
    models = {active.experiments[name].register_.model for name in staying}
    used_datasets = {
        entry.dataset for name, entry in active.features.items() if name not in features
    }
    return {
        "downloads": [d for d in candidates["downloads"] if d not in used_datasets],
        "datasets": [d for d in candidates["datasets"] if d not in used_datasets],
        "features": features,
        "experiments": candidates["experiments"],
        "searches": [name for name in active.searches if name in leaving],
        # A gate that was made stricter or laxer would not come back as it is.
        **{
            section: [
                name
                for name in candidates[section]
                if name not in models
                and getattr(active, section)[name]
                == getattr(catalogue.parameters, section)[name]
            ]
            for section in UNREAD_SECTIONS
        },
    }


def _sections(parameters: Parameters) -> dict[str, dict[str, object]]:
    return {section: dict(getattr(parameters, section)) for section in SECTIONS}


def _read_blocks(catalogue: Catalogue, names: Entries) -> Entries:
    """The text of entries of the catalogue."""
    wanted = {catalogue.files[s][name] for s in SECTIONS for name in names[s]}
    texts = {path: read_text(path) for path in wanted}
    found = {path: find_sections(text) for path, text in texts.items()}

    def block(section: str, name: str) -> str:
        path = catalogue.files[section][name]
        return read_block(texts[path], found[path][section].entries[name])

    return {s: [block(s, name) for name in names[s]] for s in SECTIONS}


def read_text(path: Path) -> str:
    """Read a file as it is, line ends included."""
    return path.read_bytes().decode("utf-8")


def replace_file(path: Path, text: str, expected: object) -> None:
    """Replace the parameters file in one step, once the new text says what it should.

    Args:
        path: The file.
        text: Its new text.
        expected: What that has to say.

    Raises:
        WrongUseError: If it says something else, or nothing that is right.
    """
    if text == read_text(path):
        return
    target = path.resolve()
    with _temporary_file(target) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
        if _load(temporary) != expected:
            raise shared_lines("entries that share lines or refer to each other")
        parse(Parameters, expected, path)
        shutil.copymode(target, temporary)
        temporary.replace(target)


def _load(path: Path) -> object:
    with suppress(WrongUseError):
        return load_yaml(path)
    return None


@contextmanager
def _temporary_file(target: Path) -> Iterator[Path]:
    """A file beside the target that is gone at the end, unless it was moved."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
