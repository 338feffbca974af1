"""What kind of app the chosen files are, and why."""

from pathlib import Path

from sandbox_cli.errors import Failure
from sandbox_cli.selection import Selection

OTHERS = {".rmd": "R Markdown", ".qmd": "Quarto"}


def kind(folder: Path, selection: Selection) -> str:
    """Such as "a Shiny app (app.R)". Raises `Failure` if nothing could be started."""
    top = {member.path.lower(): member.path for member in selection.members if "/" not in member.path}
    if "app.r" in top:
        return f"a Shiny app ({top['app.r']})"
    if "ui.r" in top and "server.r" in top:
        return f"a Shiny app ({top['ui.r']} and {top['server.r']})"
    if "server.r" in top and any(member.path == "www/index.html" for member in selection.members):
        return f"a Shiny app ({top['server.r']} and www/index.html)"
    raise _no_app(folder, selection, top)


def _no_app(folder: Path, selection: Selection, top: dict[str, str]) -> Failure:
    shown = folder.name or str(folder)
    hint = "Put an app.R (or ui.R and server.R) at the top of the folder, or give its PATH. Nothing was sent."
    for path, reason in selection.left_out.items():
        if path.lower() in ("app.r", "ui.r", "server.r"):
            return Failure(
                f"{path} of {shown} is left out ({reason}), so there is no app.", hint, code="not_an_app"
            )
    if not selection.members:
        return Failure(
            f"{shown} is empty: there is nothing to push.",
            "`sandbox init` writes an app to start from.",
            code="empty",
        )
    below = sorted(
        member.path for member in selection.members if member.path.lower().endswith(("/app.r", "/server.r"))
    )
    if below:
        place = below[0].rpartition("/")[0]
        return Failure(
            f"There is no app at the top of {shown}, but one in {place}.",
            f"Push that: `sandbox deploy {place}`.",
            code="not_an_app",
        )
    for path in top.values():
        other = "Plumber" if path.lower() == "plumber.r" else OTHERS.get(Path(path).suffix.lower())
        if other:
            return Failure(
                f"{path} is {other}, which cannot be pushed yet; Shiny apps can.", hint, code="not_an_app"
            )
    return Failure(
        f"There is no Shiny app in {shown}: no app.R, no ui.R with server.R.", hint, code="not_an_app"
    )
