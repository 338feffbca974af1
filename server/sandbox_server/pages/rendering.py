"""Templates to HTML. Everything that comes from people is escaped; icons and styles come with the package."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

import sandbox_templates
from sandbox_server.domain import canary
from sandbox_server.domain.deployment import may
from sandbox_server.domain.durations import in_words
from sandbox_server.pages import review_words, sentences, sizes, words
from sandbox_server.wire_sessions import Day

WEB = Path(sandbox_templates.__file__).parent / "web"
STATIC = WEB / "static"


def page(request: Request, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """A whole page; the caller, if there is one, is shown in its head."""
    caller = getattr(request.state, "caller", None)
    html = render(f"pages/{template}", **{"caller": caller, **values})
    return HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})


def fragment(template: str, **values: Any) -> str:
    """A part of a page, to be sent again when it changed."""
    return render(f"fragments/{template}", **values)


def render(template: str, /, *, static: Callable[[str], str] | None = None, **values: Any) -> str:
    """`static` tells where a file of the package is found, if not on the control plane's own host."""
    now = datetime.now(UTC)
    return _environment().get_template(template).render(now=now, static=static or static_url, **values)


def static_url(name: str) -> str:
    """Changes with the file's content, so that browsers may keep it for ever."""
    return f"/static/{name}?v={_digest(name)}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(WEB),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "age": _age,
        "exact": words.exact,
        "stamp": words.stamp,
        "clock": words.clock,
        "size": words.size,
        "resources": words.resources,
        "seconds": words.seconds,
        "count_of": words.count_of,
        "who_stays": words.who_stays,
        "beyond": words.beyond,
        "bare_url": words.bare_url,
        "breakable_url": words.breakable_url,
        "deed": words.deed,
        "short_id": words.short_id,
        "kind": words.kind,
        "troubles": words.troubles,
        "diff_line": words.diff_line,
        "with_code": words.with_code,
        "timing": words.timing,
        "brief": words.brief,
        "day": words.day,
        "short_instance": words.short_instance,
        "in_span": _in_span,
        "moment": _moment,
        "strip": _strip,
        "drains": sentences.drains,
        "still_on": sentences.still_on,
        "failed_of": sentences.failed_of,
        "promised": sentences.promised,
        "up_share": sentences.up_share,
        "span": in_words,
        "larger": canary.larger,
        "measures": sizes.measures,
        "names": words.names,
    }
    environment.filters |= review_words.FILTERS
    environment.globals |= {"icon": _icon, "may": may}
    return environment


@pass_context
def _age(context: Context, at: datetime) -> str:
    return words.age(at, context["now"])


@pass_context
def _in_span(context: Context, at: datetime) -> str:
    return sentences.in_span(at, context["now"])


@pass_context
def _moment(context: Context, at: datetime) -> str:
    return sentences.moment(at, context["now"])


@pass_context
def _strip(context: Context, days: list[Day]) -> list[tuple[datetime, Day | None]]:
    return sentences.strip(days, context["now"])


@cache
def _icon(name: str) -> Markup:
    svg = (STATIC / "icons" / f"{name}.svg").read_text()
    drawing = re.sub(r"<!--.*?-->|\sclass=\"[^\"]*\"|\s(width|height)=\"24\"", "", svg, flags=re.DOTALL)
    line = " ".join(drawing.split()).replace("<svg", '<svg class="icon" aria-hidden="true"', 1)
    return Markup(line)  # noqa: S704 - our own file


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
