"""Whether there is anything to start among the chosen files; which kind of app it is, the server says."""

from pathlib import Path

from sandbox_cli.errors import Failure
from sandbox_cli.selection import Selection

STARTS = (".r", ".rmd", ".qmd", ".html", ".htm")
HINT = "Put an app.R (or ui.R and server.R) at the top of the folder, or give its PATH. Nothing was sent."


def check(folder: Path, selection: Selection) -> None:
    """Raises `Failure` for files of which no app could be made."""
    shown = folder.name or str(folder)
    if not selection.members:
        raise Failure(
            f"{shown} is empty: there is nothing to push.",
            "`sandbox init` writes an app to start from.",
            code="empty",
        )
    if any(_starts(member.path) for member in selection.members):
        return
    for path, reason in selection.left_out.items():
        if _starts(path):
            raise Failure(
                f"{path} of {shown} is left out ({reason}), so there is no app.", HINT, code="not_an_app"
            )
    raise Failure(
        f"There is no app in {shown}: no app.R, nor another R, R Markdown or Quarto file, nor a web page.",
        HINT,
        code="not_an_app",
    )


def _starts(path: str) -> bool:
    return path.lower().endswith(STARTS)
