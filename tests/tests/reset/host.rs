//! A host with bonds, VLANs and machines, and what is asked of it before and after.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use xapi_client::{Client, Options, Session};
use xapi_model::{Bond, BondMode, Network, Vif, Vm};
use xapi_tests::{Lab, Xen, agreement};

/// The host, as seen from the lab's switch.
pub const ADDRESS: &str = "172.16.0.10";

/// The options that give it its address again.
pub const STATIC: &str = "--device eth0 --mode static --ip 172.16.0.10 --netmask 255.255.255.224 \
                          --gateway 172.16.0.1 --dns 172.16.0.1";

/// How long a host may take from the command until its API answers. It boots meanwhile.
const BACK_WITHIN: Duration = Duration::from_secs(120);

/// A host with a bond, a VLAN and a machine with VIFs on their networks and on that of management.
pub fn furnished() -> (Lab, Xen) {
    let lab = Lab::up(&[]);
    let xen = lab.api("xs-1");
    let nas = xen.new_network("NAS");
    xen.try_bond(&nas, &["eth1", "eth2"], BondMode::ActiveBackup)
        .expect("Bond.create");
    let script = "
        net() { xe network-list name-label=$1 --minimal; }
        tagged=$(xe network-create name-label=tagged)
        pif=$(xe pif-list device=eth3 --minimal)
        xe vlan-create network-uuid=$tagged pif-uuid=$pif vlan=7 >/dev/null
        vm=$(xe vm-create name-label=guest)
        mgmt=$(xe pif-list management=true params=network-uuid --minimal)
        n=0
        for network in $mgmt $tagged $(net NAS); do
            xe vif-create vm-uuid=$vm network-uuid=$network device=$n mac=02:00:00:00:00:0$n >/dev/null
            n=$((n + 1))
        done";
    lab.exec("xs-1", script);
    (lab, xen)
}

/// Networks, machines and VIFs, a line for each: what a reset must leave.
pub fn kept(xen: &Xen) -> BTreeSet<String> {
    let networks = xen.all::<Network>();
    let label = |uuid: &str| format!("network {uuid}");
    let mut lines: BTreeSet<String> = networks
        .iter()
        .map(|(_, row)| format!("{} {}", label(&row.uuid), row.name_label))
        .collect();
    for (_, vm) in xen.all::<Vm>() {
        lines.insert(format!("VM {} {}", vm.uuid, vm.name_label));
    }
    for (_, vif) in xen.all::<Vif>() {
        let on = networks.iter().find(|(network, _)| *network == vif.network);
        let on = on.map(|(_, row)| label(&row.uuid));
        lines.insert(format!(
            "VIF {} {} {} on {on:?}",
            vif.uuid, vif.device, vif.mac
        ));
    }
    lines
}

/// Whether the host answers an echo request from the switch within a second.
pub fn answers(lab: &Lab, address: &str) -> bool {
    let asked = [
        "exec", "client", "--", "ping", "-c", "1", "-W", "1", address,
    ];
    lab.run(&asked).status.success()
}

/// Runs a command of the host that may end with the host itself; what it printed.
pub fn command(lab: &Lab, line: &str) -> String {
    let output = lab.run(&["exec", "xs-1", "--", "bash", "-c", line]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    println!("$ {line}\n{said}");
    said
}

/// Resets the host, and waits until its API answers the switch again.
pub fn reset(lab: &Lab, options: &str, address: &str) {
    let began = Instant::now();
    let said = command(lab, &format!("xe-reset-networking --yes {options}"));
    assert!(said.contains("write /var/tmp/network-reset"), "{said}");
    back(lab, address);
    println!("from the command until the API {:?}", began.elapsed());
}

/// Waits until the host's API answers the switch again, and the reset is at its end.
pub fn back(lab: &Lab, address: &str) {
    until("an answer to a ping", || {
        answers(lab, address).then_some(())
    });
    until("the API", || over_tcp(lab, address));
}

/// Logs in from the switch, and waits until the trigger is gone: the API answers once the reset is done.
fn over_tcp(lab: &Lab, address: &str) -> Option<()> {
    let options = Options {
        connect_timeout: Duration::from_secs(1),
        call_timeout: Some(Duration::from_secs(30)),
        ..Options::default()
    };
    let password = &lab.password;
    lab.as_client(|| {
        let client = Client::tcp(address, 80).with(options);
        let session = Session::login(client, "root", password, "tests").ok()?;
        session.logout().ok()
    })?;
    is_done(lab)
}

/// Resets the host to where the switch does not reach it, and waits until its own programs do.
pub fn reset_unseen(lab: &Lab, options: &str) {
    let said = command(lab, &format!("xe-reset-networking --yes {options}"));
    assert!(said.contains("write /var/tmp/network-reset"), "{said}");
    until("the daemon", || {
        is_done(lab)?;
        Xen::try_login(&lab.socket("xs-1")).ok().map(drop)
    });
}

/// Whether no trigger is left.
fn is_done(lab: &Lab) -> Option<()> {
    let script = "ls /var/tmp/network-reset /tmp/network-reset 2>/dev/null || true";
    let output = lab.run(&["exec", "xs-1", "--", "bash", "-c", script]);
    (output.status.success() && output.stdout.is_empty()).then_some(())
}

fn until<T>(what: &str, mut is_so: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + BACK_WITHIN;
    loop {
        if let Some(found) = is_so() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {BACK_WITHIN:?}");
    }
}

/// What holds after every reset: management alone on its NIC, no bonds, all that must stay, and rows that say what is.
pub fn is_reset(lab: &Lab, device: &str, kept_before: &BTreeSet<String>) {
    let xen = lab.api("xs-1");
    let (_, management) = xen.management();
    assert_eq!((management.device.as_str(), management.vlan), (device, -1));
    assert_eq!(management.ip, ADDRESS);
    assert!(xen.all::<Bond>().is_empty());
    let kept_now = kept(&xen);
    let gone: Vec<_> = kept_before.difference(&kept_now).collect();
    assert!(gone.is_empty(), "gone: {gone:#?}");
    agreement::check(lab, "xs-1", &xen).expect("the rows say what is");
    let inventory = lab.exec("xs-1", "cat /etc/xensource-inventory");
    assert!(
        inventory.contains("MANAGEMENT_INTERFACE='xenbr0'"),
        "{inventory}"
    );
}

/// Has nobody reach the host while something is done: what nobody saw working before may be broken.
pub fn unseen(lab: &Lab, act: impl FnOnce()) {
    lab.verb(&["partition", "xs-1"]);
    act();
    lab.verb(&["heal", "xs-1"]);
}
