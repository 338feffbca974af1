"""Which of Debian's packages an R package needs to be compiled."""

import re
from collections.abc import Iterable, Mapping

from sandbox_server.domain.catalogue import Fetched

_WORDS = {
    "cairo": ("libcairo2-dev",),
    "cmake": ("cmake",),
    "ffmpeg": ("libavfilter-dev",),
    "fftw3": ("libfftw3-dev",),
    "fontconfig": ("libfontconfig1-dev",),
    "freetype2": ("libfreetype-dev",),
    "fribidi": ("libfribidi-dev",),
    "gdal": ("libgdal-dev",),
    "geos": ("libgeos-dev",),
    "glpk": ("libglpk-dev",),
    "gmp": ("libgmp-dev",),
    "gsl": ("libgsl-dev",),
    "harfbuzz": ("libharfbuzz-dev",),
    "hdf5": ("libhdf5-dev",),
    "imagemagick": ("libmagick++-dev",),
    "libcurl": ("libcurl4-openssl-dev",),
    "libgit2": ("libgit2-dev",),
    "libjpeg": ("libjpeg-dev",),
    "libpng": ("libpng-dev",),
    "libpq": ("libpq-dev",),
    "librsvg2": ("librsvg2-dev",),
    "libsodium": ("libsodium-dev",),
    "libssh2": ("libssh2-1-dev",),
    "libtiff": ("libtiff-dev",),
    "libwebp": ("libwebp-dev",),
    "libxml2": ("libxml2-dev",),
    "mariadb": ("libmariadb-dev",),
    "mpfr": ("libmpfr-dev",),
    "mysql": ("libmariadb-dev",),
    "netcdf": ("libnetcdf-dev",),
    "openssl": ("libssl-dev",),
    "pandoc": (),
    "poppler": ("libpoppler-cpp-dev",),
    "proj": ("libproj-dev",),
    "protobuf": ("libprotobuf-dev", "protobuf-compiler"),
    "tesseract": ("libtesseract-dev", "libleptonica-dev"),
    "udunits": ("libudunits2-dev",),
    "unixodbc": ("unixodbc-dev",),
    "v8": ("libnode-dev",),
}
"""Words of SystemRequirements fields, which are free text, in small letters → Debian's packages."""

_WORD = re.compile(r"[a-z][a-z0-9+]*")
_LONGEST = 2000


def debian_packages(sources: Iterable[Fetched], known: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """For these archives. `known`: what Debian itself builds the same R package with, keys in small letters."""
    needed: set[str] = set()
    for source in sources:
        if source.built:
            continue
        needed |= set(known.get(source.name.lower(), ()) or named_in(source.system))
    return frozenset(needed)


def named_in(system_requirements: str) -> frozenset[str]:
    """Debian's packages for what a SystemRequirements field names, as far as the words are known."""
    words = set(_WORD.findall(system_requirements[:_LONGEST].lower()))
    return frozenset(
        package
        for known, packages in _WORDS.items()
        if known in words or f"lib{known}" in words
        for package in packages
    )
