//! `/etc/firstboot.d/data/management.conf`: what the installer chose for management, and what a reset chose since
//! (host-networking facts, 1.4 and 3.1).

use std::io;
use std::path::Path;

use crate::file;
use crate::inventory::Inventory;
use crate::management::{self, Field, Management};

/// Where it is, below the root.
pub const PATH: &str = "/etc/firstboot.d/data/management.conf";

/// What the file says, as it says it. A file that is not there says nothing.
#[derive(Clone, Debug, Default)]
pub struct ManagementConf(Inventory);

impl ManagementConf {
    /// Reads the file.
    pub fn read(path: &Path) -> io::Result<ManagementConf> {
        Inventory::read(path).map(ManagementConf)
    }

    /// The text of a key; empty if it is not there.
    pub fn text(&self, key: &str) -> &str {
        self.0.get(key).unwrap_or_default()
    }

    /// `MODE`, in small letters.
    pub fn mode(&self) -> String {
        self.text("MODE").to_ascii_lowercase()
    }

    /// `MODEV6`, in small letters.
    pub fn mode_v6(&self) -> String {
        self.text("MODEV6").to_ascii_lowercase()
    }

    /// `IPv6`: addresses with their prefixes.
    pub fn ipv6(&self) -> Vec<String> {
        let addresses = self.text("IPv6").split(',').map(str::trim);
        addresses.map(str::to_owned).collect()
    }

    /// The NIC that carries management, of a bond the first. `None` if none is named, or by no name that a NIC can have.
    pub fn device(&self) -> Option<String> {
        let member = self.text("BOND_MEMBERS").split(',').next().map(str::trim);
        let bonded = member.filter(|name| !self.text("BOND_MODE").is_empty() && !name.is_empty());
        management::device(bonded.unwrap_or(self.text("LABEL"))).ok()
    }

    /// The VLAN that carries management; `None` if none does, or the file names none that there can be.
    pub fn vlan(&self) -> Option<u16> {
        management::vlan(self.text("VLAN")).ok().flatten()
    }
}

/// Replaces the file by what is wanted. Whatever else it said is gone: it was about a bond, or a network that failed.
pub fn write(path: &Path, wanted: &Management) -> io::Result<()> {
    let mut text = String::new();
    for (field, value) in wanted.texts() {
        text.push_str(&format!("{}='{value}'\n", key(field)));
    }
    file::write(path, text.as_bytes(), 0o644)
}

/// The spelling of this file, which is not the trigger's.
fn key(field: Field) -> &'static str {
    match field {
        Field::Device => "LABEL",
        Field::ModeV6 => "MODEV6",
        Field::Ipv6 => "IPv6",
        Field::GatewayV6 => "IPv6_GATEWAY",
        Field::Vlan | Field::Mode | Field::Ip | Field::Netmask | Field::Gateway | Field::Dns => {
            field.key()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{ManagementConf, write};
    use crate::management::{Ipv4, Ipv6, Management};

    fn conf(text: &str) -> ManagementConf {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("management.conf");
        std::fs::write(&path, text).unwrap();
        ManagementConf::read(&path).unwrap()
    }

    #[test]
    fn the_device_is_the_label_or_the_first_member_of_a_bond() {
        let device = |text| conf(text).device();
        assert_eq!(device("LABEL='eth3'\n").as_deref(), Some("eth3"));
        let bond = "LABEL=bond0\nBOND_MODE='active-backup'\nBOND_MEMBERS='eth1, eth2'\n";
        assert_eq!(device(bond).as_deref(), Some("eth1"));
        assert_eq!(device("LABEL='eth0\nrubbish"), None);
        assert_eq!(device(""), None);
        let none = ManagementConf::read(Path::new("/nowhere/at/all")).unwrap();
        assert_eq!(none.device(), None);
        assert_eq!(conf("VLAN='42'").vlan(), Some(42));
        assert_eq!(conf("VLAN='0'").vlan(), None);
        assert_eq!(conf("VLAN='x'").vlan(), None);
    }

    #[test]
    fn what_is_written_has_the_keys_that_other_programs_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data/management.conf");
        let wanted = Management {
            device: "eth0".to_owned(),
            vlan: Some(7),
            ipv4: Some(Ipv4::Static {
                address: [10, 0, 0, 5].into(),
                prefix: 23,
                gateway: Some([10, 0, 1, 1].into()),
            }),
            ipv6: Some(Ipv6::Static {
                address: "fd00::5".parse().unwrap(),
                prefix: 64,
                gateway: Some("fe80::1".parse().unwrap()),
            }),
            dns: vec![[10, 0, 0, 1].into(), "fd00::1".parse().unwrap()],
        };
        write(&path, &wanted).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let want = "LABEL='eth0'\nVLAN='7'\nMODE='static'\nIP='10.0.0.5'\nNETMASK='255.255.254.0'\n\
                    GATEWAY='10.0.1.1'\nMODEV6='static'\nIPv6='fd00::5/64'\nIPv6_GATEWAY='fe80::1'\n\
                    DNS='10.0.0.1,fd00::1'\n";
        assert_eq!(text, want);
        let read = ManagementConf::read(&path).unwrap();
        assert_eq!(
            (read.device().as_deref(), read.vlan()),
            (Some("eth0"), Some(7))
        );
        assert_eq!(read.ipv6(), ["fd00::5/64"]);
    }
}
