#!/bin/sh
# Installs what this machine lacks and makes the Python environment in .venv. May be run again: what is there stays.
#
#   deploy/setup.sh run     what `make run` needs
#   deploy/setup.sh test    that, and what the tests need
#   deploy/setup.sh bench   that, and what is compared with
#   deploy/setup.sh lint    only the Python environment
#
# Plain sh on purpose: a bare machine may have neither Python nor bash.
set -eu

cd "$(dirname "$0")/.."
WHAT="${1:-run}"
LOG=.sandbox/setup.log
VISITOR=sandbox-visitor
VISITOR_HOME=/var/lib/sandbox-visitor

main() {
    know_the_system
    mkdir -p .sandbox
    : >"$LOG"
    if [ "$WHAT" != lint ]; then
        find_missing
        [ -z "$MISSING" ] || announce_and_install
        check_versions
        make_visitor
    else
        find_missing_python
        [ -z "$MISSING" ] || announce_and_install
    fi
    make_environment
    [ "$WHAT" = lint ] || find_browser
    [ "$WHAT" != test ] || fetch_page_checks
}

# What this machine is

know_the_system() {
    [ "$(uname -s)" = Linux ] || stop \
        "\`make run\` sets up a Debian or Ubuntu machine, and this is $(uname -s)." \
        "With Docker Desktop: docker compose -f deploy/compose.yaml up (see README.md). The command line alone works here too."
    SUDO=
    if [ "$(id -u)" != 0 ]; then SUDO=sudo; fi
}

need_rights() { # need_rights "what for"
    [ -n "$SUDO" ] || return 0
    command -v sudo >/dev/null || stop \
        "$1 needs root rights, and there is no sudo here." \
        "Run \`make $WHAT\` as root, or have an administrator install sudo for you."
    sudo -n true 2>/dev/null && return 0
    [ -t 0 ] || stop "$1 needs root rights, and sudo asks for a password." "Run \`make $WHAT\` in a terminal, or as root."
    echo "$1 needs root rights; sudo asks for your password."
    sudo -v || stop "No root rights for: $1." "Run \`make $WHAT\` as a user who may use sudo, or as root."
}

# Packages

find_missing() {
    MISSING=
    LISTING=
    if ! engine_is_there; then want docker.io "the container engine"; fi
    have iptables || want iptables "keeps apps away from this machine's own ports"
    have haproxy || want haproxy "the edge: carries all traffic, switches releases"
    have mmdebstrap || want mmdebstrap "makes the R base image from Debian's packages"
    if is_ubuntu && [ ! -e /usr/share/keyrings/debian-archive-keyring.gpg ]; then
        want debian-archive-keyring "lets mmdebstrap check Debian's signatures"
    fi
    if ! is_ubuntu && ! have chromium && ! have google-chrome; then
        want chromium "opens every pushed app once, to see that it really works"
    fi
    has_library libatomic.so.1 || want libatomic1 "a library that the browser's driver needs"
    have git || want git "the starter app lives in a real repository"
    case "$WHAT" in test | bench) find_missing_for_tests ;; esac
    add_missing_python
}

find_missing_for_tests() {
    have ip || want iproute2 "tests give a second engine a network of its own"
    have docker || engine_brings_command || want docker-cli "tests ask the engine by its own command"
    [ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || want postgresql "the store is tested on it too"
    have nginx || want nginx-light "somebody else's proxy: sessions outlive its patience, the edge is compared with it"
    if [ "$WHAT" = bench ]; then
        have wrk || want wrk "makes the load"
        have curl || want curl "measures first answers"
    fi
}

find_missing_python() {
    MISSING=
    LISTING=
    add_missing_python
}

add_missing_python() {
    find_python || want python3-venv "the platform itself is written in Python"
}

want() { # want PACKAGE "what for"
    MISSING="$MISSING $1"
    LISTING="$LISTING$(printf '  %-24s %s' "$1" "$2")
"
}

have() {
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]
}

has_library() {
    for folder in /usr/lib /usr/lib/*-linux-gnu /lib /lib/*-linux-gnu; do
        if [ -e "$folder/$1" ]; then return 0; fi
    done
    return 1
}

engine_is_there() {
    # Docker's own packages and Debian's exclude each other: whoever has either keeps it.
    have dockerd || { have docker && docker info >/dev/null 2>&1; }
}

engine_brings_command() {
    # From Debian 13 on, docker.io is the engine alone.
    is_ubuntu || grep -qs '^VERSION_ID="12"' /etc/os-release
}

is_ubuntu() {
    grep -qs '^ID=ubuntu' /etc/os-release
}

announce_and_install() {
    command -v apt-get >/dev/null || stop \
        "These are missing, and this setup knows Debian and Ubuntu only:$MISSING." \
        "Install them with your system's own tools, then run \`make $WHAT\` again."
    echo "This machine lacks a few things. They will be installed from its own package sources:"
    echo
    printf '%s' "$LISTING"
    echo
    need_rights "Installing packages"
    wait_for "Reading package lists" as_root apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 update
    check_candidates
    wait_for "Installing the packages ($(download_size))" install_packages
    keep_services_quiet
    echo "$MISSING" >>.sandbox/installed-packages
}

check_candidates() {
    for package in $MISSING; do
        apt-cache show "$package" >/dev/null 2>&1 || stop \
            "The package $package cannot be had from this machine's package sources." \
            "Debian 12, 13 and Ubuntu 24.04 or newer have it (on Ubuntu in \`universe\`). See /etc/apt/sources.list."
    done
}

download_size() {
    # shellcheck disable=SC2086  # a list of names
    apt-get install --no-install-recommends --print-uris -qq -y $MISSING 2>/dev/null |
        awk '{ bytes += $3; files += 1 } END { printf "%d files, %d MB", files, bytes / 1000000 }'
}

install_packages() {
    # shellcheck disable=SC2086  # a list of names
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $MISSING
}

keep_services_quiet() {
    # These packages start services of their own; ours are started by the server and the tests, when they are needed.
    [ -d /run/systemd/system ] || return 0
    for service in haproxy nginx postgresql; do
        case "$MISSING " in *" $service"[\ -]*) as_root systemctl disable --now "$service" >>"$LOG" 2>&1 || true ;; esac
    done
}

check_versions() {
    version=$(PATH="$PATH:/usr/sbin" haproxy -v 2>/dev/null | sed -n '1s/.*version \([0-9]*\.[0-9]*\).*/\1/p')
    case "$version" in
    [01].* | 2.[0-5]) stop "HAProxy $version is too old: 2.6 is needed." "Use Debian 12, 13 or Ubuntu 24.04 or newer." ;;
    esac
    find_python || stop \
        "Python 3.11 or newer (with venv) is needed, and this system has $(python3 --version 2>/dev/null || echo none)." \
        "Use Debian 12, 13 or Ubuntu 24.04 or newer, or put a newer python3 first on the PATH."
}

make_visitor() {
    id "$VISITOR" >/dev/null 2>&1 && return 0
    need_rights "Adding the system user $VISITOR (the checking browser runs as it)"
    wait_for "Adding the system user $VISITOR" \
        as_root useradd --system --home-dir "$VISITOR_HOME" --create-home --shell /usr/sbin/nologin "$VISITOR"
    touch .sandbox/made-visitor
}

# Python

find_python() {
    for candidate in python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            PYTHON=$candidate
            return 0
        fi
    done
    return 1
}

make_environment() {
    marker=.venv/.sandbox-setup-run
    locks=requirements.lock
    if [ "$WHAT" != run ]; then
        marker=.venv/.sandbox-setup-dev
        locks="requirements.lock requirements-dev.lock"
    fi
    wanted=$(pwd && cat pyproject.toml $locks | sha256sum)
    if [ -x .venv/bin/python ] && [ "$(cat "$marker" 2>/dev/null)" = "$wanted" ]; then return 0; fi
    .venv/bin/python -c 'import pip' 2>/dev/null || wait_for "Making the Python environment .venv" "$PYTHON" -m venv --clear .venv
    for lock in $locks; do
        count=$(grep -c '^[a-zA-Z0-9]' "$lock")
        wait_for "Installing up to $count Python packages from $lock" \
            .venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off --require-hashes -r "$lock"
    done
    wait_for "Installing sandbox and sandboxd into .venv" \
        .venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off --no-deps -e .
    .venv/bin/python -m compileall -q server cli templates deploy >>"$LOG" 2>&1
    echo "$wanted" >"$marker"
}

# The checking browser

find_browser() {
    # Ubuntu's chromium is a snap, and a snap does not run as a system user: fetch Playwright's own build there.
    if ! is_ubuntu || have google-chrome || [ -n "${SANDBOX_CHROMIUM:-}" ]; then return 0; fi
    if as_root test -e "$VISITOR_HOME/browsers/ready" 2>/dev/null; then return 0; fi
    [ ! -e .sandbox/no-browser ] || return 0
    need_rights "Installing the checking browser"
    if wait_softly "Fetching a browser with Playwright (Ubuntu has Chromium as a snap only)" fetch_browser; then return 0; fi
    touch .sandbox/no-browser
    echo "  No browser could be had. All works, but pushed apps are not opened once to see that they come up."
    echo "  To change that: install Google Chrome (or set SANDBOX_CHROMIUM), then \`make stop run\`."
}

fetch_browser() {
    as_root env PLAYWRIGHT_BROWSERS_PATH="$VISITOR_HOME/browsers" DEBIAN_FRONTEND=noninteractive \
        .venv/bin/playwright install --with-deps chromium &&
        as_root chmod -R a+rX "$VISITOR_HOME/browsers" && as_root chmod a+x "$VISITOR_HOME" &&
        as_root touch "$VISITOR_HOME/browsers/ready"
}

# What the tests of pages need from npm

fetch_page_checks() {
    modules=tests/browser/node_modules
    wanted=$(sha256sum <tests/browser/package-lock.json)
    if [ "$(cat $modules/.sandbox-setup 2>/dev/null)" = "$wanted" ]; then return 0; fi
    npm=npm
    have npm || npm_from_pypi
    # Registry, proxy and certificates are those of npm's own settings; the lock file holds the hashes.
    wait_for "Fetching axe-core, which checks the pages, with npm" \
        "$npm" ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --no-update-notifier
    echo "$wanted" >$modules/.sandbox-setup
}

npm_from_pypi() {
    # Debian's npm brings several hundred packages along; this is one file, and nothing outside of .venv.
    [ -x .venv/bin/npm ] || wait_for "Installing npm into .venv, since this machine has none" \
        .venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off --require-hashes -r requirements-npm.lock
    npm=$PWD/.venv/bin/npm
}

# Saying and doing

as_root() {
    $SUDO "$@"
}

wait_for() { # wait_for "title" command…: shows the title and the time, keeps the output in the log
    wait_softly "$@" && return 0
    echo >&2
    tail -n 8 "$LOG" | sed 's/^/    /' >&2
    stop "This step did not work: $1." "The whole output is in $LOG; when the cause is gone, run \`make $WHAT\` again."
}

wait_softly() {
    title=$1
    shift
    started=$(date +%s)
    printf '\n== %s\n\n' "$title" >>"$LOG"
    if [ ! -t 1 ]; then echo "  … $title"; fi
    "$@" >>"$LOG" 2>&1 </dev/null &
    child=$!
    while kill -0 "$child" 2>/dev/null; do
        if [ -t 1 ]; then
            printf '\r\033[K  … %s  %ss  \033[2m%s\033[0m' "$title" "$(($(date +%s) - started))" "$(last_words "$title")"
        fi
        sleep 0.3
    done
    mark=✓ status=0
    wait "$child" || { mark=✗ status=1; }
    if [ -t 1 ]; then printf '\r\033[K'; fi
    echo "  $mark $title  $(($(date +%s) - started)) s"
    return $status
}

last_words() { # last_words "title": as much of the log's last line as fits beside the title
    columns=$(stty size 2>/dev/null </dev/tty | cut -d ' ' -f 2)
    room=$((${columns:-80} - ${#1} - 16))
    if [ "$room" -gt 8 ]; then tail -n 1 "$LOG" | tr -cd '[:print:]' | cut -c "1-$room"; fi
}

stop() { # stop "sentence" "hint"
    if [ -t 2 ]; then printf '\033[31m%s\033[0m\n' "$1" >&2; else echo "$1" >&2; fi
    echo "$2" >&2
    exit 1
}

main
