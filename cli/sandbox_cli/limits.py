"""What the server would refuse is refused before it is packed."""

from collections import Counter

from sandbox_cli.answers import Limits
from sandbox_cli.client import Client
from sandbox_cli.errors import Failure
from sandbox_cli.selection import Selection
from sandbox_cli.words import size

MANY = 2000
LARGE = 100 * 1024 * 1024
"""Files, and bytes, up to which no server says no."""
LEAVE_OUT = "Leave out what the app does not read, with .sandboxignore. Nothing was sent."


def check(client: Client, chosen: Selection) -> None:
    """Raises `Failure` that names the file, or the folder with most of them."""
    if len(chosen.members) <= MANY and chosen.size <= LARGE:
        return
    limits = client.me().get("limits")
    if limits:
        _check(chosen, limits)


def _check(chosen: Selection, limits: Limits) -> None:
    folders = {path.rpartition("/")[0] for path, *_ in chosen.members} - {""}
    if len(chosen.members) + len(folders) > limits["files"]:
        raise _failure(
            f"These are {len(chosen.members):,} files and {_folders(len(folders))}; "
            f"this server takes {limits['files']:,} in all.",
            f"Most are in {_fullest(chosen)}.",
        )
    largest = max(chosen.members, key=lambda member: member.size)
    if largest.size > limits["bundle"]:
        raise _failure(
            f"{largest.path} has {size(largest.size)}; a file may have {size(limits['bundle'])} at most.", ""
        )
    if chosen.size > limits["unpacked"]:
        raise _failure(
            f"These files have {size(chosen.size)} together; this server takes {size(limits['unpacked'])}.",
            f"The largest is {largest.path} ({size(largest.size)}).",
        )


def _failure(message: str, more: str) -> Failure:
    return Failure(message, f"{more} {LEAVE_OUT}".strip(), code="too_large")


def _folders(count: int) -> str:
    return f"{count:,} folder{'' if count == 1 else 's'}"


def _fullest(chosen: Selection) -> str:
    counted = Counter(path.partition("/")[0] + "/" if "/" in path else "." for path, *_ in chosen.members)
    folder, count = counted.most_common(1)[0]
    return f"{'the folder itself' if folder == '.' else folder} ({count:,})"
