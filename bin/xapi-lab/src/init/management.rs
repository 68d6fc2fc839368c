//! The management network as an installer leaves it: bridge xenbr0 over eth0 with a static address.
//!
//! Done once, before the daemon's first start, so that the daemon can be seen to adopt it without cutting it. After
//! a reboot the daemon builds the network by itself.

use std::fs;
use std::time::Duration;

use crate::failure::{Doing, Result};
use crate::lab::{GATEWAY, Host, NicName, PREFIX};
use crate::process::tool;
use crate::signals::Signals;

const PATIENCE: Duration = Duration::from_secs(20);

/// Brings up what every boot has: the loopback, and no address that the network offers unasked.
pub fn loopback(signals: &Signals) -> Result<()> {
    signals.run(tool("ip").args(["link", "set", "lo", "up"]), PATIENCE)?;
    // The switch advertises a prefix; a host takes an address from it only where the toolstack asks for one.
    let directory = "/proc/sys/net/ipv6/conf";
    if !fs::exists(directory).doing(|| format!("looking at {directory}"))? {
        return Ok(());
    }
    for entry in fs::read_dir(directory).doing(|| format!("listing {directory}"))? {
        let device = entry.doing(|| format!("listing {directory}"))?.path();
        for name in ["accept_ra", "autoconf"] {
            let path = device.join(name);
            fs::write(&path, "0").doing(|| format!("writing {}", path.display()))?;
        }
    }
    Ok(())
}

/// Makes the management bridge.
pub fn install(host: &Host, datapath_type: &str, signals: &Signals) -> Result<()> {
    let nic = NicName::eth(0);
    let mac = host.mac(&nic);
    signals.run(
        tool("ovs-vsctl")
            .args(["--timeout=15", "--", "add-br", "xenbr0"])
            .args(["--", "set", "bridge", "xenbr0", "fail_mode=standalone"])
            .arg(format!("datapath_type={datapath_type}"))
            .arg(format!("other_config:hwaddr=\"{mac}\""))
            .arg("other_config:mac-table-size=10000")
            .args(["--", "add-port", "xenbr0", nic.as_str()]),
        PATIENCE,
    )?;
    let address = format!("{}/{PREFIX}", host.name.address());
    let gateway = GATEWAY.to_string();
    for line in [
        vec!["link", "set", nic.as_str(), "up"],
        vec!["link", "set", "xenbr0", "up"],
        vec!["addr", "add", &address, "brd", "+", "dev", "xenbr0"],
        vec!["route", "add", "default", "via", &gateway, "dev", "xenbr0"],
    ] {
        signals.run(tool("ip").args(line), PATIENCE)?;
    }
    Ok(())
}
