//! ovs-vswitchd's control socket, the one that ovs-appctl talks to.
//!
//! It answers what the database doesn't have: which members of a bond are in use at this moment. The socket is found by
//! the daemon's pid file. Each command has a connection of its own, so a restart of the daemon is of no account, and a
//! command is never sent twice. This module must not know the database. Start with [`Control::command`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use thiserror::Error;

use super::jsonrpc::{Connection, RpcError};

/// Why a command had no answer.
#[derive(Debug, Error)]
pub enum ControlError {
    /// There is no pid file, so ovs-vswitchd doesn't run.
    #[error("ovs-vswitchd doesn't run: cannot read {}", path.display())]
    NoPidFile {
        /// The pid file.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// It doesn't answer, or it refuses the command.
    #[error("ovs-vswitchd")]
    Rpc(#[from] RpcError),
    /// Not what that command prints in any version we know.
    #[error("ovs-vswitchd printed something else than expected: {0:?}")]
    Output(String),
}

/// The control socket of the ovs-vswitchd that keeps its run-time files in one directory.
#[derive(Clone, Debug)]
pub struct Control {
    run_dir: PathBuf,
}

/// One line of `bond/list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedBond {
    /// The port.
    pub name: String,
    /// Its mode.
    pub mode: String,
    /// Its members.
    pub members: Vec<String>,
}

/// What `bond/show` says of a bond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BondStatus {
    /// Its mode.
    pub mode: String,
    /// `off`, `configured` or `negotiated`.
    pub lacp_status: String,
    /// The members, by name.
    pub members: Vec<MemberStatus>,
}

/// A member of a bond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// The interface.
    pub name: String,
    /// Whether it is in use; it is not while the delays after a change of its link run.
    pub enabled: bool,
    /// Whether it is the one that carries what is not spread.
    pub active: bool,
}

impl Control {
    /// For the daemon whose pid file is in `run_dir`, usually `/run/openvswitch`.
    pub fn new(run_dir: impl Into<PathBuf>) -> Control {
        Control {
            run_dir: run_dir.into(),
        }
    }

    /// The process, by its pid file.
    pub fn pid(&self) -> Result<u32, ControlError> {
        let path = self.run_dir.join("ovs-vswitchd.pid");
        let text = fs::read_to_string(&path);
        let pid = text.and_then(|text| text.trim().parse().map_err(io::Error::other));
        pid.map_err(|source| ControlError::NoPidFile { path, source })
    }

    /// Runs a command as ovs-appctl would, and gives what it would print.
    pub fn command(
        &self,
        name: &str,
        args: &[&str],
        deadline: Instant,
    ) -> Result<String, ControlError> {
        let (_, mut connection) = self.connect()?;
        match connection.call(name, json!(args), deadline, &mut |_| {})? {
            Value::String(text) => Ok(text),
            other => Err(ControlError::Output(other.to_string())),
        }
    }

    /// What the daemon says it is.
    pub fn version(&self, deadline: Instant) -> Result<String, ControlError> {
        Ok(self
            .command("version", &[], deadline)?
            .trim_end()
            .to_owned())
    }

    /// Every bond there is.
    pub fn bonds(&self, deadline: Instant) -> Result<Vec<ListedBond>, ControlError> {
        parse_list(&self.command("bond/list", &[], deadline)?)
    }

    /// How a bond is doing. An unknown one is refused.
    pub fn bond(&self, name: &str, deadline: Instant) -> Result<BondStatus, ControlError> {
        parse_show(&self.command("bond/show", &[name], deadline)?)
    }

    /// Makes `member` the active one; it must be enabled. A new bond begins with whichever member ovs-vswitchd likes
    /// (3.1 takes no notice of `bond_active_slave` then), and until the switch has heard from that member, what it sends
    /// to another is dropped: either choose by this, or say something on the bond.
    pub fn set_active_member(
        &self,
        bond: &str,
        member: &str,
        deadline: Instant,
    ) -> Result<(), ControlError> {
        self.command("bond/set-active-member", &[bond, member], deadline)
            .map(drop)
    }

    /// A connection, and the process it leads to.
    pub(super) fn connect(&self) -> Result<(u32, Connection), ControlError> {
        let pid = self.pid()?;
        let path = self.run_dir.join(format!("ovs-vswitchd.{pid}.ctl"));
        Ok((pid, Connection::open(Path::new(&path))?))
    }
}

/// One line a bond after the heading: name, mode, recirculation id, members, with tabs between.
fn parse_list(text: &str) -> Result<Vec<ListedBond>, ControlError> {
    let wrong = || ControlError::Output(text.to_owned());
    let mut lines = text.lines();
    if !lines
        .next()
        .is_some_and(|heading| heading.starts_with("bond\t"))
    {
        return Err(wrong());
    }
    let line = |line: &str| match line.split('\t').collect::<Vec<_>>().as_slice() {
        [name, mode, _, members] => Ok(ListedBond {
            name: (*name).to_owned(),
            mode: (*mode).to_owned(),
            members: members
                .split(", ")
                .filter(|member| !member.is_empty())
                .map(str::to_owned)
                .collect(),
        }),
        _ => Err(wrong()),
    };
    lines.map(line).collect()
}

/// `key: value` lines, then a line for each member with indented lines below it. Before 2.16 a member was a "slave".
fn parse_show(text: &str) -> Result<BondStatus, ControlError> {
    let value = |key: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        line.map(str::to_owned)
            .ok_or_else(|| ControlError::Output(text.to_owned()))
    };
    let mut members: Vec<MemberStatus> = Vec::new();
    for line in text.lines() {
        if let Some((name, state)) = member_line(line) {
            let enabled = state == "enabled" || state.starts_with("enabled ");
            members.push(MemberStatus {
                name: name.to_owned(),
                enabled,
                active: false,
            });
        } else if matches!(line.trim(), "active member" | "active slave") {
            members
                .last_mut()
                .ok_or_else(|| ControlError::Output(text.to_owned()))?
                .active = true;
        }
    }
    Ok(BondStatus {
        mode: value("bond_mode")?,
        lacp_status: value("lacp_status")?,
        members,
    })
}

fn member_line(line: &str) -> Option<(&str, &str)> {
    let rest = line
        .strip_prefix("member ")
        .or_else(|| line.strip_prefix("slave "))?;
    rest.split_once(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_from_what_new_and_old_versions_print() {
        let new = "---- bond0 ----\nbond_mode: active-backup\nbond may use recirculation: no, Recirc-ID : -1\n\
                   bond-hash-basis: 0\nlb_output action: disabled, bond-id: -1\nupdelay: 31000 ms\ndowndelay: 200 ms\n\
                   lacp_status: off\nlacp_fallback_ab: false\nactive-backup primary: <none>\n\
                   active member mac: 02:00:00:00:00:01(eth1)\n\nmember eth0: disabled\n  may_enable: false\n\n\
                   member eth1: enabled\n  active member\n  may_enable: true\n\n";
        let old = new
            .replace("member eth", "slave eth")
            .replace("  active member", "  active slave");
        for text in [new, &old] {
            let status = parse_show(text).unwrap();
            assert_eq!(
                (status.mode.as_str(), status.lacp_status.as_str()),
                ("active-backup", "off")
            );
            let members: Vec<_> = status
                .members
                .iter()
                .map(|it| (it.name.as_str(), it.enabled, it.active))
                .collect();
            assert_eq!(members, [("eth0", false, false), ("eth1", true, true)]);
        }
    }

    #[test]
    fn the_list_of_bonds_has_one_line_each_and_other_text_is_no_list() {
        let text = "bond\ttype\trecircID\tmembers\nbond0\tactive-backup\t0\teth2, eth4\nbond1\tbalance-slb\t1\teth5, eth1\n";
        let bonds = parse_list(text).unwrap();
        assert_eq!(bonds.len(), 2);
        assert_eq!(
            (bonds[1].mode.as_str(), bonds[1].members.join("+")),
            ("balance-slb", "eth5+eth1".to_owned())
        );
        assert_eq!(parse_list("bond\ttype\trecircID\tmembers\n").unwrap(), []);
        assert!(parse_list("").is_err() && parse_list("bond\ttype\n\nx\n").is_err());
        assert!(parse_show("").is_err());
    }

    #[test]
    fn without_a_pid_file_there_is_no_daemon() {
        let directory = tempfile::tempdir().unwrap();
        let control = Control::new(directory.path());
        assert!(matches!(control.pid(), Err(ControlError::NoPidFile { .. })));
        fs::write(directory.path().join("ovs-vswitchd.pid"), "x\n").unwrap();
        assert!(matches!(control.pid(), Err(ControlError::NoPidFile { .. })));
    }
}
