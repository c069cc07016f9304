"""A stage's template in `dvc.yaml`, and which parameters it interpolates."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# What is read of nested mappings: the keys, and what is read of their values; `None`
# stands for all there is.
_Read = dict[str, Any] | None


class Template:
    """One entry of the `stages` in `dvc.yaml`.

    Args:
        name: Its name.
        content: What `dvc.yaml` holds.

    Attributes:
        name: Its name.
        content: What `dvc.yaml` holds, without the other stages.
    """

    def __init__(self, name: str, content: Mapping[str, Any]) -> None:
        definition = content["stages"][name]
        self.name = name
        self.content = {**content, "stages": {name: definition}}
        inner = _interpolated(definition.get("do"))
        self._of_item = _read([path[1:] for path in inner if path[0] == "item"])
        self._shared = _read([p for p in inner if p[0] not in ("item", "key")])
        self._whole = _read(_interpolated(definition))
        section = re.fullmatch(r"\$\{(\w+)\}", str(definition.get("foreach")))
        # Where a stage looks at other entries than its own, they are not told apart.
        alone = section is not None and section[1] not in (self._shared or {})
        self._section = section[1] if section and alone else ""

    def reads(self, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the parts of the parameters that the template has to be resolved with.

        That is one part for each stage where `foreach` goes through a section, and
        else one part for all stages.
        """
        section = parameters.get(self._section)
        if not isinstance(section, dict):
            yield _part(parameters, self._whole)
            return
        shared = _part(parameters, self._shared)
        for key, item in section.items():
            yield {**shared, self._section: {key: _part(item, self._of_item)}}


def _interpolated(template: Any) -> list[tuple[str, ...]]:
    """The paths that stand in the `${...}` of a template, as DVC finds them."""
    from dvc.parsing.interpolate import get_matches, normalize_key, recurse

    paths = []

    def note(text: str) -> None:
        for match in get_matches(text):
            steps = normalize_key(match["inner"]).split(".")
            paths.append(tuple(step.strip() for step in steps))

    recurse(note)(template)
    return paths


def _read(paths: list[tuple[str, ...]]) -> _Read:
    if () in paths:
        return None
    heads = sorted({path[0] for path in paths})
    return {
        head: _read([path[1:] for path in paths if path[0] == head]) for head in heads
    }


def _part(value: Any, read: _Read) -> Any:
    if read is None or not isinstance(value, dict):
        return value
    return {key: _part(value[key], read[key]) for key in read if key in value}
