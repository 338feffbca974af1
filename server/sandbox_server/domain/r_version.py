"""Does an R serve an app that was written for another one?"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fit:
    good: bool
    """The same MAJOR.MINOR: packages built for one work with the other."""
    notice: str = ""
    drift: str = ""


def minor(version: str) -> str:
    """ "4.2" of "4.2.2"."""
    return ".".join(version.split(".")[:2])


def fit(wanted: str, have: str) -> Fit:
    """`wanted` may be "4.2.2", "4.2", "4", or empty for any."""
    if not wanted or have == wanted or have.startswith(f"{wanted}."):
        return Fit(good=True)
    if minor(wanted) == minor(have):
        return Fit(good=True, notice=f"R {have} serves for R {wanted}.")
    return Fit(good=False, drift=f"R {have} instead of {wanted}")
