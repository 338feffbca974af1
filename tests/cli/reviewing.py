"""The part of the small server that knows of review links and comments."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cli.platform import NOW, Platform, RefusalError

from sandbox_server import wire, wire_review


class Reviewing:
    """Routes of an app's reviews and comments."""

    platform: Platform
    command: str
    query: dict[str, str]

    def _app_reviews(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        if self.command == "POST":
            asked = wire_review.ReviewRequest.model_validate_json(body)
            self.platform.asked_reviews.append(asked)
            return 201, self._invited(app, asked)
        if not rest:
            branch = self.query.get("branch")
            return 200, [one for one in reversed(self.platform.reviews) if branch in (None, one.branch)]
        found = next((one for one in self.platform.reviews if one.id == int(rest[0])), None)
        if found is None:
            raise RefusalError(404, "not_found", f"There is no review {rest[0]}.")
        if self.command == "DELETE":
            found.state, found.url = "revoked", ""
        return 200, found

    def _app_comments(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        known = self.platform.comments
        if not rest:
            return 200, self._page([one for one in reversed(known) if self._is_asked(one)])
        found = next((one for one in known if one.id == int(rest[0])), None)
        if found is None:
            raise RefusalError(404, "not_found", f"There is no comment {rest[0]}.")
        if rest[1:] == ["answers"]:
            asked = wire_review.AnswerRequest.model_validate_json(body)
            found.answers.append(wire_review.Answer(id=90, name="ada", user="ada", text=asked.text, at=NOW))
        elif rest[1:]:
            found.resolved_at = NOW if rest[1:] == ["resolve"] else None
        return 201 if rest[1:] == ["answers"] else 200, found

    def _invited(self, app: str, asked: wire_review.ReviewRequest) -> wire_review.Review:
        number = asked.deployment or self.platform.newest(app).deployment
        made = a_review(
            id=len(self.platform.reviews) + 1, app=app, branch=asked.branch or "main", deployment=number,
            name=asked.name, email=asked.email, mail=self.platform.mail, mail_why=self.platform.mail_why,
        )  # fmt: skip
        self.platform.reviews.append(made)
        return made

    def _is_asked(self, one: wire_review.Comment) -> bool:
        is_open = self.query.get("open") != "1" or one.resolved_at is None
        is_older = one.id < int(self.query.get("before", one.id + 1))
        return is_open and is_older and self.query.get("review") in (None, str(one.review))

    def _page(self, found: list[wire_review.CommentDetail]) -> wire_review.Comments:
        listed = [wire_review.Comment(**one.model_dump()) for one in found[:50]]
        return wire_review.Comments(
            comments=listed, open=len(found), next=listed[-1].id if len(found) > 50 else None
        )


def a_review(**said: Any) -> wire_review.Review:
    """Rita's open link."""
    usual: dict[str, Any] = {
        "id": 1, "app": "sales", "branch": "main", "deployment": 41, "name": "Rita", "email": "rita@example.org",
        "url": "http://sandbox.localhost/r/1.0123456789abcdef0123456789abcdef",
        "page": "http://sandbox.localhost/apps/sales/reviews", "by": "ada", "created_at": NOW,
        "expires": datetime.now(UTC) + timedelta(days=7), "state": "open", "mail": "none", "verdicts": [],
        "open_comments": 0,
    }  # fmt: skip
    return wire_review.Review(**usual | said)


def a_verdict(**said: Any) -> wire_review.Verdict:
    """Rita accepts d41."""
    usual: dict[str, Any] = {
        "id": 1, "app": "sales", "branch": "main", "deployment": 41, "outcome": "accepted", "name": "Rita R.",
        "email": "rita@example.org", "user": "", "identified": "code", "text": "Good work.", "meaning": "I tried it.",
        "image": "sha256:abc", "steps": [{"text": "Open it", "done": True}, {"text": "Click"}], "review": 1,
        "at": NOW, "stands": True,
    }  # fmt: skip
    return wire_review.Verdict(**usual | said)


def a_comment(**said: Any) -> wire_review.CommentDetail:
    """What Rita says of a place in d41."""
    usual: dict[str, Any] = {
        "id": 12, "app": "sales", "branch": "main", "deployment": 41, "review": 1, "name": "Rita", "user": "",
        "text": "The axis\nhas no label.", "place": {"url": "/?tab=2", "x": 10, "y": 20, "inputs": {"region": "North"}},
        "picture": "http://sandbox.localhost/api/v1/apps/sales/comments/12/picture", "picture_state": "taken",
        "picture_why": "", "answers": [], "at": NOW, "resolved_at": None, "resolved_by": "",
        "page": "http://sandbox.localhost/apps/sales/comments/12",
        "log": [wire.LogLine(time=NOW, stream="stderr", text=f"line {number}") for number in range(8)],
    }  # fmt: skip
    found = usual | said
    return wire_review.CommentDetail(**{"answered": len(found["answers"]), **found})
