"""How figures are written in a terminal or a log."""


def figure(value: float | None) -> str:
    """Write a figure with four decimals, a count as it is, nothing as a dash."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
