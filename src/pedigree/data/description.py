"""The results of a verdict in words, for the terminal and for the Data Docs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

# What names the columns of an expectation: they are said before it, not among the rest.
_COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")

# How the library is to go about it, and nothing that is expected.
_MANNERS = ("row_condition", "ignore_row_if")

_SAMPLES = 3
_LONGEST = 80


class Description(NamedTuple):
    """One result in words.

    Attributes:
        about: The columns, or the table.
        expected: The name of the expectation without underscores, and its arguments.
        found: What the data holds, one thing after another.
    """

    about: str
    expected: str
    found: tuple[str, ...]


def describe(result: Mapping[str, Any]) -> Description:
    """Say what a result is about, what was expected, and what was found.

    Args:
        result: One of the results of a verdict.
    """
    return Description(_about(result), _expected(result), tuple(_found(result)))


def _about(result: Mapping[str, Any]) -> str:
    if result["expectation"].startswith("expect_table_"):
        return "the table"
    named: list[str] = []
    for key in _COLUMNS:
        value = result["arguments"].get(key, [])
        named += [value] if isinstance(value, str) else value
    return _cut(", ".join(named)) or "the table"


def _expected(result: Mapping[str, Any]) -> str:
    words = result["expectation"].removeprefix("expect_").replace("_", " ")
    arguments = ", ".join(
        f"{name} {_shown(value)}"
        for name, value in result["arguments"].items()
        if name not in (*_COLUMNS, *_MANNERS)
    )
    condition = result["arguments"].get("row_condition")
    where = f" where {_condition(condition)}" if condition else ""
    return f"{words}{': ' if arguments else ''}{arguments}{where}"


def _condition(condition: Mapping[str, Any]) -> str:
    """Write a plain comparison as one; leave other conditions as they are."""
    if condition.get("type") != "comparison":
        return _shown(condition)
    column, value = condition["column"]["name"], _shown(condition["parameter"])
    return f"{column} {condition['operator']} {value}"


def _found(result: Mapping[str, Any]) -> Iterator[str]:
    """Say one thing after another that was found."""
    if "error" in result:
        yield str(result["error"])
        return
    counted = result.get("element_count") is not None
    if counted:
        count, rows = result["unexpected_count"], result["element_count"]
        share = f" ({100 * count / rows:.3g}%)" if count else ""
        yield f"{count:,} of {rows:,} rows{share}"
    samples = result.get("unexpected", [])[:_SAMPLES]
    if samples and all(sample["value"] is None for sample in samples):
        yield f"rows {', '.join(str(sample['row']) for sample in samples)}, ..."
    else:
        yield from map(_sample, samples)
    told = counted or bool(samples)
    if "observed_partition" in result:
        partition = result["observed_partition"]
        shares = zip(partition["values"], partition["weights"], strict=True)
        yield _cut(", ".join(f"{name}: {share:.4g}" for name, share in shares))
        told = True
    if "observed" in result:
        yield from _observed(result["observed"], result["arguments"])
        told = True
    if "absent" in result:
        yield f"not there: {_shown(result['absent'])}"
        told = True
    if not told:
        yield "as expected" if result["success"] else "nothing to observe"


def _sample(sample: Mapping[str, Any]) -> str:
    """Show an unexpected value, or those of several columns, by its row."""
    value = sample["value"]
    shown = _shown(list(value.values()) if isinstance(value, dict) else value)
    place = f"row {sample['row']}" if "row" in sample else "unexpected"
    return f"{place}: {shown}"


def _observed(observed: Any, arguments: Mapping[str, Any]) -> Iterator[str]:
    """Say what was observed; of columns only in what they differ."""
    expected = arguments.get("column_list", arguments.get("column_set"))
    if not isinstance(observed, list) or not isinstance(expected, list):
        yield f"observed: {_shown(observed)}"
        return
    absent = [name for name in expected if name not in observed]
    others = [name for name in observed if name not in expected]
    if absent:
        yield f"not there: {_shown(absent)}"
    if others:
        yield f"unexpected: {_shown(others)}"
    if not absent and not others:
        yield _another_order(expected, observed)


def _another_order(expected: Sequence[str], observed: Sequence[str]) -> str:
    """Say from where on columns stand in another order."""
    for number, (wanted, found) in enumerate(zip(expected, observed, strict=False), 1):
        if wanted != found:
            return f"column {number} is {_shown(found)} instead of {_shown(wanted)}"
    return f"{len(observed)} columns instead of {len(expected)}"


def _shown(value: Any) -> str:
    """Show a value as JSON, numbers with six digits, and no more than a line of it."""
    return _cut(json.dumps(_rounded(value), ensure_ascii=False))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_rounded(child) for child in value]
    return value


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
