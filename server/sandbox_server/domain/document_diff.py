"""How two outputs of a document differ, for people: pages as lines of text, all other files by name."""

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

LIMIT = 20 * 1024
"""Characters of a whole difference."""

_LARGEST_PAGE = 8 * 1024 * 1024
_MOST_LINES = 5_000
_INLINE = frozenset(
    ("a", "abbr", "b", "code", "em", "i", "small", "span", "strong", "sub", "sup", "td", "th", "u")
)
_CELLS = frozenset(("td", "th"))
_UNREAD = frozenset(("script", "style", "template"))
_EMBEDDED = re.compile(r"data:[^\"'\s>]{100,}")


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes], names: tuple[str, str]) -> str:
    """A unified difference; empty if there is none. `names` say where each comes from."""
    whole = ""
    for path in sorted({*before, *after}):
        for line in _of_file(path, before, after, names):
            whole = f"{whole}\n{line}" if whole else line
            if len(whole) > LIMIT:
                return whole[:LIMIT].rpartition("\n")[0] + "\n… and more"
    return whole


def text_of(page: bytes) -> list[str]:
    """What a person reads on an HTML page, line by line. A picture is told by a short digest of it."""
    reader = _Reader()
    reader.feed(_EMBEDDED.sub(_digest, page.decode(errors="replace")))
    reader.close()
    return reader.text()


def _of_file(
    path: str, before: Mapping[str, bytes], after: Mapping[str, bytes], names: tuple[str, str]
) -> Iterator[str]:
    if path not in before or path not in after:
        yield f"{'added' if path in after else 'removed'}: {path}"
    elif before[path] != after[path]:
        lines = _of_page(path, before[path], after[path], names) if _is_page(path) else iter(())
        yield next(lines, f"changed: {path}")
        yield from lines


def _is_page(path: str) -> bool:
    return path.lower().endswith((".html", ".htm"))


def _of_page(path: str, before: bytes, after: bytes, names: tuple[str, str]) -> Iterator[str]:
    if max(len(before), len(after)) > _LARGEST_PAGE:
        return iter(())
    old, new = text_of(before), text_of(after)
    if max(len(old), len(new)) > _MOST_LINES:
        return iter(())
    first, second = (f"{path} ({name})" for name in names)
    return difflib.unified_diff(old, new, first, second, n=2, lineterm="")


def _digest(found: re.Match[str]) -> str:
    return "data:" + hashlib.sha256(found[0].encode()).hexdigest()[:8]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNREAD:
            self._unread += 1
        elif tag == "img":
            said = dict(attrs)
            self._parts.append(f" [picture {said.get('alt') or ''} {said.get('src') or ''}] ")
        elif tag in _CELLS:
            self._parts.append(" | ")
        elif tag not in _INLINE:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(self._unread - 1, 0)
        elif tag not in _INLINE:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self._parts.append(data)

    def text(self) -> list[str]:
        lines = (" ".join(line.split()) for line in "".join(self._parts).split("\n"))
        return [line[:500] for line in lines if line]
