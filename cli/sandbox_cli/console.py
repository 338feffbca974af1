"""How the command line talks: progress and advice on stderr, the result alone on stdout."""

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, Protocol, TextIO

CONTROL = re.compile(r"\x1b\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")

LABEL = re.compile(r"\s*(?:[a-z]+:\s+)?")

OF_AN_APP = tuple(
    f"sandbox {verb}"
    for verb in (
        "status", "figures", "releases", "logs", "open", "promote", "rollback", "gates", "release watch", "diff",
        "packages", "lock", "env", "review", "wait", "cancel", "restart", "drain", "render", "keep", "rm ", "deploy",
    )
)  # fmt: skip
"""Commands that mean the app of the folder, unless they are told another one."""

RED, GREEN, YELLOW, BOLD, DIM = 31, 32, 33, 1, 2


class Live(Protocol):
    def __call__(self, text: str) -> None: ...


class Console:
    """What the person asked of the output, and the ways to print."""

    def __init__(self) -> None:
        self.reset()

    def reset(self, as_json: bool = False, verbose: bool = False) -> None:
        self.json = as_json
        self.verbose = verbose
        self.app = ""
        """The app, if the person had to name it: then the next command has to name it too."""

    def result(self, text: str) -> None:
        """The answer itself. Nothing else goes to stdout."""
        if not self.json:
            print(text, flush=True)

    def document(self, data: Any) -> None:
        """The one JSON document of `--json`."""
        if self.json:
            print(json.dumps(data, indent=2, ensure_ascii=False), flush=True)

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def done(self, text: str) -> None:
        self.say(f"{styled('✓', GREEN)} {text}")

    def warn(self, text: str) -> None:
        self.say(f"{styled('!', YELLOW)} {text}")

    def next(self, *commands: str) -> None:
        """The useful commands after this one."""
        if not self.json:
            self.say("Next: " + "  ·  ".join(styled(self._of_app(command), BOLD) for command in commands))

    def fail(self, message: str, hint: str, detail: str = "") -> None:
        self.say(styled(one_line(message), RED))
        for line in clean(detail).splitlines():
            for part in folded(line, screen() - 2):
                self.say(f"  {part}")
        if hint:
            self.say(f"  {hint}")

    def asks(self) -> bool:
        """Whether a person is there who can be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty() and not self.json

    def confirm(self, question: str, default: bool = False) -> bool:
        import typer

        return typer.confirm(question, default=default, err=True)

    def ask(self, question: str, hidden: bool = False) -> str:
        if hidden:
            from getpass import getpass

            return getpass(f"{question}: ", sys.stderr).strip()
        import typer

        return str(typer.prompt(question, err=True)).strip()

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if self.json or not rows:
            return
        from sandbox_cli.tables import lines

        plain = [[one_line(CONTROL.sub("", cell)) for cell in row] for row in rows]
        head, *told = lines(columns, plain, screen() if sys.stdout.isatty() else None)
        print(styled(head, DIM, sys.stdout), *told, sep="\n", flush=True)

    @contextmanager
    def live(self, *, counted: bool = True) -> Iterator[Live]:
        """One line that changes on a terminal, a line for each phase elsewhere; `counted`: "3 of 12" is progress."""
        if self.json or not sys.stderr.isatty():
            yield self._lines() if counted else self._news()
            return
        from rich.console import Console as Rich
        from rich.text import Text

        from sandbox_cli.progress import bar

        class Line:
            """Told anew at every turn of the spinner, so that the seconds run."""

            text, began = "", monotonic()

            def __rich__(self) -> Text:
                told = f"{monotonic() - self.began:.0f} s  {bar(self.text) if counted else self.text}"
                return Text(told, no_wrap=True, overflow="ellipsis")

        line = Line()
        with Rich(stderr=True).status(line):

            def show(text: str) -> None:
                line.text = one_line(text)

            yield show

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Live]:
        """A bar for bytes on a terminal; the text given to it is the number of new bytes."""
        if self.json or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console as Rich
        from rich.progress import Progress

        with Progress(console=Rich(stderr=True), transient=True) as progress:
            task = progress.add_task(title, total=total)
            yield lambda text: progress.advance(task, int(text))

    def _of_app(self, command: str) -> str:
        if not self.app or "--app" in command or not command.startswith(OF_AN_APP):
            return command
        return f"{command} --app {self.app}"

    def _news(self) -> Live:
        last = ""

        def show(text: str) -> None:
            nonlocal last
            if (line := one_line(text)) != last:
                self.say(f"  {line}")
            last = line

        return show

    def _lines(self) -> Live:
        from sandbox_cli.progress import Lines

        lines = Lines()

        def show(text: str) -> None:
            if (line := lines.line(one_line(text))) is not None:
                self.say(f"  {line}")

        return show


def styled(text: str, code: int, stream: TextIO | None = None) -> str:
    """The text with a colour, where the stream, by default stderr, can show it."""
    shows = (stream or sys.stderr).isatty()
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" or not shows
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"


def screen() -> int:
    """Columns of the terminal; 80 where there is none."""
    from shutil import get_terminal_size

    return get_terminal_size((80, 24)).columns


def folded(line: str, width: int) -> list[str]:
    """The line in pieces of that width; the next ones stand below where its text begins, after "found: " say."""
    if len(line) <= width:
        return [line]
    from textwrap import wrap

    begins = LABEL.match(line)
    below = " " * min(begins.end() if begins else 0, width // 2)
    pieces = wrap(
        line, width, subsequent_indent=below, drop_whitespace=True, break_long_words=False,
        break_on_hyphens=False, replace_whitespace=False,
    )  # fmt: skip
    return pieces or [line]


def clean(text: str) -> str:
    """What came from elsewhere, without what could take over the terminal; colours stay."""
    return CONTROL.sub(lambda found: found[0] if found[0].endswith("m") and len(found[0]) > 1 else "", text)


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


console = Console()
