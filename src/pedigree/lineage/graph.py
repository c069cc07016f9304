"""An ancestry as a graph: nodes that bear their hash, edges to what they come from."""

import hashlib
import json
from dataclasses import asdict
from typing import Any, Literal, TypedDict

from pedigree.lineage.ancestry import Ancestry, Execution

Kind = Literal[
    "model_version",
    "run",
    "stage",
    "parameters",
    "code",
    "artifact",
    "dataset",
    "source",
]


class Graph(TypedDict):
    """What `pedigree lineage --json` prints.

    Attributes:
        nodes: Each has `id`, `kind`, `name` and `hash`, and what its kind adds.
        edges: Pairs of ids: what is made, then what it is made from.
    """

    nodes: list[dict[str, Any]]
    edges: list[tuple[str, str]]


def build_graph(ancestry: Ancestry) -> Graph:
    """Build the graph of an ancestry, from the model version to the source bytes."""
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str], None] = {}

    def add(kind: Kind, name: str, value: str | None, **more: Any) -> str:
        identity = f"{kind}:{name}@{value}"
        nodes[identity] = {
            "id": identity,
            "kind": kind,
            "name": name,
            "hash": value,
            **more,
        }
        return identity

    def link(start: str, end: str) -> None:
        edges[(start, end)] = None

    version = add(
        "model_version",
        ancestry.uri,
        ancestry.model_hash,
        aliases=list(ancestry.aliases),
        manifest=ancestry.manifest,
    )
    link(version, add("artifact", ancestry.model_path, ancestry.model_hash))
    for execution in ancestry.executions:
        stage = add(
            "stage", execution.address, execution.key, command=execution.command
        )
        for path, value in ancestry.needed_outputs(execution).items():
            link(add(_kind_of(path), path, value), stage)
        link(
            stage,
            add("run", execution.run_id, execution.key, **_describe_run(execution)),
        )
        values = execution.parameters.get("params.yaml", {})
        if values:
            name = ", ".join(values)
            link(stage, add("parameters", name, _hash(values), values=dict(values)))
        for path, value in execution.code.items():
            link(stage, add("code", path, value))
        for path, value in execution.data.items():
            link(stage, add(_kind_of(path), path, value))
        for source in ancestry.sources(execution):
            file = add("source", source.name, source.sha256, origin=source.origin)
            put_there = execution.data.get(source.origin)
            folder = f"dataset:{source.origin}@{put_there}"
            link(folder if put_there else stage, file)
    return {"nodes": list(nodes.values()), "edges": list(edges)}


def _kind_of(path: str) -> Kind:
    return "dataset" if path.startswith("data/") else "artifact"


def _describe_run(execution: Execution) -> dict[str, Any]:
    everything = asdict(execution)
    names = ("started", "commit", "dirty", "cached", "environment")
    return {"address": execution.address} | {name: everything[name] for name in names}


def _hash(values: Any) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
