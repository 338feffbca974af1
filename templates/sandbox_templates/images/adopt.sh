#!/bin/sh
# Makes a base of an image with R that others made: a plain user, Shiny from the configured repositories, and notes.
set -eu
work=/opt/sandbox/build
. "$work/environment"
if ! id -u 1000 > /dev/null 2>&1; then useradd --uid 1000 --create-home --shell /usr/sbin/nologin app; fi
mkdir -p /app /usr/local/lib/R/site-library
chown 1000:1000 /app
Rscript --vanilla - $(cat "$work/repositories") < "$work/adopt.R"
Rscript --vanilla - /opt/sandbox/base.json < "$work/describe.R"
rm -rf "$work" /tmp/*
