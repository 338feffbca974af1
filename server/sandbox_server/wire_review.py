"""What goes over the wire about reviews: links, verdicts, comments, and what a release demands."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from sandbox_server.wire import MOST, LogLine, Request, Wire

Outcome = Literal["accepted", "remarks", "rejected"]
"""`remarks`: accepted, with something to be said."""


# Links


class ReviewRequest(Request):
    """Ask one person to try a branch."""

    deployment: int | None = Field(default=None, ge=1, le=MOST)
    """A number of the app; or a `branch`. It must be what the branch shows."""
    branch: str | None = Field(default=None, max_length=255)
    name: str = Field(min_length=1, max_length=100)
    email: str = Field(min_length=3, max_length=254)
    expires: str = Field(default="7d", max_length=20)
    """A span of time, 90 days at most."""
    script: str = Field(default="", max_length=20_000)
    """What to try, as text; empty: what the bundle says."""


class Step(Wire):
    """One thing to try."""

    text: str
    done: bool = False


class Verdict(Wire):
    id: int
    app: str
    branch: str
    deployment: int
    outcome: Outcome
    name: str
    email: str
    user: str
    """Who was logged in, if anybody."""
    identified: Literal["link", "code", "login"]
    text: str
    meaning: str
    """What the signature means, as it stood on the page."""
    image: str
    steps: list[Step]
    review: int
    """The link by which it came."""
    link_revoked_at: datetime | None = None
    """Somebody took that link back later: it may have reached others. The verdict counts all the same."""
    at: datetime
    stands: bool
    """It is that person's newest on this deployment; only one that gates look at takes the place of another such."""
    ignored: str = ""
    """Why gates do not count it although it stands; empty: they do, or ask for no review."""


class VerdictRequest(Request):
    """What a reviewer signs."""

    deployment: int = Field(ge=1, le=MOST)
    """That was on the page; only what the branch shows now can be judged."""
    outcome: Outcome
    name: str = Field(min_length=1, max_length=100)
    text: str = Field(default="", max_length=10_000)
    steps: list[Step] = Field(default=[], max_length=200)
    code: str = Field(default="", max_length=20)
    """That came by mail, where gates ask who it is."""
    seen: int = Field(ge=0, le=MOST)
    """Id of the link's newest verdict on this deployment that the page showed; 0: none."""


class Review(Wire):
    """A link, and what came of it."""

    id: int
    app: str
    branch: str
    deployment: int
    name: str
    email: str
    url: str
    """Whoever has it can comment, and judge where gates do not ask for more; empty once it is of no use."""
    page: str
    by: str
    created_at: datetime
    expires: datetime
    state: Literal["open", "expired", "revoked"]
    mail: Literal["none", "waiting", "sent", "failed"]
    """`none`: this server has no mail server."""
    mail_why: str = ""
    verdicts: list[Verdict]
    """Newest first."""
    open_comments: int


# Comments


class Place(Request):
    """Where in an app, as the reviewer's browser told it: nothing of it is trusted."""

    checked_later: ClassVar[frozenset[str]] = frozenset({"inputs"})

    url: str = Field(default="", max_length=4000)
    """Path, query and fragment of the app's page."""
    width: int = Field(default=1280, ge=1, le=10_000)
    """Of the app's window, in CSS pixels."""
    height: int = Field(default=800, ge=1, le=10_000)
    scroll_x: float = Field(default=0, ge=0, le=1_000_000)
    scroll_y: float = Field(default=0, ge=0, le=1_000_000)
    x: float | None = Field(default=None, ge=0, le=10_000)
    """The point meant, in CSS pixels of that window."""
    y: float | None = Field(default=None, ge=0, le=10_000)
    inputs: dict[Annotated[str, Field(max_length=200)], Any] = Field(default={}, max_length=500)
    """By id, as the page had them; no passwords, no files."""


class CommentRequest(Request):
    key: str = Field(pattern=r"^[0-9a-f]{16,64}$")
    """Chosen at random by whoever sends it: sent twice, it is one comment."""
    text: str = Field(min_length=1, max_length=10_000)
    place: Place | None = None


class Answer(Wire):
    """To a comment."""

    id: int
    name: str
    user: str
    text: str
    at: datetime


class Comment(Wire):
    id: int
    app: str
    branch: str
    deployment: int
    """On which it was made."""
    review: int | None
    name: str
    user: str
    """Of a publisher."""
    text: str
    place: Place | None
    picture: str
    """Its address; empty: there is none (yet)."""
    picture_state: Literal["none", "waiting", "taken", "given", "failed"]
    picture_why: str
    answers: list[Answer]
    """Oldest first; in lists of comments only the newest few."""
    answered: int
    """How many there are in all."""
    at: datetime
    resolved_at: datetime | None
    resolved_by: str
    page: str


class CommentDetail(Comment):
    log: list[LogLine]
    """The app's own lines of that minute."""


class Comments(Wire):
    comments: list[Comment]
    """Newest first."""
    open: int
    """All that are open, also those that are not among `comments`."""
    next: int | None = None
    """Ask for those `before` this id to see older ones."""


class AnswerRequest(Request):
    key: str = Field(pattern=r"^[0-9a-f]{16,64}$")
    text: str = Field(min_length=1, max_length=10_000)


# Gates


class Missing(Wire):
    """Something that a gate demands and a deployment has not."""

    gate: Literal["reviews", "rejected", "checks", "freeze", "max_commits"]
    message: str
    hint: str
    """What to type or do."""


class Met(Wire):
    """Something that a gate demands and a deployment has."""

    gate: Literal["reviews", "rejected", "checks", "freeze", "max_commits"]
    message: str


class Gates(Wire):
    """What an app demands before a release."""

    app: str
    gates: dict[str, Any]
    """As in the table `[gates]` of sandbox.toml; empty: nothing."""
    words: list[str]
    """The same in sentences."""
    since: datetime | None
    by: str
    why: str
    """Such as "the first proposal, of d1", "adopted with release 7" or "set by ann"."""
    notes: list[str] = Field(default=[])
    """What the gates cannot see here, in sentences."""


class GateReport(Wire):
    """Whether a deployment may be released now."""

    app: str
    deployment: int
    open: bool
    missing: list[Missing]
    met: list[Met]
    proposal: list[str]
    """How this deployment's bundle would change the gates with its release: "- reviews = 1", "+ reviews = 2"."""
    may_override: bool
    """The caller may release it all the same, with a reason."""
    notes: list[str] = Field(default=[])
    """What the gates cannot see of this deployment, in sentences."""


class GatesRequest(Request):
    """Set them at once; for administrators."""

    gates: dict[str, Any] = Field(max_length=50)
    """The whole table; empty: nothing is demanded."""
    reason: str = Field(min_length=1, max_length=2000)


# What a release changes


class Batch(Wire):
    """How much one release brings at once."""

    commits: int | None
    """None: the pushes did not say."""
    lines: int | None
    """Added and removed, of text files; None, as with `files`: a bundle is gone."""
    files: int | None
    days: float | None
    """Since the last release; None: there was none."""


class Preview(Wire):
    """What a release of this deployment would change, beside the difference of files."""

    batch: Batch
    usual: Batch | None
    """The app's median so far; None: too few releases."""
    unreviewed: list[str]
    """Names of variables that were changed after the reviews, or after the push if there are none."""
    sessions: int | None
    """People on the release in force; None: not known."""
    gates: GateReport
    verdicts: list[Verdict]
    mark: str = ""
    """Of what decides: given back as `read`, a release is refused once something else is missing, or would change."""
