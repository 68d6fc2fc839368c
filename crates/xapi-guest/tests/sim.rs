//! Simulated guests, as whoever stands above uses them.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use xapi_guest::sim::{SimGuests, Verb};
use xapi_guest::{Body, Event, GuestError, GuestSpec, Guests, Machine, Namespace, Nic, State};

const WITHIN: Duration = Duration::from_secs(1);

fn spec(domain: u32, body: Namespace) -> GuestSpec {
    GuestSpec {
        domain,
        uuid: format!("0000-{domain}"),
        name: "guest".to_owned(),
        body: Body::Namespace(body),
    }
}

fn nic(device: u32) -> Nic {
    Nic {
        device,
        mac: [2, 0, 0, 0, 0, 1],
        mtu: 1500,
    }
}

fn events(guests: &SimGuests) -> Receiver<Event> {
    let (tell, told) = channel();
    guests.subscribe(Box::new(move |event| tell.send(event).unwrap()));
    told
}

/// A running guest with NIC 0.
fn running(body: Namespace) -> SimGuests {
    let guests = SimGuests::new();
    guests.start(&spec(1, body)).unwrap();
    guests.offer(1, &nic(0)).unwrap();
    guests.unpause(1).unwrap();
    guests
}

#[test]
fn a_nic_goes_to_the_guest_and_comes_back() {
    let guests = running(Namespace::default());
    assert_eq!(guests.find(1).unwrap().nics[0].host_end, "vif1.0");
    guests.withdraw(1, 0, WITHIN).unwrap();
    assert_eq!(guests.find(1).unwrap().nics, []);
    assert_eq!(guests.asked(), 1);
}

#[test]
fn a_nic_released_late_is_an_event() {
    let guests = running(Namespace {
        clings: true,
        ..Namespace::default()
    });
    let told = events(&guests);
    assert_eq!(told.try_recv(), Ok(Event::PvDriversSeen { domain: 1 }));
    let refused = guests.withdraw(1, 0, WITHIN);
    assert!(matches!(refused, Err(GuestError::StillHeld { nic }) if nic == "vif1.0"));
    assert!(guests.find(1).unwrap().nics[0].asked_back);
    guests.let_go(1);
    let late = Event::Released {
        domain: 1,
        device: 0,
    };
    assert_eq!(told.try_recv(), Ok(late));
    assert_eq!(guests.find(1).unwrap().nics, []);
}

#[test]
fn nothing_is_sent_to_a_guest_without_drivers() {
    let guests = running(Namespace {
        pv_drivers: false,
        clings: false,
    });
    let refused = guests.withdraw(1, 0, WITHIN);
    assert!(matches!(refused, Err(GuestError::NoHotplug)));
    assert!(matches!(
        guests.offer(1, &nic(1)),
        Err(GuestError::NoHotplug)
    ));
    assert_eq!(guests.asked(), 0);
}

#[test]
fn a_machine_is_asked_once_its_drivers_are_seen() {
    let guests = SimGuests::new();
    let body = Body::Machine(Machine {
        memory_mib: 64,
        cpus: 1,
        kernel: None,
        initrd: None,
        command_line: String::new(),
        disks: Vec::new(),
    });
    let machine = GuestSpec {
        body,
        ..spec(1, Namespace::default())
    };
    guests.start(&machine).unwrap();
    guests.offer(1, &nic(0)).unwrap();
    guests.unpause(1).unwrap();
    assert!(!guests.find(1).unwrap().pv_drivers);
    guests.drivers_come_up(1);
    guests.withdraw(1, 0, WITHIN).unwrap();
}

#[test]
fn a_restarted_daemon_finds_the_guests_and_alone_is_told() {
    let guests = running(Namespace::default());
    let before = events(&guests);
    assert_eq!(before.iter().take(1).count(), 1);
    let again = guests.again();
    let after = events(&again);
    assert_eq!(again.find(1).unwrap().state, State::Running);
    again.end(1);
    assert_eq!(after.try_recv(), Ok(Event::Stopped { domain: 1 }));
    assert!(before.try_recv().is_err());
    assert!(matches!(guests.find(1), Err(GuestError::NoDomain(1))));
}

#[test]
fn a_suspended_guest_resumes_under_another_number_with_its_nics() {
    let guests = running(Namespace::default());
    guests.suspend(1, WITHIN).unwrap();
    assert_eq!(guests.suspended().unwrap(), ["0000-1"]);
    assert!(guests.found().is_empty());
    let spec = GuestSpec {
        uuid: "0000-1".to_owned(),
        ..spec(2, Namespace::default())
    };
    let nics = guests.resume(&spec, WITHIN).unwrap();
    assert_eq!(nics[0].host_end, "vif2.0");
    assert_eq!(guests.find(2).unwrap().state, State::Paused);
    assert!(guests.suspended().unwrap().is_empty());
}

#[test]
fn a_call_made_to_fail_changes_nothing_and_fails_once() {
    let guests = running(Namespace::default());
    guests.fail_next(Verb::Offer);
    assert!(guests.offer(1, &nic(1)).is_err());
    assert_eq!(guests.find(1).unwrap().nics.len(), 1);
    assert_eq!(guests.offer(1, &nic(1)).unwrap(), "vif1.1");
}

#[test]
fn what_cannot_be_a_guest_or_a_nic_is_refused() {
    let guests = SimGuests::new();
    for (domain, uuid) in [(0, "00"), (1, "../x"), (1, ""), (1_000_000, "00")] {
        let bad = GuestSpec {
            uuid: uuid.to_owned(),
            ..spec(domain, Namespace::default())
        };
        let refused = guests.start(&bad);
        assert!(matches!(refused, Err(GuestError::Unfit(_))), "{bad:?}");
    }
    guests.start(&spec(1, Namespace::default())).unwrap();
    for bad in [
        Nic {
            device: 1000,
            ..nic(0)
        },
        Nic { mtu: 67, ..nic(0) },
        Nic {
            mac: [1, 0, 0, 0, 0, 0],
            ..nic(0)
        },
    ] {
        let refused = guests.offer(1, &bad);
        assert!(matches!(refused, Err(GuestError::Unfit(_))), "{bad:?}");
    }
}

#[test]
fn the_hosts_devices_follow_the_nics() {
    let guests = SimGuests::new();
    let (tell, told) = channel();
    guests.set_devices(Box::new(move |name, is_there| {
        tell.send((name.to_owned(), is_there)).unwrap();
    }));
    guests.start(&spec(1, Namespace::default())).unwrap();
    guests.offer(1, &nic(0)).unwrap();
    guests.destroy(1).unwrap();
    let seen: Vec<_> = told.try_iter().collect();
    let name = "vif1.0".to_owned();
    assert_eq!(seen, [(name.clone(), true), (name, false)]);
}

#[test]
fn a_machine_whose_nic_was_taken_by_force_keeps_the_number_until_it_lets_go_which_is_no_event() {
    let guests = SimGuests::new();
    let body = Body::Machine(Machine {
        memory_mib: 64,
        cpus: 1,
        kernel: None,
        initrd: None,
        command_line: String::new(),
        disks: Vec::new(),
    });
    let machine = GuestSpec {
        body,
        ..spec(1, Namespace::default())
    };
    guests.start(&machine).unwrap();
    guests.offer(1, &nic(0)).unwrap();
    guests.unpause(1).unwrap();
    guests.drivers_come_up(1);
    guests.cling(1, 0);
    guests.withdraw_force(1, 0).unwrap();
    guests.withdraw(1, 0, WITHIN).unwrap();
    assert_eq!(guests.find(1).unwrap().nics, []);
    let refused = guests.offer(1, &nic(0));
    assert!(matches!(refused, Err(GuestError::StillHeld { .. })));
    let told = events(&guests);
    assert_eq!(told.try_iter().count(), 1, "the drivers came up");
    guests.let_go(1);
    assert!(told.try_recv().is_err());
    guests.offer(1, &nic(0)).unwrap();
}
