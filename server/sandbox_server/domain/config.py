"""sandbox.toml: what an app says of itself."""

import tomllib
from collections.abc import Mapping
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo

from sandbox_server.domain import gate_keys
from sandbox_server.domain.gates import GatesConfig
from sandbox_server.domain.instance import Scope
from sandbox_server.domain.names import check_app_name, nearest
from sandbox_server.domain.running import (
    STORED,
    Drain,
    Instances,
    Memory,
    ReleaseInstances,
    SleepConfig,
    Table,
    WatchConfig,
)
from sandbox_server.errors import BadConfig, BadName

LARGEST = 16 * 1024
"""Characters: reading a dotted key takes time by the square of its length."""
Line = Annotated[str, Field(max_length=200)]
DebianName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]{0,98}[a-z0-9.+]$")]
Addon = Literal["python", "java", "latex", "chromium", "quarto"]


class SmokeConfig(Table):
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


class ReviewConfig(Table):
    data: Line = Field(
        default="", description='What data reviewers see, in words: "test data of 20 November".'
    )
    script: Line = Field(
        default="uat.md", description="A file of the app that says what to try, one step a list item."
    )
    news: Line = Field(
        default="NEWS.md", description="A file of the app that says what is new, newest first."
    )


class AppConfig(Table):
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
    instances: ReleaseInstances = Field(default=ReleaseInstances(), description="How many instances run.")
    watch: WatchConfig = Field(default=WatchConfig(), description="How a new release is judged.")
    sleep: SleepConfig = Field(default=SleepConfig(), description="When nothing runs.")
    gates: GatesConfig | None = Field(
        default=None,
        description="What is demanded before a release. A proposal: it holds once the bundle is released.",
    )
    review: ReviewConfig = Field(default=ReviewConfig(), description="What reviewers are told.")
    drain: Drain = Field(
        default=None,
        description='How long people may keep an earlier version open: "24h", "7d", or "never" to cut nobody. '
        "Default: the server's.",
    )
    update_notice: bool = Field(
        default=False,
        description="Whether open pages of an earlier version say that there is a newer one.",
    )

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
    """The configuration that was dumped as these values; there, sizes are bytes and spans are seconds already."""
    return AppConfig.model_validate(dict(values), context=STORED)


def instances(wanted: AppConfig, scope: Scope) -> Instances:
    """What it says of this scope's instances, with the app's own limits where the scope has none."""
    said = wanted.instances.sandbox if scope is Scope.sandbox else wanted.instances
    limits = {"memory": said.memory or wanted.memory, "cpus": said.cpus or wanted.cpus}
    return said.model_copy(update=limits)


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
        "",
        "[instances]",
        "max = 4",
        "sessions_per_instance = 20",
        "",
        "[instances.sandbox]",
        'memory = "512MiB"',
        "",
        "[gates]",
        "reviews = 1",
        'reviewers = ["@qa", "head@example.org"]',
        'checks = ["smoke"]',
        "",
        "[gates.groups]",
        'qa = ["rita@example.org", "omar@example.org"]',
        "```",
        "",
        "What `[gates]` says is a proposal: [gates](gates.md) tells when it begins to hold.",
        "",
    ]
    return "\n".join(lines)


def _rows(fields: Mapping[str, FieldInfo], prefix: str) -> list[str]:
    rows: list[str] = []
    for name, field in fields.items():
        if table := _table(field):
            rows += _rows(table.model_fields, f"{prefix}{name}.")
        else:
            default = "" if field.default in (None, "", [], {}) else f" Default: {field.default}."
            rows.append(f"| `{prefix}{name}` | {_value(field)} | {field.description}{default} |")
    return rows


def _value(field: FieldInfo) -> str:
    if field.metadata and any(isinstance(one, BeforeValidator) for one in field.metadata):
        return "text with a unit"
    kinds = {kind for kind in (field.annotation, *get_args(field.annotation)) if kind is not NoneType}
    if bool in kinds:
        return "`true` or `false`"
    if kinds & {float, int}:
        return "number"
    named = {list: "list of texts", dict: "table of lists of texts"}
    return named.get(get_origin(field.annotation) or str, "text")


def _sentence(detail: Mapping[str, Any]) -> str:
    where = [str(part) for part in detail["loc"] if not isinstance(part, int)]
    key = ".".join(where)[:80]
    if detail["type"] == "extra_forbidden":
        near = nearest(where[-1], _known(where[:-1]))
        return f"sandbox.toml has an unknown key `{key}`" + (f"; did you mean `{near[0]}`?" if near else ".")
    if where[0] == "gates":
        return _of_gates(detail)
    return f"sandbox.toml: `{key}`: {str(detail['msg']).removeprefix('Value error, ').rstrip('.')}."


def _of_gates(detail: Mapping[str, Any]) -> str:
    return f"sandbox.toml: `{gate_keys.place(detail['loc'])}`: {gate_keys.said(detail['loc'][1:], detail)}."


def _known(table: list[str]) -> list[str]:
    """The keys of a table, given the tables in which it stands."""
    model: type[BaseModel] = AppConfig
    for name in table:
        model = (name in model.model_fields and _table(model.model_fields[name])) or model
    return [*model.model_fields]


def _table(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a table, also of one that may be left out; None for a plain value."""
    kinds = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
