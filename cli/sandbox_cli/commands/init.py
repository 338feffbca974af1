"""`sandbox init`: a starter app."""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

from sandbox_cli import config, names
from sandbox_cli.console import console
from sandbox_cli.errors import Failure, WrongUse
from sandbox_cli.options import Argument, Option

NAME = re.compile(rb'^name = ".*"$', re.MULTILINE)
TITLE = re.compile(rb'^title = ".*"$', re.MULTILINE)


def init(
    folder: Annotated[Path, Argument("[DIR]", "Where; it is made.", "this folder")] = Path(),
    template: Annotated[str, Option(("--template",), "Which starter app.")] = "shiny",
) -> None:
    """Write a starter app with a sandbox.toml. Files that are there stay as they are."""
    starter = _starter(template)
    name = names.app_of_folder(folder.resolve().name)
    written, kept = _write(starter, folder, name)
    console.document({"folder": str(folder), "template": template, "written": written, "kept": kept})
    for path in written:
        console.result(str(folder / path))
    if kept:
        console.warn(f"Left as they were: {', '.join(kept)}.")
    if written:
        console.done(f"A {template} app is in {folder.resolve()}.")
    deploy = "sandbox deploy" if folder.resolve() == Path.cwd() else f"sandbox deploy {folder}"
    console.next(*([deploy, "sandbox ls"] if _is_logged_in() else ["sandbox login URL", deploy]))


def _is_logged_in() -> bool:
    try:
        return bool(config.login())
    except Failure:
        return False


def _starter(template: str) -> Traversable:
    starters = files("sandbox_templates") / "starters"
    known = sorted(
        item.name for item in starters.iterdir() if item.is_dir() and not item.name.startswith(("_", "."))
    )
    if template not in known:
        raise WrongUse(f"There is no template {template}.", f"There is: {', '.join(known)}.")
    return starters / template


def _write(starter: Traversable, folder: Path, name: str) -> tuple[list[str], list[str]]:
    if folder.exists() and not folder.is_dir():
        raise Failure(f"{folder} is a file.", "Name a folder: `sandbox init DIR`.", code="no_folder")
    written, kept = [], []
    for path, content in _contents(starter):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("xb") as file:
                file.write(_named(content, name) if path == "sandbox.toml" else content)
            written.append(path)
        except FileExistsError:
            kept.append(path)
    return written, kept


def _named(content: bytes, name: str) -> bytes:
    title = name.replace("-", " ").capitalize()
    named = NAME.sub(f'name = "{name}"'.encode(), content, count=1)
    return TITLE.sub(f'title = "{title}"'.encode(), named, count=1)


def _contents(place: Traversable, below: str = "") -> Iterator[tuple[str, bytes]]:
    for item in sorted(place.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            if item.name != "__pycache__":
                yield from _contents(item, f"{below}{item.name}/")
        else:
            yield f"{below}{item.name}", item.read_bytes()
