"""The stages that DVC makes of `dvc.yaml` and some parameters.

DVC itself resolves the templates, loads the stages and builds their graph; nothing is
run and nothing is hashed. `pedigree affected` and `pedigree check` ask here.

A template is resolved once for the values that it interpolates, however often the
parameters change: DVC is handed those values and nothing else, so it cannot have read
what would make a remembered answer wrong.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pedigree.errors import WrongUseError
from pedigree.params.file import PARAMS_FILE
from pedigree.sections import leaves, load_yaml, replace_leaf
from pedigree.template import Template

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


class _Made(NamedTuple):
    """A stage that DVC has made, and what it says of itself.

    Attributes:
        stage: DVC's own object.
        blank: Its description; the keys of its parameters are without values.
    """

    stage: Any
    blank: Stage

    def described(self, parameters: Mapping[str, Any]) -> Stage:
        command, dependencies, keys, outputs = self.blank
        values = {key: _value(parameters, key) for key in keys}
        return Stage(command, dependencies, values, outputs)


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
        self._remembered: dict[tuple[str, str], list[_Made]] = {}

    @cached_property
    def stages(self) -> dict[str, Stage]:
        """The stages of the project's own parameters, in the order of `dvc repro`."""
        from dvc.repo.reproduce import plan_repro

        return {
            stage.name: self._made[stage.name].described(self.parameters)
            for stage in plan_repro(self._graph)
        }

    def resolve(self, parameters: Mapping[str, Any]) -> dict[str, Stage]:
        """Resolve the stages with other parameters."""
        return {
            name: made.described(parameters)
            for name, made in self._make(parameters).items()
        }

    def changed(self, parameters: Mapping[str, Any]) -> list[str]:
        """Name the stages that are new with other parameters, or differ.

        A stage differs if its command, dependencies, outputs or values do.
        """
        return self._changed(self._make(parameters), parameters)

    def affected(self, parameters: Mapping[str, Any]) -> list[str]:
        """Name the stages that would run again, in the order of `dvc repro`.

        These are the stages that change, and those that need an output of theirs.
        """
        from dvc.repo.reproduce import plan_repro

        made = self._make(parameters)
        changed = set(self._changed(made, parameters))
        # An edge comes from a dependency, and a stage whose dependencies change runs
        # anyway: as long as the outputs stay, the old graph shows what needs it.
        graph = self._graph
        if _outputs(made) != _outputs(self._made):
            graph = _build_graph(made.values())
        starts = [stage for stage in graph if stage.name in changed]
        # Asked about no stage at all, DVC would plan to run every stage.
        plan = plan_repro(graph, starts, downstream=True) if starts else []
        if made != self._made:  # and the new one, in which order they run
            plan = plan_repro(_build_graph(made[stage.name] for stage in plan))
        return [stage.name for stage in plan]

    @cached_property
    def _repo(self) -> "Repo":
        from dvc.repo import Repo

        return Repo(str(self._root), uninitialized=True)

    @cached_property
    def _file(self) -> Any:
        from dvc.dvcfile import load_file

        return load_file(self._repo, str(self._root / PIPELINE_FILE))

    @cached_property
    def _templates(self) -> list[Template]:
        with _explained():
            content = self._file.contents
        return [Template(name, content) for name in content.get("stages", {})]

    @cached_property
    def _made(self) -> dict[str, _Made]:
        return self._make(self.parameters)

    @cached_property
    def _graph(self) -> Any:
        return _build_graph(self._made.values())

    def _make(self, parameters: Mapping[str, Any]) -> dict[str, _Made]:
        """Make the stages, in the order of `dvc.yaml`."""
        return {
            made.stage.name: made
            for template in self._templates
            for read in template.reads(parameters)
            for made in self._resolve(template, read)
        }

    def _changed(
        self, made: Mapping[str, _Made], parameters: Mapping[str, Any]
    ) -> list[str]:
        return [
            name
            for name, each in made.items()
            if self.stages.get(name) != each.described(parameters)
        ]

    def _resolve(self, template: Template, read: Mapping[str, Any]) -> list[_Made]:
        """Let DVC resolve a template, or remember what it made of the same values."""
        # Unlike `==`, `repr` tells true from 1 and 1 from 1.0, as a template does.
        known = (template.name, repr(read))
        if known not in self._remembered:
            with _explained():
                self._remembered[known] = list(self._load(template, read))
        return self._remembered[known]

    def _load(self, template: Template, read: Mapping[str, Any]) -> Iterator[_Made]:
        from dvc.parsing import DataResolver
        from dvc.parsing.context import Context
        from dvc.stage.loader import StageLoader

        resolver = DataResolver(_NoFiles(self._repo), ".", template.content)
        resolver.context.merge_update(Context(read))
        for name in resolver.get_keys():
            (entry,) = resolver.resolve_one(name).values()
            stage = StageLoader.load_stage(self._file, name, entry)
            yield _Made(stage, _describe(stage))


def _build_graph(made: Iterable[_Made]) -> Any:
    """DVC's graph: an edge goes from a stage to a stage that it needs."""
    from dvc.repo.graph import build_graph

    with _explained():
        return build_graph([each.stage for each in made])


def _outputs(made: Mapping[str, _Made]) -> dict[str, frozenset[str]]:
    return {name: each.blank.outputs for name, each in made.items()}


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
    changed: Any = parameters
    for path in paths:
        value = reduce(lambda inside, step: inside[step], path, changed)
        changed = replace_leaf(changed, path, _another(value))
    return dict(changed)


def _another(value: Any) -> Any:
    """A value that is not the one given; a list stays a list, a mapping a mapping."""
    if value == []:
        return ["another"]
    return value if value == {} else f"{value}_another"


def _describe(stage: Any) -> Stage:
    """Describe one of DVC's stages; the values of its parameters are left out."""
    from dvc.dependency import ParamsDependency

    parameters = [dep for dep in stage.deps if isinstance(dep, ParamsDependency)]
    files = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    return Stage(
        stage.cmd,
        frozenset(dependency.def_path for dependency in files),
        {key: None for dependency in parameters for key in dependency.params},
        frozenset(out.def_path for out in stage.outs),
    )


def _value(parameters: Mapping[str, Any], key: str) -> Any:
    """The value at a dotted key, `None` where there is none."""
    value: Any = parameters
    for step in key.split("."):
        value = value.get(step) if isinstance(value, dict) else None
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
