"""Realistic values for the pages of a release: gates, sizes, verdicts."""

from typing import Any

from tests.server.pages import cast

from sandbox_server import wire_review
from sandbox_server.domain import gate_words
from sandbox_server.domain.gates import parse
from sandbox_server.operations.gates_told import Change, Proposal
from sandbox_server.pages import gates_form
from sandbox_server.pages.promote_news import Opened

STEPS = [
    wire_review.Step(text="Choose Region: South, then Quarter: Q3", done=True),
    wire_review.Step(text="Compare the margin with the finance report", done=True),
    wire_review.Step(text="Download the table as CSV", done=False),
]


def verdict(name: str = "Ben Okoro", **changes: Any) -> wire_review.Verdict:
    values: dict[str, Any] = {
        "id": 4,
        "app": "sales-dashboard",
        "branch": "feature-x",
        "deployment": 42,
        "outcome": "accepted",
        "name": name,
        "email": f"{name.partition(' ')[0].lower()}@example.com",
        "user": "",
        "identified": "code",
        "text": "",
        "meaning": "I have tried test version 42 of Sales dashboard and accept that it goes live.",
        "image": "sha256:3b7ac11e90d4f1" + "0" * 50,
        "steps": STEPS,
        "review": 3,
        "at": cast.ago(minutes=4),
        "stands": True,
    }
    return wire_review.Verdict(**{**values, **changes})


def verdicts() -> list[wire_review.Verdict]:
    return [
        verdict(id=6),
        verdict(
            "Cleo Marten", id=5, outcome="remarks", identified="link", at=cast.ago(minutes=6),
            text="The colours of the map are hard to tell apart.\nThe rest is what we agreed on.",
        ),
        verdict("Dana Weiß", id=3, outcome="rejected", identified="login", user="dana", at=cast.ago(minutes=7)),
        verdict(id=2, outcome="rejected", at=cast.ago(minutes=9), stands=False, text="Totals are wrong."),
    ]  # fmt: skip


def report(*, missing: bool = True, met: bool = True, **changes: Any) -> wire_review.GateReport:
    lacks = [
        wire_review.Missing(
            gate="reviews", message="1 of 2 reviews is there.",
            hint='Ask for one: `sandbox review request d42 --app sales-dashboard --to "Name <mail>"`.',
        ),
        wire_review.Missing(
            gate="freeze", message="Nothing is released until Mon 24 Nov, 08:00 (Europe/Berlin).",
            hint="Wait until then.",
        ),
    ]  # fmt: skip
    there = [wire_review.Met(gate="checks", message="The smoke check passed.")]
    values: dict[str, Any] = {
        "app": "sales-dashboard",
        "deployment": 42,
        "open": not missing,
        "missing": lacks if missing else [],
        "met": there if met else [],
        "proposal": [],
        "may_override": False,
    }
    return wire_review.GateReport(**{**values, **changes})


def preview(**changes: Any) -> wire_review.Preview:
    values: dict[str, Any] = {
        "batch": wire_review.Batch(commits=31, lines=1842, files=9, days=12.4),
        "usual": wire_review.Batch(commits=4, lines=210, files=7, days=9.0),
        "unreviewed": [],
        "sessions": 7,
        "gates": report(missing=False),
        "verdicts": verdicts()[:2],
    }
    return wire_review.Preview(**{**values, **changes})


def comments() -> wire_review.Comments:
    values: dict[str, Any] = {
        "app": "sales-dashboard", "branch": "feature-x", "review": 3, "name": "Cleo Marten", "user": "",
        "place": None, "picture": "", "picture_state": "none", "picture_why": "", "answers": [], "answered": 0,
        "resolved_at": None, "resolved_by": "", "page": "",
    }  # fmt: skip
    texts = {
        9: "The legend hides the last bar.",
        8: "In Q3 the total of the South differs from what finance has.",
    }
    found = [
        wire_review.Comment(id=id, deployment=42 - (9 - id), text=text, at=cast.ago(hours=9.5 - id), **values)
        for id, text in texts.items()
    ]
    return wire_review.Comments(comments=found, open=3)


def promote_page(**changes: Any) -> dict[str, Any]:
    return {
        "opened": Opened(seen=7, newest=42, verdict=6, mark="a1b2"),
        "app": cast.app_detail(seen=7), "d": cast.deployment(note="Margins by region, as sales asked for."),
        "diff": cast.diff(), "preview": preview(), "comments": comments(), "share": None, **changes,
    }  # fmt: skip


def gates_page(**changes: Any) -> dict[str, Any]:
    table = {
        "reviews": 2, "reviewers": ["@qa", "cleo@example.com"],
        "groups": {"qa": ["ann@example.com", "ben@example.com"]}, "identified": True, "max_age": "14d",
        "checks": ["smoke"], "freeze": ["Fri 16:00..Mon 08:00"], "max_commits": 20,
    }  # fmt: skip
    gates = wire_review.Gates(
        app="sales-dashboard", gates=table, words=gate_words.words(parse(table)), since=cast.ago(days=12), by="anna",
        why="adopted with release 4, of d36",
    )  # fmt: skip
    return {
        "app": cast.app_detail(), "gates": gates, "may_set": True, "form": gates_form.filled(table),
        "proposals": [Proposal("feature-x", 42, ["- reviews = 2", "+ reviews = 1", "+ max_commits = 40"])],
        "history": [
            Change(cast.ago(days=12), "anna", 36, 4, "", ["- reviews = 1", "+ reviews = 2"]),
            Change(cast.ago(days=30), "carla", None, None, "holidays", ['+ freeze = ["2026-12-20..2027-01-06"]']),
            Change(cast.ago(days=90), "anna", 4, None, "", ["+ reviews = 1"]),
        ],
        **changes,
    }  # fmt: skip
