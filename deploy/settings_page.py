"""Writes docs/operations/settings.md from the class of the settings: `python -m deploy.settings_page`."""

from pathlib import Path

from pydantic.fields import FieldInfo

from sandbox_server.settings import GIB, MIB, Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operations" / "settings.md"

HEAD = """# Settings

Environment variables, read when the server starts. With systemd they are in `/etc/sandbox/settings.env`;
for `make run` set them before it: `SANDBOX_PORT=9090 make run` (the ports are remembered for the next time).
This page is written by `python -m deploy.settings_page`.

| variable | default | meaning |
| --- | --- | --- |
"""


def page() -> str:
    rows = (_row(name, field) for name, field in Settings.model_fields.items())
    return HEAD + "".join(rows)


def _row(name: str, field: FieldInfo) -> str:
    return f"| `SANDBOX_{name.upper()}` | {_default(field)} | {field.description} |\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or str(value) == "":
        return "none"
    if isinstance(value, bool):
        return "`yes`" if value else "`no`"
    if isinstance(value, int) and value >= MIB:
        return f"`{value}` ({value // GIB} GiB)" if value >= GIB else f"`{value}` ({value // MIB} MiB)"
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page())
