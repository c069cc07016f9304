"""A random part of good data fails no critical expectation."""

import math

import numpy as np
import pyarrow as pa
import pytest

from data_gate.good import (
    ingest,
    suite_of,
    tables_of,
    whole_fashion,
    whole_weather_file,
)
from pedigree.data.description import describe
from pedigree.data.suite import Suite
from pedigree.data.validation import validate_tables
from pedigree.data.verdict import not_met


@pytest.fixture(scope="module", params=["weather_aus", "fashion_mnist"])
def whole(request: pytest.FixtureRequest) -> tuple[str, dict[str, pa.Table]]:
    """The published tables of a dataset."""
    if request.param == "weather_aus":
        return request.param, ingest(request.param, whole_weather_file())
    return request.param, tables_of(whole_fashion())


def alarms(dataset: str, tables: dict[str, pa.Table], share: float, seed: int) -> list:
    """Check a random part of every published split against what is critical."""
    generator = np.random.default_rng(seed)
    parts = {}
    for split, table in tables.items():
        count = math.ceil(share * table.num_rows)
        rows = generator.choice(table.num_rows, count, replace=False)
        parts[split] = table.take(np.sort(rows))
    suite = suite_of(dataset)
    rules = tuple(rule for rule in suite.rules if rule.severity == "critical")
    verdict = validate_tables(dataset, Suite(suite.name, rules, suite.derived), parts)
    return [(share, seed, *describe(one)) for one in not_met(verdict)]


def test_a_few_random_parts_pass(whole: tuple[str, dict[str, pa.Table]]) -> None:
    for share in (0.1, 0.4):
        assert alarms(*whole, share, seed=0) == []


@pytest.mark.slow
def test_a_hundred_random_parts_pass(whole: tuple[str, dict[str, pa.Table]]) -> None:
    shares = np.linspace(0.1, 0.5, 100)
    found = [alarms(*whole, share, seed) for seed, share in enumerate(shares)]
    assert found == [[]] * 100
