"""Best values are written where they belong, and nothing else is touched."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pedigree.catalogue.activation import activate
from pedigree.catalogue.adoption import adopt
from pedigree.catalogue.leaves import replace_values
from pedigree.catalogue.read import read_catalogue
from pedigree.errors import WrongUseError
from pedigree.params.file import read_parameters

TEXT = """\
# Ours.
a: {b: [1, 2.50, "x y"], c: relu}  # in one line
d:
  - 1  # one
  - [2, 3]
  # the end of d
e:
  f: 0.10   # a rate
  g:
    - 7
    - 8

h: "last"
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("a", "b", 1), 0.5, "2.50", "0.5"),
        (("a", "b"), [1, [2]], '[1, 2.50, "x y"]', "[1, [2]]"),
        (("a", "c"), "elu", "relu", "elu"),
        (("a", "c"), "true", "relu", '"true"'),
        (("d", 0), 9, "- 1", "- 9"),
        (("d", 1, 0), 9, "[2", "[9"),
        (("e", "f"), None, "0.10", "null"),
        (("e", "f"), 1e-05, "0.10", "1e-05"),
        (("h",), True, '"last"', "true"),
    ],
)
def test_one_value_is_replaced_where_it_stands(
    path: tuple[str | int, ...], value: Any, old: str, new: str
) -> None:
    text = replace_values(TEXT, {path: value})
    assert text == TEXT.replace(old, new, 1)
    found = YAML(typ="safe", pure=True).load(text)
    for step in path:
        found = found[step]
    assert found == value


def test_a_block_stays_a_block_and_what_follows_stays() -> None:
    text = replace_values(TEXT, {("e", "g"): [1], ("e", "f"): 0.2})
    assert text.endswith('e:\n  f: 0.2   # a rate\n  g:\n    - 1\n\nh: "last"\n')
    assert YAML(typ="safe", pure=True).load(text)["e"] == {"f": 0.2, "g": [1]}


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("a:\n- 32\n- 16\nb: 0\n", [8], "a:\n- 8\nb: 0\n"),
        ("a:  # ours\n- 32\nb: 0\n", [8, 4], "a:  # ours\n- 8\n- 4\nb: 0\n"),
        ("a:\n- 32\nb: 0\n", [], "a:\n []\nb: 0\n"),
        ("a:\n- 32\nb: 0\n", None, "a:\n null\nb: 0\n"),
        ("a:\nb: 0\n", 0.5, "a: 0.5\nb: 0\n"),
        ("a:  # none: yet\n\n# b\nb: 0\n", 1, "a: 1  # none: yet\n\n# b\nb: 0\n"),
        ("b: 0\na:", 0.5, "b: 0\na: 0.5"),
        ("{a: , b: 0}\n", 0.5, "{a: 0.5 , b: 0}\n"),
        ("a: >\n  re\n  lu\n\n# b\nb: 0\n", "elu", "a: elu\n\n# b\nb: 0\n"),
        ("a: |-\n  relu\nb: 0\n", "elu", "a: elu\nb: 0\n"),
        ("a: re\n  lu\nb: 0\n", "elu", "a: elu\nb: 0\n"),
        ("a: [1,\n  2]  # two\nb: 0\n", [3], "a: [3]  # two\nb: 0\n"),
    ],
)
def test_every_way_to_write_a_value_is_replaced(
    before: str, value: Any, after: str
) -> None:
    assert replace_values(before, {("a",): value}) == after
    assert YAML(typ="safe", pure=True).load(after) == {"a": value, "b": 0}


def test_an_empty_item_is_given_a_value() -> None:
    assert replace_values("a:\n  -\n  - 2\n", {("a", 0): 1}) == "a:\n  - 1\n  - 2\n"


@pytest.mark.parametrize(
    "dense", ["\n        - 64  # half of the inputs", "[\n        64,  # half\n      ]"]
)
def test_comments_between_items_stay_or_nothing_changes(
    project: Path, dense: str
) -> None:
    path = project / "params.yaml"
    text = path.read_text("utf-8").replace("dense: [64]", f"dense: {dense}", 1)
    path.write_text(text, "utf-8")
    adopt("digits_convnet", {"model.dense": [32]})
    assert path.read_text("utf-8") == text.replace(dense, dense.replace("64", "32"))
    with pytest.raises(WrongUseError, match=r"no comments.* # half") as caught:
        adopt("digits_convnet", {"model.dense": [32, 16]})
    assert len(str(caught.value).splitlines()) == 2
    assert path.read_text("utf-8") == text.replace(dense, dense.replace("64", "32"))


def test_an_experiment_gets_the_values_and_the_diff_is_those_lines(
    project: Path,
) -> None:
    before = (project / "params.yaml").read_text("utf-8").splitlines()
    adopted = adopt(
        "digits_convnet",
        {
            "model.dropout.blocks.1": 0.3,
            "train.optimizer.learning_rate": 0.001,
            "model.dense": [32],
        },
    )
    assert [(each.leaf, each.before, each.after) for each in adopted] == [
        ("experiments.digits_convnet.model.dropout.blocks.1", 0.25, 0.3),
        ("experiments.digits_convnet.model.dense", [64], [32]),
    ]
    after = (project / "params.yaml").read_text("utf-8").splitlines()
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert [new.strip() for _, new in changed] == [
        "dropout: {blocks: [0.25, 0.3], flatten: 0.4}",
        "dense: [32]",
    ]
    model = read_parameters().experiments["digits_convnet"].model
    assert model.hyperparameters["dense"] == [32]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"model.dropout.dense.0": 0.1}, "a leaf must be in params.yaml"),
        ({"train.batch_size": 0}, "greater than 0"),
    ],
)
def test_a_leaf_that_is_gone_or_a_value_that_does_not_fit_changes_nothing(
    project: Path, values: dict[str, Any], rule: str
) -> None:
    before = (project / "params.yaml").read_bytes()
    with pytest.raises(WrongUseError, match=rule) as caught:
        adopt("digits_convnet", values)
    assert len(str(caught.value).splitlines()) == 2
    assert (project / "params.yaml").read_bytes() == before


def test_the_published_grid_is_adopted_by_its_experiment(project: Path) -> None:
    activate(read_catalogue(), ["fashion_bn_cnn_grid"])
    parameters = read_parameters()
    search = parameters.searches["fashion_bn_cnn_grid"]
    leaves = [leaf for entry in search.space.values() for leaf in entry.leaves or ()]
    assert len(leaves) == 5
    adopted = adopt(search.experiment, dict.fromkeys(leaves[:4], 0.2))
    assert len(adopted) == 4
    text = (project / "params.yaml").read_text("utf-8")
    assert "dropout: {blocks: [0.2, 0.2, 0.2], dense: [0.2]}" in text
