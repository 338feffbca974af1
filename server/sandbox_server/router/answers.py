"""What the edge itself answers, as files."""

import json

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{head}<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 18vh auto 0; padding: 0 1.5rem; }}
h1 {{ font-size: 1.25rem; margin: 0 0 .5rem; }}
p {{ margin: 0; opacity: .75; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{text}</p>
</main>
</body>
</html>
"""

_REASONS = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


def answers() -> dict[str, str]:
    """Text by file name."""
    return {
        "unknown.html": _page(
            "Nothing is published here", "No app and no sandbox has this name. Check the address."
        ),
        "unknown.json": _unknown(),
        "full.html": _full(),
        "502.http": _raw(502, "The app broke off its answer", "The page tries again by itself.", retry=5),
        "503.http": _raw(503, "This is not running just now", "The page tries again by itself.", retry=3),
        "504.http": _raw(504, "The app took too long to answer", "Reload the page to try again."),
    }


def _page(title: str, text: str, head: str = "") -> str:
    return _PAGE.format(title=title, text=text, head=head)


def _again(seconds: int) -> str:
    # To a browser a refresh of an address with a "#" is a jump within the page, and loads nothing.
    meta = f'<meta http-equiv="refresh" content="{seconds}">'
    script = f"<script>setTimeout(function () {{ location.reload() }}, {seconds * 1000})</script>"
    return f"<noscript>{meta}</noscript>\n{script}\n"


def _full() -> str:
    """With the app's name put in by the proxy, to which a percent sign is a variable."""
    page = _page(
        "All places of APP are taken",
        "Each of them is somebody's session. You are let in as soon as somebody leaves; this page tries again every "
        "5 seconds.",
        _again(5),
    )
    return page.replace("%", "%%").replace("APP", "%[var(txn.host),field(1,.)]")


def _unknown() -> str:
    error = {
        "code": "not_found",
        "message": "Nothing is published under this name.",
        "hint": "Run `sandbox ls` to see what there is.",
    }
    return json.dumps({"error": error}) + "\n"


def _raw(status: int, title: str, text: str, *, retry: int = 0) -> str:
    """`retry`: seconds after which the page loads itself again."""
    body = _page(title, text, _again(retry) if retry else "")
    lines = [
        f"HTTP/1.1 {status} {_REASONS[status]}",
        "Content-Type: text/html; charset=utf-8",
        "Cache-Control: no-store",
        f"Content-Length: {len(body.encode())}",
        "Connection: close",
    ]
    return "\r\n".join(lines) + "\r\n\r\n" + body
