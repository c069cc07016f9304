"""Errors a user can act on: the rule and what was received, then what to do."""


class PedigreeError(Exception):
    """An error shown as two lines instead of a traceback.

    Args:
        rule: The rule that was broken and what was received.
        remedy: What the user can do about it.
    """

    exit_code = 2

    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(f"{rule}\n{remedy}")
        self.rule = rule
        self.remedy = remedy


class WrongUseError(PedigreeError):
    """Wrong use, wrong parameters or a missing file: exit code 2."""


class RefusedError(PedigreeError):
    """The answer is no (failing data, a mismatch, a closed gate): exit code 1."""

    exit_code = 1
