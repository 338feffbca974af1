"""SBOM: a deployment's package list as CycloneDX 1.6, the form that other tools read."""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from sandbox_server.domain.scan import BASE_R
from sandbox_server.wire_packages import Package

_DEBIAN = re.compile(r"Debian (?P<name>\S+) (?P<version>\S+)")
_REMOTE = re.compile(
    r"(?P<host>[a-z0-9.:-]+\.[a-z0-9.:-]+)/(?P<owner>[^@]+)/(?P<name>[^@/]+)@(?P<commit>\S+)"
)
_SHA256 = re.compile(r"sha256:(?P<hex>[0-9a-f]{64})")
_NAMESPACE = UUID("8b6f4a3e-6f1e-4f0e-9a52-6f1d5a2c7e10")
_ON_HOSTS = {"github.com": "github", "gitlab.com": "gitlab", "bitbucket.org": "bitbucket"}


def cyclonedx(
    app: str, deployment: int, r_version: str, packages: Iterable[Package], *, bundle: str, at: str
) -> str:
    """The document, as JSON. `bundle` is its SHA-256, `at` a time such as "2026-01-31T12:00:00Z".

    The same deployment has the same serial number each time.
    """
    rows = sorted(packages, key=lambda row: row.name.lower())
    itself = f"app:{app}@d{deployment}"
    components = [_r(r_version), *(_component(row) for row in rows if row.name not in BASE_R)]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(_NAMESPACE, f'{app}/{deployment}/{bundle}')}",
        "version": 1,
        "metadata": {
            "timestamp": at,
            "tools": {"components": [{"type": "application", "name": "sandbox"}]},
            "component": {
                "type": "application",
                "bom-ref": itself,
                "name": app,
                "version": f"d{deployment}",
                "properties": [{"name": "sandbox:bundle", "value": f"sha256:{bundle}"}],
            },
        },
        "components": components,
        "dependencies": [{"ref": itself, "dependsOn": _asked(rows)}, *_dependencies(rows)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def purl(name: str, version: str, source: str) -> str:
    """The package's URL in the common scheme: `pkg:cran/zoo@1.8-14`, `pkg:deb/debian/r-cran-zoo@…`, …"""
    if match := _DEBIAN.fullmatch(source):
        return f"pkg:deb/debian/{quote(match['name'], safe='')}@{_version(match['version'])}"
    if match := _REMOTE.fullmatch(source):
        return _remote(match)
    kind = "bioconductor" if "bioconductor" in source.lower() else "cran"
    if "://" in source or source in ("CRAN", "base"):
        return f"pkg:{kind}/{quote(name, safe='')}@{_version(version)}"
    return f"pkg:generic/{quote(name, safe='')}@{_version(version)}"


def _component(row: Package) -> dict[str, Any]:
    properties = [
        {"name": "sandbox:source", "value": row.source},
        {"name": "sandbox:wanted", "value": "true" if row.wanted else "false"},
    ]
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": _reference(row),
        "name": row.name,
        "version": row.version,
        "purl": purl(row.name, row.version, row.source),
        "properties": properties,
    }
    if match := _SHA256.fullmatch(row.hash):
        found["hashes"] = [{"alg": "SHA-256", "content": match["hex"]}]
    return found


def _r(version: str) -> dict[str, Any]:
    return {
        "type": "platform",
        "bom-ref": "platform:R",
        "name": "R",
        "version": version,
        "purl": f"pkg:generic/R@{_version(version)}",
        "licenses": [{"expression": "GPL-2.0-only OR GPL-3.0-only"}],
    }


def _asked(rows: list[Package]) -> list[str]:
    return ["platform:R", *(_reference(row) for row in rows if row.wanted and row.name not in BASE_R)]


def _dependencies(rows: list[Package]) -> list[dict[str, Any]]:
    known = {row.name: _reference(row) for row in rows if row.name not in BASE_R}
    return [
        {"ref": known[row.name], "dependsOn": sorted({known[need] for need in row.needs if need in known})}
        for row in rows
        if row.name in known
    ]


def _reference(row: Package) -> str:
    return f"package:{row.name}"


def _remote(match: re.Match[str]) -> str:
    host, owner, name, commit = match["host"], match["owner"], match["name"], match["commit"]
    if kind := _ON_HOSTS.get(host):
        return f"pkg:{kind}/{quote(owner.lower())}/{quote(name.lower(), safe='')}@{_version(commit)}"
    where = quote(f"git+https://{host}/{owner}/{name}@{commit}", safe="")
    return f"pkg:generic/{quote(name, safe='')}@{_version(commit)}?vcs_url={where}"


def _version(text: str) -> str:
    return quote(text, safe=":")
