"""A repository's PACKAGES file, read as far as it is asked for: CRAN's has 22,000 entries."""

import re
from collections.abc import Iterator, Mapping

from sandbox_server.domain.catalogue import Record
from sandbox_server.domain.description import needs_of, parse_dcf
from sandbox_server.domain.versions import satisfies
from sandbox_server.repositories.trouble import NotHad

_ENTRY = re.compile(r"\n[ \t]*\n\s*")
_NAME = re.compile(r"^Package:[ \t]*(\S+)", re.MULTILINE)
_VERSION = re.compile(r"^Version:[ \t]*(\S+)", re.MULTILINE)
_NEEDS_R = re.compile(r"^Depends:(?:.*\n[ \t])*?.*?\bR[ \t]*\(>=?[ \t]*([0-9.\-]+)[ \t]*\)", re.MULTILINE)


class Records(Mapping[str, Record]):
    """Of a package that is there several times the newest version counts; entries for a newer R than `r` do not."""

    def __init__(self, text: str, r: str = "") -> None:
        """Raises `NotHad` if this is no PACKAGES file."""
        self._entries = _entries(text.replace("\r\n", "\n"), r)
        self._read: dict[str, Record] = {}

    def __getitem__(self, name: str) -> Record:
        if name not in self._read:
            self._read[name] = _record(parse_dcf(self._entries[name]))
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _entries(text: str, r: str) -> dict[str, str]:
    entries: dict[str, str] = {}
    for entry in _ENTRY.split(text.strip()) if text.strip() else ():
        name = _NAME.search(entry)
        if name is None or not _VERSION.search(entry):
            raise NotHad("is not a package index")
        if r and (needed := _NEEDS_R.search(entry)) and not satisfies(r, needed[1]):
            continue
        before = entries.get(name[1])
        if before is None or satisfies(_version(entry), _version(before)):
            entries[name[1]] = entry
    return entries


def _version(entry: str) -> str:
    found = _VERSION.search(entry)
    return found[1] if found else ""


def _record(fields: Mapping[str, str]) -> Record:
    return Record(
        name=fields["Package"],
        version=fields["Version"],
        needs=tuple(needs_of(fields)),
        md5=fields.get("MD5sum", ""),
        path=fields.get("Path", ""),
        system=fields.get("SystemRequirements", ""),
    )
