"""Programs that come as an archive: the server fetches it, a library holds it."""

import platform

from sandbox_server.builder.base import Program, Report
from sandbox_server.errors import BuildFailed, Unavailable
from sandbox_server.operations.bundle import Read
from sandbox_server.operations.parts import Parts

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""As the machine calls itself → as Quarto's makers call it."""


async def fetch_quarto(parts: Parts, read: Read, report: Report) -> tuple[Program | None, str]:
    """Quarto, if the app wants it; or the drift, if R Markdown has to do instead. Raises `BuildFailed`."""
    document = read.detected.kind.is_quarto
    if not document and "quarto" not in read.config.addons:
        return None, ""
    report.step("fetching Quarto")
    try:
        archive, digest = await parts.repositories.program(_address(parts.settings.quarto))
    except Unavailable as error:
        if document and read.config.dependencies == "compatible":
            return None, "R Markdown instead of Quarto"
        raise BuildFailed(
            f"{read.detected.entry} needs Quarto, which this server does not have: {error.message}",
            'Ask the administrator to set SANDBOX_QUARTO to an archive; or set `dependencies = "compatible"` in '
            "sandbox.toml: R Markdown then renders it, without what is Quarto's own.",
        ) from None
    return Program(archive, digest), ""


def _address(setting: str) -> str:
    return setting.replace("{arch}", _ARCHITECTURES.get(platform.machine(), platform.machine()))
