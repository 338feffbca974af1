#!/bin/sh
# Makes what an overlay brought known to the system: libraries, fonts, certificates.
set -eu
ldconfig
if command -v fc-cache > /dev/null; then fc-cache --system-only; fi
update-ca-certificates
rm -f "$0"
