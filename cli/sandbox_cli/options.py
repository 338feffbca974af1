"""What commands say of their arguments, and the options that several of them share, worded once.

The command line is described by these small classes in the commands' signatures, not by typer's: importing
typer takes 100 ms, and only help, completion and wrong use need it.
"""

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Option:
    flags: tuple[str, ...]
    help: str
    metavar: str | None = None
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class Argument:
    metavar: str
    help: str
    default: str | None = None
    """How the default is shown."""


App = Annotated[str | None, Option(("--app",), "The app; by default the one of this folder.")]
Branch = Annotated[str | None, Option(("--branch", "-b"), "The branch; by default the current one.")]
BranchOfSandbox = Annotated[str, Option(("--branch", "-b"), "Which branch's sandbox.")]
Deployment = Annotated[str | None, Argument("[DEPLOYMENT]", "Such as d42, 42 or app#42.")]
OneDeployment = Annotated[str, Argument("DEPLOYMENT", "Such as d42, 42 or app#42.")]
Reason = Annotated[str, Option(("--reason",), "Why; it stays in the history.")]
Yes = Annotated[bool, Option(("--yes", "-y"), "Do not ask.")]

Json = Annotated[bool, Option(("--json",), "Print one JSON document, errors too.")]
Verbose = Annotated[bool, Option(("--verbose", "-v"), "Show the traceback of an error.")]
COMMON = {"json": Json, "verbose": Verbose}
"""Every command has these."""
