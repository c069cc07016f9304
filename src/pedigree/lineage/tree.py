"""An ancestry as a tree for the terminal."""

import json
from datetime import UTC, datetime

from rich.markup import escape
from rich.tree import Tree

from pedigree.lineage.ancestry import Ancestry, Execution
from pedigree.tracking.run_log import dotted_leaves

# Digits of a hash that tell it from any other.
SHORT = 12


def build_tree(ancestry: Ancestry) -> Tree:
    """Build the tree, from the model version down to the source bytes.

    What two branches share is shown once. Hashes are shortened; `build_graph` has
    them in full.
    """
    aliases = "".join(f" @{alias}" for alias in ancestry.aliases)
    root = Tree(f"[bold]{escape(ancestry.uri)}[/]{escape(aliases)}")
    shown: set[tuple[str, str]] = set()

    def add_data(parent: Tree, path: str, value: str) -> None:
        maker = ancestry.maker(path, value)
        again = (path, value) in shown
        mark = " (above)" if again else ""
        branch = parent.add(f"[bold]{escape(path)}[/] {value[:SHORT]}{mark}")
        if again:
            return
        shown.add((path, value))
        if maker is not None:
            add_execution(branch.add(_title(maker)), maker)
        elif path in ancestry.gaps:
            branch.add("[red]no run tells how it was made[/]: `pedigree sync`")

    def add_execution(branch: Tree, execution: Execution) -> None:
        for line in describe_run(execution):
            branch.add(f"[dim]{escape(line)}[/]")
        for section, leaves in parameters(execution).items():
            _add_lines(branch, section, [f"{name} = {each}" for name, each in leaves])
        code = execution.code.items()
        _add_lines(branch, "code", [f"{path} {value[:SHORT]}" for path, value in code])
        for path, value in execution.data.items():
            add_data(branch, path, value)
        for source in ancestry.sources(execution):
            sha256 = (source.sha256 or "unknown")[:SHORT]
            origin = escape(source.origin)
            branch.add(f"[green]{escape(source.name)}[/] sha256 {sha256} from {origin}")

    add_data(root, ancestry.model_path, ancestry.model_hash)
    return root


def _title(execution: Execution) -> str:
    return f"[cyan]{escape(execution.address)}[/] {execution.key[:SHORT]}"


def _add_lines(parent: Tree, title: str, lines: list[str]) -> None:
    branch = parent.add(f"[dim]{escape(title)}[/]")
    for line in lines:
        branch.add(f"[dim]{escape(line)}[/]")


def describe_run(execution: Execution) -> list[str]:
    """Describe the run of an execution, its commit and its environment, in lines."""
    started = datetime.fromtimestamp(execution.started / 1000, UTC)
    cached = ", made for a cached result" if execution.cached else ""
    changes = " with uncommitted changes" if execution.dirty else ""
    lines = [
        f"run {execution.run_id} of {started:%Y-%m-%d %H:%M:%S} UTC{cached}",
        f"commit {execution.commit or 'unknown'}{changes}",
    ]
    versions = (
        f"{name.removeprefix('package.')} {value}"
        for name, value in sorted(execution.environment.items())
    )
    if execution.environment:
        lines.append(f"on {', '.join(versions)}")
    return lines


def parameters(execution: Execution) -> dict[str, list[tuple[str, str]]]:
    """List the leaves of each section that an execution read, as JSON."""
    sections = execution.parameters.get("params.yaml", {})
    return {
        section: [
            (name, json.dumps(leaf, ensure_ascii=False))
            for name, leaf in dotted_leaves(values)
        ]
        for section, values in sections.items()
    }
