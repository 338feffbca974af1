"""Where the person stands: which folder, app and branch a command means when it is not told."""

import os
from dataclasses import dataclass
from pathlib import Path

from sandbox_cli import config, git, names
from sandbox_cli.client import Client
from sandbox_cli.console import console
from sandbox_cli.errors import Failure, WrongUse
from sandbox_cli.selection import CONFIG

CI_BRANCH = (
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_COMMIT_REF_NAME",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH",
    "BUILD_SOURCEBRANCH",
    "BUILD_SOURCEBRANCHNAME",
    "BITBUCKET_BRANCH",
    "CIRCLE_BRANCH",
    "BUILDKITE_BRANCH",
    "DRONE_BRANCH",
    "TRAVIS_PULL_REQUEST_BRANCH",
    "TRAVIS_BRANCH",
    "CHANGE_BRANCH",
    "BRANCH_NAME",
    "GIT_BRANCH",
)
WITHOUT_GIT = "main"
APP_FILES = (CONFIG, "app.R", "server.R", "plumber.R", "_quarto.yml", "renv.lock")


@dataclass(frozen=True)
class Origin:
    """What a push takes: the folder as it is, or a commit of another branch."""

    branch: str
    commit: str
    """Empty without git, or before the first commit."""
    changed: int
    """Uncommitted files of the folder; 0 for a commit."""
    in_git: bool
    from_folder: bool


def client() -> Client:
    login = config.login()
    return Client(login.url, login.token)


def app(given: str | None) -> str:
    return told(names.checked_app(given)) if given else app_of(home())


def told(app: str) -> str:
    """The app as the person named it, which then the commands that come next do too."""
    console.app = app
    return app


def app_of(folder: Path, project: dict[str, object] | None = None) -> str:
    """`name` of sandbox.toml, else the folder's name."""
    fields = _project(folder) if project is None else project
    name = fields.get("name")
    if name is None:
        return names.app_of_folder(folder.resolve().name)
    if not isinstance(name, str):
        raise Failure(
            "`name` in sandbox.toml must be a text.", 'Such as `name = "sales"`.', code="bad_config"
        )
    return names.checked_app(name)


def branch(given: str | None) -> str:
    """The branch that a command other than deploy means."""
    return _said(given) or here(home()) or WITHOUT_GIT


def here(folder: Path) -> str | None:
    """The branch that is checked out; None on a detached HEAD that nobody names."""
    if not git.is_inside(folder):
        return WITHOUT_GIT
    return git.state(folder).branch or _ci_branch()


def home() -> Path:
    """The app's folder: this one, or the one above that looks like it."""
    start = Path.cwd()
    for folder in (start, *start.parents):
        if any((folder / name).is_file() for name in APP_FILES):
            return folder
        if (folder / ".git").exists():
            break
    return start


def named(given: str, app_given: str | None) -> tuple[str, int]:
    """App and number of a deployment as people write it."""
    target = names.deployment(given)
    return app_with(target.app, app_given), target.number


def app_with(named: str | None, given: str | None) -> str:
    """The app that a deployment such as `sales#42` names, else the one of `--app` or of the folder."""
    if named and given and named != given:
        raise WrongUse(f"The deployment is of {named}, but --app says {given}.", "Leave out --app.")
    return told(named) if named else app(given)


def deployment(
    client: Client, given: str | None, branch_given: str | None, app_given: str | None
) -> tuple[str, int]:
    """The deployment that is named, else the branch's newest one."""
    if given:
        return named(given, app_given)
    name, of = app(app_given), branch(branch_given)
    newest = client.deployments(name, of, 1)
    if not newest:
        raise Failure(
            f"{name} has no deployment of the branch {of}.",
            f"Push one: `sandbox deploy --branch {of}`.",
            code="not_found",
        )
    return name, newest[0]["deployment"]


def origin(folder: Path, given: str | None) -> Origin:
    """What to push for `--branch given`. An unknown branch is an error that names the nearest ones."""
    given = _said(given)
    if not git.is_inside(folder):
        return Origin(given or WITHOUT_GIT, "", 0, in_git=False, from_folder=True)
    state = git.state(folder)
    named = state.branch or _ci_branch()
    branch = given or named
    if not branch:
        raise WrongUse(
            "No branch is checked out (detached HEAD), and no CI says which one it is.",
            "Say it: `sandbox deploy --branch NAME`.",
        )
    if branch == named:
        return Origin(branch, state.commit, state.changed, in_git=True, from_folder=True)
    return _elsewhere(folder, branch, state)


def _elsewhere(folder: Path, branch: str, state: git.State) -> Origin:
    known = git.branches(folder)
    commit = known.get(branch)
    if state.branch is None and (commit == state.commit or (commit is None and os.environ.get("CI"))):
        # A CI checks out the commit, not the branch.
        return Origin(branch, state.commit, state.changed, in_git=True, from_folder=True)
    if commit is None:
        near = names.nearest(branch, sorted(known), 0.5) or sorted(known)[:5]
        raise Failure(
            f"There is no branch {branch} in this repository.",
            f"The nearest: {', '.join(near)}."
            if near
            else "It has no commit yet: push the folder with `sandbox deploy`.",
            code="unknown_branch",
        )
    return Origin(branch, commit, 0, in_git=True, from_folder=False)


def _ci_branch() -> str | None:
    for variable in CI_BRANCH:
        name = os.environ.get(variable, "").removeprefix("refs/heads/").removeprefix("origin/")
        # For a pull request some say "refs/pull/7/merge" or "7/merge" here, and its branch elsewhere.
        if name and not name.startswith("refs/") and not name.endswith("/merge"):
            return name
    return None


def _project(folder: Path) -> dict[str, object]:
    path = folder / CONFIG
    return config.project(path.read_text(encoding="utf-8-sig") if path.is_file() else None)


def _said(branch: str | None) -> str | None:
    """A CI variable that is not set must not push to another branch than was meant."""
    if branch is not None and not branch.strip():
        raise WrongUse("--branch is empty.", "Name the branch, or leave --branch out.")
    return branch
