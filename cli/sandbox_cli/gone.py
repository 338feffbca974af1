"""Which of an app's sandboxes belong to branches that are merged or deleted, as far as this repository can tell.

Whatever it cannot judge counts as existing: it is not fetched, it was never shared, or it has no commits of its own.
"""

from pathlib import Path
from threading import Thread

from sandbox_cli import git
from sandbox_cli.answers import AppDetail, Branch, BranchesGone, BranchesSeen
from sandbox_cli.client import Client

PATIENCE = 5.0
"""Seconds for which a command stays for it, once all else is done."""


class Look:
    """Looks beside whatever else the command does. What goes wrong is nobody's trouble."""

    def __init__(self, client: Client, app: str, branch: str, author: str, folder: Path) -> None:
        self._asked = (client, app, branch, author, folder)
        self._found: BranchesGone | None = None
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def found(self) -> list[str]:
        """One line for each sandbox that will go; none if nobody knows by now."""
        self._thread.join(PATIENCE)
        gone = self._found["gone"] if self._found else []
        return [f"The sandbox of {one['branch']} {one['removal']}." for one in gone if one["removal"]]

    def _look(self) -> None:
        client, app, branch, author, folder = self._asked
        try:
            seen = judge(folder, client.app(app), branch, author)
            if seen is not None:
                self._found = client.branches_seen(app, seen)
        except Exception:
            return


def judge(folder: Path, detail: AppDetail, branch: str, author: str) -> BranchesSeen | None:
    """None if the repository has no main branch, or knows a part of its remote only."""
    known = git.branches(folder)
    main = git.main_branch(folder)
    if main is None or branch not in known or not git.knows_all_branches(folder):
        return None
    others = [one for one in detail["sandboxes"] if one["branch"] != branch]
    history = git.ancestors(folder, main) if others else git.Ancestors(frozenset(), frozenset())
    here = git.existing_commits(folder, [one["latest"]["commit"] for one in others])
    seen = BranchesSeen(branch=branch, existing=[branch], merged=[])
    for one in others:
        if _is_merged(one, known, history):
            seen["merged"].append(one["branch"])
        elif one["branch"] in known or not _was_ours(one, author, here, history):
            seen["existing"].append(one["branch"])
    return seen


def _is_merged(sandbox: Branch, known: dict[str, str], history: git.Ancestors) -> bool:
    """Its last push, and whatever came after it, went into the main branch from beside."""
    latest = sandbox["latest"]
    tip = known.get(sandbox["branch"], latest["commit"])
    if latest["dirty"] or not latest["commit"]:
        return False
    return {latest["commit"], tip} <= history.all and tip not in history.first


def _was_ours(sandbox: Branch, author: str, here: set[str], history: git.Ancestors) -> bool:
    """Would this repository have the branch, if there were one? It has a commit of its own."""
    latest = sandbox["latest"]
    return latest["commit"] in here and (latest["author"] == author or latest["commit"] not in history.first)
