"""Bounds around what was seen: with room, rounded outward to figures that one reads."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext

# More digits than a 64-bit number has on either side of the point.
_DIGITS = 700


Limits = tuple[float | None, float | None]


def natural_limits(smallest: float, largest: float) -> Limits:
    """Guess what no value of a column will pass, however many more there are.

    What was never negative stays so, what does not pass 1 is taken for a share, and
    what ends at 100 for a percentage.

    Returns:
        The lower and the upper limit; None where there is none.
    """
    if smallest < 0:
        return None, 0 if largest <= 0 else None
    return 0, 1 if largest <= 1 else 100 if largest == 100 else None


def bounds(
    low: float,
    high: float,
    margin: float,
    limits: Limits = (None, None),
    whole: bool = False,
) -> tuple[float | None, float | None]:
    """Widen an interval by a margin and round it outward.

    Bounds have the digits that the margin makes sense of: -13 and 39 for -8.5 to 33.9
    and a margin of 4.2.

    Args:
        low: The smallest value that was seen, finite.
        high: The largest value that was seen, finite.
        margin: The room to leave on either side, finite and not negative.
        limits: What the bounds must not pass.
        whole: Whether the values are whole numbers, and the bounds shall be too.

    Returns:
        The lower and the upper bound; None is one that no number can express.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        smallest, largest, room = map(_decimal, (low, high, margin))
        # Rounding adds less than half of the room to it.
        step = Decimal(1).scaleb((room / 2).adjusted()) if room else None
        if whole:
            step = max(step or Decimal(1), Decimal(1))
        below = _rounded(smallest - room, step, ROUND_FLOOR)
        above = _rounded(largest + room, step, ROUND_CEILING)
        if limits[0] is not None:
            below = max(below, _decimal(limits[0]))
        if limits[1] is not None:
            above = min(above, _decimal(limits[1]))
        return _number(below, whole), _number(above, whole)


def share_below(share: float, room: float) -> float:
    """Take some room from a share, to two digits and never below 0."""
    reduced = max(_decimal(share) - _decimal(room), Decimal(0))
    return float(reduced.quantize(Decimal("0.01"), ROUND_FLOOR))


def _decimal(value: float) -> Decimal:
    """The number that is shown for a value, exactly."""
    return Decimal(repr(value))


def _rounded(value: Decimal, step: Decimal | None, rounding: str) -> Decimal:
    if step is None:
        return value
    return (value / step).to_integral_value(rounding) * step


def _number(value: Decimal, whole: bool) -> float | None:
    """Turn a bound into a number, whole where it is one."""
    if whole:
        return int(value)
    number = float(value)
    if number in (float("inf"), float("-inf")):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
