"""sandbox.toml: what an app says of itself."""

import re
import tomllib
from collections.abc import Mapping
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo

from sandbox_server.domain.names import check_app_name, nearest
from sandbox_server.errors import BadConfig, BadName

SMALLEST_MEMORY = 64 * 1024 * 1024
LARGEST = 16 * 1024
"""Characters: reading a dotted key takes time by the square of its length."""
_UNITS = {"": 1, "k": 10, "m": 20, "g": 30, "t": 40}
_MEMORY = re.compile(r"(?P<number>[0-9]{1,6}(\.[0-9]{1,3})?)\s*(?P<unit>[kmgt])(i?b)?", re.IGNORECASE)


def memory_bytes(value: object) -> object:
    """ "1GiB", "512m" or "1.5 GB" as bytes; units count in 1024s, as the engine does. Raises `ValueError`."""
    if value is None:
        return None
    match = _MEMORY.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError('write it as text with a unit, such as "512MiB" or "2GiB"')
    size = int(float(match["number"]) * 2 ** _UNITS[match["unit"].lower()])
    if size < SMALLEST_MEMORY:
        raise ValueError('R needs "64MiB" at the least')
    return size


Memory = Annotated[int | None, BeforeValidator(memory_bytes)]
Line = Annotated[str, Field(max_length=200)]
DebianName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]{0,98}[a-z0-9.+]$")]
Addon = Literal["python", "java", "latex", "chromium", "quarto"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SmokeConfig(_Table):
    timeout: float | None = Field(
        default=None,
        ge=1,
        le=600,
        description="Seconds that the first session may take until it rests. Default: the server's.",
    )
    wait_for: str = Field(
        default="",
        max_length=500,
        description="A CSS selector that counts as rest as soon as it is visible; for pages that never rest.",
    )


class AppConfig(_Table):
    """Everything is optional."""

    name: str = Field(default="", description="The app's name, part of its URL. Default: the folder's name.")
    title: Line = Field(
        default="", description="What people call it, on the platform's pages. Default: the name."
    )
    path: Line = Field(default="", description="Folder of the app below this file, if it is not beside it.")
    r: str = Field(
        default="",
        pattern=r"^([0-9]+(\.[0-9]+){0,2})?$",
        description='The R version that the app is written for, such as "4.5.0".',
    )
    kind: Literal["", "shiny", "rmd-shiny", "quarto-shiny", "rmd", "quarto", "plumber", "static"] = Field(
        default="",
        description="What is pushed: `shiny`, `rmd-shiny`, `quarto-shiny`, `rmd`, `quarto`, `plumber` or `static`. "
        "Default: what the files show.",
    )
    entry: Line = Field(
        default="", description="The file that starts it, below `path`. Default: what the files show."
    )
    dependencies: Literal["locked", "compatible"] = Field(
        default="locked",
        description="`locked`: a lock file is met exactly, or the build fails. "
        "`compatible`: the nearest ready-built version will do, and what differs is shown.",
    )
    system_packages: list[DebianName] = Field(
        default=[],
        max_length=100,
        description="Debian packages that the app needs beside R's, such as `libgdal-dev` or `ffmpeg`.",
    )
    addons: list[Addon] = Field(
        default=[],
        max_length=10,
        description="What comes on top of R: `python`, `java`, `latex`, `chromium`, `quarto`.",
    )
    owner: Line = Field(default="", description="Who answers for it: a person or a team.")
    audience: Line = Field(default="", description="Who uses it.")
    sla: Line = Field(default="", description="What was promised to them, in a few words.")
    timezone: str = Field(
        default="", description='Time zone of the app, such as "Europe/Berlin". Default: UTC.'
    )
    memory: Memory = Field(
        default=None,
        description='Memory limit of one instance, such as "512MiB" or "2GiB". Default: the server\'s.',
    )
    cpus: float | None = Field(
        default=None,
        ge=0.1,
        le=64,
        description="CPU limit of one instance, such as 0.5 or 2. Default: the server's.",
    )
    include: list[Line] = Field(
        default=[],
        max_length=100,
        description="Patterns of files to push although git ignores them, such as `data/*.rds`.",
    )
    smoke: SmokeConfig = Field(default=SmokeConfig(), description="How the first session is judged.")

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        try:
            return check_app_name(name) if name else name
        except BadName as error:
            raise ValueError(error.message) from error

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        try:
            return ZoneInfo(zone).key if zone else zone
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError('no such time zone; write it as "Area/City"') from error

    @field_validator("path", "entry", "include", mode="after")
    @classmethod
    def _stays_inside(cls, value: str | list[str]) -> str | list[str]:
        for path in [value] if isinstance(value, str) else value:
            if path.startswith("/") or ".." in path.split("/") or "\\" in path or not path.isprintable():
                raise ValueError(f"{path!r} must lie below this file and use forward slashes")
        return value


def parse(text: str) -> AppConfig:
    """What sandbox.toml says. Raises `BadConfig` with the key, or the line for what is no TOML at all."""
    if len(text) > LARGEST:
        raise BadConfig(f"sandbox.toml has {len(text):,} characters; {LARGEST:,} are allowed.")
    try:
        return AppConfig.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise BadConfig(" ".join(_sentence(detail) for detail in error.errors()[:3])) from error
    except (ValueError, RecursionError) as error:
        raise BadConfig(f"sandbox.toml is not TOML: {str(error)[:200] or 'nested too deeply'}.") from error


def stored(values: Mapping[str, Any]) -> AppConfig:
    """The configuration that was dumped as these values; there, memory is in bytes already."""
    return AppConfig.model_validate({**values, "memory": None}).model_copy(
        update={"memory": values.get("memory")}
    )


def reference() -> str:
    """The page that describes sandbox.toml, as Markdown."""
    lines = [
        "# sandbox.toml",
        "",
        "What an app says of itself, in a file at the top of its folder. Every key is optional.",
        "",
        "| key | value | meaning |",
        "| --- | --- | --- |",
        *_rows(AppConfig.model_fields, ""),
        "",
        "Keys with a dot stand in a table:",
        "",
        "```toml",
        'name = "sales-dashboard"',
        'memory = "2GiB"',
        "",
        "[smoke]",
        "timeout = 120",
        "```",
        "",
    ]
    return "\n".join(lines)


def _rows(fields: Mapping[str, FieldInfo], prefix: str) -> list[str]:
    rows: list[str] = []
    for name, field in fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            rows += _rows(field.annotation.model_fields, f"{name}.")
        else:
            default = "" if field.default in (None, "", []) else f" Default: {field.default}."
            rows.append(f"| `{prefix}{name}` | {_value(name, field)} | {field.description}{default} |")
    return rows


def _value(name: str, field: FieldInfo) -> str:
    if name == "memory":
        return "text with a unit"
    kinds = {kind for kind in (field.annotation, *get_args(field.annotation)) if kind is not NoneType}
    if float in kinds:
        return "number"
    return "list of texts" if get_origin(field.annotation) is list else "text"


def _sentence(detail: Mapping[str, Any]) -> str:
    where = [str(part) for part in detail["loc"] if not isinstance(part, int)]
    key = ".".join(where)[:80]
    if detail["type"] == "extra_forbidden":
        near = nearest(where[-1], _known(where[:-1]))
        return f"sandbox.toml has an unknown key `{key}`" + (f"; did you mean `{near[0]}`?" if near else ".")
    return f"sandbox.toml: `{key}`: {str(detail['msg']).removeprefix('Value error, ').rstrip('.')}."


def _known(table: list[str]) -> list[str]:
    return [*(SmokeConfig if table == ["smoke"] else AppConfig).model_fields]
