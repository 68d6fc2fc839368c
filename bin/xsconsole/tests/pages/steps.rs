//! The dialogue of the emergency reset, without its end.

use xapi_conf::management::{Ipv4, Ipv6};
use xsconsole::app::reset::{Asked, Basis};
use xsconsole::app::{App, Dialogue, Effect, Event};

use crate::host::{item, open, press, without_daemon};
use crate::screens::basis;

fn begun(basis: Basis) -> App {
    let mut app = without_daemon();
    let effects = open(&mut app, item::RESET);
    assert_eq!(effects, [Effect::Prepare]);
    app.update(Event::Basis(Box::new(basis)));
    app
}

fn asked(effects: &[Effect]) -> &Asked {
    match effects {
        [Effect::Reset(asked)] => asked,
        other => panic!("no reset alone: {other:?}"),
    }
}

#[test]
fn enter_at_each_step_takes_what_is_there_and_dhcp() {
    let mut app = begun(basis());
    // NIC, VLAN, IPv4, IPv6, master, summary.
    let effects = press(&mut app, &"<Enter>".repeat(20));
    assert_eq!(effects, [], "a key that is held down resets nothing");
    let effects = press(&mut app, "yes<Enter>");
    let asked = asked(&effects);
    assert_eq!(asked.management.device, "eth2");
    assert_eq!(asked.management.vlan, None);
    assert_eq!(asked.management.ipv4, Some(Ipv4::Dhcp));
    assert_eq!(asked.management.ipv6, None);
    assert_eq!(asked.master.as_deref(), Some("172.16.0.20"));
    assert!(asked.reboot);
    assert!(matches!(app.dialogue, Some(Dialogue::Work(_))));
}

#[test]
fn nothing_is_begun_while_the_end_of_the_summary_is_out_of_sight() {
    let mut app = begun(basis());
    press(&mut app, &"<Enter>".repeat(8));
    assert_eq!(press(&mut app, "yes<PgUp><Enter>"), []);
    asked(&press(&mut app, "<Enter>"));
}

#[test]
fn a_host_that_is_no_slave_is_not_asked_for_a_master() {
    let alone = Basis {
        master: None,
        ..basis()
    };
    let mut app = begun(alone);
    let effects = press(
        &mut app,
        "<Up><Enter>42<Enter><Enter>s<Enter>fd00::5/64<Enter>fe80::1<Enter>fd00::1<Enter>bvryes<Enter>",
    );
    let asked = asked(&effects);
    assert_eq!(asked.management.device, "eth1");
    assert_eq!(asked.management.vlan, Some(42));
    assert!(matches!(
        asked.management.ipv6,
        Some(Ipv6::Static { prefix: 64, .. })
    ));
    assert_eq!(asked.management.dns.len(), 1);
    assert_eq!(asked.master, None);
    assert!(asked.keep.bonds && asked.keep.vlans && !asked.reboot);
}

#[test]
fn what_is_wrong_is_said_at_its_field_and_nothing_goes_on() {
    let mut app = begun(basis());
    press(&mut app, "<Enter><Enter>s<Enter>");
    for (typed, says) in [
        ("<Enter><Enter><Enter>", "IP address is missing"),
        (
            "172.16.0.0<Enter>255.255.255.0<Enter><Enter>",
            "first address",
        ),
        ("<Backspace>5<Enter><Enter>10.1.0.1<Enter>", "Gateway"),
    ] {
        assert_eq!(press(&mut app, typed), []);
        let Some(Dialogue::Reset(Some(dialogue))) = &app.dialogue else {
            panic!("{:?}", app.dialogue);
        };
        let complaint = dialogue.addressing.v4.complaint.clone().unwrap_or_default();
        assert!(complaint.contains(says), "{typed}: {complaint}");
    }
    // Neither family: nothing could reach the host.
    let mut app = begun(basis());
    assert_eq!(press(&mut app, "<Enter><Enter>n<Enter><Enter>"), []);
    let Some(Dialogue::Reset(Some(dialogue))) = &app.dialogue else {
        panic!("{:?}", app.dialogue);
    };
    let complaint = dialogue.addressing.complaint.clone().unwrap_or_default();
    assert!(complaint.contains("none for both families"), "{complaint}");
    // A master that is no address.
    let mut app = begun(basis());
    assert_eq!(
        press(&mut app, "<Enter><Enter><Enter><Enter>master<Enter>"),
        []
    );
    let Some(Dialogue::Reset(Some(dialogue))) = &app.dialogue else {
        panic!("{:?}", app.dialogue);
    };
    assert!(dialogue.master.complaint.is_some());
}

#[test]
fn escape_leads_back_from_the_summary_to_the_menu() {
    let mut app = begun(basis());
    press(&mut app, "<Enter><Enter><Enter><Enter><Enter>");
    // Summary, master, IPv6, IPv4, VLAN, NIC.
    for _ in 0..5 {
        assert_eq!(press(&mut app, "<Esc>"), []);
        assert!(app.dialogue.is_some());
    }
    press(&mut app, "<Esc>");
    assert!(app.dialogue.is_none());
}

#[test]
fn a_host_without_nics_cannot_be_reset_to_one() {
    let none = Basis {
        nics: Vec::new(),
        ..basis()
    };
    let mut app = begun(none);
    assert_eq!(
        press(&mut app, "<Enter><Enter><Enter><Enter><Enter>yes<Enter>"),
        []
    );
}
