//! Changes of all hosts at once, on real hosts.

use xapi_tests::{Lab, eventually};

use crate::members::{all_live, answers, role, tried, uuid_of, xe};

const HOSTS: [&str; 3] = ["xs-1", "xs-2", "xs-3"];

/// The bonds that Open vSwitch has on each host.
fn bonds(lab: &Lab) -> Vec<String> {
    let script = "ovs-vsctl --bare --columns=name list port | grep ^bond || true";
    let of = |host: &&str| lab.exec(host, script).trim().replace('\n', " ");
    HOSTS.iter().map(of).collect()
}

/// The network that a host's NIC is on.
fn network_of(lab: &Lab, host: &str, device: &str) -> String {
    let on = uuid_of(lab, host);
    let line = format!("pif-list host-uuid={on} device={device} params=network-uuid --minimal");
    xe(lab, "xs-1", &line)
}

#[test]
fn a_bond_on_every_host_is_on_all_or_on_none_also_when_one_is_lost_in_the_middle() {
    let lab = Lab::up(&["--hosts", "3", "--nics", "4"]);
    let none = vec![String::new(); 3];
    let create = |label: &str, devices: &str| {
        let network = xe(&lab, "xs-1", &format!("network-create name-label={label}"));
        format!("pool-bond-create network-uuid={network} devices={devices} mode=active-backup")
    };
    // One that a host cannot make is made on none, and the host is named.
    let taken = xe(&lab, "xs-1", "network-create name-label=taken");
    let pifs = ["eth2", "eth3"].map(|device| {
        let on = uuid_of(&lab, "xs-3");
        let line = format!("pif-list host-uuid={on} device={device} --minimal");
        xe(&lab, "xs-1", &line)
    });
    let line = format!(
        "bond-create network-uuid={taken} pif-uuids={}",
        pifs.join(",")
    );
    let own = xe(&lab, "xs-1", &line);
    let (status, said) = tried(&lab, "xs-1", &create("refused", "eth1,eth2"));
    assert_ne!(status, 0, "{said}");
    assert_eq!(bonds(&lab), ["", "", "bond0"]);
    assert_eq!(xe(&lab, "xs-1", "bond-list --minimal"), own);
    xe(&lab, "xs-1", &format!("bond-destroy uuid={own}"));
    assert_eq!(bonds(&lab), none);
    // The daemon of one is killed as soon as another has it.
    let line = create("lost", "eth1,eth2");
    lab.exec(
        "xs-1",
        &format!(
            "nohup sh -c 'xe {line} > /root/said 2>&1; echo $? > /root/status' > /dev/null 2>&1 &"
        ),
    );
    eventually("the first host has the bond", || {
        let now = bonds(&lab);
        (now != none).then_some(()).ok_or("none has it".to_owned())
    });
    lab.verb(&["kill", "xs-3"]);
    lab.verb(&["start", "xs-3"]);
    let status = eventually("the call is answered", || {
        let status = lab.exec("xs-1", "cat /root/status 2> /dev/null || true");
        match status.trim() {
            "" => Err("not yet".to_owned()),
            status => Ok(status.to_owned()),
        }
    });
    let said = lab.exec("xs-1", "cat /root/said");
    println!("killed in the middle: {status}, {said}");
    all_live(&lab, "xs-1", 3);
    let wanted = match status == "0" {
        true => vec!["bond0".to_owned(); 3],
        false => none.clone(),
    };
    eventually("all hosts have it, or none", || {
        let now = bonds(&lab);
        let rows = xe(&lab, "xs-1", "bond-list --minimal");
        let rows = rows.split(',').filter(|uuid| !uuid.is_empty()).count();
        let wish = if status == "0" { 3 } else { 0 };
        (now == wanted && rows == wish)
            .then_some(())
            .ok_or(format!("{now:?}, {rows} rows, after {status}: {said}"))
    });
}

#[test]
fn the_management_of_all_hosts_goes_to_another_network_and_stays_if_one_host_has_no_address_there()
{
    let lab = Lab::up(&["--hosts", "3", "--nics", "2"]);
    lab.client("ip address add 10.9.0.1/24 dev lab0");
    let address = |host: usize| format!("10.9.0.{}", 10 + host);
    let give = |host: usize| {
        let on = uuid_of(&lab, HOSTS[host]);
        let line = format!("pif-list host-uuid={on} device=eth1 --minimal");
        let pif = xe(&lab, "xs-1", &line);
        let words = format!("mode=static IP={} netmask=255.255.255.0", address(host));
        xe(
            &lab,
            "xs-1",
            &format!("pif-reconfigure-ip uuid={pif} {words}"),
        );
    };
    let network = network_of(&lab, "xs-1", "eth1");
    for host in &HOSTS[1..] {
        assert_eq!(network_of(&lab, host, "eth1"), network);
    }
    let managed = || {
        let line = "pif-list management=true params=device --minimal";
        xe(&lab, "xs-1", line)
    };
    give(0);
    give(1);
    let line = format!("pool-management-reconfigure network-uuid={network}");
    let (status, said) = tried(&lab, "xs-1", &line);
    assert_ne!(status, 0, "{said}");
    assert_eq!(managed(), "eth0,eth0,eth0", "{said}");
    all_live(&lab, "xs-1", 3);
    give(2);
    xe(&lab, "xs-1", &line);
    for host in 0..3 {
        answers(&lab, &address(host));
    }
    for host in &HOSTS[1..] {
        eventually("it obeys the master where that is now", || {
            let role = role(&lab, host);
            (role == format!("slave:{}", address(0)))
                .then_some(())
                .ok_or(role)
        });
    }
    all_live(&lab, "xs-1", 3);
    assert_eq!(managed(), "eth1,eth1,eth1");
    let addresses = xe(&lab, "xs-1", "host-list params=address --minimal");
    let mut addresses: Vec<_> = addresses.split(',').map(str::to_owned).collect();
    addresses.sort();
    assert_eq!(addresses, [0, 1, 2].map(address));
}
