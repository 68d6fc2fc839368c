#!/bin/sh
# Installs the Debian packages that building and the labs need, those that are missing only, and says which.
set -eu

missing=
want() { # program package
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
PATH="$PATH:/usr/sbin:/sbin"
want cc gcc
want ovs-vswitchd openvswitch-switch
want ip iproute2
want ping iputils-ping
want ethtool ethtool
want dhclient isc-dhcp-client
want script bsdutils
want dnsmasq dnsmasq-base
want tcpdump tcpdump
want ifconfig net-tools
want python3 python3
want openssl openssl
want node nodejs
want npm npm
want pkill procps
want nsenter util-linux
want tmux tmux
# The hosts of a lab have the machine's /usr alone.
/usr/bin/python3 -c 'import xmlrpc.client' 2>/dev/null || missing="$missing python3"
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
[ -e /usr/include/security/pam_appl.h ] || missing="$missing libpam0g-dev"
[ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"

[ -n "$missing" ] || exit 0
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "Installing the Debian packages that are missing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q
# shellcheck disable=SC2086
$sudo apt-get install -q -y --no-install-recommends $missing
