#!/bin/sh
# The browser of the tests: containers that other tests start meanwhile cut none of its connections.
here=$(dirname "$0")
exec "$here/../.venv/bin/python" -I "$here/../server/sandbox_server/visitor/undisturbed.py" chromium "$@"
