"""Which release of Bioconductor belongs to which R, and where its repositories are."""

_RELEASES = {
    "4.0": "3.12",
    "4.1": "3.14",
    "4.2": "3.16",
    "4.3": "3.18",
    "4.4": "3.20",
    "4.5": "3.22",
    "4.6": "3.23",
}
"""The last release for each R: later ones need a newer R."""
_PARTS = ("bioc", "data/annotation", "data/experiment")


def release_for(r: str) -> str:
    """The release for this version of R, such as "4.5.0"; empty if none is known."""
    return _RELEASES.get(".".join(r.split(".")[:2]), "")


def repositories_of(site: str, release: str) -> list[str]:
    """URLs of CRAN-like repositories."""
    return [f"{site.rstrip('/')}/packages/{release}/{part}" for part in _PARTS] if site and release else []
