#!/bin/bash
# The first process of kernel-lab.sh's kernel: makes a machine of it, runs the command and switches off. If it fails the
# kernel panics, and kernel-lab.sh shows what it said.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
parts=/var/cache/xapi-lab/kernel-lab

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs -o mode=0755 run /run
mount -t tmpfs -o mode=0755 log /var/log
# By themselves modules are not found: the kernel looks in /lib/modules, which is the machine's.
mkdir -p /run/lib/modules
ln -s "$parts/modules/$(uname -r)" /run/lib/modules/
for module in overlay openvswitch vport-vxlan vport-gre nf_tables nft_ct bridge macvlan veth dummy tun vxlan 8021q bonding \
    sch_ingress cls_basic cls_matchall cls_u32 act_police; do
    modprobe -d /run "$module"
done
# The command itself may lie in the machine's /tmp.
mkdir -p /run/tmp/upper /run/tmp/work /run/shared
chmod 1777 /run/tmp/upper
mount -t overlay -o lowerdir=/tmp,upperdir=/run/tmp/upper,workdir=/run/tmp/work tmp /tmp
mount -t hostfs -o "$parts/shared" none /run/shared

hostname kernel-lab
ip link set lo up

# Open vSwitch 3.1 counts processors every ten seconds of the machine's life and takes the count at its own start from
# what it last found: nothing yet in the first ten. It then makes no thread that handles what the kernel sends up, and
# every packet that needs a new flow is lost, without a word.
read -r up _ </proc/uptime
[ "${up%.*}" -ge 11 ] || sleep $((11 - ${up%.*}))

for console in tty1 tty2; do
    # No carriage returns.
    stty -F "/dev/$console" -opost
done
status=0
bash /run/shared/command >/dev/tty1 2>/dev/tty2 </dev/null || status=$?
for console in tty1 tty2; do
    # Waits until all is out.
    stty -F "/dev/$console" -opost
done
echo "$status" >/run/shared/status
sync
exec /var/cache/xapi-lab/guest-kernel/busybox poweroff -f
