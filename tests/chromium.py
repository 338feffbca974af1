"""The browser of the tests, which asks nobody on the network and hears of none of its changes."""

from pathlib import Path

CHROMIUM = str(Path(__file__).with_name("chromium.sh"))
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
