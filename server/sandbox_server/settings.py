"""All settings of the platform, from `SANDBOX_*` environment variables."""

from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sandbox_server.domain.telling import check_webhook, mail_server

MIB = 1024 * 1024
GIB = 1024 * MIB
HOUR = 3600


class Settings(BaseSettings):
    """One documented class; read by `main` and `app`, nowhere else."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_", extra="ignore")

    home: Path = Field(
        default=Path(".sandbox"), description="Folder with the database, bundles, logs and keys."
    )
    database: SecretStr = Field(
        default=SecretStr(""),
        description="URL of a Postgres database (see postgres.md); by default an SQLite file in the home folder.",
    )

    bind: str = Field(default="127.0.0.1", description="Address on which the edge listens.")
    port: int = Field(default=8080, ge=1, le=65535, description="Port of the edge: pages, API and all apps.")
    control_port: int = Field(
        default=8081, ge=1, le=65535, description="Loopback port of pages and API, behind the edge."
    )
    wake_port: int = Field(
        default=8082, ge=1, le=65535, description="Loopback port of the page for apps that do not run."
    )
    domain: str = Field(default="sandbox.localhost", description="Host of pages and API.")
    apps_domain: str = Field(
        default="apps.localhost", description="Domain under which every app has its host."
    )
    scheme: Literal["http", "https"] = Field(default="http", description="How people reach the edge.")
    public_port: int | None = Field(
        default=None, description="Port in printed URLs, if something stands before the edge."
    )
    open: bool = Field(
        default=False,
        description="Agree that apps on a domain other than localhost are open to all who reach it.",
    )
    certificate: Path | None = Field(
        default=None, description="PEM file with certificate and key for both domains."
    )

    engine: str = Field(default="", description="Docker host URL; by default what the docker command uses.")
    subnet: IPv4Network | None = Field(
        default=None, description="Subnet for instances, a /22 or larger; by default a free one."
    )
    firewall: Literal["own", "external"] = Field(
        default="own",
        description="Who keeps instances away from the host's ports: `own` iptables rule, or `external`.",
    )
    base: str = Field(
        default="", description="Base image to use instead of the one made by `sandboxd base build`."
    )
    suite: str = Field(default="trixie", description="Debian suite of the base image that is made here.")
    mirror: str = Field(
        default="http://deb.debian.org/debian",
        description="Debian mirror for base and packages; if it ends in /debian, updates and /debian-security too.",
    )
    cran: str = Field(
        default="https://cloud.r-project.org",
        description="CRAN-like repositories for what Debian has not, in this order, with spaces between: "
        "http(s) or file. Empty: none.",
    )
    bioconductor: str = Field(
        default="https://bioconductor.org",
        description="Bioconductor or a mirror of it; the release follows from the lock or R's version. Empty: none.",
    )
    netrc: Path | None = Field(
        default=None,
        description="File with one login for each private host (GitHub, GitLab, repositories), in netrc's form, "
        "that nobody else may read.",
    )
    ca_bundle: Path | None = Field(
        default=None,
        description="PEM file with certificates to trust beside the system's: in server, bases, builds and apps.",
    )
    r_images: str = Field(
        default="",
        description="Images with other R versions, such as `rocker/r-ver:{version}`. Empty: Debian's R only.",
    )
    quarto: str = Field(
        default="https://github.com/quarto-dev/quarto-cli/releases/download/v1.8.27/quarto-1.8.27-linux-{arch}.tar.gz",
        description="Quarto's archive for Linux, a URL or a file; fetched when the first Quarto document is pushed.",
    )
    fetch_timeout: float = Field(
        default=30, gt=0, description="Seconds without a byte after which a repository counts as unreachable."
    )
    archive_limit: int = Field(default=512 * MIB, description="Largest archive of one R package, in bytes.")
    haproxy: str = Field(default="haproxy", description="HAProxy's program.")
    chromium: str = Field(
        default="", description="Chromium's program; by default the first one that is found."
    )

    slots: int = Field(
        default=512, ge=8, le=2000, description="Pre-declared backends: how many specs may run at once."
    )
    servers_per_slot: int = Field(
        default=8, ge=2, le=32, description="Instances of one spec, draining ones included."
    )
    max_connections: int = Field(
        default=6000, ge=100, description="Connections that the edge accepts at once."
    )

    bundle_limit: int = Field(default=1 * GIB, description="Largest upload, in bytes, packed.")
    unpacked_limit: int = Field(default=4 * GIB, description="Largest bundle, in bytes, unpacked.")
    file_limit: int = Field(default=20_000, description="Most files in a bundle.")
    output_limit: int = Field(
        default=1 * GIB, description="Largest output of a document, in bytes, unpacked."
    )
    disk_reserve: int = Field(
        default=1 * GIB, description="Free bytes below which uploads, builds and outputs are refused."
    )

    memory: int = Field(
        default=1 * GIB, description="Memory limit of an instance that asks for none, in bytes."
    )
    memory_limit: int = Field(default=8 * GIB, description="Most memory that an app may ask for, in bytes.")
    cpus: float = Field(default=1.0, gt=0, description="CPU limit of an instance that asks for none.")
    timezone: str = Field(default="UTC", description="Time zone of apps that set none.")
    build_timeout: float = Field(default=1800, gt=0, description="Longest build, in seconds.")
    builds_at_once: int = Field(default=2, ge=1, le=64, description="Builds that run at the same time.")
    build_memory: int = Field(default=2 * GIB, description="Memory limit of a build, in bytes.")
    build_cpus: float = Field(default=2, gt=0, description="CPU limit of a build.")
    build_pids: int = Field(default=512, ge=32, description="Most processes of a build.")
    build_disk: int = Field(default=8 * GIB, description="Most that a build may write, in bytes.")
    build_log: int = Field(default=16 * MIB, description="Most that a build may print, in bytes.")
    start_timeout: float = Field(
        default=120, gt=0, description="Longest wait for an app's first answer, in seconds."
    )
    render_timeout: float = Field(
        default=600, gt=0, description="Longest rendering of a document, in seconds."
    )
    smoke_timeout: float = Field(
        default=60, gt=0, description="Longest wait for a session to rest, in seconds."
    )

    keep_previous: float = Field(
        default=24 * HOUR, ge=0, description="Seconds for which the earlier release keeps running."
    )
    drain_deadline: float = Field(
        default=24 * HOUR, ge=0, description="Longest drain of an app that states none, in seconds."
    )
    settle: float = Field(
        default=10,
        ge=0,
        description="Seconds that an instance stays after its last page load could have come.",
    )
    keep_images: int = Field(
        default=10, ge=1, description="Images kept for each branch; released ones are kept always."
    )
    reconcile_every: float = Field(
        default=2, gt=0, description="Seconds between two looks at engine and edge."
    )

    sleep_after: float = Field(
        default=15 * 60, ge=0, description="Seconds without a session after which a sandbox goes to sleep."
    )
    hold: float = Field(
        default=30,
        gt=0,
        description="Longest wait of a request that is no page load for a sandbox that wakes.",
    )
    warm: int = Field(
        default=1, ge=0, le=20, description="Warm instances for each library in recent use. 0: none."
    )
    warm_total: int = Field(default=4, ge=0, le=100, description="Warm instances in all.")
    warm_memory: int = Field(
        default=2 * GIB, ge=0, description="Bytes that all warm instances together may use."
    )
    warm_for: float = Field(
        default=24 * HOUR,
        ge=0,
        description="Seconds after its last push for which a library counts as in use.",
    )

    visit_every: float = Field(
        default=5 * 60, ge=0, description="Seconds between two visits of the platform to a release. 0: none."
    )
    report_every: float = Field(
        default=5, gt=0, description="Seconds between two questions to an instance that has sessions."
    )
    shrink_after: float = Field(
        default=5 * 60,
        ge=0,
        description="Seconds for which an instance must have been one too many before it drains.",
    )
    hang_after: float = Field(
        default=60,
        gt=0,
        description="Seconds without any answer after which an instance gets no new sessions.",
    )
    judge_every: float = Field(
        default=10, gt=0, description="Seconds between two comparisons of a new release with the one before."
    )

    untouched_after: float = Field(
        default=60 * 24 * HOUR, ge=0,
        description="Seconds without push or use after which a sandbox is to be removed. 0: never.",
    )  # fmt: skip
    gone_after: float = Field(
        default=3 * 24 * HOUR, ge=0,
        description="Seconds that a sandbox stays after its branch was merged or deleted. 0: for ever.",
    )  # fmt: skip
    removal_notice: float = Field(
        default=3 * 24 * HOUR, ge=0, description="Seconds between the notice of a removal and the removal."
    )
    sandboxes_per_app: int = Field(default=100, ge=1, description="Most sandboxes of one app.")
    sandboxes: int = Field(default=2000, ge=1, description="Most sandboxes in all.")

    smtp: SecretStr = Field(
        default=SecretStr(""),
        description="Mail server for notices to owners and links to reviewers: smtp://USER:PASSWORD@HOST:PORT, or "
        "smtps. Empty: no mail.",
    )
    mail_from: str = Field(default="", description="Sender of the platform's mail.")
    webhook: SecretStr = Field(
        default=SecretStr(""), description="URL that gets each notice to an owner as JSON. Empty: none."
    )

    tunnel_timeout: float = Field(
        default=24 * HOUR, description="Idle seconds after which the edge closes a WebSocket."
    )
    answer_timeout: float = Field(default=600, description="Seconds that the edge waits for an app's answer.")

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("smtp")
    @classmethod
    def _is_a_mail_server(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            mail_server(value.get_secret_value())
        return value

    @field_validator("webhook")
    @classmethod
    def _is_a_url(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            check_webhook(value.get_secret_value())
        return value

    @property
    def database_url(self) -> str:
        return self.database.get_secret_value() or f"sqlite+aiosqlite:///{self.home / 'sandbox.db'}"

    @property
    def control_url(self) -> str:
        """Where people find pages and API."""
        return f"{self.scheme}://{self.domain}{self.port_suffix}"

    @property
    def port_suffix(self) -> str:
        port = self.public_port or self.port
        return "" if port == {"http": 80, "https": 443}[self.scheme] else f":{port}"
