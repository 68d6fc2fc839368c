# Run on xs-2: what the tutorial has done on the other hosts before its last part.
set -eu

service xapi restart >/dev/null
NAS=$(xe network-list name-label=NAS --minimal)
NAS_PIF=$(xe pif-list host-uuid="$INSTALLATION_UUID" network-uuid="$NAS" --minimal)
xe pif-reconfigure-ip uuid="$NAS_PIF" mode=static IP=172.16.0.36 netmask=255.255.255.240
xe pif-param-set uuid="$NAS_PIF" other-config:management_purpose="Storage"
