"""Kinds of columns that every table's file uses."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field


class UtcTime(TypeDecorator[datetime]):
    """Aware times in, aware times out, on databases that forget time zones too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        try:
            return value.astimezone(UTC) if value else None
        except OverflowError:  # the last hours that a calendar has, in another zone
            return value.replace(tzinfo=UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def time_column(*, index: bool = False) -> Any:
    return Field(sa_column=Column(UtcTime, nullable=False, index=index))


def maybe_time_column() -> Any:
    return Field(default=None, sa_column=Column(UtcTime, nullable=True))


def text_column() -> Any:
    return Field(default="", sa_column=Column(Text, nullable=False))


def json_column() -> Any:
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


def size_column() -> Any:
    """Bytes: more than 32 bits, which SQLite's numbers have anyway."""
    kind = BigInteger().with_variant(Integer(), "sqlite")
    return Field(default=0, sa_column=Column(kind, nullable=False))
