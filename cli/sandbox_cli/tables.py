"""Tables of words: a row is a line. What a narrow screen has no room for stands below its row, and no word is cut."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from unicodedata import combining, east_asian_width

GAP = "  "


def lines(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """The head, then the rows; `width` of None: as wide as they are."""
    widths = [max(map(_wide, cells)) for cells in zip(columns, *rows, strict=True)]
    # The last column needs no room of its own: a long message makes its own row longer, and no other.
    widths[-1] = 0
    shown = next(n for n in range(len(columns), 0, -1) if n == 1 or _fits(columns[:n], widths, width))
    yield _line(columns[:shown], widths)
    for row in rows:
        beside = shown if shown < 2 or _fits(row[:shown], widths, width) else shown - 1
        yield _line(row[:beside], widths)
        # What has no head says what it is.
        yield from _below([*[""] * (shown - beside), *columns[shown:]], row[beside:], width)


def _fits(cells: Sequence[str], widths: Sequence[int], width: int | None) -> bool:
    return width is None or _wide(GAP.join(_padded(cells, widths))) <= width


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(_padded(cells, widths)).rstrip()


def _padded(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    return (cell + " " * (wanted - _wide(cell)) for cell, wanted in zip(cells, widths, strict=False))


def _below(names: Sequence[str], cells: Sequence[str], width: int | None) -> Iterator[str]:
    told = [f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell]
    yield from wrap(
        " · ".join(told), width or 80, initial_indent=GAP, subsequent_indent=GAP, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _wide(text: str) -> int:
    """Columns of the screen."""
    return sum(2 if east_asian_width(one) in "WF" else 0 if combining(one) else 1 for one in text)
