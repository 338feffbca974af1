"""Where base images come from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox_server.builder.base import Report
from sandbox_server.builder.base_extras import Extras, check_extras
from sandbox_server.builder.base_image import SUITES, make_base
from sandbox_server.builder.base_pulled import pull_base
from sandbox_server.builder.engine import Engine
from sandbox_server.errors import BaseMissing, Unavailable


@dataclass(frozen=True)
class BaseSources:
    mirror: str = "http://deb.debian.org/debian"
    work: Path = Path("work")
    """A folder in which a base is put together."""
    images: str = ""
    """The name of images with R, with `{version}` in it; empty: none."""
    cran: str = ""
    """Repositories, with spaces between, for what such an image has not."""
    overlay: Path | None = None
    ca_bundle: Path | None = None

    @property
    def extras(self) -> Extras:
        return Extras(self.overlay, self.ca_bundle)

    async def make(self, engine: Engine, r: str, report: Report) -> str:
        """A base with this R (`MAJOR.MINOR`), or of this suite, with its tag; returns its Id.

        Raises `BaseMissing` if it can be had nowhere.
        """
        check_extras(self.extras)
        if r in SUITES.values():
            return await make_base(engine, r, self.mirror, self.work, _teller(report), self.extras)
        tried = ""
        if self.images:
            try:
                return await pull_base(engine, self.images, r, self.cran, self.extras, report)
            except Unavailable as error:
                tried = f" {error.message}"
                report.line(error.message)
        if r not in SUITES:
            debian = ", ".join(f"R {version} ({suite})" for version, suite in sorted(SUITES.items()))
            raise BaseMissing(
                f"No source of base images has R {r}: Debian has {debian}.{tried}",
                "Lock the app with one of these, or name images with others in SANDBOX_R_IMAGES.",
            )
        return await make_base(engine, SUITES[r], self.mirror, self.work, _teller(report), self.extras)


def _teller(report: Report) -> Callable[[str], None]:
    def tell(words: str) -> None:
        report.line(words)
        report.step(f"making a base image: {words}")

    return tell
