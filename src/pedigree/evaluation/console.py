"""How figures are written in a terminal or a log."""


def figure(value: float | None, decimals: int = 4) -> str:
    """Write a figure with its decimals, a count as it is, nothing as a dash."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.{decimals}f}"
