#!/bin/sh
# Brings what the tests with virtual machines need, unless it is there: QEMU, and what boots in it, which is a Debian
# kernel, its virtio modules and a static busybox. These are taken out of their packages, not installed: nothing on this
# machine is to boot that kernel.
set -eu

to=/var/cache/xapi-lab/guest-kernel
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
if ! command -v qemu-system-x86_64 >/dev/null 2>&1; then
    echo "Installing the Debian package that is missing: qemu-system-x86"
    $sudo apt-get update -q
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -q -y --no-install-recommends qemu-system-x86
fi
[ ! -e "$to/vmlinuz" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt downloads as a user of its own.
chmod 755 "$work"
cd "$work"

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
$sudo mkdir -p "${to%/*}"
$sudo rm -rf "$to"
$sudo cp -r whole "$to.new"
$sudo mv "$to.new" "$to"
