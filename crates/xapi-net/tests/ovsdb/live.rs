//! The live view of [`Monitor`], and ovs-vswitchd's own answers by [`Control`].

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::lab::{Lab, soon};
use crate::rows::{apply, bond, bond_options, bridge, drop_port, plain};
use nix::sys::signal::Signal;
use xapi_net::ovs::jsonrpc::RpcError;
use xapi_net::ovs::monitor::{Event, Monitor};
use xapi_net::ovs::ovsdb::Settings;
use xapi_net::ovs::unixctl::{Control, ControlError};

/// Events as they come; those that were passed over while one was looked for are still there for the next.
struct Events {
    receiver: Receiver<Event>,
    passed: VecDeque<Event>,
}

impl Events {
    fn wait_for(&mut self, what: &str, is_it: impl Fn(&Event) -> bool) -> Event {
        if let Some(at) = self.passed.iter().position(&is_it) {
            return self.passed.remove(at).expect("an event at its place");
        }
        let deadline = soon();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.receiver.recv_timeout(left) {
                Ok(event) if is_it(&event) => return event,
                Ok(other) => self.passed.push_back(other),
                Err(why) => panic!("no {what}: {why}; there were {:?}", self.passed),
            }
        }
    }

    fn wait_for_link(&mut self, device: &str, up: bool) {
        self.wait_for("change of the link", |event| match event {
            Event::Interface {
                name,
                now: Some(now),
                ..
            } => name == device && now.link_up == Some(up),
            _ => false,
        });
    }

    fn wait_for_rows(&mut self, of: &str) {
        self.wait_for(
            "rows",
            |event| matches!(event, Event::Rows { names } if names.iter().any(|name| name == of)),
        );
    }
}

fn watch(lab: &Lab) -> (Monitor, Events) {
    let (sender, receiver) = channel();
    // The test may be over before the last event.
    let listener = move |event| drop(sender.send(event));
    let control = Control::new(lab.run_dir());
    let monitor = Monitor::start(lab.socket(), control, Box::new(listener)).expect("threads");
    (
        monitor,
        Events {
            receiver,
            passed: VecDeque::new(),
        },
    )
}

#[test]
fn rows_carrier_and_active_member_are_told_as_they_change_and_the_view_is_what_a_client_reads() {
    let lab = Lab::new(2);
    let mut client = lab.client();
    let (monitor, mut events) = watch(&lab);
    assert_eq!(
        events.wait_for("connection", |event| matches!(
            event,
            Event::Connected { .. }
        )),
        Event::Connected { resumed: false }
    );
    apply(
        &mut client,
        &[
            bridge("xapi0"),
            bond("xapi0", "bond0", "eth0 eth1", bond_options("active-backup")),
        ],
    );
    events.wait_for_rows("bond0");
    events.wait_for_link("eth0", true);
    let active = monitor.wait_until(soon(), |state| state.active_members.contains_key("bond0"));
    let active = active.expect("an active member").active_members["bond0"].clone();
    let other = if active == "eth0" { "eth1" } else { "eth0" };

    lab.set_carrier(&active, false);
    events.wait_for_link(&active, false);
    let told = events.wait_for("other member", |event| {
        matches!(event, Event::ActiveMember { port, member: Some(member) } if port == "bond0" && member == other)
    });
    assert!(matches!(told, Event::ActiveMember { .. }));
    let view = monitor.wait_until(soon(), |state| {
        *client.observe(soon()).expect("a state") == *state
    });
    assert!(view.is_some(), "the view is not what a client reads");

    apply(&mut client, &[drop_port("bond0")]);
    events.wait_for_rows("bond0");
    assert!(
        monitor
            .wait_until(soon(), |state| state.ports.is_empty())
            .is_some()
    );
}

#[test]
fn an_interface_that_cannot_be_opened_is_told_and_so_is_its_recovery() {
    let lab = Lab::new(0);
    let (_monitor, mut events) = watch(&lab);
    apply(&mut lab.client(), &[bridge("xenbr0")]);
    lab.vsctl("add-port xenbr0 eth4");
    events.wait_for("failure", |event| match event {
        Event::Interface {
            name,
            now: Some(now),
            ..
        } => name == "eth4" && now.error.is_some(),
        _ => false,
    });
    lab.plug_in("eth4");
    events.wait_for("recovery", |event| match event {
        Event::Interface {
            name,
            now: Some(now),
            ..
        } => name == "eth4" && now.failure().is_none(),
        _ => false,
    });
}

#[test]
fn after_a_restart_of_ovsdb_server_everything_is_read_again_and_what_was_missed_is_told() {
    let mut lab = Lab::new(1);
    let (monitor, mut events) = watch(&lab);
    apply(&mut lab.client(), &[bridge("xenbr0")]);
    events.wait_for_rows("xenbr0");
    lab.kill_ovsdb();
    events.wait_for("end", |event| *event == Event::Disconnected);
    assert!(
        monitor
            .state()
            .expect("the last state")
            .bridges
            .contains_key("xenbr0")
    );
    lab.start_ovsdb();
    apply(&mut lab.client(), &[plain("xenbr0", "eth0")]);
    events.wait_for("connection", |event| {
        *event == Event::Connected { resumed: false }
    });
    events.wait_for_rows("eth0");
    assert!(
        monitor
            .wait_until(soon(), |state| state.ports.contains_key("eth0"))
            .is_some()
    );
}

#[test]
fn a_server_that_remembers_goes_on_where_the_connection_broke() {
    let lab = Lab::with_history(0);
    let (monitor, mut events) = watch(&lab);
    let mut client = lab.client();
    apply(&mut client, &[bridge("xenbr0")]);
    events.wait_for("first connection", |event| {
        matches!(event, Event::Connected { .. })
    });
    // Even a cluster forgets at once what is large in comparison with the database, and here everything is: it
    // remembers the last transaction only. So ovs-vswitchd must not write another.
    lab.signal_vswitchd(Signal::SIGSTOP);
    let mut tell = |id: &str| {
        let settings = Settings {
            system_uuid: Some(id.to_owned()),
            max_idle_ms: None,
        };
        client.settle(&settings, soon()).expect("settled");
        monitor
            .wait_until(soon(), |state| state.system_uuid.as_deref() == Some(id))
            .expect("the new state")
    };
    let before = tell("first");
    lab.drop_connections();
    events.wait_for("second connection", |event| {
        *event == Event::Connected { resumed: true }
    });
    assert_eq!(monitor.state(), Some(before));
    tell("second");
}

#[test]
fn the_death_of_vswitchd_and_its_return_are_told_though_no_row_changes() {
    let mut lab = Lab::new(0);
    let (monitor, mut events) = watch(&lab);
    let pid = lab.vswitchd_pid();
    events.wait_for("ovs-vswitchd", |event| {
        *event == Event::BackendFound { pid }
    });
    assert_eq!(monitor.backend(), Some(pid));
    let begin = Instant::now();
    lab.kill_vswitchd();
    events.wait_for("death", |event| *event == Event::BackendGone);
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "told after {:?}",
        begin.elapsed()
    );
    assert_eq!(monitor.backend(), None);
    lab.start_vswitchd();
    let pid = lab.vswitchd_pid();
    events.wait_for("return", |event| *event == Event::BackendRestarted { pid });
    lab.client().nudge(soon()).expect("it works");
}

#[test]
fn a_monitor_without_a_server_ends_at_once_when_it_is_dropped() {
    let directory = tempfile::tempdir().expect("a directory");
    let control = Control::new(directory.path());
    let monitor =
        Monitor::start(directory.path().join("db.sock"), control, Box::new(drop)).expect("threads");
    assert!(
        monitor
            .wait_until(Instant::now() + Duration::from_millis(100), |_| true)
            .is_none()
    );
    let begin = Instant::now();
    drop(monitor);
    assert!(
        begin.elapsed() < Duration::from_millis(500),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn bonds_are_listed_and_shown_as_they_are_and_the_active_member_can_be_set() {
    let lab = Lab::new(3);
    let control = Control::new(lab.run_dir());
    assert!(
        control
            .version(soon())
            .expect("a version")
            .contains("Open vSwitch")
    );
    assert_eq!(control.bonds(soon()).expect("a list"), []);
    let options = bond_options("active-backup");
    apply(
        &mut lab.client(),
        &[
            bridge("xapi0"),
            plain("xapi0", "eth2"),
            bond("xapi0", "bond0", "eth0 eth1", options),
        ],
    );
    let bonds = control.bonds(soon()).expect("a list");
    let mut members = bonds[0].members.clone();
    members.sort();
    assert_eq!(
        (bonds.len(), bonds[0].name.as_str(), bonds[0].mode.as_str()),
        (1, "bond0", "active-backup")
    );
    assert_eq!(members, ["eth0", "eth1"]);
    for active in ["eth1", "eth0"] {
        control
            .set_active_member("bond0", active, soon())
            .expect("set");
        let status = control.bond("bond0", soon()).expect("a status");
        assert!(
            status.members.iter().all(|member| member.enabled),
            "{status:?}"
        );
        let now: Vec<_> = status
            .members
            .iter()
            .filter(|it| it.active)
            .map(|it| it.name.as_str())
            .collect();
        assert_eq!(now, [active]);
    }
    lab.set_carrier("eth0", false);
    let deadline = soon();
    while control
        .bond("bond0", soon())
        .expect("a status")
        .members
        .iter()
        .any(|it| it.name == "eth0" && it.enabled)
    {
        assert!(Instant::now() < deadline, "eth0 is still enabled");
    }
    let refused = control.bond("bond7", soon()).expect_err("no such bond");
    assert!(
        matches!(refused, ControlError::Rpc(RpcError::Refused { .. })),
        "{refused:?}"
    );
}
