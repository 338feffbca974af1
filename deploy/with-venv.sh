#!/bin/sh
# Runs the environment's Python for targets that have nothing to do when there is no environment.
set -eu
cd "$(dirname "$0")/.."
if [ ! -x .venv/bin/python ]; then
    if [ -d .sandbox ]; then
        echo "There is a .sandbox folder but no .venv that could tidy it: run \`make lint\` once (it makes .venv), then this again." >&2
        exit 1
    fi
    echo "Nothing to do: the platform was never started here."
    exit 0
fi
exec .venv/bin/python "$@"
