"""Choose a base: the R that the app was written for, or one that is as good, or a clear no."""

from sandbox_server.builder.base import Base, Report
from sandbox_server.domain.r_version import Fit, fit, minor
from sandbox_server.errors import BaseMissing, BuildFailed, RuntimeUnavailable, Unavailable
from sandbox_server.operations.parts import Parts


async def choose_base(parts: Parts, wanted: str, report: Report, *, compatible: bool) -> tuple[Base, Fit]:
    """A base for R `wanted` ("4.2.2", "4.2" or empty for any), made now if this machine can make it.

    Raises `BuildFailed` if there is none and the app does not say that another one will do.
    """
    usual = await _usual(parts, wanted)
    if usual is not None and fit(wanted, usual.r_version).good:
        return usual, fit(wanted, usual.r_version)
    try:
        base = await _other(parts, minor(wanted), report)
    except RuntimeUnavailable:
        raise
    except Unavailable as missing:
        if usual is None:
            raise
        if compatible:
            return usual, fit(wanted, usual.r_version)
        raise BuildFailed(
            f"The app is locked to R {wanted}; this server has R {usual.r_version}, and cannot make another: "
            f"{missing.message}",
            'Set `dependencies = "compatible"` in sandbox.toml to build with it all the same; or ask the administrator '
            f"to run `sudo sandboxd base build --r {minor(wanted)}`, with SANDBOX_R_IMAGES set if Debian lacks that R.",
        ) from missing
    return base, fit(wanted, base.r_version)


async def _usual(parts: Parts, wanted: str) -> Base | None:
    try:
        return await parts.builder.base()
    except BaseMissing:
        if not wanted:
            raise
        return None


async def _other(parts: Parts, r: str, report: Report) -> Base:
    try:
        return await parts.builder.base(r)
    except BaseMissing:
        report.line(f"There is no base with R {r} yet: making one, once, takes a few minutes.")
        report.step(f"making a base with R {r}, once")
        return await parts.builder.make_base(r, report)
