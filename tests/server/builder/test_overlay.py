"""The overlay that a server keeps."""

from pathlib import Path

import pytest

from sandbox_server.builder import Extras, keep_overlay, kept_overlay
from sandbox_server.builder.base_extras import digest
from sandbox_server.builder.base_image import recipe_digest
from sandbox_server.errors import BadRequest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


def test_the_last_one_is_kept(home: Path, tmp_path: Path) -> None:
    assert kept_overlay(home) is None
    for name in ("one", "two"):
        keep_overlay(home, overlay(tmp_path / name, name))
    assert kept_overlay(home) == home / "overlay"
    assert [path.name for path in (home / "overlay").iterdir()] == ["two"]
    assert [path.name for path in home.iterdir()] == ["overlay"]


@pytest.mark.parametrize("which", ["overlay", "overlay/etc", "."])
def test_the_kept_one_itself_is_refused_and_stays(home: Path, tmp_path: Path, which: str) -> None:
    keep_overlay(home, overlay(tmp_path / "one", "etc/fonts"))
    with pytest.raises(BadRequest, match="lie in each other"):
        keep_overlay(home, home / which)
    assert (home / "overlay" / "etc" / "fonts").exists()


def test_a_kill_loses_none(home: Path, tmp_path: Path) -> None:
    overlay(home / "overlay.before", "old")
    overlay(home / "overlay.draft", "half")
    assert kept_overlay(home) == home / "overlay"
    assert (home / "overlay" / "old").exists()
    keep_overlay(home, overlay(tmp_path / "new", "new"))
    assert [path.name for path in home.rglob("*")] == ["overlay", "new"]


def test_another_overlay_or_certificate_is_another_recipe(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n")
    laid = overlay(tmp_path / "laid", "etc/fonts")
    recipes = [recipe_digest(extras) for extras in (Extras(), Extras(laid), Extras(laid, bundle))]
    (laid / "etc" / "fonts").write_text("other")
    recipes.append(recipe_digest(Extras(laid)))
    (laid / "link").symlink_to("nowhere")
    recipes.append(recipe_digest(Extras(laid)))
    assert len(set(recipes)) == 5
    assert recipes[0] == recipe_digest()
    assert digest(Extras(laid)) == digest(Extras(overlay(tmp_path / "same", "link", laid)))


def overlay(folder: Path, name: str, like: Path | None = None) -> Path:
    if like:
        keep_overlay(folder, like)
        return folder / "overlay"
    path = folder / name
    path.parent.mkdir(parents=True)
    path.write_text(name)
    return folder
