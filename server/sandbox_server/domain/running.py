"""What sandbox.toml says about an app while it runs: instances, sleep, drains, and how a new release is judged."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from sandbox_server.domain.durations import seconds_of

SMALLEST_MEMORY = 64 * 1024 * 1024
USUAL_EACH = 30
"""Sessions that one R process is taken to serve well, if its app does not say."""
STORED = {"stored": True}
"""Validation context of values that were accepted before: sizes are bytes and spans are seconds."""

_UNITS = {"": 1, "k": 10, "m": 20, "g": 30, "t": 40}
_MEMORY = re.compile(r"(?P<number>[0-9]{1,6}(\.[0-9]{1,3})?)\s*(?P<unit>[kmgt])(i?b)?", re.IGNORECASE)
_LONGEST_DRAIN = 366 * 86400.0


def memory_bytes(value: object, info: ValidationInfo) -> object:
    """ "1GiB", "512m" or "1.5 GB" as bytes; units count in 1024s, as the engine does. Raises `ValueError`."""
    if value is None or _is_stored(info, value):
        return value
    match = _MEMORY.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError('write it as text with a unit, such as "512MiB" or "2GiB"')
    size = int(float(match["number"]) * 2 ** _UNITS[match["unit"].lower()])
    if size < SMALLEST_MEMORY:
        raise ValueError('R needs "64MiB" at the least')
    return size


def span_seconds(value: object, info: ValidationInfo) -> object:
    """ "30m" as seconds. Raises `ValueError`."""
    if value is None or _is_stored(info, value):
        return value
    if not isinstance(value, str):
        raise ValueError('write it as text with a unit, such as "30m" or "24h"')
    seconds = seconds_of(value)
    if seconds > _LONGEST_DRAIN:
        raise ValueError("a year is the longest span")
    return seconds


def drain_seconds(value: object, info: ValidationInfo) -> object:
    """As a span; "never" stays the word."""
    return value if value == "never" else span_seconds(value, info)


def _is_stored(info: ValidationInfo, value: object) -> bool:
    return info.context == STORED and isinstance(value, int | float)


Memory = Annotated[int | None, BeforeValidator(memory_bytes)]
Span = Annotated[float, BeforeValidator(span_seconds)]
Drain = Annotated[float | Literal["never"] | None, BeforeValidator(drain_seconds)]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class Instances(Table):
    """How many instances one scope of an app has, and what each may use."""

    min: int = Field(default=1, ge=1, le=20, description="Instances that always run.")
    max: int | None = Field(default=None, ge=1, le=20, description="Most instances. Default: 3, or `min`.")
    sessions_per_instance: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="Sessions that one R process serves well. More instances start before they are full; when `max` "
        "of them are full, visitors wait on a page that says so. Default: 30, and nobody waits.",
    )
    memory: Memory = Field(default=None, description="Memory limit of each. Default: the app's `memory`.")
    cpus: float | None = Field(
        default=None,
        ge=0.1,
        le=64,
        validation_alias=AliasChoices("cpus", "cpu"),
        description="CPU limit of each. Default: the app's `cpus`.",
    )

    @model_validator(mode="after")
    def _min_fits_max(self) -> "Instances":
        if self.max is not None and self.min > self.max:
            raise ValueError(f"`min` is {self.min} and `max` is {self.max}; `min` cannot be larger")
        return self


class SandboxInstances(Instances):
    """Of each sandbox."""

    max: int | None = Field(default=None, ge=1, le=20, description="Most instances. Default: 1, or `min`.")


class ReleaseInstances(Instances):
    """Of the release; the sandboxes' own stand in a table below."""

    sandbox: SandboxInstances = Field(default=SandboxInstances(), description="The same for each sandbox.")


@dataclass(frozen=True)
class Numbers:
    """How many instances of one deployment there are in one scope."""

    least: int
    most: int
    each: int
    """Sessions that one of them serves well."""
    waits: bool
    """Whether visitors wait when all of them are full."""


def numbers(said: Instances) -> Numbers:
    """With what holds for an app that does not say."""
    usual = 1 if isinstance(said, SandboxInstances) else 3
    return Numbers(
        least=said.min, most=said.max or max(usual, said.min), each=said.sessions_per_instance or USUAL_EACH,
        waits=said.sessions_per_instance is not None,
    )  # fmt: skip


class WatchConfig(Table):
    minutes: float = Field(
        default=10,
        ge=0,
        le=1440,
        description="Minutes for which a new release is compared with the one before.",
    )
    on_trouble: Literal["rollback", "tell"] = Field(
        default="rollback", description="What happens if it is worse: `rollback`, or `tell` the owner only."
    )
    errors: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="How much larger the share of sessions with an error may be: 0.05 is five of a hundred.",
    )
    first_flush: float = Field(
        default=2.0,
        ge=1,
        le=100,
        description="How many times as long sessions may take until the first outputs are there (95th percentile).",
    )
    crashes: int = Field(default=1, ge=0, le=1000, description="How many more crashes there may be.")
    sessions: int = Field(
        default=20, ge=1, le=100_000, description="Sessions on each side that are needed for a judgement."
    )


class SleepConfig(Table):
    after: Annotated[float | None, BeforeValidator(span_seconds)] = Field(
        default=None,
        description='Time without a session after which a sandbox sleeps, such as "15m". Default: the server\'s.',
    )
    release: bool = Field(default=False, description="Whether the release may sleep too.")
