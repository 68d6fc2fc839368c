//! Machines on real Open vSwitch: guests as network namespaces, whose packets tell where their NICs are plugged in.

use xapi_model::{Bond, BondMode, Network, Pif, Ref, Vif, Vm, VmPowerState};
use xapi_tests::{Lab, Xen, eventually};

/// An address for a guest, on the lab's network.
const GUEST: &str = "172.16.0.24";

/// `xe` on the host; what it printed.
#[track_caller]
fn xe(lab: &Lab, line: &str) -> String {
    lab.exec("xs-1", &format!("xe {line}"))
}

/// `xe` on the host, refused; what it said.
#[track_caller]
fn refused(lab: &Lab, line: &str) -> String {
    lab.exec("xs-1", &format!("! xe {line} 2>&1"))
}

/// A machine with one NIC on a network, off. Its UUID and that of its VIF.
fn machine(lab: &Lab, name: &str, network: &str, platform: &str) -> (String, String) {
    let vm = xe(lab, &format!("vm-create name-label={name}"));
    if !platform.is_empty() {
        xe(lab, &format!("vm-param-set uuid={vm} platform:{platform}"));
    }
    let vif = xe(
        lab,
        &format!("vif-create vm-uuid={vm} network-uuid={network} device=0"),
    );
    (vm, vif)
}

/// A command in the namespace of a running guest.
fn inside(lab: &Lab, vm: &str, command: &str) -> String {
    let script = format!(
        "pid=$(grep -o '\"pid\": *[0-9]*' /run/xapi/guests/{vm}/process.json | grep -o '[0-9]*$'); \
         nsenter -t \"$pid\" -n {command}"
    );
    lab.exec("xs-1", &script)
}

/// Gives a guest its address, as the program in it would after its NIC came, and has it speak first: whoever knew the
/// address under another MAC learns the new one.
fn configure(lab: &Lab, vm: &str) {
    inside(
        lab,
        vm,
        &format!(
            "sh -ec 'ip address add {GUEST}/27 dev eth0; ip link set eth0 up; ping -c 3 -W 2 172.16.0.1'"
        ),
    );
}

fn answers(lab: &Lab) {
    answers_as(lab, GUEST);
}

fn answers_as(lab: &Lab, address: &str) {
    eventually("the guest answers", || {
        let out = lab.run(&[
            "exec", "client", "--", "ping", "-c", "1", "-W", "1", address,
        ]);
        match out.status.success() {
            true => Ok(()),
            false => Err("no answer".to_owned()),
        }
    });
}

fn bridge_of_port(lab: &Lab, port: &str) -> String {
    lab.exec("xs-1", &format!("ovs-vsctl port-to-br {port}"))
}

fn network_uuid(xen: &Xen, device: &str) -> (Ref<Network>, String) {
    let (_, pif) = xen.pif(device);
    let row = xen
        .session()
        .field(&pif.network, Network::UUID)
        .expect("a network");
    (pif.network, row)
}

fn vif(xen: &Xen, uuid: &str) -> Vif {
    let all = xen.all::<Vif>().into_iter();
    let mut found = all.filter(|(_, vif)| vif.uuid == uuid);
    found.next().expect("the VIF").1
}

fn port_of(xen: &Xen, uuid: &str) -> String {
    let vif = vif(xen, uuid);
    let domain = xen.session().field(&vif.vm, Vm::DOMID).expect("a domain");
    format!("vif{domain}.{}", vif.device)
}

#[test]
fn a_bond_takes_the_nics_of_a_running_guest_along_and_gives_them_back() {
    let lab = Lab::alone(&["--nics", "4"]);
    let xen = lab.api("xs-1");
    let (single, uuid) = network_uuid(&xen, "eth1");
    let (vm, nic) = machine(&lab, "one", &uuid, "");
    let (_, halted) = machine(&lab, "off", &uuid, "");
    xe(&lab, "vm-start vm=one");
    configure(&lab, &vm);
    answers(&lab);
    assert_eq!(bridge_of_port(&lab, &port_of(&xen, &nic)), "xenbr1");

    let network = xen.new_network("bonded");
    let bonded = |xen: &Xen| {
        let (bond, row) = xen.all::<Bond>().remove(0);
        let bridge = xen.session().field(&network, Network::BRIDGE).unwrap();
        (bond, row, bridge)
    };
    drop(
        xen.try_bond(&network, &["eth1", "eth2"], BondMode::ActiveBackup)
            .expect("Bond.create"),
    );
    let (bond, row, bridge) = bonded(&xen);
    let now = vif(&xen, &nic);
    assert_eq!((&now.network, now.currently_attached), (&network, true));
    assert_eq!(
        vif(&xen, &halted).network,
        network,
        "of a machine that is off"
    );
    assert_eq!(bridge_of_port(&lab, &port_of(&xen, &nic)), bridge);
    assert!(
        xen.session()
            .field(&row.master, Pif::CURRENTLY_ATTACHED)
            .unwrap()
    );
    configure(&lab, &vm);
    answers(&lab);

    // The daemon's end is not the guest's.
    let ping = lab.ping(GUEST);
    lab.verb(&["kill", "xs-1"]);
    lab.verb(&["start", "xs-1"]);
    let xen = lab.api("xs-1");
    ping.wait_for(50);
    let report = ping.stop();
    assert!(report.silence.as_millis() < 100, "{report:?}");
    let found = xen.all::<Vm>().into_iter().find(|(_, row)| row.uuid == vm);
    assert_eq!(found.unwrap().1.power_state, VmPowerState::Running);
    assert!(vif(&xen, &nic).currently_attached);

    xen.unbond(&bond);
    let now = vif(&xen, &nic);
    assert_eq!((&now.network, now.currently_attached), (&single, true));
    assert_eq!(vif(&xen, &halted).network, single);
    assert_eq!(bridge_of_port(&lab, &port_of(&xen, &nic)), "xenbr1");
    configure(&lab, &vm);
    answers(&lab);
    xe(&lab, "vm-shutdown vm=one");
    assert_eq!(lab.exec("xs-1", "ovs-vsctl list-ports xenbr1"), "eth1");
    assert!(!vif(&xen, &nic).currently_attached);
}

#[test]
fn a_guest_that_does_not_let_go_keeps_the_bond_from_being_made() {
    let lab = Lab::alone(&["--nics", "4"]);
    let xen = lab.api("xs-1");
    let (_, uuid) = network_uuid(&xen, "eth1");
    let network = xen.new_network("bonded");
    let target = xen.session().field(&network, Network::UUID).unwrap();
    let members = ["eth1", "eth2"].map(|nic| xen.pif(nic).1.uuid).join(",");
    let create =
        format!("bond-create network-uuid={target} pif-uuids={members} mode=active-backup");
    for (name, platform, code) in [
        ("clinging", "clings=true", "did not let go"),
        ("bare", "pv-drivers=false", "drivers"),
    ] {
        let (vm, nic) = machine(&lab, name, &uuid, platform);
        xe(&lab, &format!("vm-start vm={name}"));
        configure(&lab, &vm);
        answers(&lab);
        let port = port_of(&xen, &nic);
        let told = refused(&lab, &create);
        assert!(told.to_lowercase().contains(code), "{told}");
        assert!(xen.all::<Bond>().is_empty(), "{name}");
        assert!(vif(&xen, &nic).currently_attached, "{name}");
        assert_eq!(bridge_of_port(&lab, &port), "xenbr1", "{name}");
        answers(&lab);
        xe(&lab, &format!("vm-shutdown vm={name} force=true"));
    }
    xe(&lab, &create);
    assert_eq!(xen.all::<Bond>().len(), 1);
}

#[test]
fn a_locked_guest_is_heard_under_its_own_address_alone() {
    let lab = Lab::alone(&["--nics", "3"]);
    let xen = lab.api("xs-1");
    let (_, uuid) = network_uuid(&xen, "eth1");
    let (vm, nic) = machine(&lab, "one", &uuid, "");
    xe(
        &lab,
        &format!("vif-param-set uuid={nic} locking-mode=locked"),
    );
    xe(
        &lab,
        &format!("vif-param-set uuid={nic} ipv4-allowed={GUEST}"),
    );
    xe(&lab, "vm-start vm=one");
    configure(&lab, &vm);
    answers(&lab);
    inside(&lab, &vm, "ip address add 172.16.0.25/27 dev eth0");
    let silent = "! ping -c 2 -i 0.2 -W 1 172.16.0.25";
    lab.client(silent);
    // A vswitchd without rules lets nothing pass; the daemon puts them back.
    lab.exec("xs-1", "service openvswitch restart");
    answers(&lab);
    lab.client(silent);
    xe(
        &lab,
        &format!("vif-param-set uuid={nic} locking-mode=unlocked"),
    );
    answers_as(&lab, "172.16.0.25");
}
