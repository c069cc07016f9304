"""The stages that DVC makes of `dvc.yaml` and some parameters.

DVC itself resolves the templates, loads the stages and builds their graph; nothing is
run and nothing is hashed. `pedigree affected` and `pedigree check` ask here.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pedigree.errors import WrongUseError
from pedigree.params import PARAMS_FILE
from pedigree.sections import leaves, load_yaml

if TYPE_CHECKING:
    from dvc.repo import Repo

PIPELINE_FILE = Path("dvc.yaml")


class Stage(NamedTuple):
    """What decides whether a stage runs again, apart from the content of its files.

    Attributes:
        command: The command line.
        dependencies: Paths of the files and folders it depends on.
        parameters: The value of each key of `params.yaml` that it reads.
        outputs: Paths of what it writes.
    """

    command: str
    dependencies: frozenset[str]
    parameters: Mapping[str, Any]
    outputs: frozenset[str]


class Pipeline:
    """A project's `dvc.yaml`, resolved with its parameters or with others.

    Args:
        root: The root of the project.

    Raises:
        WrongUseError: If `dvc.yaml` or `params.yaml` is missing or wrong.
    """

    def __init__(self, root: Path = Path()) -> None:
        self._root = root.resolve()
        self.parameters: Any = load_yaml(root / PARAMS_FILE) or {}
        if not (root / PIPELINE_FILE).is_file():
            raise WrongUseError(
                f"{PIPELINE_FILE} must exist. Received: no such file",
                "Run the command in the root of the project.",
            )

    @cached_property
    def stages(self) -> dict[str, Stage]:
        """The stages of the project's own parameters, in the order of `dvc repro`."""
        from dvc.repo.reproduce import plan_repro

        ordered = plan_repro(self._graph)
        return {stage.name: _describe(stage, self.parameters) for stage in ordered}

    def resolve(self, parameters: Mapping[str, Any]) -> dict[str, Stage]:
        """Resolve the stages with other parameters."""
        return {
            stage.name: _describe(stage, parameters) for stage in self._load(parameters)
        }

    def changed(self, parameters: Mapping[str, Any]) -> list[str]:
        """Name the stages whose command, dependencies or values differ."""
        resolved = self.resolve(parameters)
        return [
            name for name, stage in self.stages.items() if resolved.get(name) != stage
        ]

    def affected(self, parameters: Mapping[str, Any]) -> list[str]:
        """Name the stages that would run again, in the order of `dvc repro`.

        These are the stages that change, and those that need an output of theirs.
        """
        from dvc.repo.reproduce import plan_repro

        changed = set(self.changed(parameters))
        starts = [stage for stage in self._graph if stage.name in changed]
        # Asked about no stage at all, DVC would plan to run every stage.
        plan = plan_repro(self._graph, starts, downstream=True) if starts else []
        return [stage.name for stage in plan]

    @cached_property
    def _repo(self) -> "Repo":
        from dvc.repo import Repo

        return Repo(str(self._root), uninitialized=True)

    @cached_property
    def _definition(self) -> Any:
        from dvc.dvcfile import load_file

        with _explained():
            return load_file(self._repo, str(self._root / PIPELINE_FILE)).contents

    @cached_property
    def _graph(self) -> Any:
        """DVC's graph: an edge goes from a stage to a stage that it needs."""
        from dvc.repo.graph import build_graph

        stages = list(self._load(self.parameters))
        with _explained():
            return build_graph(stages)

    def _load(self, parameters: Mapping[str, Any]) -> Iterator[Any]:
        """Yield DVC's own stage objects, made with some parameters."""
        from dvc.dvcfile import load_file
        from dvc.parsing import DataResolver
        from dvc.parsing.context import Context
        from dvc.stage.loader import StageLoader

        with _explained():
            resolver = DataResolver(_NoFiles(self._repo), ".", self._definition)
            resolver.context.update(Context(parameters))
            file = load_file(self._repo, str(self._root / PIPELINE_FILE))
            for name in resolver.get_keys():
                (entry,) = resolver.resolve_one(name).values()
                yield StageLoader.load_stage(file, name, entry)


class _NoFiles:
    """A repository whose `params.yaml` the resolver does not find: it is handed one."""

    def __init__(self, repo: "Repo") -> None:
        from dvc.fs import MemoryFileSystem

        self.fs = MemoryFileSystem(global_store=False)
        self.config = repo.config


def change_leaves(parameters: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Copy parameters with another value in each leaf of a key.

    Args:
        parameters: The content of `params.yaml`.
        key: Dotted path of a leaf or a section, e.g. `experiments.digits.train`.

    Raises:
        WrongUseError: If there is no such key.
    """
    paths = [
        path
        for path, _ in leaves(parameters)
        if f"{_dotted(path)}.".startswith(f"{key}.")
    ]
    if not paths:
        raise WrongUseError(
            f"KEY must be a key of {PARAMS_FILE}. Received: {key!r}",
            _closest(parameters, key),
        )
    changed: Any = deepcopy(parameters)
    for *parents, last in paths:
        holder = reduce(lambda inside, step: inside[step], parents, changed)
        holder[last] = _another(holder[last])
    return dict(changed)


def _another(value: Any) -> Any:
    """A value that is not the one given; a list stays a list, a mapping a mapping."""
    if value == []:
        return ["another"]
    return value if value == {} else f"{value}_another"


def _describe(stage: Any, parameters: Mapping[str, Any]) -> Stage:
    from dvc.dependency import ParamsDependency

    keys = [
        key
        for dependency in stage.deps
        if isinstance(dependency, ParamsDependency)
        for key in dependency.params
    ]
    return Stage(
        stage.cmd,
        frozenset(
            dependency.def_path
            for dependency in stage.deps
            if not isinstance(dependency, ParamsDependency)
        ),
        {key: _value(parameters, key) for key in keys},
        frozenset(out.def_path for out in stage.outs),
    )


def _value(parameters: Mapping[str, Any], key: str) -> Any:
    """The value at a dotted key, `None` where there is none."""
    value: Any = parameters
    for step in key.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))


def _closest(parameters: Mapping[str, Any], key: str) -> str:
    from difflib import get_close_matches

    known = {
        _dotted(path[:depth])
        for path, _ in leaves(parameters)
        for depth in range(1, len(path) + 1)
    }
    close = get_close_matches(key, sorted(known))
    return f"Close to it: {', '.join(close)}." if close else f"See {PARAMS_FILE}."


@contextmanager
def _explained() -> Iterator[None]:
    """Turn DVC's errors into the two lines of a `PedigreeError`."""
    from dvc.exceptions import DvcException
    from dvc.utils.strictyaml import YAMLValidationError

    try:
        yield
    except DvcException as error:
        invalid = isinstance(error, YAMLValidationError)
        cause = " ".join(str(error.exc.errors[0] if invalid else error).split())
        raise WrongUseError(
            f"{PIPELINE_FILE} must resolve with {PARAMS_FILE}. Received: {cause}",
            f"Correct {PARAMS_FILE}, or the template in {PIPELINE_FILE}.",
        ) from error
