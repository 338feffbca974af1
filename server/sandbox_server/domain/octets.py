"""Numbers within bytes. Pure."""


def big(data: bytes, at: int, count: int) -> int:
    """Raises `ValueError` beyond the end."""
    return int.from_bytes(part(data, at, count), "big")


def little(data: bytes, at: int, count: int) -> int:
    """Raises `ValueError` beyond the end."""
    return int.from_bytes(part(data, at, count), "little")


def part(data: bytes, at: int, count: int) -> bytes:
    """Raises `ValueError` beyond the end."""
    found = data[at : at + count]
    if at < 0 or len(found) < count:
        raise ValueError(at)
    return found
