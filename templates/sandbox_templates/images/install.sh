#!/bin/sh
# Makes a library in a builder container, as root: Debian's packages, R packages in their order, Python's.
# R and Python packages run code of their own, so they are installed by a plain user without any rights.
# Lines that begin with "::sandbox::" are for the program that watches.
# Ends with 75: mirror away; 76: Debian's packages; 77: an R package; 78: Python's packages; 79: Quarto's archive.
set -u
work=/opt/sandbox/build
site=/usr/local/lib/R/site-library
export DEBIAN_FRONTEND=noninteractive
. "$work/environment"

main() {
  if ls /usr/local/share/ca-certificates/*.crt > /dev/null 2>&1; then update-ca-certificates > /dev/null; fi
  if [ -s "$work/debian" ]; then install_debian; fi
  if [ -s "$work/packages" ]; then install_packages; fi
  if [ -s "$work/requirements.txt" ]; then install_python; fi
  if [ -s "$work/quarto.tar.gz" ]; then install_quarto; fi
  take_stock
  rm -rf "$work" /tmp/* /var/lib/apt/lists/* /var/cache/apt/*.bin
}

install_debian() {
  tell debian
  apt-get -q -o APT::Update::Error-Mode=any -o Acquire::Languages=none update || exit 75
  check_names || exit 76
  # What is interrupted is thrown away: nothing has to reach the disk file by file.
  xargs apt-get -q -y --no-install-recommends -o APT::Color=0 -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-unsafe-io install -- < "$work/debian" || exit 76
  apt-get clean
}

# For apt, a name with one of these marks is also a pattern, or says to remove; not if a package has just this name.
check_names() {
  apt-cache pkgnames > "$work/known"
  unknown=$(grep -e '[.+]' -e '-$' "$work/debian" | grep -vxF -f "$work/known")
  if [ -n "$unknown" ]; then
    echo "$unknown" | sed 's/^/E: Unable to locate package /'
    return 1
  fi
}

install_packages() {
  mkdir -p "$site" "$work/home"
  chown 1000 "$site" "$work/home"
  while IFS='	' read -r name version file; do
    tell package "$name" "$version"
    as_user R CMD INSTALL --library="$site" --no-docs --no-multiarch "$work/src/$file" < /dev/null
    code=$?
    # Whatever a package left running must not touch the next one.
    as_user sh -c 'kill -KILL -1' 2> /dev/null
    if [ "$code" -ne 0 ]; then
      tell failed "$name" "$code"
      exit 77
    fi
    chown -R root:root "$site/$name"
  done < "$work/packages"
  rm -rf "$site"/00LOCK*
  chown root:root "$site"
}

install_python() {
  tell python
  mkdir -p /opt/python "$work/home"
  chown 1000 /opt/python "$work/home"
  as_user sh -c 'python3 -m venv /opt/python && exec /opt/python/bin/pip install \
    --no-input --no-cache-dir --disable-pip-version-check --progress-bar off -r "$1"' sh "$work/requirements.txt"
  code=$?
  as_user sh -c 'kill -KILL -1' 2> /dev/null
  if [ "$code" -ne 0 ]; then exit 78; fi
  chown -R root:root /opt/python
}

install_quarto() {
  tell quarto
  mkdir -p /opt/quarto
  tar -xzf "$work/quarto.tar.gz" -C /opt/quarto --strip-components=1 --no-same-owner || exit 79
  if [ ! -x /opt/quarto/bin/quarto ]; then echo "the archive has no bin/quarto"; exit 79; fi
}

# What there is now, for the package list: folder, name, version, needs; and Debian's own words for it.
# Packages may have left anything here: no more is read than a library of thousands has.
take_stock() {
  tell stock
  for folder in "$site" /usr/lib/R/site-library /usr/lib/R/library /usr/local/lib/R/library; do
    for file in "$folder"/*/DESCRIPTION; do
      if [ -f "$file" ]; then
        head -c 100000 "$file" | awk -v folder="$folder" '
          /^[^ \t]/ { field = $1 }
          /^Package:/ { name = $2 }
          /^Version:/ { version = $2 }
          field ~ /^(Depends|Imports|LinkingTo):$/ { line = $0; sub(/^[A-Za-z]+:/, "", line); needs = needs "," line }
          END {
            gsub(/\([^)]*\)/, "", needs); gsub(/[, \t]+/, ",", needs)
            print folder "\t" name "\t" version "\t" needs
          }'
      fi
    done
  done | head -c 8000000 > /opt/sandbox/stock
  dpkg-query -W -f '${Package}\t${Version}\n' 'r-*' > /opt/sandbox/debian 2> /dev/null
  cp "$work/library.json" /opt/sandbox/library.json
}

as_user() {
  setpriv --reuid=1000 --regid=1000 --clear-groups env HOME="$work/home" R_PROFILE_USER=/dev/null \
    R_ENVIRON_USER=/dev/null R_MAKEVARS_USER="$work/Makevars" _R_SHLIB_STRIP_=true "$@"
}

tell() {
  echo "::sandbox:: $*"
}

main
