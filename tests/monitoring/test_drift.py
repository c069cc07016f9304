"""Drift in weather-like data, in ways with known answers."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pedigree.monitoring.drift import (
    OTHERS,
    Comparison,
    Kind,
    compare,
    drifted_columns,
    stability_index,
)
from pedigree.params.monitoring import DriftThreshold

KINDS = {
    **dict.fromkeys(["MinTemp", "Rainfall", "Pressure", "Sunshine"], "numbers"),
    **dict.fromkeys(["WindDir", "Location", "RainTomorrow"], "categories"),
}
THRESHOLD = DriftThreshold(false_discovery_rate=0.01, psi=0.1, columns=0)
SIGMA = 6.4
DIRECTIONS = ["N", "E", "S", "W"]
SHARES = [0.4, 0.3, 0.2, 0.1]


def weather(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    sunshine = random.gamma(4, 2, rows)
    rainfall = random.exponential(6, rows)
    sunshine[random.random(rows) < 0.3] = np.nan
    return pd.DataFrame(
        {
            "MinTemp": random.normal(12, SIGMA, rows).round(1),
            "Rainfall": np.where(random.random(rows) < 0.6, 0, rainfall),
            "Pressure": random.normal(1017, 7, rows).round(1),
            "Sunshine": sunshine,
            "WindDir": random.choice(DIRECTIONS, rows, p=SHARES),
            "Location": random.choice([f"station {n}" for n in range(49)], rows),
            "RainTomorrow": random.choice(["No", "Yes"], rows, p=[0.78, 0.22]),
        }
    )


@pytest.fixture(scope="module")
def training() -> pd.DataFrame:
    return weather(20_000, 0)


def drifted(training: pd.DataFrame, new: pd.DataFrame) -> set[str]:
    return set(drifted_columns(compare(training, new, KINDS), THRESHOLD))


def shift(new: pd.DataFrame) -> pd.DataFrame:
    return new.assign(MinTemp=new["MinTemp"] + SIGMA)


def scale(new: pd.DataFrame) -> pd.DataFrame:
    pressure = new["Pressure"]
    return new.assign(Pressure=pressure.mean() + 2 * (pressure - pressure.mean()))


def swap(new: pd.DataFrame) -> pd.DataFrame:
    return new.assign(WindDir=new["WindDir"].replace({"N": "W", "W": "N"}))


def lose(new: pd.DataFrame) -> pd.DataFrame:
    return new.assign(Pressure=new["Pressure"].mask(new.index % 5 == 0))


def lose_more(new: pd.DataFrame) -> pd.DataFrame:
    return new.assign(Sunshine=new["Sunshine"].mask(new.index % 2 == 0))


def lose_all(new: pd.DataFrame) -> pd.DataFrame:
    return new.assign(Rainfall=np.nan)


def rain(new: pd.DataFrame) -> pd.DataFrame:
    wet = new["RainTomorrow"].mask(new.index % 3 == 0, "Yes")
    return new.assign(RainTomorrow=wet)


def move(new: pd.DataFrame) -> pd.DataFrame:
    return new.assign(Location="a new station")


def fahrenheit_and_rain(new: pd.DataFrame) -> pd.DataFrame:
    return rain(new).assign(MinTemp=new["MinTemp"] * 1.8 + 32)


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        (shift, {"MinTemp"}),
        (scale, {"Pressure"}),
        (swap, {"WindDir"}),
        (lose, {"Pressure"}),
        (lose_more, {"Sunshine"}),
        (lose_all, {"Rainfall"}),
        (rain, {"RainTomorrow"}),
        (move, {"Location"}),
        (fahrenheit_and_rain, {"MinTemp", "RainTomorrow"}),
    ],
)
@pytest.mark.parametrize("rows", [1000, 10_000])
def test_what_drifts_is_named_and_nothing_else(
    training: pd.DataFrame,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    columns: set[str],
    rows: int,
) -> None:
    assert drifted(training, change(weather(rows, 1))) == columns


@pytest.fixture(scope="module")
def unchanged(training: pd.DataFrame) -> list[tuple[Comparison, ...]]:
    """A hundred samples of what the training data are a sample of."""
    return [compare(training, weather(1000, seed), KINDS) for seed in range(1, 101)]


def test_an_unchanged_source_raises_no_alarm(
    unchanged: list[tuple[Comparison, ...]],
) -> None:
    alarms = sum(bool(drifted_columns(found, THRESHOLD)) for found in unchanged)
    assert alarms <= 5


def test_the_rate_of_false_discoveries_is_kept(
    unchanged: list[tuple[Comparison, ...]],
) -> None:
    """Without the index, which would hide it: a rate of 0.2 is 20 alarms of 100."""
    by_chance = DriftThreshold(false_discovery_rate=0.2, psi=0, columns=0)
    alarms = sum(bool(drifted_columns(found, by_chance)) for found in unchanged)
    # Binomial: more than 32 in one of 700 cases.
    assert alarms <= 32
    single = sum(min(each.p_value for each in found) <= 0.2 for found in unchanged)
    assert single > 60, "so many alarms eight tests raise that are not corrected"


def test_a_trifle_is_significant_of_many_rows_and_no_drift() -> None:
    training, new = weather(100_000, 0), weather(100_000, 1)
    new = new.assign(MinTemp=new["MinTemp"] + 0.05 * SIGMA)
    found = compare(training, new, KINDS)
    (about,) = (each for each in found if each.column == "MinTemp")
    assert about.adjusted < 1e-9 and about.psi < 0.01
    assert drifted_columns(found, THRESHOLD) == ()


def test_a_shifted_normal_has_the_known_statistics() -> None:
    """A shift by k sigma: D is 2 Phi(k / 2) - 1, and the index follows from Phi."""
    random = np.random.default_rng(0)
    training = pd.DataFrame({"x": random.normal(0, 1, 200_000)})
    deciles = [-np.inf, *stats.norm.ppf(np.arange(1, 10) / 10), np.inf]
    for k in (0.25, 0.5, 1.0):
        new = pd.DataFrame({"x": random.normal(k, 1, 200_000)})
        (found,) = compare(training, new, {"x": "numbers"})
        assert found.statistic == pytest.approx(2 * stats.norm.cdf(k / 2) - 1, abs=5e-3)
        expected = 0.0
        for low, high in pairwise(deciles):
            q = stats.norm.cdf(high - k) - stats.norm.cdf(low - k)
            expected += (q - 0.1) * math.log(q / 0.1)
        assert found.psi == pytest.approx(expected, rel=0.04)


def test_the_statistics_of_small_tables_are_those_of_the_formulas() -> None:
    assert stability_index(np.array([50, 50]), np.array([80, 20])) == pytest.approx(
        0.3 * math.log(0.8 / 0.5) - 0.3 * math.log(0.2 / 0.5)
    )
    assert stability_index(np.array([3, 7]), np.array([30, 70])) == pytest.approx(0)
    # A cell without a row counts as half a one: 1/2 of 10 rows.
    assert stability_index(np.array([10, 10]), np.array([10, 0])) == pytest.approx(
        0.5 * math.log(1 / 0.5) + (0.05 - 0.5) * math.log(0.05 / 0.5)
    )
    training = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "c": list("aabb") * 1})
    new = pd.DataFrame({"x": [3.0, 4.0, 5.0, 6.0], "c": list("aaab") * 1})
    (numbers,) = compare(training, new, {"x": "numbers"})
    assert numbers.statistic == 0.5
    big = [pd.DataFrame({"c": each["c"].tolist() * 25}) for each in (training, new)]
    (categories,) = compare(big[0], big[1], {"c": "categories"})
    # (ad - bc)^2 n / (row sums and column sums), of 50, 50, 75, 25.
    expected = (50 * 25 - 50 * 75) ** 2 * 200 / (100 * 100 * 125 * 75)
    assert categories.statistic == pytest.approx(expected)
    assert categories.p_value == pytest.approx(stats.chi2.sf(expected, 1))


def test_the_correction_is_that_of_benjamini_and_hochberg() -> None:
    found = compare(weather(2000, 0), shift(weather(500, 3)), KINDS)
    ordered = sorted(found, key=lambda each: each.p_value)
    lowest, expected = 1.0, []
    for rank in range(len(ordered), 0, -1):
        lowest = min(lowest, ordered[rank - 1].p_value * len(ordered) / rank)
        expected.insert(0, lowest)
    assert [each.adjusted for each in ordered] == pytest.approx(expected)


def test_rare_and_new_categories_are_counted_together() -> None:
    training = pd.DataFrame({"c": ["a"] * 500 + ["b"] * 499 + ["c"]})
    new = pd.DataFrame({"c": ["a"] * 50 + ["b"] * 49 + ["d"]})
    (found,) = compare(training, new, {"c": "categories"})
    assert [cell.name for cell in found.cells] == ["a", "b", OTHERS]
    assert found.cells[2].training == pytest.approx(0.001)
    assert not found.has_drifted(THRESHOLD)


def test_a_constant_column_does_not_drift() -> None:
    one = pd.DataFrame({"x": [3.0] * 50, "c": ["a"] * 50, "n": [np.nan] * 50})
    kinds = {"x": "numbers", "c": "categories", "n": "numbers"}
    found = compare(one, one[:20], kinds)
    assert all(each.adjusted == 1 and each.psi == 0 for each in found)
    assert compare(one, one, {}) == ()


def flag(ones: int) -> pd.DataFrame:
    return pd.DataFrame({"x": [1.0] * ones + [0.0] * (1000 - ones)})


@pytest.mark.parametrize("kind", ["numbers", "categories"])
def test_a_flag_drifts_from_either_side(kind: Kind) -> None:
    """Of 95 % and 5 %: 2 (0.9 ln 19)."""
    for training, new in ((950, 50), (50, 950)):
        (found,) = compare(flag(training), flag(new), {"x": kind})
        assert found.psi == pytest.approx(1.8 * math.log(19))
        assert found.has_drifted(THRESHOLD)
        assert sum(cell.new for cell in found.cells) == pytest.approx(1)


@pytest.mark.parametrize(("before", "after"), [(5.0, 1.0), (1.0, 5.0)])
def test_a_constant_that_changes_drifts(before: float, after: float) -> None:
    old, new = (pd.DataFrame({"x": [value] * 100}) for value in (before, after))
    (found,) = compare(old, new, {"x": "numbers"})
    assert found.has_drifted(THRESHOLD) and found.psi > 10
    assert {cell.name for cell in found.cells} == {
        f"below {before:g}",
        f"{before:g}",
        f"above {before:g}",
    }


@pytest.mark.parametrize("seed", range(40))
def test_the_index_sees_what_is_piled_up_and_has_no_side(seed: int) -> None:
    """A value that more than a fifth of the training rows have is a cell."""
    random = np.random.default_rng(seed)
    values = np.arange(random.integers(1, 6), dtype=float)
    shares = [random.dirichlet(np.full(len(values), 0.5)) for _ in range(2)]
    samples = [random.choice(values, 500, p=each) for each in shares]
    old, new = (pd.DataFrame({"x": each}) for each in samples)
    (found,) = compare(old, new, {"x": "numbers"})
    (mirrored,) = compare(-old, -new, {"x": "numbers"})
    assert mirrored.psi == pytest.approx(found.psi)
    moved = [
        (samples[0] == value).mean() != (samples[1] == value).mean()
        for value in values
        if (samples[0] == value).mean() > 0.2
    ]
    assert found.psi > 0 or not any(moved)


def test_a_missing_value_does_not_rename_categories() -> None:
    """Beside one, pandas reads whole numbers as fractions and flags as objects."""
    for values in ([0, 1], [False, True], ["no", "yes"]):
        old = pd.DataFrame({"c": values * 200})
        new = pd.DataFrame({"c": [*values * 100, None]})
        found = compare(old, new, {"c": "categories"})
        (categories,) = (each for each in found if each.about == "categories")
        assert {cell.name for cell in categories.cells} == set(map(str, values))
        assert categories.psi == 0
        assert drifted_columns(found, THRESHOLD) == ()


def test_categories_of_both_sides_are_written_alike() -> None:
    old = pd.DataFrame({"c": [1.0, 2.5] * 200})
    new = pd.DataFrame({"c": [1] * 400})
    (found,) = compare(old, new, {"c": "categories"})
    assert {cell.name: cell.new for cell in found.cells} == {"1.0": 1, "2.5": 0}


def test_few_missing_values_are_compared_exactly() -> None:
    """The chi-squared test calls one of twenty missing p = 1e-110."""
    old = pd.DataFrame({"x": np.arange(10_000) % 97.0})
    new = old[:20].replace(7.0, np.nan)
    found = compare(old, new, {"x": "numbers"})
    (missing,) = (each for each in found if each.about == "missing values")
    assert missing.test == "Fisher's exact"
    assert missing.statistic == pytest.approx(1 / 20)
    # That the one row without a value is among the twenty.
    assert missing.p_value == pytest.approx(20 / 10_020)


def test_few_rows_of_a_source_that_misses_some_values_raise_no_alarm() -> None:
    kinds: dict[str, Kind] = {f"x{n}": "numbers" for n in range(5)}

    def rows(count: int, seed: int) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        table = pd.DataFrame({name: random.normal(size=count) for name in kinds})
        return table.mask(random.random(table.shape) < 0.003)

    training = rows(10_000, 0)
    alarms = sum(
        bool(drifted_columns(compare(training, rows(20, seed), kinds), THRESHOLD))
        for seed in range(1, 31)
    )
    assert alarms <= 1
