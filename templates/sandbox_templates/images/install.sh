#!/bin/sh
# Installs Debian's packages, given as arguments, into a library. Ends with 75 if the mirror cannot be reached.
set -u
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o APT::Update::Error-Mode=any -o Acquire::Languages=none update || exit 75
apt-get -q -y --no-install-recommends -o APT::Color=0 -o Dpkg::Use-Pty=0 install -- "$@" || exit 1
apt-get clean
rm -rf /var/lib/apt/lists/*
