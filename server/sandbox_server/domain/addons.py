"""Add-ons: large programs that an app asks for by name, `addons = ["latex"]` in sandbox.toml."""

from collections.abc import Iterable
from enum import StrEnum


class Addon(StrEnum):
    python = "python"
    java = "java"
    latex = "latex"
    chromium = "chromium"
    quarto = "quarto"


DEBIAN: dict[str, tuple[str, ...]] = {
    Addon.python: ("python3", "python3-venv", "python3-dev"),
    Addon.java: ("default-jdk-headless",),
    Addon.latex: ("texlive-latex-recommended", "texlive-latex-extra", "texlive-fonts-recommended", "lmodern"),
    Addon.chromium: ("chromium",),
    Addon.quarto: (),
}
"""What Debian has of each; Quarto comes as an archive of its own."""


def debian_packages(addons: Iterable[str]) -> frozenset[str]:
    return frozenset(package for addon in addons for package in DEBIAN[addon])
