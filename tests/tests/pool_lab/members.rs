//! Pools of real hosts: slaves that lose their master, find it again, get another one, and leave.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use xapi_model::{Certificate, Host, Network, Value};
use xapi_tests::{Lab, eventually};

use xapi_tests::stage::{machine, network_of};

const MASTER: &str = "172.16.0.10";
const SLAVE: &str = "172.16.0.12";

/// How far a slave may be behind its master where nothing else goes on; what asks for it is in there, too.
const LAG: Duration = Duration::from_millis(20);

/// `xe` on a host, as its superuser; what it prints.
pub fn xe(lab: &Lab, host: &str, line: &str) -> String {
    lab.exec(host, &format!("xe {line}")).trim().to_owned()
}

/// `xe` on a host; its exit code, and what it says to whoever reads errors.
pub fn tried(lab: &Lab, host: &str, line: &str) -> (i32, String) {
    let told = lab.exec(
        host,
        &format!("status=0; xe {line} 2>&1 || status=$?; echo \"status $status\""),
    );
    let (said, status) = told.rsplit_once("status ").expect("a status");
    (status.trim().parse().expect("a number"), said.to_owned())
}

/// Waits until a host's pool has so many hosts, all live.
pub fn all_live(lab: &Lab, host: &str, hosts: usize) {
    eventually(&format!("{hosts} live hosts, as {host} sees it"), || {
        let (status, said) = tried(lab, host, "host-list params=host-metrics-live --minimal");
        let live = said.matches("true").count();
        match status == 0 && live == hosts && !said.contains("false") {
            true => Ok(()),
            false => Err(said),
        }
    });
}

pub fn answers(lab: &Lab, address: &str) {
    eventually(&format!("{address} answers"), || {
        let told = lab.client(&format!("ping -c 1 -W 1 {address} || true"));
        match told.contains(" 1 received") {
            true => Ok(()),
            false => Err(told),
        }
    });
}

/// Waits until a slave knows that its master is away.
fn notices(lab: &Lab, slave: &str) {
    eventually("the slave notices", || {
        let (_, said) = tried(lab, slave, "host-is-in-emergency-mode");
        (said.trim() == "true").then_some(()).ok_or(said)
    });
}

pub fn role(lab: &Lab, host: &str) -> String {
    lab.exec(host, "cat /etc/xensource/pool.conf")
        .trim()
        .to_owned()
}

#[test]
fn a_slave_says_so_without_its_master_and_goes_on_when_that_is_back() {
    let lab = Lab::up(&["--hosts", "2", "--nics", "2"]);
    let network = xe(&lab, "xs-2", "network-create name-label=answered");
    lab.verb(&["kill", "xs-1"]);
    notices(&lab, "xs-2");
    // It reads on, and changes nothing.
    let label = format!("network-list uuid={network} params=name-label --minimal");
    assert_eq!(xe(&lab, "xs-2", &label), "answered");
    let (status, said) = tried(&lab, "xs-2", "network-create name-label=refused");
    assert!(status != 0 && said.contains("emergency"), "{said}");
    answers(&lab, SLAVE);
    lab.verb(&["start", "xs-1"]);
    all_live(&lab, "xs-1", 2);
    assert_eq!(xe(&lab, "xs-2", &label), "answered");
    assert_eq!(xe(&lab, "xs-2", "host-is-in-emergency-mode"), "false");
}

#[test]
fn a_slave_has_what_is_committed_at_once_and_who_waits_there_keeps_nobody_from_the_master() {
    let lab = Lab::up(&["--hosts", "2", "--nics", "1"]);
    let (master, slave) = (lab.api("xs-1"), lab.api("xs-2"));
    let lag = || -> Duration {
        let made = master.new_network("new");
        let committed = Instant::now();
        while slave.session().field(&made, Network::NAME_LABEL).is_err() {
            assert!(
                committed.elapsed() < Duration::from_secs(5),
                "it is not there"
            );
        }
        committed.elapsed()
    };
    let mut lags: Vec<_> = (0..50).map(|_| lag()).collect();
    lags.sort();
    println!(
        "from the answer to the slave's socket: median {:?}, worst {:?}",
        lags[25], lags[49]
    );
    assert!(lags[25] <= LAG, "{lags:?}");
    // More than may be asked over the line at the same time.
    let before = slave.all::<Network>().len();
    let waits = |token: &str, within: f64| {
        let classes = Value::Array(vec!["network".into(), "task".into()]);
        let answer = lab.api("xs-2").session().call(
            "event.from",
            vec![classes, token.into(), Value::Float(within)],
        );
        let answer = answer.expect("events");
        let members = answer.as_struct().expect("a record").to_vec();
        let found = |wanted: &str| {
            let mut all = members.iter();
            all.find(|(name, _)| name == wanted)
                .map(|(_, value)| value.clone())
                .expect("a member")
        };
        let events = found("events").as_array().expect("events").len();
        (found("token").as_str().expect("a token").to_owned(), events)
    };
    let (token, told) = waits("", 0.0);
    assert!(told >= before, "{told} events of {before} networks");
    std::thread::scope(|scope| {
        let waiters: Vec<_> = (0..80)
            .map(|_| scope.spawn(|| waits(&token, 60.0)))
            .collect();
        for _ in 0..20 {
            let began = Instant::now();
            slave
                .session()
                .call("task.get_all", Vec::new())
                .expect("tasks");
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "it waits for those who wait"
            );
        }
        // The slave's own change comes back to it.
        let made = slave.new_network("by the slave");
        assert_eq!(
            slave
                .session()
                .field(&made, Network::NAME_LABEL)
                .expect("it"),
            "by the slave"
        );
        for waiter in waiters {
            assert!(waiter.join().expect("an answer").1 > 0);
        }
    });
}

#[test]
fn a_slave_runs_machines_and_plugins_for_its_master_and_shows_a_new_certificate() {
    let lab = Lab::up(&["--hosts", "2", "--nics", "2"]);
    let host = xe(&lab, "xs-1", "host-list name-label=xs-2 --minimal");
    lab.exec(
        "xs-2",
        "mkdir -p /etc/xapi.d/plugins; printf '#!/bin/sh\n%s\n' \
         'echo \"<methodResponse><params><param><value><struct><member><name>Status</name><value>Success</value></member>\\
         <member><name>Value</name><value>$(hostname)</value></member></struct></value></param></params></methodResponse>\"' \
         > /etc/xapi.d/plugins/where; chmod 755 /etc/xapi.d/plugins/where",
    );
    let line = format!("host-call-plugin host-uuid={host} plugin=where fn=any");
    assert_eq!(xe(&lab, "xs-1", &line), "xs-2");
    // The line is shown with the new certificate, too, when it is opened again.
    let api = lab.api("xs-1");
    let mut there = api.all::<Host>().into_iter();
    let (there, _) = there.find(|(_, row)| row.uuid == host).expect("the host");
    let shown = || {
        let all = api.all::<Certificate>().into_iter();
        let its = all.filter(|(_, row)| row.host == there);
        its.map(|(_, row)| row.fingerprint_sha256)
            .collect::<BTreeSet<_>>()
    };
    let before = shown();
    for name in [
        "host.reset_server_certificate",
        "host.refresh_server_certificate",
    ] {
        let done = api.session().call(name, vec![there.as_str().into()]);
        done.unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    let after = shown();
    assert_eq!((after.len(), after.intersection(&before).count()), (2, 0));
    let network = network_of(&lab.api("xs-1"), "eth1").1;
    let its = machine(&lab, "one", &network, "");
    xe(&lab, "xs-1", "vm-start vm=one on=xs-2");
    let ports = || lab.exec("xs-2", "ovs-vsctl list-ports xenbr1");
    assert!(ports().contains("vif1.0"), "{}", ports());
    lab.verb(&["kill", "xs-2"]);
    let line = format!("vm-list uuid={} params=power-state --minimal", its.uuid);
    let (status, said) = tried(&lab, "xs-1", "vm-shutdown vm=one");
    assert!(status != 0, "{said}");
    lab.verb(&["start", "xs-2"]);
    all_live(&lab, "xs-1", 2);
    assert_eq!(xe(&lab, "xs-1", &line), "running");
    eventually("the host has told of its guests", || {
        let (status, said) = tried(&lab, "xs-1", "vm-shutdown vm=one");
        (status == 0).then_some(()).ok_or(said)
    });
    assert_eq!(xe(&lab, "xs-2", &line), "halted");
    assert_eq!(ports().trim(), "eth1");
}

/// Bonds management's NIC of the slave with another; the UUIDs of the host and of the bond's network.
fn with_management_on_a_bond(lab: &Lab) -> (String, String) {
    let host = xe(lab, "xs-1", "host-list name-label=xs-2 --minimal");
    let pif = |device: &str| {
        let line = format!("pif-list host-uuid={host} device={device} --minimal");
        xe(lab, "xs-1", &line)
    };
    let network = xe(lab, "xs-1", "network-create name-label=MGT");
    xe(
        lab,
        "xs-1",
        &format!(
            "bond-create network-uuid={network} pif-uuids={},{} mode=active-backup",
            pif("eth0"),
            pif("eth2")
        ),
    );
    (host, network)
}

#[test]
fn a_slave_that_boots_without_its_master_has_the_network_that_was_committed_last() {
    let lab = Lab::up(&["--hosts", "2", "--nics", "3"]);
    with_management_on_a_bond(&lab);
    answers(&lab, SLAVE);
    lab.verb(&["stop", "xs-1"]);
    lab.verb(&["reboot", "xs-2"]);
    answers(&lab, SLAVE);
    let bonds = lab.exec("xs-2", "ovs-appctl bond/list");
    assert!(bonds.contains("bond0"), "{bonds}");
    assert_eq!(xe(&lab, "xs-2", "host-is-in-emergency-mode"), "true");
    // What is decided meanwhile reaches it as soon as its master is there.
    lab.verb(&["start", "xs-1"]);
    all_live(&lab, "xs-1", 2);
    answers(&lab, SLAVE);
}

#[test]
fn a_slave_becomes_the_master_and_the_old_one_steps_down_when_it_sees_that() {
    let lab = Lab::up(&["--hosts", "3", "--nics", "2"]);
    lab.verb(&["partition", "xs-1"]);
    notices(&lab, "xs-2");
    let uuid = xe(&lab, "xs-2", "host-list name-label=xs-2 --minimal");
    xe(&lab, "xs-2", "pool-emergency-transition-to-master");
    eventually("the slave is the master", || {
        let (_, said) = tried(&lab, "xs-2", "pool-list params=master --minimal");
        (said.trim() == uuid)
            .then_some(())
            .ok_or(format!("{said} and not {uuid}"))
    });
    // The third finds it by itself.
    let recovered = xe(&lab, "xs-2", "pool-recover-slaves");
    assert!(recovered.contains(&xe(&lab, "xs-2", "host-list name-label=xs-3 --minimal")));
    assert_eq!(role(&lab, "xs-3"), format!("slave:{SLAVE}"));
    let network = xe(&lab, "xs-3", "network-create name-label=meanwhile");
    // Nobody hears what the old one promises.
    let lost = xe(&lab, "xs-1", "network-create name-label=alone");
    lab.verb(&["heal", "xs-1"]);
    eventually("the old master steps down", || {
        let role = role(&lab, "xs-1");
        (role == format!("slave:{SLAVE}")).then_some(()).ok_or(role)
    });
    all_live(&lab, "xs-1", 3);
    let label = |uuid: &str| {
        let line = format!("network-list uuid={uuid} params=name-label --minimal");
        xe(&lab, "xs-1", &line)
    };
    assert_eq!(label(&network), "meanwhile");
    assert_eq!(label(&lost), "");
    let kept = lab.exec("xs-1", "ls /var/lib/xcp/*.term-*");
    assert!(kept.contains("xapi.term-"), "{kept}");
    for address in [MASTER, SLAVE, "172.16.0.14"] {
        answers(&lab, address);
    }
}

/// The UUID of a host, as the pool has it.
pub fn uuid_of(lab: &Lab, host: &str) -> String {
    xe(
        lab,
        "xs-1",
        &format!("host-list name-label={host} --minimal"),
    )
}

/// What is kept of the process that a machine is.
fn process_of(vm: &str) -> String {
    format!("/run/xapi/guests/{vm}/process.json")
}

/// A machine that runs on a host, with a NIC; its UUID, and what is kept of its process.
fn running(lab: &Lab, host: &str) -> (String, String) {
    let on = uuid_of(lab, host);
    let vm = xe(lab, "xs-1", &format!("vm-create name-label=of-{host}"));
    let pif = format!("pif-list host-uuid={on} device=eth1 params=network-uuid --minimal");
    let network = xe(lab, "xs-1", &pif);
    let line = format!("vif-create vm-uuid={vm} network-uuid={network} device=0");
    xe(lab, "xs-1", &line);
    xe(lab, "xs-1", &format!("vm-start uuid={vm} on={on}"));
    let process = lab.exec(host, &format!("cat {}", process_of(&vm)));
    (vm, process)
}

#[test]
fn two_hosts_change_places_and_the_secret_is_exchanged() {
    let lab = Lab::up(&["--hosts", "2", "--nics", "2"]);
    let secret = || lab.exec("xs-1", "cat /etc/xensource/ptoken");
    let before = secret();
    for host in ["xs-1", "xs-2"] {
        lab.exec(host, "cp /etc/xensource/ptoken /root/before");
    }
    xe(&lab, "xs-1", "pool-secret-rotate");
    assert_ne!(secret(), before);
    assert_eq!(secret(), lab.exec("xs-2", "cat /etc/xensource/ptoken"));
    lab.exec("xs-1", "test ! -e /etc/xensource/ptoken.previous");
    all_live(&lab, "xs-2", 2);
    let heir = xe(&lab, "xs-1", "host-list name-label=xs-2 --minimal");
    let network = xe(&lab, "xs-1", "network-create name-label=before");
    let machines = ["xs-1", "xs-2"].map(|host| (host, running(&lab, host)));
    xe(
        &lab,
        "xs-1",
        &format!("pool-designate-new-master host-uuid={heir}"),
    );
    eventually("the two have changed places", || {
        let roles = (role(&lab, "xs-1"), role(&lab, "xs-2"));
        match roles == (format!("slave:{SLAVE}"), "master".to_owned()) {
            true => Ok(()),
            false => Err(format!("{roles:?}")),
        }
    });
    all_live(&lab, "xs-1", 2);
    assert_eq!(xe(&lab, "xs-1", "pool-list params=master --minimal"), heir);
    let line = format!("network-list uuid={network} params=name-label --minimal");
    assert_eq!(xe(&lab, "xs-2", &line), "before");
    // Their machines have run on, and are the new master's.
    for (host, (vm, process)) in &machines {
        let shown = format!("vm-list uuid={vm} params=power-state --minimal");
        assert_eq!(xe(&lab, "xs-2", &shown), "running");
        assert_eq!(lab.exec(host, &format!("cat {}", process_of(vm))), *process);
        let attached = format!("vif-list vm-uuid={vm} params=currently-attached --minimal");
        assert_eq!(xe(&lab, "xs-2", &attached), "true");
        xe(&lab, "xs-2", &format!("vm-shutdown uuid={vm} --force"));
        assert_eq!(xe(&lab, "xs-2", &shown), "halted");
        lab.exec(host, &format!("test ! -e {}", process_of(vm)));
    }
    // Neither of the two secrets is told to anybody.
    for host in ["xs-1", "xs-2"] {
        let told = lab.exec(
            host,
            "for f in /root/before /etc/xensource/ptoken; do tr -d '\\n' < $f; echo; done > /root/secrets; test \"$(wc -l < /root/secrets)\" = 2; \
             grep -arlFf /root/secrets /var/lib/xcp /var/log /proc/[0-9]*/cmdline 2>/dev/null || true",
        );
        assert_eq!(told, "", "{host}");
        let logs = lab.verb(&["logs", host]);
        assert!(!logs.contains(before.trim()) && !logs.contains(secret().trim()));
    }
}

#[test]
fn a_host_that_says_it_is_another_one_is_refused_whatever_it_knows() {
    let lab = Lab::up(&["--hosts", "3", "--nics", "2"]);
    let uuid = |host: &str| uuid_of(&lab, host);
    let (victim, own) = (uuid("xs-2"), uuid("xs-3"));
    let becomes = |from: &str, to: &str| {
        lab.verb(&["stop", "xs-3"]);
        lab.exec(
            "xs-3",
            &format!("sed -i s/{from}/{to}/ /etc/xensource-inventory"),
        );
        lab.verb(&["start", "xs-3"]);
    };
    becomes(&own, &victim);
    eventually("the gate sees through it", || {
        let log = lab.verb(&["logs", "xs-1"]);
        let refused = format!("{victim} shows the certificate");
        log.contains(&refused).then_some(()).ok_or(log)
    });
    // The one that it says it is stays linked, and does what is asked of it.
    let pif = format!("pif-list host-uuid={victim} device=eth1 --minimal");
    let pif = xe(&lab, "xs-1", &pif);
    xe(&lab, "xs-1", &format!("pif-plug uuid={pif}"));
    becomes(&victim, &own);
    all_live(&lab, "xs-1", 3);
}

#[test]
fn a_host_that_is_ejected_is_a_pool_of_its_own_and_reached_by_the_same_address() {
    let lab = Lab::up(&["--hosts", "2", "--nics", "3"]);
    let (host, network) = with_management_on_a_bond(&lab);
    xe(
        &lab,
        "xs-1",
        &format!("pool-eject host-uuid={host} --force"),
    );
    assert_eq!(
        xe(&lab, "xs-1", "host-list --minimal").split(',').count(),
        1
    );
    assert_eq!(
        xe(&lab, "xs-1", "network-list name-label=MGT --minimal"),
        network
    );
    eventually("the host is a pool of its own", || {
        let (status, said) = tried(&lab, "xs-2", "host-list --minimal");
        match status == 0 && said.trim() == host {
            true => Ok(()),
            false => Err(said),
        }
    });
    answers(&lab, SLAVE);
    assert_eq!(role(&lab, "xs-2"), "master");
    lab.exec("xs-2", "test ! -e /etc/xensource/ptoken");
    let management = "pif-list management=true params=device --minimal";
    assert_eq!(xe(&lab, "xs-2", management), "eth0");
    // And it may come back.
    let line = format!(
        "pool-join master-address={MASTER} master-username=root master-password={}",
        lab.password
    );
    xe(&lab, "xs-2", &line);
    all_live(&lab, "xs-1", 2);
}

#[test]
fn whoever_cannot_join_learns_why_and_stays_as_he_was() {
    let lab = Lab::up(&["--hosts", "2", "--nics", "2", "--apart"]);
    let join = |words: &str| tried(&lab, "xs-2", &format!("pool-join {words}"));
    let state = "cat /etc/xensource/pool.conf; ls /etc/xensource; xe host-list --minimal; ovs-vsctl list-br";
    let before = lab.exec("xs-2", state);
    let password = &lab.password;
    for (words, told) in [
        (
            format!("master-address={MASTER} master-username=root master-password=wrong"),
            "user name and password",
        ),
        (
            format!("master-address=172.16.0.9 master-username=root master-password={password}"),
            "cannot be reached",
        ),
        (
            format!("master-address={SLAVE} master-username=root master-password={password}"),
            "itself",
        ),
    ] {
        let (status, said) = join(&words);
        assert_eq!(status, 1, "{words}: {said}");
        assert!(said.to_lowercase().contains(told), "{words}: {said}");
        assert!(!said.contains(password.as_str()), "{said}");
    }
    assert_eq!(lab.exec("xs-2", state), before);
    assert_eq!(
        xe(&lab, "xs-1", "host-list --minimal").split(',').count(),
        1
    );
}

#[test]
fn a_host_that_has_left_or_was_removed_is_not_let_in_by_the_secret_that_it_still_knows() {
    let lab = Lab::up(&["--hosts", "3", "--nics", "2"]);
    let uuid = |host: &str| uuid_of(&lab, host);
    let unknown = |host: &str| {
        eventually(&format!("{host} is told that nobody knows it"), || {
            let (status, said) = tried(&lab, host, "network-create name-label=unheard");
            match status != 0 && said.contains("does not know this host") {
                true => Ok(()),
                false => Err(said),
            }
        });
        // Nor is its copy shown for what the pool is.
        let (status, said) = tried(&lab, host, "host-list --minimal");
        assert!(
            status != 0 && said.contains("does not know this host"),
            "{host}: {said}"
        );
    };
    // One was asked to go, and keeps everything by which it was in the pool.
    lab.exec(
        "xs-3",
        "mkdir /root/kept; cp -a /etc/xensource/ptoken /etc/xensource/pool.conf /var/lib/xcp/joined-pool /root/kept",
    );
    let left = uuid("xs-3");
    xe(
        &lab,
        "xs-1",
        &format!("pool-eject host-uuid={left} --force"),
    );
    eventually("the host is a pool of its own", || {
        let (status, said) = tried(&lab, "xs-3", "host-list --minimal");
        (status == 0 && said.trim() == left)
            .then_some(())
            .ok_or(said)
    });
    lab.verb(&["stop", "xs-3"]);
    lab.exec(
        "xs-3",
        "cd /root/kept; cp -a ptoken pool.conf /etc/xensource/; cp -a joined-pool /var/lib/xcp/; rm -f /var/lib/xcp/xapi.db*",
    );
    lab.verb(&["start", "xs-3"]);
    unknown("xs-3");
    // The other is removed while it is away.
    let removed = uuid("xs-2");
    lab.verb(&["kill", "xs-2"]);
    eventually("the host can be removed", || {
        let (status, said) = tried(&lab, "xs-1", &format!("host-forget uuid={removed} --force"));
        (status == 0).then_some(()).ok_or(said)
    });
    lab.verb(&["start", "xs-2"]);
    unknown("xs-2");
    let log = lab.verb(&["logs", "xs-1"]);
    for host in [&left, &removed] {
        let refused = format!("HOST_UNKNOWN_TO_MASTER [{host}]");
        assert!(log.contains(&refused), "{host} was not refused at the gate");
    }
    assert_eq!(xe(&lab, "xs-1", "host-list --minimal"), uuid("xs-1"));
}
