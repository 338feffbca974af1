"""Templates over the wire's values."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from tests.server.pages import cast

from sandbox_server import wire
from sandbox_server.pages.rendering import STATIC, WEB, render, static_url

EVIL = "<script>alert(1)</script>\"'"


def evil(value: Any) -> Any:
    """The same value with something nasty in every text that people or apps decide about."""
    if isinstance(value, BaseModel):
        changes = {name: evil(getattr(value, name)) for name in type(value).model_fields if name not in FIXED}
        return value.model_copy(update=changes)
    if isinstance(value, list):
        return [evil(item) for item in value]
    return EVIL if isinstance(value, str) and not isinstance(value, wire.Status) else value


FIXED = {"status", "kind", "change", "in_force"}


def pages() -> Iterator[tuple[str, dict[str, Any]]]:
    me = {"caller": {"user": EVIL}}
    app, releases, events = evil(cast.app_detail()), evil(cast.releases()), evil(cast.events())
    d, diff = evil(cast.deployment(smoke=cast.smoke("totals"))), evil(cast.diff())
    yield "overview.html", {"apps": [evil(cast.app())], "control_url": EVIL, **me}
    yield "app.html", {"app": app, "releases": releases, "events": events, **me}
    yield "deployment.html", {"d": d, "events": events, "kind": "run", "lines": evil(cast.lines()), **me}
    yield "deployment.html", {"d": evil(cast.failed()), "events": [], "kind": "build", "lines": [], **me}
    drifts = evil(cast.deployment(drift=["rlang"], notices=["R"]))
    yield "deployment.html", {"d": drifts, "events": [], "kind": "run", "lines": [], **me}
    yield "deployment.html", {"d": evil(cast.unbuilt()), "events": [], "kind": "build", "lines": [], **me}
    gone = evil(cast.changed())
    listed = {"d": d, "listed": evil(cast.packages()), "against": 39, "changed": {EVIL: gone[0]}}
    yield "packages.html", {**listed, "gone": gone, **me}
    yield "promote.html", {"app": app, "d": d, "diff": diff, **me}
    yield "promote.html", {"app": app, "d": evil(cast.failed()), "diff": diff, **me}
    yield "rollback.html", {"app": app, "target": releases[1], "diff": diff, **me}
    yield "remove.html", {"app": app, "branch": app.sandboxes[0], **me}
    yield "job.html", {"app": EVIL, "job": evil(cast.job()), **me}
    yield "job.html", {"app": EVIL, "job": evil(cast.job(status="done", release=cast.release())), **me}
    yield "job.html", {"app": EVIL, "job": evil(cast.job(status="failed", error=cast.failed().error)), **me}
    yield "login.html", {"owner": EVIL, "next": EVIL, "error": None}
    yield "login.html", {"owner": None, "next": EVIL, "error": evil(cast.failed().error)}
    yield (
        "error.html",
        {
            **me,
            "status": 409,
            "title": EVIL,
            "error": evil(cast.failed().error),
            "back": "/",
            "back_words": EVIL,
        },
    )


@pytest.mark.parametrize(
    ("template", "values"), list(pages()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_nothing_that_people_write_becomes_markup(template: str, values: dict[str, Any]) -> None:
    html = render(f"pages/{template}", **values)
    assert "<script>" not in html
    assert 'alert(1)</script>"' not in html
    assert "&lt;script&gt;" in html


def test_every_page_of_the_package_is_tested_for_that() -> None:
    ours = {path.name for path in (WEB / "pages").iterdir()}
    assert ours - {template for template, _ in pages()} == {"bare.html", "layout.html", "waker.html"}


def test_templates_have_no_inline_script_or_style() -> None:
    for path in WEB.rglob("*.html"):
        text = path.read_text()
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        assert all("src=" in part.partition(">")[0] for part in text.split("<script")[1:]), path


def test_everything_vendored_has_its_licence_beside_it() -> None:
    for path in (STATIC / "vendor").glob("*.js"):
        library = path.name.partition(".")[0].removesuffix("-ext")
        assert (path.parent / f"{library}.LICENSE.txt").is_file()
    assert (STATIC / "icons" / "lucide.LICENSE.txt").is_file()
    assert (STATIC / "fonts" / "inter.LICENSE.txt").is_file()


def test_the_address_of_a_file_changes_with_its_content() -> None:
    assert static_url("page.js").startswith("/static/page.js?v=")
    assert static_url("page.js") != static_url("base.css")


def test_state_is_told_by_a_word_and_by_a_shape_of_its_own() -> None:
    shapes = set()
    for status in wire.Status:
        d = cast.deployment(status=status, phase="")
        html = render("fragments/deployment_head.html", d=d)
        word, shape = html.partition("</svg><span><b>")[2], html.partition('aria-hidden="true">')[2]
        assert word.startswith(status.value)
        shapes.add(shape.partition("</svg>")[0])
    assert len(shapes) == len(wire.Status)


def test_what_users_get_is_said_in_the_words_of_the_glossary() -> None:
    html = render(
        "pages/promote.html", app=cast.app_detail(), d=cast.deployment(), diff=cast.diff(), caller=None
    )
    assert "From now on users get d42. 7 people keep d39 until they leave." in html
    assert 'name="seen" value="7"' in html


def test_a_smoke_check_that_failed_names_the_outputs_wherever_the_deployment_is() -> None:
    d = cast.deployment(smoke=cast.smoke("totals", "map"))
    app = cast.app_detail(sandboxes=[cast.branch(d).model_dump()])
    values: dict[str, Any] = {"app": app, "releases": [], "events": [], "caller": None}
    assert "smoke check failed: totals, map" in render("pages/app.html", **values)
    assert "object &#39;map_data&#39; not found" in render("fragments/deployment_head.html", d=d)
    assert "smoke check failed: totals, map" in render(
        "pages/promote.html", app=app, d=d, diff=cast.diff(), caller=None
    )
