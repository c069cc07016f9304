"""Damages of smaller tables: houses, kernels of wheat, collisions, a weather station.

Each takes the good data frame of a split and returns a bad one.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from data_gate.damage import Damage, Decorator, Rule, register
from data_gate.table_damages import (
    BETWEEN,
    COLUMNS,
    DISTINCT,
    GREATER,
    IN_SET,
    MEAN,
    NOT_NULL,
    ROWS_EXACTLY,
    SHARES,
    UNIQUE,
    Frame,
    exchange,
    put,
    some,
)

SMALL_TABLE_DAMAGES: list[Damage] = []

TYPE = "expect_column_values_to_be_of_type"


def houses(expectation: str, *columns: str) -> Decorator:
    return _damages_of("boston_housing", expectation, columns)


def kernels(expectation: str, *columns: str) -> Decorator:
    return _damages_of("seeds_binary", expectation, columns)


def collisions(expectation: str, *columns: str) -> Decorator:
    return _damages_of("higgs_10984", expectation, columns)


def readings(expectation: str, *columns: str) -> Decorator:
    return _damages_of("jena_climate_4000", expectation, columns)


def _damages_of(dataset: str, expectation: str, columns: tuple[str, ...]) -> Decorator:
    return register(SMALL_TABLE_DAMAGES, dataset, "table", Rule(expectation, columns))


def shuffled(frame: Frame, column: str) -> Frame:
    values = np.random.default_rng(0).permutation(frame[column])
    return frame.assign(**{column: values})


def each_number(frame: Frame, damage: Callable[[pd.Series], pd.Series]) -> Frame:
    """Damage every column of floating-point numbers."""
    return frame.assign(
        **{name: damage(frame[name]) for name in frame.select_dtypes("float64")}
    )


# --- all of them --------------------------------------------------------------------


@houses(COLUMNS)
@kernels(COLUMNS)
@collisions(COLUMNS)
@readings(COLUMNS)
def a_name_changes_in_case(frame: Frame) -> Frame:
    return frame.rename(columns={frame.columns[1]: frame.columns[1].swapcase()})


@houses(TYPE, "RM")
@kernels(TYPE, "area")
@collisions(TYPE, "m_bb")
@readings(TYPE, "T (degC)")
def all_names_change_in_case(frame: Frame) -> Frame:
    return frame.rename(columns=str.swapcase)


@houses(COLUMNS)
@kernels(COLUMNS)
@collisions(COLUMNS)
def the_last_column_stands_first(frame: Frame) -> Frame:
    return frame[np.roll(frame.columns, 1)]


@houses(ROWS_EXACTLY)
@kernels(ROWS_EXACTLY)
@collisions(ROWS_EXACTLY)
@readings(ROWS_EXACTLY)
def the_last_rows_are_missing(frame: Frame) -> Frame:
    return frame[:-7]


@houses(UNIQUE, "CRIM", "RM", "AGE", "LSTAT")
@kernels(UNIQUE, "area", "perimeter", "asymmetry")
@collisions(UNIQUE, "lepton_pT", "lepton_eta", "missing_energy_magnitude", "m_wwbb")
def a_part_stands_there_twice(frame: Frame) -> Frame:
    part = len(frame) // 10
    return pd.concat([frame[:-part], frame[:part]], ignore_index=True)


@houses(NOT_NULL, "LSTAT")
@kernels(NOT_NULL, "asymmetry")
@collisions(NOT_NULL, "m_bb")
@readings(NOT_NULL, "rh (%)")
def a_row_is_empty(frame: Frame) -> Frame:
    return each_number(frame, lambda values: values.mask(values.index == 7))


@houses(TYPE, "TAX")
@kernels(TYPE, "groove_length")
@collisions(TYPE, "jet_1_pt")
@readings(TYPE, "p (mbar)")
def numbers_are_texts(frame: Frame) -> Frame:
    return each_number(frame, lambda values: values.astype(str))


@houses(BETWEEN, "NOX")
@kernels(BETWEEN, "perimeter")
@readings(BETWEEN, "rho (g/m**3)")
def some_decimals_are_shifted(frame: Frame) -> Frame:
    return each_number(
        frame, lambda values: values.mask(some(frame, 0.05), values * 10)
    )


@houses(BETWEEN, "RM")
@kernels(BETWEEN, "kernel_width")
@collisions(BETWEEN, "jet_4_pt")
@readings(BETWEEN, "T (degC)")
def gaps_were_filled_with_a_sentinel(frame: Frame) -> Frame:
    return each_number(frame, lambda values: values.mask(some(frame, 0.05), -999))


# --- houses -------------------------------------------------------------------------


@houses(BETWEEN, "MEDV")
def prices_are_in_dollars(frame: Frame) -> Frame:
    return frame.assign(MEDV=frame["MEDV"] * 1000)


@houses(MEAN, "MEDV")
def prices_are_of_another_year(frame: Frame) -> Frame:
    return frame.assign(MEDV=(frame["MEDV"] * 1.1).clip(upper=50))


@houses(MEAN, "LSTAT")
def prices_are_shuffled(frame: Frame) -> Frame:
    return shuffled(frame, "MEDV")


@houses(BETWEEN, "LSTAT")
def shares_are_fractions(frame: Frame) -> Frame:
    return frame.assign(LSTAT=frame["LSTAT"] / 100)


@houses(BETWEEN, "RM")
def rooms_and_distances_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "RM", "DIS")


@houses(MEAN, "NOX")
def oxides_are_rounded(frame: Frame) -> Frame:
    return frame.assign(NOX=np.ceil(frame["NOX"] * 10) / 10)


@houses(DISTINCT, "CHAS")
def the_river_is_lost(frame: Frame) -> Frame:
    return frame.assign(CHAS=0.0)


@houses(DISTINCT, "RAD")
def a_new_highway_opens(frame: Frame) -> Frame:
    return put(frame, frame.index == 7, "RAD", 9)


# --- kernels ------------------------------------------------------------------------


@kernels(BETWEEN, "kernel_length")
def lengths_are_in_centimetres(frame: Frame) -> Frame:
    return frame.assign(kernel_length=frame["kernel_length"] / 10)


@kernels(GREATER, "kernel_length", "kernel_width")
def lengths_and_widths_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "kernel_length", "kernel_width")


@kernels(GREATER, "perimeter", "kernel_length")
def outlines_and_lengths_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "perimeter", "kernel_length")


@kernels(DISTINCT, "variety")
def varieties_count_from_0(frame: Frame) -> Frame:
    return frame.assign(variety=frame["variety"] - 1)


@kernels(DISTINCT, "variety")
def a_variety_is_missing(frame: Frame) -> Frame:
    return frame[frame["variety"] != 2]


@kernels(SHARES, "variety")
def a_variety_becomes_rare(frame: Frame) -> Frame:
    return frame[(frame["variety"] != 2) | some(frame, 0.5)]


@kernels(MEAN, "area")
def varieties_are_shuffled(frame: Frame) -> Frame:
    return shuffled(frame, "variety")


@kernels(MEAN, "area")
def two_varieties_are_exchanged(frame: Frame) -> Frame:
    return frame.assign(variety=frame["variety"].replace({1: 2, 2: 1}))


# --- collisions ---------------------------------------------------------------------


@collisions(MEAN, "m_bb")
def signal_and_background_are_exchanged(frame: Frame) -> Frame:
    return frame.assign(label=1 - frame["label"])


@collisions(MEAN, "m_bb")
def a_tenth_of_the_labels_is_wrong(frame: Frame) -> Frame:
    return put(frame, some(frame, 0.1), "label", 1 - frame["label"])


@collisions(DISTINCT, "label")
def labels_are_1_and_minus_1(frame: Frame) -> Frame:
    return frame.assign(label=2 * frame["label"] - 1)


@collisions(SHARES, "label")
def background_becomes_rare(frame: Frame) -> Frame:
    return frame[(frame["label"] == 1) | some(frame, 0.5)]


@collisions(BETWEEN, "lepton_phi")
def directions_are_in_degrees(frame: Frame) -> Frame:
    return frame.assign(lepton_phi=np.degrees(frame["lepton_phi"]))


@collisions(BETWEEN, "jet_1_phi")
def directions_of_a_jet_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "jet_1_eta", "jet_1_phi")


@collisions(BETWEEN, "m_bb")
def masses_are_in_gigaelectronvolts(frame: Frame) -> Frame:
    return frame.assign(m_bb=frame["m_bb"] * 125)


@collisions(MEAN, "jet_1_pt")
def momenta_are_standardized(frame: Frame) -> Frame:
    momenta = frame["jet_1_pt"]
    return frame.assign(jet_1_pt=(momenta - momenta.min()) / momenta.std())


@collisions(IN_SET, "jet_1_btag")
def tags_are_those_of_another_jet(frame: Frame) -> Frame:
    return exchange(frame, "jet_1_btag", "jet_2_btag")


@collisions(BETWEEN, "m_jj")
def a_mass_is_infinite(frame: Frame) -> Frame:
    return put(frame, frame.index == 77, "m_jj", np.inf)


# --- readings of a weather station --------------------------------------------------


@readings(BETWEEN, "T (degC)")
def temperatures_are_in_kelvin(frame: Frame) -> Frame:
    return frame.assign(**{"T (degC)": frame["T (degC)"] + 273.15})


@readings(MEAN, "T (degC)")
def temperatures_are_in_fahrenheit(frame: Frame) -> Frame:
    return frame.assign(**{"T (degC)": frame["T (degC)"] * 1.8 + 32})


@readings(GREATER, "T (degC)", "Tdew (degC)")
def temperatures_and_dew_points_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "T (degC)", "Tdew (degC)")


@readings(GREATER, "VPmax (mbar)", "VPact (mbar)")
def vapour_pressures_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "VPmax (mbar)", "VPact (mbar)")


@readings(BETWEEN, "p (mbar)")
def pressure_is_in_hundreds_of_pascal_but_for_a_day(frame: Frame) -> Frame:
    return put(frame, frame.index < 144, "p (mbar)", frame["p (mbar)"] / 10)


@readings(IN_SET, "step")
def a_day_is_missing(frame: Frame) -> Frame:
    return frame.drop(index=range(144, 288))


@readings(BETWEEN, "step")
def a_day_stands_there_twice(frame: Frame) -> Frame:
    return pd.concat([frame[:288], frame[144:]], ignore_index=True)


@readings(IN_SET, "step")
def readings_are_taken_each_hour(frame: Frame) -> Frame:
    return frame[::6]


@readings(BETWEEN, "Date Time")
def times_are_those_of_another_zone(frame: Frame) -> Frame:
    return frame.assign(**{"Date Time": frame["Date Time"] + pd.Timedelta(hours=1)})


@readings(BETWEEN, "Date Time")
def the_month_is_that_of_the_next_year(frame: Frame) -> Frame:
    later = frame["Date Time"] + pd.DateOffset(years=1)
    return frame.assign(**{"Date Time": later})
