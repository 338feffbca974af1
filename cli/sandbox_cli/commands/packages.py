"""`sandbox packages`: what a deployment was built with."""

import json
from pathlib import Path
from typing import Annotated, Any

from sandbox_cli import names, place
from sandbox_cli.answers import PackageChange, PackageDiff, PackageList
from sandbox_cli.console import console, one_line
from sandbox_cli.errors import Failure, WrongUse
from sandbox_cli.options import App, Branch, Deployment, Option
from sandbox_cli.words import plural

RELEASE = "release"


def packages(
    deployment: Deployment = None,
    diff: Annotated[
        str | None,
        Option(
            ("--diff",), "Only what changed since this deployment, or since the `release`.", metavar="OTHER"
        ),
    ] = None,
    sbom: Annotated[
        str | None,
        Option(("--sbom",), "Write the SBOM (CycloneDX, JSON) to this file; - for stdout.", metavar="FILE"),
    ] = None,
    branch: Branch = None,
    app: App = None,
) -> None:
    """The R packages of a deployment, by default of the newest one of this branch: name, version, source."""
    if diff and sbom:
        raise WrongUse("Give --diff or --sbom, not both.", "See `sandbox packages --help`.")
    against = None if diff in (None, RELEASE) else names.deployment(diff)
    client = place.client()
    name, number = place.deployment(client, deployment, branch, app)
    if against and against.app and against.app != name:
        raise WrongUse("These are deployments of two apps.", "Compare two of the same app.")
    if sbom:
        _write(client.sbom(name, number), sbom, number)
    elif diff:
        _show_diff(client.package_diff(name, number, against.number if against else None))
    else:
        _show(client.packages(name, number))


def _show(found: PackageList) -> None:
    number = f"d{found['deployment']}"
    console.document(found)
    console.table(
        ("package", "version", "asked for", "source"),
        [
            (row["name"], row["version"], "yes" if row["wanted"] else "", row["source"])
            for row in found["packages"]
        ],
    )
    wanted = sum(row["wanted"] for row in found["packages"])
    console.say(
        f"{plural(len(found['packages']), 'package')}, {wanted} of them asked for by "
        f"{found['origin'] or 'the app'}; R {found['r_version']}."
    )
    for drift in found["drift"]:
        console.warn(f"Drift: {one_line(drift)}")
    console.next(f"sandbox packages {number} --diff release", f"sandbox lock {number}")


def _show_diff(found: PackageDiff) -> None:
    console.document(found)
    before = "nothing released" if found["a"] is None else f"d{found['a']}"
    console.table(
        ("package", before, f"d{found['b']}", "source"),
        [(row["name"], row["before"] or "–", _after(row), row["source"]) for row in found["changes"]],
    )
    changed = plural(len(found["changes"]), "package") if found["changes"] else "No package"
    verb = "differs" if len(found["changes"]) < 2 else "differ"
    console.say(f"{changed} {verb} between {before} and d{found['b']}.")
    console.next(f"sandbox packages d{found['b']}", f"sandbox diff d{found['b']}")


def _after(row: PackageChange) -> str:
    if row["before"] == row["after"]:
        return f"{row['after']} (another archive)"
    return row["after"] or "–"


def _write(document: dict[str, Any], path: str, number: int) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if path == "-":
        console.document(document)
        console.result(text)
        return
    try:
        Path(path).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Failure(
            f"{path} cannot be written: {error.strerror}.",
            "Name another file: `--sbom FILE`.",
            code="bad_file",
        ) from error
    console.document({"deployment": number, "sbom": path})
    console.done(f"The SBOM of d{number} is in {path}.")
    console.next(f"sandbox packages d{number}")
    console.result(path)
