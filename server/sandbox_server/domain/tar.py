"""Reads gzipped tar archives from strangers: regular files and folders, in one pass, with bounded memory.

Our own, since the standard library's reader takes a header of any size into memory, follows sparse and
overriding headers, and accepts archives that are cut short or go on after their end.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from sandbox_server.errors import BadBundle

BLOCK = 512
CHUNK = 256 * 1024
LONGEST_EXTENSION = 256 * 1024
"""Bytes of a header that describes the next member, such as a long name or a Mac's attributes."""
MOST_EXTENSIONS = 256 * 1024 * 1024
"""Bytes of all such headers together: they are no files, so no other limit counts them."""
MOST_PADDING = 1024 * 1024

_LINKS = {b"1": "a hard link", b"2": "a symbolic link", b"K": "a link"}
_DEVICES = {b"3": "a character device", b"4": "a block device", b"6": "a pipe"}
_OTHERS = {b"7": "a contiguous file", b"S": "a sparse file", b"M": "a part of a file", b"V": "a volume label"}
_FORBIDDEN = _LINKS | _DEVICES | _OTHERS


@dataclass(frozen=True)
class Entry:
    """One file or folder, as the archive names it."""

    name: str
    folder: bool
    size: int
    executable: bool
    mtime: int


Body = Iterator[bytes]


def entries(file: BinaryIO, *, leave_links: bool = False) -> Iterator[tuple[Entry, Body]]:
    """Every file and folder with its bytes; bytes that the caller leaves are passed over.

    With `leave_links`, symbolic and hard links are passed over too.

    Raises `BadBundle` for anything that is not a whole, plain archive: links, devices, headers that override
    sizes, wrong checksums, a missing end, something after the end.
    """
    source = _Gunzip(file)
    long_name, extensions = "", 0
    while (header := source.take(BLOCK)) != bytes(BLOCK):
        kind, size = _kind(header), _size(header)
        if kind in (b"x", b"g", b"L"):
            extensions += BLOCK + size
            if extensions > MOST_EXTENSIONS:
                raise BadBundle("The archive has far too many headers beside its files.")
            extension = _extension(source, size)
            if kind != b"g" and long_name:
                raise BadBundle("The archive names one member twice.")
            given = extension.rstrip(b"\0") if kind == b"L" else _pax_path(extension)
            if kind == b"g" and given:
                raise BadBundle("The archive gives one name to all its members.")
            long_name = _text(given) or long_name
            continue
        if leave_links and kind in (b"1", b"2") and not size:
            long_name = ""
            continue
        entry = _entry(header, kind, size, long_name)
        long_name = ""
        body = _body(source, entry.size)
        yield entry, body
        for _ in body:
            pass
        source.take(-entry.size % BLOCK)
    _check_end(source, long_name)


class _Gunzip:
    """Exactly the bytes that are asked for, inflated piece by piece."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(wbits=31)
        self._ready = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        """`size` bytes; raises `BadBundle` if the archive ends before."""
        parts = []
        while size > 0:
            part = self.some(size)
            if not part:
                raise BadBundle(
                    "The archive is cut short.", "Push again: the upload may have been interrupted."
                )
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def some(self, most: int) -> bytes:
        """At least one byte and `most` at most; none at the end."""
        if self._at == len(self._ready):
            self._ready, self._at = self._more(), 0
        part = self._ready[self._at : self._at + most]
        self._at += len(part)
        return part

    def _more(self) -> bytes:
        while not self._inflate.eof:
            given = self._inflate.unconsumed_tail or self._file.read(CHUNK)
            try:
                data = self._inflate.decompress(given, CHUNK)
            except zlib.error as error:
                raise BadBundle("This is not a gzipped archive, or it is damaged.") from error
            if data:
                return data
            if not given:
                return b""
        if self._inflate.unused_data or self._file.read(1):
            raise BadBundle("Something follows after the end of the archive.")
        return b""

    @property
    def ended(self) -> bool:
        return self._inflate.eof


def _kind(header: bytes) -> bytes:
    stated = _octal(header[148:156])
    if stated != sum(header) - sum(header[148:156]) + 8 * ord(" "):
        raise BadBundle("This is not a tar archive, or it is damaged.")
    return header[156:157]


def _size(header: bytes) -> int:
    return _octal(header[124:136])


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if not all(ord("0") <= digit <= ord("7") for digit in digits):
        raise BadBundle("The archive has a number that cannot be read.")
    return int(digits, 8)


def _extension(source: _Gunzip, size: int) -> bytes:
    if size > LONGEST_EXTENSION:
        raise BadBundle("The archive has a header that is far too long.")
    extension = source.take(size)
    source.take(-size % BLOCK)
    return extension


def _pax_path(extension: bytes) -> bytes:
    """The path that a pax header gives to the next member, if any; refuses what changes the reading."""
    path = b""
    while extension:
        length, _, _ = extension.partition(b" ")
        if not length.isdigit() or len(length) > 7 or not 5 <= int(length) <= len(extension):
            raise BadBundle("The archive has a header that cannot be read.")
        record, extension = extension[len(length) + 1 : int(length)], extension[int(length) :]
        key, equals, value = record.removesuffix(b"\n").partition(b"=")
        if not equals or key in (b"size", b"linkpath", b"hdrcharset") or key.startswith(b"GNU.sparse"):
            raise BadBundle("The archive has a header that overrides sizes or links.")
        path = value if key == b"path" else path
    return path


def _entry(header: bytes, kind: bytes, size: int, long_name: str) -> Entry:
    name = long_name or _header_name(header)
    if kind in _FORBIDDEN:
        raise BadBundle(f"'{name}' is {_FORBIDDEN[kind]}; only files and folders are accepted.")
    if kind not in (b"0", b"\0", b"5"):
        raise BadBundle(f"'{name}' is of an unknown kind; only files and folders are accepted.")
    folder = kind == b"5" or (kind == b"\0" and name.endswith("/"))
    if kind == b"0" and name.endswith("/"):
        raise BadBundle(f"'{name}' is a file with the name of a folder.")
    if folder and size:
        raise BadBundle(f"'{name}' is a folder with bytes of its own.")
    return Entry(name, folder, size, bool(_octal(header[100:108]) & 0o111), _mtime(header[136:148]))


def _header_name(header: bytes) -> str:
    name, prefix = header[:100].split(b"\0")[0], header[345:500].split(b"\0")[0]
    is_ustar = header[257:263] == b"ustar\0"
    return _text(prefix + b"/" + name if is_ustar and prefix else name)


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise BadBundle(
            f"The name {name[:80]!r} is not UTF-8.", "Rename the file, then push again."
        ) from error


def _mtime(field: bytes) -> int:
    try:
        return _octal(field)
    except BadBundle:
        return 0


def _body(source: _Gunzip, size: int) -> Body:
    read: Callable[[int], bytes] = source.some
    while size:
        part = read(min(size, CHUNK))
        if not part:
            raise BadBundle("The archive is cut short.", "Push again: the upload may have been interrupted.")
        size -= len(part)
        yield part


def _check_end(source: _Gunzip, long_name: str) -> None:
    """After the first empty block only zeros may follow, and not many, and the gzip stream ends by itself."""
    if long_name:
        raise BadBundle("The archive ends after the name of a member.")
    seen = 0
    while part := source.some(CHUNK):
        seen += len(part)
        if part.strip(b"\0") or seen > MOST_PADDING:
            raise BadBundle("Something follows after the end of the archive.")
    if not source.ended:
        raise BadBundle("The archive is cut short.", "Push again: the upload may have been interrupted.")
