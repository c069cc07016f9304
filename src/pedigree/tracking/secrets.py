"""Keeping secrets out of what is recorded."""

import os
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"

# Names of environment variables that hold secrets. A shorter value may be any word.
_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|(API|ACCESS|PRIVATE)_?KEY|(^|_)KEY$",
    re.IGNORECASE,
)
_SHORTEST = 6

# https://user:password@host, and ?token=...&key=... of an address.
_USER_INFO = re.compile(
    r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/@'\"]+@", re.IGNORECASE
)
_QUERY = re.compile(
    r"(?P<name>[?&][^\s=&#'\"]*"
    r"(?:token|secret|password|passwd|key|sig|signature|credential|auth)[^\s=&#'\"]*=)"
    r"[^\s&#'\"]+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Hide credentials: those in addresses, and those in environment variables.

    Args:
        text: What is to be recorded.
    """
    text = _USER_INFO.sub(rf"\g<scheme>{HIDDEN}@", text)
    text = _QUERY.sub(rf"\g<name>{HIDDEN}", text)
    for value in _secret_values():
        text = text.replace(value, HIDDEN)
    return text


def redact_leaves(value: Any) -> Any:
    """Hide credentials in the texts of nested lists and mappings, and nothing else.

    A number stays a number, whatever digits a secret has: what is serialised as JSON
    must be redacted before, or it may be none afterwards.
    """
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: redact_leaves(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [redact_leaves(each) for each in value]
    return value


def _secret_values() -> list[str]:
    """Values of secret variables, the longest first: one may be part of another."""
    values = {
        value
        for name, value in os.environ.items()
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST
    }
    return sorted(values, key=len, reverse=True)
