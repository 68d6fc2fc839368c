//! The steps of a reset, in their order, and what each is for people.

use std::fmt;

use xapi_conf::pool_conf::PoolRole;
use xapi_conf::{inventory, management_conf, pool_conf, trigger};

use crate::host::Host;
use crate::wanted::{Afterwards, Asked};

/// Where the toolstack keeps what it last made of the network: what it starts from without its database.
pub(crate) const LAST_TOPOLOGY: &str = "/var/lib/xcp/last-topology.json";
/// What XAPI's own networking daemon makes of the network at its start.
pub(crate) const NETWORKD: &str = "/var/lib/xcp/networkd.db";

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A slave learns the address of its master, also one that no longer knew that it is a slave.
    WritePoolConf {
        /// The address.
        master: String,
    },
    /// Nothing else may touch the network meanwhile.
    StopDaemon,
    /// What another daemon would bring back goes.
    RemoveNetworkd,
    /// Whoever holds the NIC gives it up.
    FreeNic {
        /// The NIC.
        device: String,
    },
    /// Everything but the management interface goes, and that one comes.
    Reconfigure {
        /// The bridge with the addresses.
        bridge: String,
        /// Where it stands, and how it gets its addresses.
        how: String,
    },
    /// A start without the database brings up the same.
    KeepTopology,
    /// The installer's file says the same.
    WriteManagementConf,
    /// The inventory names the bridge.
    WriteInventory {
        /// The bridge.
        bridge: String,
    },
    /// The daemon's next start does the rest.
    WriteTrigger,
    /// The machine starts again.
    Reboot,
    /// The daemon starts again.
    StartDaemon,
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::WritePoolConf { master } => {
                write!(out, "write slave:{master} to {}", pool_conf::PATH)
            }
            Step::StopDaemon => out.write_str(
                "stop the daemon and, where they run, XAPI's networking, NetworkManager, systemd-networkd, ifupdown \
                 (networking) and dhcpcd",
            ),
            Step::RemoveNetworkd => write!(out, "remove {NETWORKD}"),
            Step::FreeNic { device } => {
                write!(out, "take {device} from any bridge or bond")
            }
            Step::Reconfigure { bridge, how } => write!(
                out,
                "take down all bridges, bonds and VLANs, and make the bridge {bridge} {how}"
            ),
            Step::KeepTopology => write!(out, "write that to {LAST_TOPOLOGY}"),
            Step::WriteManagementConf => write!(out, "write {}", management_conf::PATH),
            Step::WriteInventory { bridge } => write!(
                out,
                "set MANAGEMENT_INTERFACE to {bridge} in {}, and clear CURRENT_INTERFACES",
                inventory::PATH
            ),
            Step::WriteTrigger => write!(
                out,
                "write {}, for the daemon's next start",
                trigger::PATHS[0]
            ),
            Step::Reboot => out.write_str("reboot"),
            Step::StartDaemon => out.write_str("start the daemon"),
        }
    }
}

/// The steps of a reset, in their order. Nothing is done.
pub fn steps(host: &Host, asked: &Asked) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(PoolRole::Slave(master)) = role_asked(host, asked) {
        steps.push(Step::WritePoolConf { master });
    }
    let bridge = asked.bridge();
    steps.extend([
        Step::StopDaemon,
        Step::RemoveNetworkd,
        Step::FreeNic {
            device: asked.management.device.clone(),
        },
        Step::Reconfigure {
            bridge: bridge.clone(),
            how: how(asked),
        },
        Step::KeepTopology,
        Step::WriteManagementConf,
        Step::WriteInventory { bridge },
        Step::WriteTrigger,
        match asked.afterwards {
            Afterwards::Reboot => Step::Reboot,
            Afterwards::RestartDaemon => Step::StartDaemon,
        },
    ]);
    steps
}

/// What the host is to be from its next start on, if that is asked for. A master stays one.
pub(crate) fn role_asked(host: &Host, asked: &Asked) -> Option<PoolRole> {
    let master = asked.master.clone();
    let master = master.filter(|_| host.role() != Some(&PoolRole::Master));
    master.map(PoolRole::Slave)
}

fn how(asked: &Asked) -> String {
    use xapi_conf::management::{Ipv4, Ipv6};
    let wanted = &asked.management;
    let mut how = match wanted.vlan {
        Some(tag) => format!("on VLAN {tag} of {}", wanted.device),
        None => format!("over {}", wanted.device),
    };
    let mut ways = Vec::new();
    match &wanted.ipv4 {
        None => {}
        Some(Ipv4::Dhcp) => ways.push("an address by DHCP".to_owned()),
        Some(Ipv4::Static {
            address, prefix, ..
        }) => ways.push(format!("{address}/{prefix}")),
    }
    match &wanted.ipv6 {
        None => {}
        Some(Ipv6::Dhcp) => ways.push("an address of IPv6 by DHCP".to_owned()),
        Some(Ipv6::Autoconf) => {
            ways.push("the addresses of IPv6 that routers advertise".to_owned())
        }
        Some(Ipv6::Static {
            address, prefix, ..
        }) => ways.push(format!("{address}/{prefix}")),
    }
    how.push_str(" with ");
    how.push_str(&ways.join(" and "));
    how
}
