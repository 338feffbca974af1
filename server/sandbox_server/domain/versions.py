"""Versions as R compares them: numbers between dots and dashes, which mean the same."""

import re
from itertools import zip_longest

_VERSION = re.compile(r"[0-9]{1,18}([.-][0-9]{1,18}){0,19}")
_SPLIT = re.compile(r"[.-]")


def is_version(text: str) -> bool:
    """Such as "1.8-14"."""
    return bool(_VERSION.fullmatch(text))


def compare(one: str, other: str) -> int:
    """Below 0, 0 or above 0: `one` is older, the same or newer. What is no version is older than all that are."""
    mine, theirs = _parts(one), _parts(other)
    for left, right in zip_longest(mine, theirs, fillvalue=-1):
        if left != right:
            return -1 if left < right else 1
    return 0


def same(one: str, other: str) -> bool:
    """ "1.8-14" is "1.8.14", but "1.0" is not "1.0.0"."""
    return is_version(one) and is_version(other) and compare(one, other) == 0


def satisfies(version: str, at_least: str) -> bool:
    """Is it that version or a newer one? Without `at_least`, any will do."""
    return not at_least or compare(version, at_least) >= 0


def _parts(version: str) -> list[int]:
    return [int(part) for part in _SPLIT.split(version)] if is_version(version) else []
