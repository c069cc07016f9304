from collections.abc import Callable
from pathlib import Path

import hypothesis
import pyarrow as pa
import pytest

from pedigree.data.suite import Suite, load_suite
from pedigree.data.validation import validate_tables

SUITES = Path(__file__).resolve().parents[2] / "expectations"

hypothesis.settings.register_profile("data", deadline=None, max_examples=50)
hypothesis.settings.load_profile("data")


@pytest.fixture
def fashion(tmp_path: Path, write_fashion: Callable[[Path], None]) -> Path:
    """A mirror of a small Fashion-MNIST, in the published files' format."""
    folder = tmp_path / "mirror" / "fashion_mnist"
    write_fashion(folder)
    return folder


@pytest.fixture(scope="session")
def stops() -> Callable[[str, tuple[str, str], dict[str, pa.Table]], bool]:
    """Tells whether one rule of a shipped suite stops a dataset.

    The rule is an expectation and its only or first column, about all rows.
    """

    def tell(name: str, rule: tuple[str, str], splits: dict[str, pa.Table]) -> bool:
        rules = tuple(
            each
            for each in load_suite(SUITES / f"{name}.yaml").rules
            if (each.expectation, *[*each.columns, ""][:1]) == rule
            and "row_condition" not in each.arguments
        )
        assert rules, f"{name} has no {rule}"
        assert all(each.severity == "critical" for each in rules)
        return not validate_tables(name, Suite(name, rules), splits)["success"]

    return tell
