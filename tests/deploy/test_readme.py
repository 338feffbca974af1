"""What the README tells people to type exists."""

import re
from pathlib import Path

import pytest

from sandbox_cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text()


def commands() -> set[str]:
    """`deploy` of "sandbox deploy --branch x", in every fence and code span of the README."""
    code = "\n".join(re.findall(r"`([^`]+)`", README) + re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    return set(re.findall(r"(?:^|bin/|\()sandbox ([a-z]+)", code, re.MULTILINE))


def test_every_command_in_the_readme_exists() -> None:
    known = {name.split()[0] for name in COMMANDS}
    assert commands() - known == set()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z]+)", README))))
def test_every_make_target_in_the_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []
