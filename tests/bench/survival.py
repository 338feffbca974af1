"""Ten minutes of everything that a platform does to itself, with fifty people at work."""

from tests.bench.table import USUAL, Row
from tests.integration.platform import NO_BROWSER, Platform
from tests.survival import Outcome, live_through

SESSIONS = 50
SECONDS = 600
GONE_WITHIN = 30


def measure(seconds: float = SECONDS) -> list[Row]:
    platform = Platform(chromium=NO_BROWSER, **USUAL | {"keep_previous": 0})
    try:
        platform.start()
        outcome = live_through(platform, SESSIONS, seconds)
    finally:
        platform.destroy()
    print(outcome)
    return _rows(outcome)


def _rows(outcome: Outcome) -> list[Row]:
    happened = ", ".join(f"{count} × {name}" for name, count in outcome.events.items())
    wanted = 2 * outcome.sessions
    return [
        Row(f"{outcome.sessions} sessions for {outcome.seconds / 60:.0f} min", happened),
        Row("the same: ended", str(len(outcome.ended)), target="0", met=not outcome.ended),
        Row("the same: led to another version", str(outcome.astray), target="0", met=not outcome.astray),
        Row(
            "the same: new visitors on a wrong version", str(len(outcome.wrong_visitors)), target="0",
            met=not outcome.wrong_visitors,
        ),
        Row(
            "the same: downloads and uploads of old pages", f"{outcome.downloads} and {outcome.uploads}",
            target=f"{wanted} each", met=outcome.downloads == outcome.uploads == wanted,
        ),
        Row("the same: longest pause between two ticks", f"{outcome.longest_pause:.1f} s"),
        Row(
            "an instance that nobody needs, after its last session", f"{outcome.left_after:.1f} s",
            target=f"≤ {GONE_WITHIN} s", met=outcome.left_after <= GONE_WITHIN,
        ),
    ]  # fmt: skip
