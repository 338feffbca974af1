"""How these commands talk: one line a step with its time, one red line when something cannot go on."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

console = Console(highlight=False)


class Stop(Exception):
    """Nothing more can be done: one sentence, and what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Step:
    """A step under way; `detail` is shown while it runs, `result` stays in its line."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self.result = ""
        self._progress = progress
        self._task = task

    def detail(self, words: str) -> None:
        """Words such as "unpacking 25 of 40 packages" move the bar."""
        count = re.search(r"(\d+) of (\d+)", words)
        done, total = (float(count[1]), float(count[2])) if count else (0.0, None)
        self._progress.update(self._task, detail=words[:60], completed=done, total=total)


@contextmanager
def step(title: str) -> Iterator[Step]:
    started = time.monotonic()
    with _progress() as progress:
        task = progress.add_task(title, total=None, detail="")
        now = Step(progress, task)
        try:
            yield now
        except BaseException:
            progress.stop()
            console.print(Text.assemble(("  ✗ ", "red"), title, _seconds(started)))
            raise
    result = f"  {now.result}" if now.result else ""
    console.print(Text.assemble(("  ✓ ", "green"), title, (result, "dim"), _seconds(started)), soft_wrap=True)


def heading(title: str) -> None:
    console.print(Text(f"\n{title}", style="bold"))


def finish(work: Callable[[], None]) -> None:
    """Do it; end with exit code 1 and one red sentence if it cannot be done."""
    try:
        work()
    except Stop as problem:
        console.print(Text(problem.message, style="red"), soft_wrap=True)
        console.print(Text(problem.hint), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _progress() -> Progress:
    detail = TextColumn("[dim]{task.fields[detail]}")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn(), detail)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _seconds(started: float) -> Text:
    return Text(f"  {time.monotonic() - started:.1f} s", style="dim")
