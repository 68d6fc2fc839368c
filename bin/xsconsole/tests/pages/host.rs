//! A host to show: a master with a bond, a VLAN and two alerts.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use xsconsole::app::key::Key;
use xsconsole::app::{App, Effect, Event, User};
use xsconsole::seen::{Address, Alert, Kernel, Kind, Line, Nic, Pif, Role, Told};

/// The time of all pages: 09:26:40 on 26 November 2026.
pub fn now() -> Timestamp {
    "2026-11-26T09:26:40Z".parse().expect("a time")
}

fn nic(at: u8, carrier: bool) -> Nic {
    Nic {
        name: format!("eth{at}"),
        mac: format!("02:00:00:00:01:{at:02x}"),
        carrier,
        speed: carrier.then_some(10_000),
        full_duplex: carrier.then_some(true),
        driver: "ixgbe".to_owned(),
        bus: format!("0000:03:00.{at}"),
    }
}

/// What its kernel says.
pub fn kernel() -> Kernel {
    Kernel {
        hostname: "xs-1".to_owned(),
        nics: vec![nic(0, true), nic(1, true), nic(2, true), nic(3, false)],
        addresses: vec![Address {
            device: "xenbr0".to_owned(),
            address: [172, 16, 0, 10].into(),
            prefix: 27,
        }],
        routers: vec![([172, 16, 0, 1].into(), "xenbr0".to_owned())],
        servers: vec![[172, 16, 0, 1].into()],
        management: "xenbr0".to_owned(),
        product: "xapi-rs 0.1.0".to_owned(),
        role: Some(Role::Master),
        trouble: Vec::new(),
    }
}

/// One of its interfaces.
pub fn pif(device: &str, kind: Kind) -> Pif {
    Pif {
        reference: format!("OpaqueRef:{device}-{kind:?}"),
        device: device.to_owned(),
        kind,
        managed: true,
        attached: true,
        network: format!("Network of {device}"),
        bridge: "xapi1".to_owned(),
        mode: "None".to_owned(),
        mode_v6: "None".to_owned(),
        ..Pif::default()
    }
}

/// What its daemon says.
pub fn told() -> Told {
    let management = Pif {
        management: true,
        bridge: "xenbr0".to_owned(),
        mode: "Static".to_owned(),
        ip: "172.16.0.10".to_owned(),
        netmask: "255.255.255.224".to_owned(),
        gateway: "172.16.0.1".to_owned(),
        dns: "172.16.0.1,172.16.0.2".to_owned(),
        ..pif("eth0", Kind::Nic)
    };
    let member = |device| Pif {
        bonded: true,
        ..pif(device, Kind::Nic)
    };
    let alert = |when: &str, name: &str, priority, body: &str| Alert {
        when: when.parse().expect("a time"),
        name: name.to_owned(),
        priority,
        body: body.to_owned(),
    };
    let bond = Kind::Bond(vec!["eth1".to_owned(), "eth2".to_owned()]);
    Told {
        host: "OpaqueRef:host".to_owned(),
        label: "Rack 3, left".to_owned(),
        hostname: "xs-1".to_owned(),
        product: "xapi-rs 0.1.0".to_owned(),
        pool: "lab".to_owned(),
        role: Some(Role::Master),
        pifs: vec![
            management,
            member("eth1"),
            member("eth2"),
            pif("eth3", Kind::Nic),
            pif("bond0", bond),
            pif("eth0", Kind::Vlan(7)),
        ],
        alerts: vec![
            alert(
                "2026-11-26T09:12:00Z",
                "BOND_STATUS_CHANGED",
                3,
                "The status of the eth1+eth2 bond changed: 1/2 up (was 2/2)",
            ),
            alert(
                "2026-11-25T23:01:00Z",
                "NETWORK_NOT_BROUGHT_UP",
                2,
                "NIC eth3: it has no carrier and its driver refuses the MTU.",
            ),
        ],
    }
}

/// Its console, run by root, with all that is known.
pub fn console() -> App {
    let mut app = App::new(User::Root, true, now(), TimeZone::UTC);
    app.update(Event::Kernel(Box::new(kernel())));
    app.update(Event::Told(Box::new(told())));
    app
}

/// The same while its daemon does not answer, and has not since the console began.
pub fn without_daemon() -> App {
    let mut app = App::new(User::Root, true, now(), TimeZone::UTC);
    app.update(Event::Kernel(Box::new(kernel())));
    app.update(Event::Line(Line::Down {
        since: "2026-11-26T09:20:05Z".parse().expect("a time"),
        why: "cannot connect to /var/lib/xcp/xapi: Connection refused (os error 111)".to_owned(),
    }));
    app
}

/// Presses keys: names between `<` and `>`, else characters.
pub fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        let (key, after) = match rest
            .strip_prefix('<')
            .and_then(|named| named.split_once('>'))
        {
            Some((name, after)) => (named_key(name), after),
            None => (Key::Char(c), &rest[c.len_utf8()..]),
        };
        rest = after;
        effects.extend(app.update(Event::Key(key)));
    }
    effects
}

fn named_key(name: &str) -> Key {
    match name {
        "Enter" => Key::Enter,
        "Esc" => Key::Esc,
        "Up" => Key::Up,
        "Down" => Key::Down,
        "Left" => Key::Left,
        "Right" => Key::Right,
        "Home" => Key::Home,
        "End" => Key::End,
        "PgUp" => Key::PageUp,
        "PgDn" => Key::PageDown,
        "Tab" => Key::Tab,
        "BackTab" => Key::BackTab,
        "Backspace" => Key::Backspace,
        "Delete" => Key::Delete,
        "^L" => Key::Ctrl('l'),
        "^C" => Key::Ctrl('c'),
        other => panic!("no key {other}"),
    }
}

/// From the first menu to an item of the network's menu, which is opened.
pub fn open(app: &mut App, item: usize) -> Vec<Effect> {
    let downs = "<Down>".repeat(item);
    press(app, &format!("<Home><Down><Enter>{downs}<Enter>"))
}

/// The items of the network's menu.
pub mod item {
    pub const CONFIGURE: usize = 0;
    pub const SERVERS: usize = 1;
    pub const TEST: usize = 2;
    pub const NICS: usize = 3;
    pub const HOSTNAME: usize = 4;
    pub const RESET: usize = 5;
}

/// A server whose certificate nobody knows.
pub fn stranger() -> xapi_client::Stranger {
    let octets = (0..32).map(|octet| format!("{:02X}", 7 * octet));
    xapi_client::Stranger {
        at: "xs-1:443".to_owned(),
        fingerprint: octets.collect::<Vec<_>>().join(":"),
    }
}
