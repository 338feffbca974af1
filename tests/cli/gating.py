"""The part of the small server that knows of gates."""

from typing import Any

from tests.cli.platform import NOW, Platform, RefusalError

from sandbox_server import wire, wire_review


class Gating:
    """Routes of an app's gates."""

    platform: Platform
    command: str

    def _app_gates(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        if self.command == "PUT":
            asked = wire_review.GatesRequest.model_validate_json(body)
            words = [f"{key}: {value}" for key, value in asked.gates.items()]
            self.platform.gates = wire_review.Gates(
                app=app,
                gates=asked.gates,
                words=words,
                since=NOW,
                by="ada",
                why=f"set by ada: {asked.reason}",
            )
        return 200, self.platform.gates

    def _overridden(self, asked: wire.ReleaseRequest) -> list[str]:
        """What is missing, if it was asked for all the same."""
        report = self.platform.gate_report
        missing = report.missing if report else []
        if missing and not asked.override:
            raise RefusalError(
                409,
                "gate_closed",
                f"d{asked.deployment} cannot be released now: reviews are missing.",
                f"See what is met and what is missing: `sandbox gates d{asked.deployment}`.",
                "\n".join(line for one in missing for line in (f"- {one.message}", f"  {one.hint}")),
            )
        return [one.message for one in missing]


def open_gates(app: str, number: int) -> wire_review.GateReport:
    return wire_review.GateReport(
        app=app, deployment=number, open=True, missing=[], met=[], proposal=[], may_override=False
    )


def closed_gates(**said: Any) -> wire_review.GateReport:
    """Of d41 a review is missing."""
    missing = wire_review.Missing(
        gate="reviews",
        message="It needs 1 review, and has none.",
        hint='Ask for one: `sandbox review request d41 --app sales --to "Name <mail>"`.',
    )
    met = wire_review.Met(gate="checks", message="The smoke check has passed.")
    usual: dict[str, Any] = {
        "app": "sales", "deployment": 41, "open": False, "missing": [missing], "met": [met],
        "proposal": ["- reviews = 1", "+ reviews = 2"], "may_override": True,
    }  # fmt: skip
    return wire_review.GateReport(**usual | said)
