"""Damages of CSV files: each takes the bytes of a good file and returns bad ones."""

import re

from data_gate.damage import Damage, Decorator, Harmless, Refused, Rule, register
from data_gate.table_damages import COLUMNS, DISTINCT, ROWS_EXACTLY, TYPES

FILE_DAMAGES: list[Damage] = []

MANY_COLUMNS = "Expected 31 columns"


def weather(noticed_by: Rule | Refused | Harmless) -> Decorator:
    return register(FILE_DAMAGES, "weather_aus", "file", noticed_by)


def patients(noticed_by: Rule | Refused | Harmless) -> Decorator:
    return register(FILE_DAMAGES, "breast_cancer", "file", noticed_by)


def digits(noticed_by: Rule | Refused | Harmless) -> Decorator:
    return register(FILE_DAMAGES, "digits", "file", noticed_by)


def fashion(noticed_by: Rule | Refused | Harmless) -> Decorator:
    return register(FILE_DAMAGES, "fashion_mnist_csv", "file", noticed_by)


def kernels(noticed_by: Rule | Refused | Harmless) -> Decorator:
    return register(FILE_DAMAGES, "seeds_binary", "file", noticed_by)


def readings(noticed_by: Rule | Refused | Harmless) -> Decorator:
    return register(FILE_DAMAGES, "jena_climate_4000", "file", noticed_by)


def in_line(content: bytes, number: int, old: bytes, new: bytes) -> bytes:
    """Replace the first match of a regular expression in one line."""
    lines = content.splitlines(keepends=True)
    changed = re.sub(old, new, lines[number], count=1)
    assert changed != lines[number]
    return b"".join([*lines[:number], changed, *lines[number + 1 :]])


# --- written otherwise, but the same ------------------------------------------------


@fashion(Harmless())
@digits(Harmless())
@patients(Harmless())
@weather(Harmless())
def a_byte_order_mark_precedes(content: bytes) -> bytes:
    return b"\xef\xbb\xbf" + content


@fashion(Harmless())
@digits(Harmless())
@patients(Harmless())
@weather(Harmless())
@kernels(Harmless())
@readings(Harmless())
def lines_end_as_on_windows(content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


@fashion(Harmless())
@digits(Harmless())
@patients(Harmless())
@weather(Harmless())
def the_last_line_has_no_end(content: bytes) -> bytes:
    return content.rstrip(b"\n")


@fashion(Harmless())
@patients(Harmless())
@weather(Harmless())
def every_value_is_quoted(content: bytes) -> bytes:
    return re.sub(rb"[^,\n]+", rb'"\g<0>"', content)


# --- cut off, or put together -------------------------------------------------------


@fashion(Refused("Expected 785 columns"))
@digits(Refused("Expected 65 columns"))
@patients(Refused(MANY_COLUMNS))
@weather(Refused("Expected 23 columns"))
@kernels(Refused("Expected 8 columns"))
@readings(Refused("Expected 12 columns"))
def the_file_is_truncated_within_a_line(content: bytes) -> bytes:
    cut = content[: len(content) * 2 // 3]
    return cut[: max(cut.rfind(b","), cut.rfind(b"\t"))]


@digits(Rule(ROWS_EXACTLY))
@patients(Rule(ROWS_EXACTLY))
@weather(Rule(DISTINCT, ("Location",)))
@readings(Rule(ROWS_EXACTLY))
def the_file_is_truncated_after_a_line(content: bytes) -> bytes:
    return content[: content.rindex(b"\n", 0, len(content) * 9 // 10) + 1]


@patients(Refused("no row"))
@weather(Refused("no row"))
def only_the_header_is_left(content: bytes) -> bytes:
    return content.splitlines(keepends=True)[0]


@fashion(Refused("Empty CSV file"))
@weather(Refused("Empty CSV file"))
def nothing_is_left(content: bytes) -> bytes:
    return content[:0]


@weather(Rule(TYPES, ("MinTemp",)))
def two_files_are_put_together_with_their_headers(content: bytes) -> bytes:
    return content + content


@digits(Rule(ROWS_EXACTLY))
def the_file_stands_there_twice(content: bytes) -> bytes:
    return content + content


@weather(Refused("two columns of one name"))
def the_header_is_missing(content: bytes) -> bytes:
    return content[content.index(b"\n") + 1 :]


@weather(Refused("two columns of one name"))
def two_columns_bear_one_name(content: bytes) -> bytes:
    return content.replace(b"MaxTemp", b"MinTemp", 1)


@fashion(Refused("Expected 785 columns"))
@weather(Refused("Expected 23 columns"))
def a_line_has_a_value_too_many(content: bytes) -> bytes:
    return in_line(content, 7, rb"$", b",1")


@weather(Rule(COLUMNS))
def every_line_ends_in_a_comma(content: bytes) -> bytes:
    return content.replace(b"\n", b",\n")


@fashion(Refused("Expected 785 columns"))
@weather(Rule(COLUMNS))
def it_is_the_page_of_an_error(content: bytes) -> bytes:
    del content
    return b"<!DOCTYPE html>\n<html><body>\n<h1>404 Not Found</h1>\n</body></html>\n"


# --- other delimiters and encodings -------------------------------------------------


@fashion(Refused("Expected 785 columns"))
@patients(Refused(MANY_COLUMNS))
@weather(Rule(COLUMNS))
def values_are_delimited_by_semicolons(content: bytes) -> bytes:
    return content.replace(b",", b";")


@weather(Rule(COLUMNS))
def values_are_delimited_by_tabs(content: bytes) -> bytes:
    return content.replace(b",", b"\t")


@fashion(Refused("Expected 785 columns"))
@weather(Refused("codec can't decode"))
def the_file_is_in_utf_16(content: bytes) -> bytes:
    return content.decode().encode("utf-16")


@weather(Refused("invalid UTF8"))
def a_name_is_in_latin_1(content: bytes) -> bytes:
    return content.replace(b"Albury", "Albüry".encode("latin-1"))


@weather(Rule(DISTINCT, ("Location",)))
def a_name_was_decoded_wrongly(content: bytes) -> bytes:
    return content.replace(b"Uluru", "Uluṟu".encode().decode("latin-1").encode())


@kernels(Harmless())
def values_are_aligned_by_blanks(content: bytes) -> bytes:
    return content.replace(b"\t", b"    ")


@kernels(Refused("Expected 8 columns"))
def a_value_is_left_out(content: bytes) -> bytes:
    return in_line(content, 9, rb"\t[^\t]+", b"")


# --- times --------------------------------------------------------------------------


@readings(Refused("must be written as"))
def times_are_written_as_iso(content: bytes) -> bytes:
    return re.sub(rb"(\d\d)\.(\d\d)\.(\d{4})", rb"\3-\2-\1", content)


@readings(Refused("must be written as"))
def months_precede_days(content: bytes) -> bytes:
    return re.sub(rb"(\d\d)\.(\d\d)\.(\d{4})", rb"\2.\1.\3", content)


# --- values -------------------------------------------------------------------------


@weather(Rule(DISTINCT, ("Location",)))
def quoted_names_hold_a_newline(content: bytes) -> bytes:
    return content.replace(b"AliceSprings", b'"Alice\nSprings"')


@weather(Rule(DISTINCT, ("Location",)))
def names_hold_white_space(content: bytes) -> bytes:
    return content.replace(b",Darwin,", b", Darwin ,")


@weather(Rule(TYPES, ("MinTemp",)))
def a_text_stands_among_numbers(content: bytes) -> bytes:
    return in_line(content, 7, rb"^([^,]*,[^,]*),[^,]*", rb"\1,unknown")


@weather(Rule(TYPES, ("MinTemp",)))
def a_number_has_a_decimal_comma(content: bytes) -> bytes:
    return in_line(content, 7, rb"^([^,]*,[^,]*),[^,]*", rb'\1,"13,4"')


@weather(Rule(TYPES, ("MinTemp",)))
def a_minus_is_typographic(content: bytes) -> bytes:
    minus = "\N{MINUS SIGN}".encode()
    return in_line(content, 7, rb"^([^,]*,[^,]*),[^,]*", rb"\1," + minus + b"1.5")


@patients(Rule(TYPES, ("mean_radius",)))
def a_measurement_is_a_text(content: bytes) -> bytes:
    return in_line(content, 7, rb"^[^,]*", b"large")


@fashion(Refused("conversion error"))
@digits(Refused("conversion error"))
def a_pixel_exceeds_a_byte(content: bytes) -> bytes:
    return in_line(content, 7, rb",\d+,", b",300,")


@digits(Refused("conversion error"))
def a_pixel_is_a_fraction(content: bytes) -> bytes:
    return in_line(content, 7, rb",\d+,", b",0.5,")


@fashion(Refused("conversion error"))
def a_pixel_is_missing(content: bytes) -> bytes:
    return in_line(content, 7, rb",\d+,", b",,")
