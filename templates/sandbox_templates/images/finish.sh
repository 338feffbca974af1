#!/bin/sh
# The last step of a base: all packages are in. $1 is the new root; the package lists are still there.
set -eu
root=$1
here=$(dirname "$0")

echo 'en_US.UTF-8 UTF-8' > "$root/etc/locale.gen"
chroot "$root" locale-gen
chroot "$root" useradd --uid 1000 --create-home --shell /usr/sbin/nologin app
chroot "$root" fc-cache --system-only
mkdir -p "$root/app" "$root/opt/sandbox"
chroot "$root" chown app:app /app

# Source lists tell what Debian needs to compile each R package; nobody needs them later.
sources="$root/etc/apt/sources.list.d/sources.list"
sed -n 's/^deb /deb-src /p' "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*.list 2>/dev/null > "$root/tmp/sources" || true
mv "$root/tmp/sources" "$sources"
chroot "$root" apt-get -q -o Acquire::Languages=none update
chroot "$root" Rscript --vanilla - /opt/sandbox/base.json < "$here/describe.R"
rm -f "$sources" "$root"/var/lib/apt/lists/*_source_*

# Debian's Shiny asks for this file by another name than it has, and sliders of dates break their page without it.
strftime="$root/usr/lib/R/site-library/shiny/www/shared/strftime"
if [ -e "$strftime/strftime.min.js" ] && [ ! -e "$strftime/strftime-min.js" ]; then
  ln -s strftime.min.js "$strftime/strftime-min.js"
fi

# Left by the machine that made it: containers get their own.
rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
