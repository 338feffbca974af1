"""Where a CRAN-like repository keeps an archive."""

from urllib.parse import urlsplit

from sandbox_server.domain.catalogue import Record

CONTRIB = "src/contrib"
_PUBLIC_CRAN = (
    "cran.r-project.org", "cloud.r-project.org", "cran.rstudio.com", "packagemanager.posit.co",
    "packagemanager.rstudio.com", "p3m.dev",
)  # fmt: skip


def is_public_cran(repository: str) -> bool:
    """Does this URL mean CRAN itself, whatever its mirror? Locks name the one that their author was near."""
    parts = urlsplit(repository)
    host = parts.hostname or ""
    return (host in _PUBLIC_CRAN or host.endswith(".r-project.org")) and "bioc" not in parts.path


def archive_urls(repository: str, name: str, version: str, current: Record | None) -> list[str]:
    """Where this version may be: first where the current one is, if it is the current one, then in the archive.

    The layout is that of R's own manual, "R Installation and Administration", section 6.6.
    """
    file = f"{name}_{version}.tar.gz"
    old = f"{repository}/{CONTRIB}/Archive/{name}/{file}"
    if current is None:
        # Between the index and now it may have become the current one, or the index is older than the repository.
        return [old, f"{repository}/{CONTRIB}/{file}"]
    below = f"{current.path}/" if current.path else ""
    return [f"{repository}/{CONTRIB}/{below}{current.name}_{current.version}.tar.gz", old]
