# Run on xs-1: the pool master's part of "Bonding the Management Interface", step by step, each command shown.
set -eu

run() {
    printf '[root@%s ~]# %s\n' "$(hostname)" "$1"
    eval "$1"
}

echo '# 1. A network for the management traffic'
run 'MGT_NET_UUID=$(xe network-create name-label=MGT)'
run 'echo -e "Management Network UUID: $MGT_NET_UUID\n"'

echo '# 2. The NICs that will be bonded'
run 'PMI_PIF_UUID=$(xe pif-list host-uuid=$INSTALLATION_UUID management=true params=uuid | awk "{ print \$5 }")'
run 'MGT_PIF0_UUID=$(xe pif-list host-uuid=$INSTALLATION_UUID device=eth0 params=uuid | awk "{ print \$5 }")'
run 'MGT_PIF3_UUID=$(xe pif-list host-uuid=$INSTALLATION_UUID device=eth3 params=uuid | awk "{ print \$5 }")'
PMI_PIF_UUID=$(echo $PMI_PIF_UUID)
MGT_PIF0_UUID=$(echo $MGT_PIF0_UUID)
MGT_PIF3_UUID=$(echo $MGT_PIF3_UUID)
run 'echo -e "Management PIF UUIDs:\n PMI: $PMI_PIF_UUID\n PIF0: $MGT_PIF0_UUID\n PIF3: $MGT_PIF3_UUID\n"'

echo '# 3. The bond'
run 'MGT_BOND_UUID=$(xe bond-create network-uuid=$MGT_NET_UUID pif-uuids=$PMI_PIF_UUID,$MGT_PIF3_UUID mode=active-backup)'
run 'MGT_MSTR_UUID=$(xe pif-list host-uuid=$INSTALLATION_UUID network-uuid=$MGT_NET_UUID params=uuid | awk "{ print \$5 }")'
MGT_MSTR_UUID=$(echo $MGT_MSTR_UUID)
run 'echo -e "Management Bond UUIDs:\n BOND INTERFACE UUID: $MGT_BOND_UUID\n BOND MASTER UUID: $MGT_MSTR_UUID\n"'

echo '# 4. What has become of it'
run 'xe network-list params=uuid,name-label,bridge | grep -v Pool | grep -v management | grep -B1 -A2 name-label'
run 'xe pif-list host-uuid=$INSTALLATION_UUID physical=true IP-configuration-mode=Static params=uuid,device,IP,network-name-label'
run 'xe pif-list host-uuid=$INSTALLATION_UUID physical=false IP-configuration-mode=Static params=uuid,device,IP,network-name-label'
run 'xe pif-list host-uuid=$INSTALLATION_UUID physical=false IP-configuration-mode=None params=uuid,device,IP,network-name-label'
run 'xe bond-list params=uuid,master,mode'
run "ifconfig | grep -v '127\\.0\\.0\\.1' | grep -B1 'inet '"
run 'ifconfig -a | grep -e xen -e xapi -e eth'
run 'ovs-vsctl list-br'
run 'ovs-appctl bond/list'
