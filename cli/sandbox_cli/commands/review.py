"""`sandbox review`: a link for one person to try a branch, and what comes back by it."""

from pathlib import Path
from typing import Annotated

from sandbox_cli import names, place, reviews
from sandbox_cli.answers_review import Review
from sandbox_cli.console import console
from sandbox_cli.errors import Failure, WrongUse
from sandbox_cli.options import App, Argument, Branch, Deployment, Option
from sandbox_cli.words import day, plural

OneReview = Annotated[str, Argument("ID", "A link's number, as in `sandbox review list`.")]
OneComment = Annotated[str, Argument("COMMENT", "A comment's number, as in `sandbox review list`.")]
Everything = Annotated[bool, Option(("--all",), "Also links that are over, and comments that are resolved.")]
OfBranch = Annotated[str | None, Option(("--branch", "-b"), "Only of this branch; by default of all.")]
Before = Annotated[int | None, Option(("--before",), "Only comments older than this one.", min=1)]
To = Annotated[str, Option(("--to",), "Who is asked.", metavar='"NAME <MAIL>"')]
Expires = Annotated[
    str, Option(("--expires",), 'How long the link is good, such as "36h"; at most 90d.', metavar="TIME")
]
Script = Annotated[
    Path | None, Option(("--script",), "What to try, a text file; by default the app's own uat.md.")
]
Whole = Annotated[str | None, Option(("--comment",), "One comment with its whole log instead.", metavar="ID")]

LONGEST_SCRIPT = 20_000
"""Characters."""


def request(
    to: To,
    deployment: Deployment = None,
    expires: Expires = "7d",
    script: Script = None,
    branch: Branch = None,
    app: App = None,
) -> None:
    """Ask one person to try what a branch shows, by default this one: prints the link, and that alone."""
    if deployment and branch:
        raise WrongUse("Give a deployment or a branch, not both.", "See `sandbox review request --help`.")
    target = names.deployment(deployment) if deployment else None
    name = place.app_with(target.app if target else None, app)
    body: dict[str, str | int] = {**reviews.person(to), "expires": expires, "script": _text(script)}
    body |= {"deployment": target.number} if target else {"branch": place.branch(branch)}
    made = place.client().request_review(name, body)
    console.document(made)
    _tell(made)
    console.result(made["url"])


def list_(branch: OfBranch = None, all_: Everything = False, before: Before = None, app: App = None) -> None:
    """Links that are good, and comments that are open; the newest first."""
    name, client = place.app(app), place.client()
    links = [one for one in client.reviews(name, branch) if all_ or one["state"] == "open"]
    found = client.comments(name, branch=branch, open_only=not all_, before=before)
    console.document({"reviews": links, **found})
    reviews.show_links(links)
    reviews.show_list(found["comments"])
    older = [f"sandbox review list --before {found['next']} --app {name}"] if found["next"] else []
    if not links and not found["comments"]:
        console.say("Nobody is asked to review, and no comment is open.")
        console.next('sandbox review request --to "Name <mail>"', "sandbox review list --all")
        return
    console.next(*older, *reviews.next_of_list(links, found["comments"], name))


def show(
    id: Annotated[str | None, Argument("[ID]", "A link's number.")] = None,
    comment: Whole = None,
    app: App = None,
) -> None:
    """A link, its verdicts and what was said by it: places, inputs, the app's log of that minute, answers."""
    if (id is None) == (comment is None):
        raise WrongUse("Say which link, or which comment with --comment.", "See them: `sandbox review list`.")
    name, client = place.app(app), place.client()
    if comment is not None:
        one = client.comment(name, reviews.number(comment))
        console.document(one)
        reviews.show_comment(one, lines=None)
        console.next(*reviews.next_of_comment(one))
        return
    number = reviews.number(id or "")
    link = client.review(name, number)
    found = client.comments(name, review=number)
    details = [client.comment(name, one["id"]) for one in found["comments"]]
    console.document({**link, "comments": details, "next": found["next"]})
    reviews.show_link(link)
    for detail in details:
        reviews.show_comment(detail, lines=5)
    if found["next"]:
        console.say(f"These are the newest {len(details)}; the others are on the page: {link['page']}")
    console.next(*reviews.next_of_link(link, details))


def revoke(id: OneReview, app: App = None) -> None:
    """Take a link back: it leads nowhere from now on. What came by it stays, and verdicts count."""
    name = place.app(app)
    link = place.client().revoke_review(name, reviews.number(id))
    console.document(link)
    console.done(f"The link of {link['name']} leads nowhere any more. What came by it stays.")
    if link["verdicts"]:
        console.warn(
            f"{plural(len(link['verdicts']), 'verdict')} by it: verdicts stay and count. If somebody else than "
            f"{link['name']} may have had the link, push {link['branch']} again: a new version has none."
        )
    to = f'--to "{link["name"]} <{link["email"]}>"'
    again = f"sandbox review request --app {name} --branch {link['branch']} {to}"
    console.next(again, f"sandbox review show {link['id']} --app {name}")


def answer(
    comment: OneComment, text: Annotated[str, Argument("TEXT", "What you say to it.")], app: App = None
) -> None:
    """Answer a comment; the reviewer sees it by the same link."""
    if not text.strip():
        raise WrongUse("An answer needs words.", "See `sandbox review answer --help`.")
    name = place.app(app)
    said = place.client().answer_comment(name, reviews.number(comment), text)
    console.document(said)
    console.done(
        f"{said['name']} sees your answer by the same link, as long as that is good."
        if said["review"]
        else "Your answer is there."
    )
    console.next(
        f"sandbox review resolve {said['id']} --app {name}",
        f"sandbox review show --comment {said['id']} --app {name}",
    )


def resolve(comment: OneComment, app: App = None) -> None:
    """Say that nothing is left to do about a comment."""
    _settle(comment, app, "resolve", "reopen", "is resolved.")


def reopen(comment: OneComment, app: App = None) -> None:
    """Say that there is something to do about a comment all the same."""
    _settle(comment, app, "reopen", "resolve", "is open again.")


def _settle(comment: str, app: str | None, action: str, back: str, words: str) -> None:
    name = place.app(app)
    done = place.client().settle_comment(name, reviews.number(comment), action)
    console.document(done)
    console.done(f"Comment {done['id']} of {done['name']} {words}")
    console.next(f"sandbox review {back} {done['id']} --app {name}", f"sandbox review list --app {name}")


def _tell(made: Review) -> None:
    mail = {
        "none": "This server has no mail server: send the link yourself.",
        "failed": f"The mail could not be sent: {made['mail_why']} Send the link yourself.",
        "sent": f"A mail with the link went to {made['email']}.",
    }.get(made["mail"], f"A mail with the link goes to {made['email']}.")
    console.done(
        f"{made['name']} may try {made['branch']} (d{made['deployment']}) until {day(made['expires'])}. {mail}"
    )
    console.say(
        "Whoever has the link can comment and judge. The app's own address is open to everybody who reaches it."
    )
    console.next(
        f"sandbox review show {made['id']} --app {made['app']}",
        f"sandbox review revoke {made['id']} --app {made['app']}",
    )


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LONGEST_SCRIPT + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Failure(
            f"{path} cannot be read: {reason}.", "Name a text file, one step a line.", code="bad_file"
        ) from error
    if len(text) > LONGEST_SCRIPT:
        raise Failure(
            f"{path} has more than {LONGEST_SCRIPT:,} characters.",
            "Keep to the steps to try.",
            code="bad_file",
        )
    return text
