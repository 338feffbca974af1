"""Changes as lines for the proxy's socket, and the check that nothing in them could be a second line."""

import re
from collections.abc import Iterable, Iterator

from sandbox_server.domain.edge import (
    APP_PORT,
    WAKER,
    Change,
    ClearServer,
    DeleteEntry,
    Edge,
    Mode,
    Server,
    SetEntry,
    SetServer,
    Table,
)
from sandbox_server.router.config import NOWHERE, map_file

_WORD = re.compile(r"[A-Za-z0-9._:|/-]{1,400}")
_FORMS = {
    Table.shares: re.compile(r"(0|[1-9][0-9]?|100):slot[0-9]+(:each)?"),
    Table.limits: re.compile(r"0|[1-9][0-9]{0,8}"),
}


def check_edge(edge: Edge, slots: int, servers_per_slot: int) -> None:
    """Raises `ValueError` for a value that the proxy could misread, or a server that it does not have."""
    for table in Table:
        entries: dict[str, str] = getattr(edge, table.value)
        for key, value in entries.items():
            _check_entry(table, key, value, slots, servers_per_slot)
    for server in edge.servers:
        _check_server(server, slots, servers_per_slot)


def check_changes(changes: Iterable[Change], slots: int, servers_per_slot: int) -> None:
    """As `check_edge`, for steps."""
    for change in changes:
        match change:
            case SetEntry(table, key, value):
                _check_entry(table, key, value, slots, servers_per_slot)
            case DeleteEntry(_, key):
                _check_word(key)
            case SetServer(server, _) | ClearServer(server):
                _check_server(server, slots, servers_per_slot)


def commands(change: Change) -> list[str]:
    """What to say for one change, in this order. A new entry is refused by `set` and needs `added`."""
    match change:
        case SetEntry(table, key, value):
            return [f"set map {map_file(table)} {key} {value}"]
        case DeleteEntry(table, key):
            return [f"del map {map_file(table)} {key}"]
        case ClearServer(server):
            return [f"set server {server} state maint", f"set server {server} addr {NOWHERE} port {APP_PORT}"]
        case SetServer(server, backend):
            weight = 0 if backend.mode is Mode.drain else 1
            return [
                f"set server {server} addr {backend.address} port {APP_PORT}",
                f"set server {server} weight {weight}",
                f"set server {server} state ready",
            ]


def added(entry: SetEntry) -> str:
    return f"add map {map_file(entry.table)} {entry.key} {entry.value}"


def _check_entry(table: Table, key: str, value: str, slots: int, servers_per_slot: int) -> None:
    _check_word(key)
    _check_word(value)
    if form := _FORMS.get(table):
        _check_form(form, value)
    for slot, number in _named(table, key, value):
        _check_server(Server(slot, number), slots, servers_per_slot)


def _named(table: Table, key: str, value: str) -> Iterator[tuple[str, int]]:
    match table:
        case Table.routes | Table.pins if value != WAKER:
            yield value, 1
        case Table.labels | Table.limits:
            yield key, 1
        case Table.shares:
            yield value.split(":")[1], 1
        case Table.workers:
            slot, _, server = value.partition("/s")
            yield slot, int(server) if server.isdecimal() else 0
        case _:
            pass


def _check_word(word: str) -> None:
    if not _WORD.fullmatch(word):
        raise ValueError(f"{word!r} cannot be given to the proxy.")


def _check_form(form: re.Pattern[str], value: str) -> None:
    if not form.fullmatch(value):
        raise ValueError(f"{value!r} says nothing to the proxy.")


def _check_server(server: Server, slots: int, servers_per_slot: int) -> None:
    index = server.slot.removeprefix("slot")
    if server.slot == index or not index.isdecimal() or str(int(index)) != index or int(index) >= slots:
        raise ValueError(f"There is no slot {server.slot!r}; there are {slots}, from slot0.")
    if not 1 <= server.number <= servers_per_slot:
        raise ValueError(f"There is no server {server}; a slot has {servers_per_slot}, from s1.")
