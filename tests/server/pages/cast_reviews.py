"""Realistic values about reviews: links, verdicts, comments."""

from datetime import timedelta
from typing import Any

from tests.server.pages import cast

from sandbox_server import wire, wire_review
from sandbox_server.auth import Caller
from sandbox_server.auth.guests import Guest
from sandbox_server.operations.identify import Proof
from sandbox_server.operations.opinions import Opinion
from sandbox_server.operations.reviewing import Said, Shown
from sandbox_server.operations.try_out import Briefing
from sandbox_server.pages import review_words

APP = "sales-dashboard"
HOST = "http://sandbox.localhost:8080"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def verdict(outcome: str = "accepted", number: int = 42, **changes: Any) -> wire_review.Verdict:
    values: dict[str, Any] = {
        "id": 5, "app": APP, "branch": "feature-x", "deployment": number, "outcome": outcome, "name": "Ann Berger",
        "email": "ann@example.com", "user": "", "identified": "code", "text": "", "review": 3, "stands": True,
        "meaning": f"I have tried test version {number} of Sales dashboard and accept that it goes live.",
        "image": "sha256:3b7ac11e90d4f1" + "0" * 50, "at": cast.ago(hours=2), "steps": steps(),
    }  # fmt: skip
    return wire_review.Verdict(**{**values, **changes})


def steps(done: int = 2) -> list[wire_review.Step]:
    texts = ["Choose a region", "Look whether the totals are right", "Download the table and open it"]
    return [wire_review.Step(text=text, done=n < done) for n, text in enumerate(texts)]


def review(id: int = 3, name: str = "Ann Berger", **changes: Any) -> wire_review.Review:
    email = name.partition(" ")[0].lower() + "@example.com"
    values: dict[str, Any] = {
        "id": id, "app": APP, "branch": "feature-x", "deployment": 41, "name": name, "email": email,
        "url": f"{HOST}/r/{id}.{'5a1c07e9' * 4}", "page": f"{HOST}/apps/{APP}/reviews#review-{id}", "by": "anna",
        "created_at": cast.ago(days=1), "expires": cast.NOW + timedelta(days=6), "state": "open", "mail": "sent",
        "verdicts": [], "open_comments": 0,
    }  # fmt: skip
    return wire_review.Review(**{**values, **changes})


def reviews() -> list[wire_review.Review]:
    """Everything that there may be on one branch, and a second branch with one."""
    lost = "the mail server did not answer within 30 seconds"
    ben = verdict("rejected", text="Totals of region North are empty.\nSee my comment.", name="Ben", steps=[])
    return [
        review(9, "Eva Long-Name-Without-End", branch="fix-totals", deployment=44, mail="none"),
        review(8, "Dora", mail="failed", mail_why=lost, created_at=cast.ago(minutes=3)),
        review(7, "Carl", mail="waiting", created_at=cast.ago(seconds=3)),
        review(4, "Ben", verdicts=[ben], open_comments=2),
        review(3, verdicts=[verdict("remarks", text="Fine; the map could be larger."), verdict("rejected", 40)]),
        review(2, "Ann Berger", state="expired", url="", expires=cast.ago(days=3), verdicts=[verdict("rejected", 40)]),
        review(1, "Finn", state="revoked", url=""),
    ]  # fmt: skip


def place(**changes: Any) -> wire_review.Place:
    values: dict[str, Any] = {
        "url": "/?tab=totals#map", "width": 1000, "height": 640, "scroll_y": 120, "x": 618, "y": 214,
        "inputs": {"region": "North", "years": [2024, 2026], "top": 12, "split": False, "note": "a long word " * 40},
    }  # fmt: skip
    return wire_review.Place(**{**values, **changes})


def comment(id: int = 12, **changes: Any) -> wire_review.CommentDetail:
    values: dict[str, Any] = {
        "id": id, "app": APP, "branch": "feature-x", "deployment": 41, "review": 3, "name": "Ann Berger", "user": "",
        "text": "The totals of region North are empty here, though the table below has rows.",
        "place": place(), "picture": f"{HOST}/api/v1/apps/{APP}/comments/{id}/picture", "picture_state": "taken",
        "picture_why": "", "answers": answers(), "at": cast.ago(hours=3), "resolved_at": None, "resolved_by": "",
        "page": f"{HOST}/apps/{APP}/comments/{id}", "log": cast.lines()[:9],
    }  # fmt: skip
    found = {**values, **changes}
    return wire_review.CommentDetail(**{"answered": len(found["answers"]), **found})


def answers() -> list[wire_review.Answer]:
    first = wire_review.Answer(
        id=13, name="anna", user="anna", text="Thank you. Is it so for 2025 alone, too?", at=cast.ago(hours=2)
    )
    second = wire_review.Answer(
        id=14,
        name="Ann Berger",
        user="",
        text="Yes, for every year.\nOnly North, though.",
        at=cast.ago(hours=1),
    )
    return [first, second]


def comments() -> list[wire_review.CommentDetail]:
    return [
        comment(15, picture_state="waiting", picture="", answers=[], text="Legend overlaps the map."),
        comment(12),
        comment(
            11, name="Ben", picture_state="none", place=None, answers=[], text="Dates are American. " * 30
        ),
    ]


def opinions() -> dict[str, Opinion]:
    return {
        "feature-x": Opinion(("Ben",), ("Ann Berger",), (), ("Dora", "Carl"), 3),
        "fix-totals": Opinion(waiting=("Eva Long-Name-Without-End",)),
        "main": Opinion(accepted=("Ann Berger", "Ben", "Carl", "Dora")),
    }


def asked() -> list[review_words.BranchReviews]:
    said = {name: opinion for name, opinion in opinions().items() if name != "main"}
    return review_words.by_branch(cast.branches(), said, reviews(), comments())


def reviews_page(**changes: Any) -> dict[str, Any]:
    return {"app": cast.app_detail(), "branch": "", "asked": asked(), "caller": None, **changes}


def form_page(**changes: Any) -> dict[str, Any]:
    from_bundle = "- Choose a region\n- Look whether the totals are right\n- Download the table and open it"
    values: dict[str, Any] = {
        "app": cast.app_detail(), "shown": cast.deployment(), "error": None, "mails": True, "prefilled": from_bundle,
        "asked": [review(), review(4, "Ben")], "caller": None,
    }  # fmt: skip
    return {**values, **changes}


def comment_page(c: wire_review.CommentDetail | None = None, **changes: Any) -> dict[str, Any]:
    open_in: list[wire.Deployment] = [cast.deployment(41, current=False), cast.deployment()]
    return {"c": c or comment(), "open_in": open_in, "key": "0" * 32, "caller": None, **changes}


def reviewers_page(newest: int = 42) -> dict[str, Any]:
    """What a reviewer's page is made from, of a test version that was judged and talked about."""
    host = f"d42--{APP}.apps.localhost:8080"
    said = wire_review.Comments(comments=comments(), open=1, next=3)
    return {
        "v": Shown(42, newest, True, f"http://{host}", 39, f"http://{APP}.apps.localhost:8080"),
        "s": Said(
            [verdict(text="Good.")], Proof(True, True, cast.NOW + timedelta(minutes=9), "failed"), said
        ),
        "b": Briefing(42, ["Margins"], ["3f2a1c9 Show margins"], "test data", steps(), 39, newest),
        "guest": Guest(
            3, APP, "feature-x", "Ann Berger", "ann@example.com", cast.NOW, "anna", "Sales dashboard"
        ),
        "who": Caller("ann", admin=False),
        "meaning": dict.fromkeys(("accepted", "remarks", "rejected"), "I have tried it."),
        "token": "3.5a1c",
        "origin": f"http://{host}",
        "key": "0" * 32,
        "before": None,
    }
