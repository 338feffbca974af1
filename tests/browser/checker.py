"""What axe-core finds wrong with the page that is open."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
"""Fetched from npm by `deploy/setup.sh test`."""

COLOURS = ("color-contrast", "link-in-text-block")
"""All that changes between light and dark."""

_LOOK = """async only => {
  const asked = { resultTypes: ["violations"], ...(only.length && { runOnly: only }) };
  return (await axe.run(document, asked)).violations;
}"""


async def barriers(page: Page, only: Sequence[str] = ()) -> list[str]:
    """What keeps people out, serious or worse, by all rules or some: the rule, what it is about, and where."""
    if not await page.evaluate("() => 'axe' in window"):
        # By the debugger, so the page's own rules about scripts stay as they are.
        await page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = await page.evaluate(_LOOK, list(only))
    return [_line(one) for one in found if one["impact"] in ("serious", "critical")]


def _line(violation: dict[str, Any]) -> str:
    nodes = "; ".join(f"{node['html'][:160]} ({node['failureSummary']})" for node in violation["nodes"][:3])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}: {nodes}"
