"""The kinds of content that can be pushed."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Read = Callable[[str], str]
"""The text of a file of the bundle, or its beginning; empty for one that is no text."""


class Kind(StrEnum):
    shiny = "shiny"
    rmd_shiny = "rmd-shiny"
    """R Markdown with a session."""
    quarto_shiny = "quarto-shiny"
    """Quarto with a session."""
    rmd = "rmd"
    quarto = "quarto"
    plumber = "plumber"
    static = "static"

    @property
    def label(self) -> str:
        """For people, with its article."""
        return _LABELS[self]

    @property
    def serves(self) -> Literal["session", "page", "api"]:
        """What a visitor meets."""
        if self is Kind.plumber:
            return "api"
        return "page" if self in (Kind.rmd, Kind.quarto, Kind.static) else "session"

    @property
    def has_runner(self) -> bool:
        """Something in it answers the platform's questions."""
        return self.serves == "session"

    @property
    def renders(self) -> bool:
        """A run makes its pages; what is served is the output."""
        return self in (Kind.rmd, Kind.quarto)

    @property
    def is_quarto(self) -> bool:
        return self in (Kind.quarto, Kind.quarto_shiny)


_LABELS = {
    Kind.shiny: "a Shiny app",
    Kind.rmd_shiny: "an interactive R Markdown document",
    Kind.quarto_shiny: "an interactive Quarto document",
    Kind.rmd: "an R Markdown document",
    Kind.quarto: "a Quarto document",
    Kind.plumber: "a Plumber API",
    Kind.static: "a static site",
}


@dataclass(frozen=True)
class Detected:
    kind: Kind
    entry: str
    """The file that starts it, as the bundle spells it: `app.R`, `inst/app/server.R`, `report.Rmd`, `_quarto.yml`."""
    why: str
    """A fragment for people: "app.R at the top"."""

    @property
    def folder(self) -> str:
        """Where it is, empty for the top."""
        return self.entry.rpartition("/")[0]
