"""Why an installation failed, in one sentence, and what helps: read from the failed step's own log."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What was going on: "debian", "package", "python"; with a package, which."""

    what: str
    package: str = ""
    version: str = ""


Found = tuple[str, str]
"""What is wrong, as the end of a sentence, and a hint."""

_LONGEST = 240
_LOOKED_AT = 500
"""Characters of a line. A compiler's words are shorter, and no line may cost seconds."""
_QUOTES = "[‘'\"`“]"
_END = "[’'\"`”]"

_HEADERS = {
    "arpack": "libarpack2-dev",
    "avformat.h": "libavfilter-dev",
    "cairo.h": "libcairo2-dev",
    "curl/curl.h": "libcurl4-openssl-dev",
    "fftw3.h": "libfftw3-dev",
    "fontconfig/fontconfig.h": "libfontconfig-dev",
    "freetype2": "libfreetype-dev",
    "ft2build.h": "libfreetype-dev",
    "fribidi": "libfribidi-dev",
    "gdal.h": "libgdal-dev",
    "gdal": "libgdal-dev",
    "geos_c.h": "libgeos-dev",
    "geos": "libgeos-dev",
    "git2.h": "libgit2-dev",
    "libgit2": "libgit2-dev",
    "glpk.h": "libglpk-dev",
    "gmp.h": "libgmp-dev",
    "gsl/gsl": "libgsl-dev",
    "gsl": "libgsl-dev",
    "harfbuzz": "libharfbuzz-dev",
    "hb.h": "libharfbuzz-dev",
    "hdf5.h": "libhdf5-dev",
    "Magick++.h": "libmagick++-dev",
    "Magick++": "libmagick++-dev",
    "mpfr.h": "libmpfr-dev",
    "mysql.h": "default-libmysqlclient-dev",
    "netcdf.h": "libnetcdf-dev",
    "libpq-fe.h": "libpq-dev",
    "libpq": "libpq-dev",
    "librsvg": "librsvg2-dev",
    "poppler": "libpoppler-cpp-dev",
    "proj.h": "libproj-dev",
    "proj_api.h": "libproj-dev",
    "proj": "libproj-dev",
    "libsecret": "libsecret-1-dev",
    "sodium.h": "libsodium-dev",
    "libsodium": "libsodium-dev",
    "sql.h": "unixodbc-dev",
    "sqlext.h": "unixodbc-dev",
    "odbc": "unixodbc-dev",
    "libssh": "libssh-dev",
    "tesseract": "libtesseract-dev",
    "tiffio.h": "libtiff-dev",
    "libtiff-4": "libtiff-dev",
    "udunits2.h": "libudunits2-dev",
    "v8.h": "libnode-dev",
    "libwebp": "libwebp-dev",
    "libxml/": "libxml2-dev",
    "libxslt": "libxslt1-dev",
    "X11/": "libx11-dev",
    "zmq.h": "libzmq3-dev",
    "libzmq": "libzmq3-dev",
    "zstd.h": "libzstd-dev",
}
"""Beginnings of header files, and pkg-config's names of libraries → Debian's package."""

_ADDONS = {
    "java": r"javac?: (command )?not found|JAVA_HOME|cannot find.*\bjava\b|Java Development Kit|jni\.h",
    "latex": r"(pdf|xe|lua)?latex: (command )?not found|pdflatex is not available|LaTeX is not installed",
    "python": r"python3?: (command )?not found|No (suitable )?Python.* found|Python\.h",
    "chromium": r"(chromium|google-chrome): (command )?not found|Chrome.* not found",
}


_TOO_OLD = re.compile(
    rf"namespace {_QUOTES}(?P<name>[\w.]+){_END} (?P<have>[\d.-]+) is (already|being) loaded, "
    r"but (?P<want>.+?) is required"
)


def explain(step: Step, lines: Sequence[str]) -> Found:
    """One sentence, and a hint, which may be empty. `lines` is what the step printed."""
    lines = [line[:_LOOKED_AT] for line in lines]
    for look in _LOOKS.get(step.what, ()):
        for line in lines:
            if found := look(line):
                return f"{_subject(step)}: {found[0][:_LONGEST]}", found[1]
    first = _first_error(lines)
    return (f"{_subject(step)}: {first[:_LONGEST]}" if first else f"{_subject(step)}."), ""


def meanwhile(step: Step, words: str) -> str:
    """One sentence about what went wrong in the middle of a step: `words` without capital and full stop."""
    during = {
        "debian": "Debian's packages were being installed",
        "package": f"package {step.package} {step.version} was being installed",
        "python": "Python's packages were being installed",
        "quarto": "Quarto's archive was being unpacked",
    }.get(step.what)
    return f"While {during[:_LONGEST]}, {words}." if during else f"{words[:1].upper()}{words[1:]}."


def _subject(step: Step) -> str:
    return {
        "debian": "Debian's packages could not be installed",
        "package": f"Package {step.package} {step.version} could not be installed",
        "python": "Python's packages could not be installed",
        "quarto": "Quarto's archive could not be unpacked",
    }.get(step.what, "The installation failed")


def _missing_header(line: str) -> Found | None:
    match = re.search(r"fatal error: (?P<name>[\w.+/-]+\.h(pp|xx)?): No such file", line) or re.search(
        r"(No package|Package) " + _QUOTES + r"?(?P<name>[\w.+-]+)" + _END + r"?(,.*)? (found|was not found)",
        line,
    )
    if not match:
        return None
    name = match["name"]
    what = f"the header {name} is missing" if ".h" in name else f"the system library {name} is missing"
    return what, _system_hint(name)


def _system_hint(name: str) -> str:
    known = next((package for start, package in _HEADERS.items() if name.startswith(start)), "")
    if known:
        return f'Name its Debian package in sandbox.toml: `system_packages = ["{known}"]`.'
    return (
        'Name the Debian package that has it in sandbox.toml: `system_packages = ["lib…-dev"]`; '
        "https://packages.debian.org finds it by the file's name."
    )


def _missing_library(line: str) -> Found | None:
    if match := re.search(r"cannot find -l(?P<name>[\w+.-]+)", line):
        return f"the system library {match['name']} is missing", _system_hint(match["name"])
    if match := re.search(r"(?<![\w+.-])(?P<name>lib[\w+.-]+): cannot open shared object file", line):
        return f"the system library {match['name']} is missing", _system_hint(match["name"])
    return None


def _missing_package(line: str) -> Found | None:
    match = (
        re.search(r"there is no package called " + _QUOTES + r"(?P<name>[\w.]+)" + _END, line)
        or re.search(r"ERROR: dependenc(y|ies) (?P<name>.+?) (is|are) not available", line)
        or re.search(r"no package called " + _QUOTES + r"(?P<name>[\w.]+)" + _END, line)
    )
    if not match:
        return None
    name = re.sub(r"[‘’'\"]", "", match["name"])
    hint = f"Add {name} to what the app declares (`renv::snapshot()`, or Imports in DESCRIPTION), then push again."
    return f"it needs the R package {name}, which is not there", hint


def _other_version(line: str) -> Found | None:
    if match := _TOO_OLD.search(line):
        name, want = match["name"], match["want"]
        hint = f"Take a version of {name} that fits into what the app declares, and push again."
        return f"it needs {name} {want}, and {match['have']} is declared", hint
    if match := re.search(r"this R is version (?P<have>[\d.]+), package .+ requires R (?P<want>.+)", line):
        want = match["want"].strip().rstrip(".")
        return (
            f"it needs R {want}, and this is R {match['have']}",
            'Take a version of it for this R, or say which R the app needs in sandbox.toml: `r = "4.5"`.',
        )
    return None


def _missing_addon(line: str) -> Found | None:
    for addon, pattern in _ADDONS.items():
        if re.search(pattern, line):
            title = {"latex": "LaTeX"}.get(addon, addon.capitalize())
            return f"it needs {title}", f'Name it in sandbox.toml: `addons = ["{addon}"]`.'
    return None


def _no_more(line: str) -> Found | None:
    if re.search(r"(?i)fork.*Resource temporarily unavailable|cannot fork|unable to fork|can't fork", line):
        return "it started more processes than a build may", _raise("PIDS")
    if re.search(
        r"Killed signal terminated program|cannot allocate memory|std::bad_alloc", line, re.IGNORECASE
    ):
        return "it needs more memory than a build may use", _raise("MEMORY")
    if "No space left on device" in line:
        return "the server's disk is full", "Free disk space on the server, then push again."
    return None


def _raise(setting: str) -> str:
    return f"The administrator can raise SANDBOX_BUILD_{setting}."


def _unknown_to_debian(line: str) -> Found | None:
    match = re.search(r"E: Unable to locate package (?P<name>\S+)", line) or re.search(
        r"E: Package '(?P<name>\S+)' has no installation candidate", line
    )
    if not match:
        return None
    hint = "Look at `system_packages` in sandbox.toml: https://packages.debian.org knows the names."
    return f"Debian has no package {match['name']}", hint


def _index_away(line: str) -> Found | None:
    if re.search(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed", line):
        hint = "The administrator can name the certificate to trust in SANDBOX_CA_BUNDLE."
        return "the certificate of Python's package index is not trusted", hint
    if re.search(r"Failed to establish a new connection|Temporary failure in name resolution", line):
        return "Python's package index cannot be reached", "Check the server's network, then push again."
    return None


def _unknown_to_pypi(line: str) -> Found | None:
    match = re.search(r"ERROR: No matching distribution found for (?P<name>.+)", line)
    if match:
        return f"no version of {match['name']} can be had", "Mend requirements.txt, then push again."
    return None


_LOOKS: dict[str, tuple[Callable[[str], Found | None], ...]] = {
    "package": (
        _no_more,
        _missing_addon,
        _missing_header,
        _missing_library,
        _missing_package,
        _other_version,
    ),
    "debian": (_no_more, _unknown_to_debian),
    "python": (_no_more, _index_away, _unknown_to_pypi, _missing_header),
}


def _first_error(lines: Sequence[str]) -> str:
    """The compiler's, R's or apt's first error."""
    patterns = (
        # The look behind lets the search begin at a word's first letter only: else long words cost their square.
        r"(?<![^\s:])(?P<words>[^\s:]+:\d+(:\d+)?: (fatal )?error: .+)",
        r"(?P<words>(configure: error|collect2: error|ld: error): .+)",
        r"^(?P<words>Error(:| in ).*)",
        r"^(?P<words>(E|ERROR|error): .+)",
    )
    for pattern in patterns:
        for number, line in enumerate(lines):
            if match := re.search(pattern, line):
                return _with_next(match["words"].strip(), lines[number + 1 : number + 2])
    return ""


def _with_next(words: str, following: Sequence[str]) -> str:
    # R breaks the line after "Error in f(x) :".
    if words.endswith(":") and following:
        return f"{words} {following[0].strip()}"
    return words
