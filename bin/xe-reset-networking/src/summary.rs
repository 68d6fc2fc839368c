//! What one reads before one says yes.

use std::fmt::Write as _;

use xapi_conf::management::{Ipv4, Ipv6, netmask_of};
use xapi_conf::management_conf;
use xapi_conf::pool_conf::PoolRole;
use xapi_reset::{Afterwards, Host};

use crate::options::{Given, Options};

const REBOOTS: &str = "\
This host reboots: virtual machines that run on it are ended as if the power failed.
  - Shut them down first, where you can.
  - If the pool has high availability, disable it first.
";

const GOES_ON: &str = "\
This host does not reboot: virtual machines that run on it go on. Those on networks of a NIC have no
network for a moment; those on bonds, VLANs or tunnels have none until these are made again.
";

const LOSES: &str = "\
All bonds, VLANs and tunnels of this host go, with the addresses on them; networks, virtual machines
and their VIFs stay. Bonds and VLANs have to be made again.
";

const KEEPS: &str = "\
Bonds, VLANs and tunnels of this host go, with the addresses on them, but for those that are asked to
stay and have nothing to do with management; networks, virtual machines and their VIFs stay.
";

/// The warning, and what the network will be.
pub fn of(host: &Host, given: &Given, options: &Options) -> String {
    let mut text = String::new();
    let keep = given.asked.keep;
    text.push_str("WARNING: this resets the network of this host.\n\n");
    text.push_str(match given.asked.afterwards {
        Afterwards::Reboot => REBOOTS,
        Afterwards::RestartDaemon => GOES_ON,
    });
    text.push_str(if keep.bonds || keep.vlans {
        KEEPS
    } else {
        LOSES
    });
    text.push_str("\nThe management interface will be:\n\n");
    for (name, value) in rows(host, given, options) {
        writeln!(text, "  {name:<9} {value}").expect("a string takes everything");
    }
    text.push('\n');
    let notes = host.notes().iter().chain(&given.unused);
    for note in notes {
        writeln!(text, "! {note}").expect("a string takes everything");
    }
    if !host.notes().is_empty() || !given.unused.is_empty() {
        text.push('\n');
    }
    text
}

fn rows(host: &Host, given: &Given, options: &Options) -> Vec<(&'static str, String)> {
    let wanted = &given.asked.management;
    let nic = host.nic(&wanted.device);
    let mut device = nic.map_or_else(|| wanted.device.clone(), ToString::to_string);
    if let Some(file) = given.device_from {
        write!(device, "  (by {file})").expect("a string takes everything");
    }
    let mut rows = vec![("NIC", device.trim_end().to_owned())];
    rows.push((
        "VLAN",
        match wanted.vlan {
            Some(tag) if given.vlan_from_file => {
                format!("{tag}  (by {}; --novlan for none)", management_conf::PATH)
            }
            Some(tag) => tag.to_string(),
            None => "none".to_owned(),
        },
    ));
    rows.push(("IPv4", ipv4(wanted.ipv4.as_ref())));
    rows.push(("IPv6", ipv6(wanted.ipv6.as_ref())));
    let servers: Vec<String> = wanted.dns.iter().map(ToString::to_string).collect();
    if !servers.is_empty() {
        rows.push(("DNS", servers.join(", ")));
    }
    let kept: Vec<&str> = [
        (options.keep_bonds, "other bonds"),
        (options.keep_vlans, "other VLANs"),
        (
            options.keep_interface_name_rules,
            "names of NICs (as they do without the option)",
        ),
    ]
    .into_iter()
    .filter_map(|(is_kept, what)| is_kept.then_some(what))
    .collect();
    if !kept.is_empty() {
        rows.push(("stay", kept.join(", ")));
    }
    let role = match (host.role(), &given.asked.master) {
        (Some(PoolRole::Slave(before)), Some(master)) => {
            format!("slave; its master is {master} (it was {before})")
        }
        (Some(PoolRole::Slave(master)), None) => {
            format!("slave; its master is {master} (--master for another address)")
        }
        (Some(PoolRole::Master), _) => "master".to_owned(),
        (None | Some(PoolRole::Broken), Some(master)) => {
            format!("slave, by --master; its master is {master} (its role was not known)")
        }
        (Some(PoolRole::Broken), None) => "broken: its role has to be mended as well".to_owned(),
        (None, None) => "none known".to_owned(),
    };
    rows.push(("pool", role));
    rows
}

fn ipv4(wanted: Option<&Ipv4>) -> String {
    match wanted {
        None => "none".to_owned(),
        Some(Ipv4::Dhcp) => "by DHCP".to_owned(),
        Some(Ipv4::Static {
            address,
            prefix,
            gateway,
        }) => {
            let netmask = netmask_of(*prefix);
            format!("{address}, netmask {netmask}, {}", router(gateway.as_ref()))
        }
    }
}

fn ipv6(wanted: Option<&Ipv6>) -> String {
    match wanted {
        None => "none".to_owned(),
        Some(Ipv6::Dhcp) => "by DHCP".to_owned(),
        Some(Ipv6::Autoconf) => "as routers advertise".to_owned(),
        Some(Ipv6::Static {
            address,
            prefix,
            gateway,
        }) => format!("{address}/{prefix}, {}", router(gateway.as_ref())),
    }
}

fn router(gateway: Option<&impl ToString>) -> String {
    match gateway {
        Some(gateway) => format!("router {}", gateway.to_string()),
        None => "no router".to_owned(),
    }
}
