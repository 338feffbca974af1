"""Which R packages an app's code uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sandbox_server.domain.app_code import code_below, code_elsewhere
from sandbox_server.domain.reach import reached_by
from sandbox_server.domain.scan import MOST, Scanned, scan

_MOST_OF_ALL = 300_000
"""Lines and tokens of all files together that are read: keeps hostile bundles cheap."""
_UNREAD = Scanned((), (), (), effort=0, whole=False)


class Use(NamedTuple):
    """The first place in the code that uses a package."""

    path: str
    line: int
    tried: bool = False
    """Only asked for, or in a file that the app does not run by itself: it may be fine without."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class AppCode:
    """What the code of an app says."""

    uses: dict[str, Use]
    running: frozenset[str]
    """Paths of the files that the app runs, as far as can be seen."""
    asked: frozenset[str]
    """Packages that some place only asks for, by `requireNamespace` or `require`."""
    notices: tuple[str, ...]


def read_code(files: Mapping[str, str], folder: str = "", entry: str = "") -> AppCode:
    """What the app in `folder` uses. From `entry` it is followed which files run; without, all of them do.

    Files of the bundle outside `folder` count when the app's own lead to them.
    """
    own = code_below(folder, files)
    looked = own if not entry else [*own, *code_elsewhere(files, own)]
    scanned = _scanned({path: files[path] for path in looked})
    running = set(own)
    if entry:
        running = set(reached_by({path: one.code for path, one in scanned.items()}, entry, set(own)))
    ordered = [*own, *(path for path in looked[len(own) :] if path in running)]
    return AppCode(
        uses=_uses(ordered, scanned, running),
        running=frozenset(running),
        asked=frozenset(one.package for path in running for one in scanned[path].found if one.tried),
        notices=tuple(_notices(ordered, scanned, running)),
    )


def _scanned(files: Mapping[str, str]) -> dict[str, Scanned]:
    """The files in their order, as long as there is effort left."""
    found: dict[str, Scanned] = {}
    left = _MOST_OF_ALL
    for path, text in files.items():
        found[path] = scan(path, text, min(MOST, left)) if left > 0 else _UNREAD
        left -= found[path].effort
    return found


def _uses(ordered: list[str], scanned: Mapping[str, Scanned], running: set[str]) -> dict[str, Use]:
    used: dict[str, Use] = {}
    for path in ordered:
        found = sorted(scanned[path].found, key=lambda one: (one.tried, one.line))
        for one in found:
            use = Use(path, one.line, tried=one.tried or path not in running)
            if one.package not in used or (used[one.package].tried and not use.tried):
                used[one.package] = use
    return used


def _notices(ordered: list[str], scanned: Mapping[str, Scanned], running: set[str]) -> list[str]:
    cut = [path for path in ordered if not scanned[path].whole]
    more = f" and {len(cut) - 1} more files" if cut[1:] else ""
    too_long = [f"{cut[0]}{more}: too long to be read to the end for packages."] if cut else []
    return (
        too_long
        + [
            f"{path}:{one.line} installs {one.what} from {one.host} when it runs; add it to a lock with "
            "`renv::snapshot()`."
            for path in ordered
            if path in running
            for one in scanned[path].installations
        ][:20]
    )
