"""What the gate finds in damaged series and tables, by the rule that is named."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pedigree.catalogue.read import read_catalogue
from pedigree.data.suite import load_suite
from pedigree.data.validation import validate_tables
from pedigree.data.verdict import not_met

ROOT = Path(__file__).resolve().parents[2]
MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", ROOT / "../shared/data")).absolute()
CATALOGUE = read_catalogue(ROOT / "catalogue").parameters

Frame = pd.DataFrame
Damage = Callable[[Frame], Frame]
Stops = Callable[[str, tuple[str, str], dict[str, pa.Table]], bool]

BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
MEAN = "expect_column_mean_to_be_between"
GREATER = "expect_column_pair_values_a_to_be_greater_than_b"
COLUMNS = ("expect_table_columns_to_match_ordered_list", "Date Time")
TIME, STEP = "Date Time", "step"


@pytest.fixture(scope="module")
def readings() -> Frame:
    """Readings in the shape of the published ones: a wave a day."""
    wave = np.sin(np.arange(4000) * 2 * np.pi / 144)
    celsius = -3.8 + 3 * wave
    return pd.DataFrame(
        {
            TIME: pd.date_range(
                "2009-01-01 00:10", periods=4000, freq="10min", unit="ms"
            ),
            "p (mbar)": 988 + wave,
            "T (degC)": celsius,
            "Tpot (K)": celsius + 274,
            "Tdew (degC)": celsius - 2,
            "rh (%)": 85 + wave,
            "VPmax (mbar)": 5 + wave,
            "VPact (mbar)": 4 + wave,
            "VPdef (mbar)": np.ones(4000),
            "sh (g/kg)": 2.6 + wave,
            "H2OC (mmol/mol)": 4.2 + wave,
            "rho (g/m**3)": 1277 + wave,
        }
    )


def put(column: str, value: object, row: int = 2000) -> Damage:
    def damage(frame: Frame) -> Frame:
        frame.loc[row, column] = value
        return frame

    return damage


def late(column: str, **by: int) -> Damage:
    """Damage that moves the times of the second half."""

    def damage(frame: Frame) -> Frame:
        frame.loc[2000:, column] += pd.Timedelta(**by)
        return frame

    return damage


SERIES_DAMAGES: dict[str, tuple[Damage, tuple[str, str]]] = {
    "a date of the future": (put(TIME, pd.Timestamp("2031-01-01")), (BETWEEN, TIME)),
    "dates of another year": (late(TIME, days=366), (BETWEEN, TIME)),
    "a missing time": (
        put(TIME, pd.NaT),
        ("expect_column_values_to_not_be_null", TIME),
    ),
    "a gap": (late(TIME, hours=2), (IN_SET, STEP)),
    "a lost reading": (lambda frame: frame.drop(index=2000), (IN_SET, STEP)),
    "a repeated reading": (
        lambda frame: pd.concat([frame[:2001], frame[2000:-1]]),
        ("expect_column_values_to_be_unique", TIME),
    ),
    "the hour that summer time gives twice": (late(TIME, hours=-1), (BETWEEN, STEP)),
    "two readings exchanged": (
        lambda frame: frame.iloc[[*range(2000), 2001, 2000, *range(2002, 4000)]],
        (BETWEEN, STEP),
    ),
    "the order turned round": (lambda frame: frame[::-1], (BETWEEN, STEP)),
    "shuffled rows": (
        lambda frame: frame.sample(frac=1, random_state=0),
        (BETWEEN, STEP),
    ),
    "one reading an hour": (lambda frame: frame[::6], (IN_SET, STEP)),
    "times that are texts": (
        lambda frame: frame.astype({TIME: str}),
        COLUMNS,
    ),
    "a sensor that failed": (put("p (mbar)", -9999.0), (BETWEEN, "p (mbar)")),
    "a sensor that failed for long": (
        put("rh (%)", -9999.0, slice(5, 2000)),
        (BETWEEN, "rh (%)"),
    ),
    "a missing value": (
        put("T (degC)", np.nan),
        ("expect_column_values_to_not_be_null", "T (degC)"),
    ),
    "text in numbers": (
        lambda frame: frame.astype({"T (degC)": str}),
        ("expect_column_values_to_be_of_type", "T (degC)"),
    ),
    "Fahrenheit for Celsius": (
        lambda frame: frame.assign(**{"T (degC)": frame["T (degC)"] * 1.8 + 32}),
        (MEAN, "T (degC)"),
    ),
    "pascal for millibar": (
        lambda frame: frame.assign(**{"p (mbar)": frame["p (mbar)"] * 100}),
        (BETWEEN, "p (mbar)"),
    ),
    "a share for per cent": (
        lambda frame: frame.assign(**{"rh (%)": frame["rh (%)"] / 100}),
        (MEAN, "rh (%)"),
    ),
    "exchanged columns": (
        lambda frame: frame.assign(
            **{"T (degC)": frame["Tdew (degC)"], "Tdew (degC)": frame["T (degC)"]}
        ),
        (GREATER, "T (degC)"),
    ),
    "a lost column": (
        lambda frame: frame.drop(columns="rh (%)"),
        COLUMNS,
    ),
    "a truncated file": (
        lambda frame: frame[:3999],
        ("expect_table_row_count_to_equal", ""),
    ),
}


def table_of(frame: Frame) -> dict[str, pa.Table]:
    return {"all": pa.Table.from_pandas(frame, preserve_index=False)}


@pytest.mark.parametrize("name", SERIES_DAMAGES)
def test_damaged_readings_stop_at_the_rule(
    readings: Frame, name: str, stops: Stops
) -> None:
    damage, rule = SERIES_DAMAGES[name]
    assert not stops("jena_climate_4000", rule, table_of(readings))
    damaged = damage(readings.copy()).reset_index(drop=True)
    assert stops("jena_climate_4000", rule, table_of(damaged))


# --- the mirror: real data in full --------------------------------------------------

FAST = ["seeds_binary", "time_machine", "jena_climate_4000", "higgs_10984"]
SLOW = ["boston_housing", "reuters", "mnist", "imdb"]  # by Keras, in another process


@pytest.mark.skipif(not MIRROR.is_dir(), reason=f"no mirror of real data at {MIRROR}")
@pytest.mark.parametrize(
    "name", [*FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
def test_the_real_data_passes(name: str) -> None:
    table = CATALOGUE.datasets[name].table
    folder = MIRROR / getattr(CATALOGUE.downloads[name], "name", name)
    splits = import_module(f"pedigree.data.formats.{table.format}").read(table, folder)
    suite = load_suite(
        ROOT / f"expectations/{CATALOGUE.datasets[name].expectations}.yaml"
    )
    verdict = validate_tables(name, suite, splits)
    assert not_met(verdict) == []
