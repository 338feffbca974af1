#!/bin/sh
# The last step of a base: all packages are in. $1 is the new root; the package lists are still there.
set -eu
root=$1

echo 'en_US.UTF-8 UTF-8' > "$root/etc/locale.gen"
chroot "$root" locale-gen
chroot "$root" useradd --uid 1000 --create-home --shell /usr/sbin/nologin app
chroot "$root" fc-cache --system-only
mkdir -p "$root/app" "$root/opt/sandbox"
chroot "$root" chown app:app /app

# Left by the machine that made it: containers get their own.
rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
chroot "$root" Rscript --vanilla - /opt/sandbox/base.json < "$(dirname "$0")/describe.R"
