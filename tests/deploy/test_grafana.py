"""The dashboard asks for metrics that there are."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/sandbox.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
TOLD = set(
    re.findall(r"`(sandbox_[a-z_]+)`", (ROOT / "docs/operations/metrics.md").read_text(encoding="utf-8"))
)
METRICS = (ROOT / "server/sandbox_server/operations/metrics.py").read_text()


def asked(panel: dict[str, Any]) -> set[str]:
    return {name for target in panel["targets"] for name in re.findall(r"sandbox_[a-z_]+", target["expr"])}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_panels_ask_for_documented_metrics(panel: dict[str, Any]) -> None:
    assert asked(panel)
    assert {name.removesuffix("_bucket") for name in asked(panel)} <= TOLD


@pytest.mark.parametrize("name", sorted(TOLD))
def test_documented_metrics_are_made(name: str) -> None:
    stem = name.removeprefix("sandbox_").removesuffix("_total")
    assert f'"{name}"' in METRICS or f'("{stem}", ' in METRICS


def test_panels_do_not_cover_each_other() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for one, other in combinations([panel["gridPos"] for panel in PANELS], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in PANELS)


def test_it_shows_what_was_promised() -> None:
    shown = " ".join(panel["title"] for panel in PANELS).lower()
    for what in ("sessions", "first outputs", "p95", "error", "memory", "requests", "availability"):
        assert what in shown
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)\}?", json.dumps(PANELS)))
    assert used <= variables


def test_brackets_close() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            for opening, closing in ("()", "{}", "[]"):
                assert target["expr"].count(opening) == target["expr"].count(closing)
