#!/bin/sh
# Brings what the tests with kernels of their own need, unless it is there. For virtual machines: QEMU, and what boots in
# it, which is a Debian kernel, its virtio modules and a static busybox. For kernel-lab.sh: user-mode Linux and its
# modules. Kernels are taken out of their packages, not installed: nothing on this machine is to boot them.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=/var/cache/xapi-lab
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt downloads as a user of its own.
chmod 755 "$work"
cd "$work"

# Puts a directory in its place, whole or not at all.
place() { # directory name
    $sudo mkdir -p "$cache"
    $sudo rm -rf "$cache/$2" "$cache/$2.new"
    $sudo cp -r "$1" "$cache/$2.new"
    $sudo mv "$cache/$2.new" "$cache/$2"
}

qemu() {
    command -v qemu-system-x86_64 >/dev/null 2>&1 && return
    echo "Installing the Debian package that is missing: qemu-system-x86"
    $sudo apt-get update -q
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -q -y --no-install-recommends qemu-system-x86
}

guest_kernel() {
    [ ! -e "$cache/guest-kernel/vmlinuz" ] || return 0
    # The newest kernel that the package of this name stands for; it has no content itself.
    kernel=$(apt-cache depends --no-recommends --no-suggests linux-image-cloud-amd64 |
        sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
    [ -n "$kernel" ] || {
        echo "install-machines.sh: no package linux-image-cloud-amd64" >&2
        exit 1
    }
    echo "Taking a kernel for the tests' virtual machines out of $kernel"
    apt-get download -q "$kernel" busybox-static
    for package in ./*.deb; do
        dpkg-deb -x "$package" tree
    done
    mkdir whole
    cp tree/boot/vmlinuz-* whole/vmlinuz
    cp tree/bin/busybox whole/busybox
    for module in virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover \
        virtio_net virtio_console button evdev; do
        find tree/lib/modules -name "$module.ko" -exec cp {} whole/ ';'
    done
    place whole guest-kernel
}

kernel_lab() {
    shim=$here/kernel-lab-xstate.c
    ! cmp -s "$shim" "$cache/kernel-lab/xstate.c" || return 0
    echo "Taking user-mode Linux out of its package"
    apt-get download -q user-mode-linux
    dpkg-deb -x user-mode-linux_*.deb uml
    mkdir -p lab/shared
    mv uml/usr/bin/linux.uml uml/usr/lib/uml/modules lab
    cp "$shim" lab/xstate.c
    cc -shared -fPIC -O2 -Wall -o lab/xstate.so lab/xstate.c
    place lab kernel-lab
}

qemu
guest_kernel
kernel_lab
