"""Damages of tables: each takes a good data frame and returns a bad one."""

import numpy as np
import pandas as pd

from data_gate.damage import Damage, Decorator, Rule, register

TABLE_DAMAGES: list[Damage] = []

Frame = pd.DataFrame
Mask = np.ndarray

COLUMNS = "expect_table_columns_to_match_ordered_list"
ROWS = "expect_table_row_count_to_be_between"
ROWS_EXACTLY = "expect_table_row_count_to_equal"
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
NOT_NULL = "expect_column_values_to_not_be_null"
DISTINCT = "expect_column_distinct_values_to_equal_set"
CONTAINED = "expect_column_distinct_values_to_contain_set"
MEAN = "expect_column_mean_to_be_between"
SHARES = "expect_column_kl_divergence_to_be_less_than"
GREATER = "expect_column_pair_values_a_to_be_greater_than_b"
EQUAL = "expect_column_pair_values_to_be_equal"
UNIQUE = "expect_compound_columns_to_be_unique"
REGEX = "expect_column_values_to_match_regex"
TYPES = "expect_column_values_to_be_in_type_list"

STATION_AND_DAY = ("Date", "Location")
MEASUREMENTS = (
    *("Location", "MinTemp", "MaxTemp", "Temp9am", "Temp3pm"),
    *("Humidity9am", "Humidity3pm", "WindGustSpeed"),
)


def weather(expectation: str, *columns: str) -> Decorator:
    return register(TABLE_DAMAGES, "weather_aus", "table", Rule(expectation, columns))


def patients(expectation: str, *columns: str) -> Decorator:
    return register(TABLE_DAMAGES, "breast_cancer", "table", Rule(expectation, columns))


def some(frame: Frame, share: float) -> Mask:
    """Choose rows by lot, the same each time."""
    return np.random.default_rng(1).random(len(frame)) < share


def put(frame: Frame, rows: Mask, column: str, values: object) -> Frame:
    return frame.assign(**{column: frame[column].mask(rows, values)})


def exchange(frame: Frame, one: str, other: str) -> Frame:
    return frame.assign(**{one: frame[other], other: frame[one]})


# --- weather: columns and rows ------------------------------------------------------


@weather(COLUMNS)
def a_column_is_missing(frame: Frame) -> Frame:
    return frame.drop(columns="Sunshine")


@weather(COLUMNS)
def a_column_is_added(frame: Frame) -> Frame:
    return frame.assign(RISK_MM=frame["Rainfall"])


@weather(COLUMNS)
def a_column_is_renamed(frame: Frame) -> Frame:
    return frame.rename(columns={"RainToday": "rain_today"})


@weather(COLUMNS)
def a_name_changes_in_case(frame: Frame) -> Frame:
    return frame.rename(columns={"Humidity3pm": "humidity3pm"})


@weather(TYPES, "Sunshine")
def a_column_bears_its_name_in_lower_case(frame: Frame) -> Frame:
    return frame.rename(columns={"Sunshine": "sunshine"})


@weather(BETWEEN, "Sunshine")
def another_column_bears_nearly_its_name(frame: Frame) -> Frame:
    minutes = frame["Sunshine"] * 60
    frame = frame.rename(columns={"Sunshine": "sunshine"})
    return frame.assign(Sunshine=minutes)


@weather(COLUMNS)
def columns_are_reordered(frame: Frame) -> Frame:
    return frame[sorted(frame.columns)]


@weather(ROWS)
def all_rows_are_missing(frame: Frame) -> Frame:
    return frame.iloc[:0]


@weather(ROWS)
def all_but_a_few_rows_are_missing(frame: Frame) -> Frame:
    return frame.iloc[::10]


@weather(UNIQUE, *STATION_AND_DAY)
def a_few_rows_are_repeated(frame: Frame) -> Frame:
    return pd.concat([frame, frame.iloc[100:105]], ignore_index=True)


@weather(UNIQUE, *STATION_AND_DAY)
def the_file_is_appended_to_itself(frame: Frame) -> Frame:
    return pd.concat([frame, frame], ignore_index=True)


@weather(UNIQUE, *MEASUREMENTS)
def a_station_repeats_the_day_before(frame: Frame) -> Frame:
    measured = frame.columns.drop(["Date", "Location"])
    repeated = frame.copy()
    repeated.loc[1000:1019, measured] = frame.loc[999:1018, measured].to_numpy()
    return repeated


@weather(CONTAINED, "Month")
def the_file_is_a_stale_copy_of_last_year(frame: Frame) -> Frame:
    return frame[frame["Date"] < "2016-06-26"]


@weather(CONTAINED, "Year")
def the_last_station_is_cut_short(frame: Frame) -> Frame:
    (end,) = frame.index[frame["Location"] == "Uluru"][[-60]]
    return frame[: end + 1]


@weather(DISTINCT, "Location")
def the_second_half_of_the_rows_is_missing(frame: Frame) -> Frame:
    return frame[: len(frame) // 2]


# --- weather: when and where --------------------------------------------------------


@weather(CONTAINED, "Month")
def a_month_is_missing(frame: Frame) -> Frame:
    return frame[~frame["Date"].str.startswith("2014-05")]


@weather(UNIQUE, *STATION_AND_DAY)
def a_month_bears_one_date(frame: Frame) -> Frame:
    return put(frame, frame["Date"].str.startswith("2014-05"), "Date", "2014-05-01")


@weather(REGEX, "Date")
def dates_lie_in_the_future(frame: Frame) -> Frame:
    return put(frame, some(frame, 0.001), "Date", "2071-01-01")


@weather(REGEX, "Date")
def dates_are_written_day_first(frame: Frame) -> Frame:
    parts = frame["Date"].str.split("-")
    return frame.assign(Date=parts.str[::-1].str.join("/"))


@weather(REGEX, "Date")
def a_date_is_in_no_calendar(frame: Frame) -> Frame:
    return put(frame, frame.index == 77, "Date", "2014-02-30")


@weather(NOT_NULL, "Date")
def a_date_is_missing(frame: Frame) -> Frame:
    return put(frame, frame.index == 77, "Date", None)


@weather(DISTINCT, "Location")
def a_station_is_missing(frame: Frame) -> Frame:
    return frame[frame["Location"] != "Darwin"]


@weather(DISTINCT, "Location")
def a_station_is_spelled_anew(frame: Frame) -> Frame:
    spelled = frame["Location"].replace("SydneyAirport", "Sydney Airport")
    return frame.assign(Location=spelled)


# --- weather: units and decimals ----------------------------------------------------


@weather(MEAN, "MinTemp")
def minima_are_in_fahrenheit(frame: Frame) -> Frame:
    return frame.assign(MinTemp=frame["MinTemp"] * 1.8 + 32)


@weather(BETWEEN, "MaxTemp")
def one_station_is_in_fahrenheit(frame: Frame) -> Frame:
    inside = frame["Location"] == "MountGinini"  # the coldest of them
    return put(frame, inside, "MaxTemp", frame["MaxTemp"] * 1.8 + 32)


@weather(BETWEEN, "Temp3pm")
def afternoons_are_in_kelvin(frame: Frame) -> Frame:
    return frame.assign(Temp3pm=frame["Temp3pm"] + 273.15)


@weather(BETWEEN, "Pressure9am")
def pressure_is_in_pascal(frame: Frame) -> Frame:
    return frame.assign(Pressure9am=frame["Pressure9am"] * 100)


@weather(BETWEEN, "Pressure3pm")
def one_station_gives_pressure_in_millimetres(frame: Frame) -> Frame:
    inside = frame["Location"] == "Hobart"
    return put(frame, inside, "Pressure3pm", frame["Pressure3pm"] * 0.750062)


@weather(MEAN, "WindGustSpeed")
def gusts_are_in_metres_per_second(frame: Frame) -> Frame:
    return frame.assign(WindGustSpeed=frame["WindGustSpeed"] / 3.6)


@weather(MEAN, "WindSpeed3pm")
def wind_is_in_knots(frame: Frame) -> Frame:
    return frame.assign(WindSpeed3pm=frame["WindSpeed3pm"] / 1.852)


@weather(GREATER, "WindGustSpeed", "WindSpeed3pm")
def one_station_gives_gusts_in_metres_per_second(frame: Frame) -> Frame:
    inside = frame["Location"] == "Cairns"
    return put(frame, inside, "WindGustSpeed", frame["WindGustSpeed"] / 3.6)


@weather(MEAN, "Rainfall")
def rain_is_in_inches(frame: Frame) -> Frame:
    return frame.assign(Rainfall=frame["Rainfall"] / 25.4)


@weather(BETWEEN, "Rainfall")
def one_station_gives_rain_in_inches(frame: Frame) -> Frame:
    inside = frame["Location"] == "AliceSprings"
    return put(frame, inside, "Rainfall", frame["Rainfall"] / 25.4)


@weather(MEAN, "Humidity9am")
def humidity_is_a_fraction(frame: Frame) -> Frame:
    return frame.assign(Humidity9am=frame["Humidity9am"] / 100)


@weather(BETWEEN, "Sunshine")
def sunshine_is_in_minutes(frame: Frame) -> Frame:
    return frame.assign(Sunshine=frame["Sunshine"] * 60)


@weather(MEAN, "Evaporation")
def evaporation_is_in_inches(frame: Frame) -> Frame:
    return frame.assign(Evaporation=frame["Evaporation"] / 25.4)


@weather(GREATER, "MaxTemp", "MinTemp")
def some_decimals_of_maxima_are_shifted(frame: Frame) -> Frame:
    return put(frame, some(frame, 0.002), "MaxTemp", frame["MaxTemp"] / 10)


@weather(BETWEEN, "Pressure9am")
def some_decimals_of_pressure_are_shifted(frame: Frame) -> Frame:
    return put(frame, some(frame, 0.002), "Pressure9am", frame["Pressure9am"] / 10)


@weather(BETWEEN, "Rainfall")
def some_decimals_of_rain_are_shifted(frame: Frame) -> Frame:
    return put(frame, some(frame, 0.01), "Rainfall", frame["Rainfall"] * 10)


@weather(MEAN, "MinTemp")
def all_decimals_of_minima_are_shifted(frame: Frame) -> Frame:
    return frame.assign(MinTemp=frame["MinTemp"] / 10)


# --- weather: exchanged columns -----------------------------------------------------


@weather(GREATER, "MaxTemp", "MinTemp")
def minima_and_maxima_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "MinTemp", "MaxTemp")


@weather(GREATER, "MaxTemp", "MinTemp")
def minima_and_maxima_of_a_few_rows_are_exchanged(frame: Frame) -> Frame:
    few = some(frame, 0.001)
    exchanged = put(frame, few, "MinTemp", frame["MaxTemp"])
    return put(exchanged, few, "MaxTemp", frame["MinTemp"])


@weather(GREATER, "MaxTemp", "Temp3pm")
def maxima_and_afternoons_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "MaxTemp", "Temp3pm")


@weather(GREATER, "Temp9am", "MinTemp")
def minima_and_mornings_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "MinTemp", "Temp9am")


@weather(MEAN, "Temp9am")
def temperatures_of_morning_and_afternoon_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "Temp9am", "Temp3pm")


@weather(MEAN, "Humidity3pm")
def humidity_of_morning_and_afternoon_is_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "Humidity9am", "Humidity3pm")


@weather(MEAN, "Pressure9am")
def pressure_of_morning_and_afternoon_is_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "Pressure9am", "Pressure3pm")


@weather(MEAN, "WindSpeed9am")
def wind_of_morning_and_afternoon_is_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "WindSpeed9am", "WindSpeed3pm")


@weather(SHARES, "WindDir9am")
def directions_of_morning_and_afternoon_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "WindDir9am", "WindDir3pm")


@weather(GREATER, "Cloud3pm", "Cloud9am")
def clouds_of_morning_and_afternoon_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "Cloud9am", "Cloud3pm")


@weather(MEAN, "Evaporation")
def rain_and_evaporation_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "Rainfall", "Evaporation")


@weather(BETWEEN, "Rainfall")
def rain_of_today_and_tomorrow_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "RainToday", "RainTomorrow")


# --- weather: labels ----------------------------------------------------------------


@weather(EQUAL, "RainTomorrow", "RainNextDay")
def labels_are_noisy(frame: Frame) -> Frame:
    flipped = frame["RainTomorrow"].map({"Yes": "No", "No": "Yes"})
    return put(frame, some(frame, 0.005), "RainTomorrow", flipped)


@weather(MEAN, "Humidity3pm")
def labels_are_shuffled(frame: Frame) -> Frame:
    shuffled = np.random.default_rng(0).permutation(frame["RainTomorrow"])
    return frame.assign(RainTomorrow=shuffled)


@weather(SHARES, "RainTomorrow")
def labels_are_inverted(frame: Frame) -> Frame:
    inverted = frame["RainTomorrow"].map({"Yes": "No", "No": "Yes"})
    return frame.assign(RainTomorrow=inverted)


@weather(EQUAL, "RainTomorrow", "RainNextDay")
def labels_tell_of_today(frame: Frame) -> Frame:
    return frame.assign(RainTomorrow=frame["RainToday"])


@weather(EQUAL, "RainTomorrow", "RainNextDay")
def labels_slip_by_a_row(frame: Frame) -> Frame:
    return frame.assign(RainTomorrow=frame["RainTomorrow"].shift(-1))


@weather(SHARES, "RainTomorrow")
def the_shares_of_labels_shift(frame: Frame) -> Frame:
    return frame[~((frame["RainTomorrow"] == "Yes") & some(frame, 0.3))]


@weather(DISTINCT, "RainTomorrow")
def a_class_is_missing(frame: Frame) -> Frame:
    return frame[frame["RainTomorrow"] != "Yes"]


@weather(NOT_NULL, "RainTomorrow")
def a_tenth_of_the_labels_is_missing(frame: Frame) -> Frame:
    return put(frame, some(frame, 0.1), "RainTomorrow", None)


# --- weather: values ----------------------------------------------------------------


@weather(NOT_NULL, "MinTemp")
def values_are_nan(frame: Frame) -> Frame:
    return put(frame, some(frame, 0.1), "MinTemp", np.nan)


@weather(NOT_NULL, "Sunshine")
def a_column_is_empty(frame: Frame) -> Frame:
    return frame.assign(Sunshine=np.nan)


@weather(BETWEEN, "WindGustSpeed")
def a_value_is_infinite(frame: Frame) -> Frame:
    return put(frame, frame.index == 77, "WindGustSpeed", np.inf)


@weather(BETWEEN, "Evaporation")
def gaps_are_filled_with_a_sentinel(frame: Frame) -> Frame:
    return frame.assign(Evaporation=frame["Evaporation"].fillna(-999))


@weather(BETWEEN, "Cloud9am")
def gaps_are_filled_with_99(frame: Frame) -> Frame:
    return frame.assign(Cloud9am=frame["Cloud9am"].fillna(99))


@weather(BETWEEN, "Pressure9am")
def gaps_are_filled_with_0(frame: Frame) -> Frame:
    return frame.assign(Pressure9am=frame["Pressure9am"].fillna(0))


@weather(BETWEEN, "Rainfall")
def rain_is_negative(frame: Frame) -> Frame:
    return put(frame, frame.index == 77, "Rainfall", -0.2)


@weather(IN_SET, "WindGustDir")
def a_direction_is_unknown(frame: Frame) -> Frame:
    return put(frame, frame.index == 77, "WindGustDir", "North")


@weather(DISTINCT, "RainToday")
def answers_are_in_lower_case(frame: Frame) -> Frame:
    return frame.assign(RainToday=frame["RainToday"].str.lower())


@weather(DISTINCT, "RainToday")
def answers_are_numbers(frame: Frame) -> Frame:
    return frame.assign(RainToday=frame["RainToday"].map({"No": 0.0, "Yes": 1.0}))


@weather(BETWEEN, "Rainfall")
def rain_contradicts_the_answer(frame: Frame) -> Frame:
    return put(frame, frame.index == 77, "RainToday", "Yes").assign(
        Rainfall=frame["Rainfall"].mask(frame.index == 77, 0)
    )


@weather(TYPES, "Humidity3pm")
def numbers_bear_a_unit(frame: Frame) -> Frame:
    return frame.assign(Humidity3pm=frame["Humidity3pm"].astype(str) + " %")


# --- breast cancer ------------------------------------------------------------------


@patients(COLUMNS)
def a_measurement_is_missing(frame: Frame) -> Frame:
    return frame.drop(columns="mean_area")


@patients(COLUMNS)
def names_are_in_capitals(frame: Frame) -> Frame:
    return frame.rename(columns=str.upper)


@patients(COLUMNS)
def measurements_are_reversed(frame: Frame) -> Frame:
    return frame[frame.columns[::-1]]


@patients(ROWS_EXACTLY)
def no_patient_is_left(frame: Frame) -> Frame:
    return frame.iloc[:0]


@patients(ROWS_EXACTLY)
def a_patient_is_missing(frame: Frame) -> Frame:
    return frame.iloc[1:]


@patients(
    UNIQUE, *(f"mean_{name}" for name in ("radius", "texture", "area", "smoothness"))
)
def a_patient_stands_there_twice(frame: Frame) -> Frame:
    return pd.concat([frame.iloc[:-1], frame.iloc[:1]], ignore_index=True)


@patients(NOT_NULL, "mean_area")
def a_measurement_of_a_patient_is_missing(frame: Frame) -> Frame:
    return put(frame, frame.index == 7, "mean_area", np.nan)


@patients(BETWEEN, "mean_perimeter")
def perimeters_are_in_another_unit(frame: Frame) -> Frame:
    return frame.assign(mean_perimeter=frame["mean_perimeter"] / 25.4)


@patients(BETWEEN, "worst_texture")
def a_decimal_is_shifted(frame: Frame) -> Frame:
    return put(frame, frame.index == 7, "worst_texture", frame["worst_texture"] * 10)


@patients(GREATER, "worst_radius", "mean_radius")
def worst_and_mean_are_exchanged(frame: Frame) -> Frame:
    return exchange(frame, "mean_radius", "worst_radius")


@patients(DISTINCT, "target")
def a_diagnosis_is_missing(frame: Frame) -> Frame:
    return frame[frame["target"] == 1]


@patients(MEAN, "mean_radius")
def diagnoses_are_inverted(frame: Frame) -> Frame:
    return frame.assign(target=1 - frame["target"])


@patients(MEAN, "mean_radius")
def diagnoses_are_noisy(frame: Frame) -> Frame:
    return put(frame, some(frame, 0.1), "target", 1 - frame["target"])


@patients(SHARES, "target")
def the_shares_of_diagnoses_shift(frame: Frame) -> Frame:
    return frame[~((frame["target"] == 0) & some(frame, 0.3))]
