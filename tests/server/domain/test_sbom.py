import json

from sandbox_server.domain.sbom import cyclonedx, purl
from sandbox_server.wire_packages import Package

ROWS = [
    Package(
        name="zoo",
        version="1.8-14",
        source="https://cran.example.org",
        hash=f"sha256:{'a' * 64}",
        wanted=True,
    ),
    Package(name="stats", version="4.5.0", source="base"),
    Package(name="DT", version="0.33", source="Debian r-cran-dt 0.33+dfsg-2"),
]


def test_it_works() -> None:
    text = cyclonedx("sales", 42, "4.5.0", ROWS, bundle="b" * 64, at="2026-01-31T12:00:00Z")
    document = json.loads(text)
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.6", 1)
    assert [one["name"] for one in document["components"]] == ["R", "DT", "zoo"]
    assert document["components"][2]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert document["dependencies"][0] == {"ref": "app:sales@d42", "dependsOn": ["platform:R", "package:zoo"]}
    references = [one["bom-ref"] for one in document["components"]]
    assert len(set(references)) == len(references)
    assert text == cyclonedx("sales", 42, "4.5.0", ROWS, bundle="b" * 64, at="2026-01-31T12:00:00Z")


def test_each_source_has_its_url() -> None:
    commit = "0a1b2c3d4e5f"
    assert purl("zoo", "1.8-14", "https://cran.example.org") == "pkg:cran/zoo@1.8-14"
    assert purl("zoo", "1.8-14", "base") == "pkg:cran/zoo@1.8-14"
    assert purl("DT", "0.33", "Debian r-cran-dt 0.33+dfsg-2") == "pkg:deb/debian/r-cran-dt@0.33%2Bdfsg-2"
    assert purl("x", "1", f"github.com/Firm/X@{commit}") == f"pkg:github/firm/x@{commit}"
    assert purl("x", "1", f"git.firm.com/a/x@{commit}").startswith(
        f"pkg:generic/x@{commit}?vcs_url=git%2Bhttps"
    )
    assert purl("L", "1", "https://bioconductor.org/packages/3.20/bioc") == "pkg:bioconductor/L@1"
    assert purl("mine", "1", "the bundle") == "pkg:generic/mine@1"


def test_what_needs_what_is_told_as_far_as_it_is_listed() -> None:
    rows = [
        Package(name="shiny", version="1", source="base", needs=["httpuv", "methods", "elsewhere"]),
        Package(name="httpuv", version="2", source="base"),
    ]

    document = json.loads(cyclonedx("sales", 42, "4.5.0", rows, bundle="b" * 64, at="2026-01-31T12:00:00Z"))

    assert document["dependencies"][1:] == [
        {"ref": "package:httpuv", "dependsOn": []},
        {"ref": "package:shiny", "dependsOn": ["package:httpuv"]},
    ]
