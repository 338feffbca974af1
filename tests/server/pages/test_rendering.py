"""Templates over the wire's values."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from pydantic import BaseModel
from tests.server.pages import cast
from tests.server.pages import cast_release as release
from tests.server.pages import cast_reviews as reviews
from tests.server.pages import cast_sessions as sessions

from sandbox_server import wire
from sandbox_server.errors import NotFound
from sandbox_server.operations.opinions import Opinion
from sandbox_server.pages.rendering import STATIC, WEB, render, static_url
from sandbox_server.pages.review_asking import SPANS, Asking
from sandbox_server.pages.sentences import drains

EVIL = "<script>alert(1)</script>\"'"


def evil(value: Any) -> Any:
    """The same value with something nasty in every text that people or apps decide about."""
    if isinstance(value, BaseModel):
        changes = {name: evil(getattr(value, name)) for name in type(value).model_fields if name not in FIXED}
        return value.model_copy(update=changes)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: evil(getattr(value, field.name)) for field in fields(value)})
    if isinstance(value, list | tuple):
        return type(value)(evil(item) for item in value)
    if isinstance(value, dict):
        return {key: evil(item) for key, item in value.items()}
    return EVIL if isinstance(value, str) and not isinstance(value, wire.Status) else value


FIXED = {
    "status",
    "kind",
    "change",
    "in_force",
    "scope",
    "state",
    "span",
    "outcome",
    "identified",
    "gate",
    "mail",
    "picture_state",
}


def evil_page(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a page, with something nasty wherever people or apps decide."""
    own = ("board", "window", "windows", "serves", "scope", "also", "figures_title", "kind", "at", "share")
    return {name: value if name in own else evil(value) for name, value in values.items()}


def pages() -> Iterator[tuple[str, dict[str, Any]]]:
    me = {"caller": {"user": EVIL}}
    app, releases = evil(cast.app_detail()), evil(cast.releases())
    tried = evil(cast.app_detail(candidate=sessions.candidate(), seen=8, notices=2))
    d, diff = evil(cast.deployment(smoke=cast.smoke("totals"))), evil(cast.diff())
    few = {"open_comments": {EVIL: 2}}
    yield "overview.html", {"apps": [evil(cast.app()), tried], "control_url": EVIL, **few, **me}
    for values in (sessions.app_page(), sessions.calm_page(watch=sessions.troubled())):
        yield "app.html", {**evil_page(values), **me}
    for shown in (
        cast.deployment(),
        cast.failed(),
        cast.deployment(drift=["rlang"], notices=["R"]),
        cast.unbuilt(),
    ):
        yield "deployment.html", {**evil_page(sessions.deployment_page(shown)), **me}
    yield "deployment.html", {**evil_page(sessions.deployment_page(at=cast.lines()[3].time)), **me}
    gone = evil(cast.changed())
    listed = {"d": d, "listed": evil(cast.packages()), "against": 39, "changed": {EVIL: gone[0]}}
    yield "packages.html", {**listed, "gone": gone, **me}
    for shown in (d, evil(cast.failed())):
        yield "promote.html", {**evil_page(release.promote_page(d=shown)), **me}
    for override in (True, False):
        held = release.preview(
            gates=release.report(may_override=override, proposal=["+ reviews = 1"]), usual=None,
            verdicts=release.verdicts(), unreviewed=["DB_HOST"],
        )  # fmt: skip
        yield "promote.html", {**evil_page(release.promote_page(preview=held)), **me}
    for share in (None, 0, 25, 100):
        yield "promote.html", {**evil_page(release.promote_page(app=tried, share=share)), **me}
    yield "gates.html", {**evil_page(release.gates_page()), **me}
    yield "rollback.html", {"app": app, "target": releases[1], "diff": diff, **me}
    yield "rollback.html", {"app": tried, "target": releases[0], "diff": diff, **me}
    yield "drain.html", {"d": d, "scope": "release", "group": drains(sessions.draining())[0], **me}
    yield "remove.html", {"app": app, "branch": app.sandboxes[0], **me}
    yield "job.html", {"app": EVIL, "job": evil(cast.job()), **me}
    for share in (100, 10, 0):
        done = cast.job(status="done", release=cast.release(share=share))
        yield "job.html", {"app": EVIL, "job": evil(done), **me}
    yield "job.html", {"app": EVIL, "job": evil(cast.job(status="failed", error=cast.failed().error)), **me}
    yield "login.html", {"owner": EVIL, "next": EVIL, "error": None}
    yield "login.html", {"owner": None, "next": EVIL, "error": evil(cast.failed().error)}
    problem = {
        "status": 409,
        "title": EVIL,
        "error": evil(cast.failed().error),
        "back": "/",
        "back_words": EVIL,
    }
    yield "error.html", {**me, **problem}
    yield from review_pages(me)


def review_pages(me: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of reviews and comments, for publishers."""
    yield "reviews.html", {**evil_page(reviews.reviews_page()), **me}
    yield "reviews.html", {**evil_page(reviews.reviews_page(asked=[], branch=EVIL)), **me}
    refused = cast.failed().error
    for changes in ({}, {"error": refused, "mails": False}, {"shown": None}):
        form = {"form": Asking(branch=EVIL, name=EVIL, email=EVIL, script=EVIL), "spans": SPANS}
        yield "reviews_new.html", {**evil_page(reviews.form_page(**changes)), **form, **me}
    for link in reviews.reviews():
        yield "reviews_one.html", {"r": evil(link), "identified": link.id == 3, **me}
        yield "reviews_revoke.html", {"r": evil(link), **me}
    for comment in reviews.comments():
        yield "comment.html", {**evil_page(reviews.comment_page(comment)), **me}
        found = {"comments": evil(reviews.wire_review.Comments(comments=[comment], open=1, next=3))}
        yield "comments.html", {"app": EVIL, "branch": EVIL, "every": True, "before": 7, **found, **me}
        url = {"d": evil(cast.deployment()), "url": EVIL, "origin": EVIL, "restore": EVIL}
        yield "comment_open.html", {"c": evil(comment), **url, **me}
    yield from reviewers_pages()


def reviewers_pages() -> Iterator[tuple[str, dict[str, Any]]]:
    for newest in (42, 43):
        values = {**evil(reviews.reviewers_page(newest)), "key_of": lambda comment: EVIL}
        yield "review.html", values
    yield "compare.html", values
    yield "review_comment.html", {**values, "c": evil(reviews.comments()[0])}
    yield "review_over.html", {"title": EVIL, "error": NotFound(EVIL, EVIL), "back": EVIL, "sent": True}


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
        html = render("fragments/deployment_head.html", d=d, about=Opinion())
        word, shape = html.partition("</svg><span><b>")[2], html.partition('aria-hidden="true">')[2]
        assert word.startswith(status.value)
        shapes.add(shape.partition("</svg>")[0])
    assert len(shapes) == len(wire.Status)


def test_what_users_get_is_said_in_the_words_of_the_glossary() -> None:
    html = _promote(cast.app_detail(seen=7))
    assert "From now on users get d42. 7 people keep d39 until they leave." in html
    assert 'name="seen" value="7"' in html


def test_a_smoke_check_that_failed_names_the_outputs_wherever_the_deployment_is() -> None:
    d = cast.deployment(smoke=cast.smoke("totals", "map"))
    app = cast.app_detail(sandboxes=[cast.branch(d).model_dump()])
    assert "smoke check failed: totals, map" in render("pages/app.html", **sessions.calm_page(app=app))
    assert "object &#39;map_data&#39; not found" in render(
        "fragments/deployment_head.html", d=d, about=Opinion()
    )
    assert "smoke check failed: totals, map" in _promote(app, d)


def _promote(app: wire.AppDetail, d: wire.Deployment | None = None, share: int | None = None) -> str:
    values = release.promote_page(app=app, d=d or cast.deployment(), share=share)
    return render("pages/promote.html", **values, caller=None)
