# Run on xs-2: the other hosts' part of "Bonding the Management Interface", step by step, each command shown.
set -eu

run() {
    printf '[root@%s ~]# %s\n' "$(hostname)" "$1"
    eval "$1"
}

review() {
    run 'xe network-list params=uuid,name-label,bridge | grep -v Pool | grep -v management | grep -B1 -A2 name-label'
    run 'xe pif-list host-uuid=$INSTALLATION_UUID physical=true IP-configuration-mode=Static params=uuid,device,IP,network-name-label'
    run 'xe pif-list host-uuid=$INSTALLATION_UUID physical=false IP-configuration-mode=Static params=uuid,device,IP,network-name-label'
    run 'xe pif-list host-uuid=$INSTALLATION_UUID physical=false IP-configuration-mode=None params=uuid,device,IP,network-name-label'
    run 'xe bond-list params=uuid,master,mode'
    run "ifconfig | grep -v '127\\.0\\.0\\.1' | grep -B1 'inet '"
    run 'ifconfig -a | grep -e xen -e xapi -e eth'
    run 'ovs-vsctl list-br'
    run 'ovs-appctl bond/list'
}

echo '# 1. What this host has of the pool'
review

echo '# 2. It inherits what was made on the master'
run 'service xapi restart'

echo '# 3. What has become of it'
review
