# Run on xs-1: the bonds that the tutorial has made before its last part.
set -eu

pif() { xe pif-list host-uuid="$INSTALLATION_UUID" device="$1" physical=true params=uuid --minimal; }

NAS=$(xe network-create name-label=NAS)
NAS_BOND=$(xe bond-create network-uuid="$NAS" pif-uuids="$(pif eth2),$(pif eth4)" mode=active-backup)
NAS_PIF=$(xe bond-param-get uuid="$NAS_BOND" param-name=master)
xe pif-reconfigure-ip uuid="$NAS_PIF" mode=static IP=172.16.0.35 netmask=255.255.255.240
xe pif-param-set uuid="$NAS_PIF" other-config:management_purpose="Storage"

PUB=$(xe network-create name-label=PUB)
xe bond-create network-uuid="$PUB" pif-uuids="$(pif eth1),$(pif eth5)" mode=balance-slb >/dev/null
