//! A host whose database cannot be opened: who gets in, what is answered, and what a change of management leaves.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use xapi_core::auth::{Authenticate, Refused};
use xapi_core::emergency::Emergency;
use xapi_core::{Config, Origin, last_topology};
use xapi_model::{ApiError, Value};
use xapi_net::sim::{Fault, FaultKind, SimAgent};
use xapi_net::topology::Name;
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;
use xapi_tls::{Identity, TlsIdentity};

/// A machine where everybody has the same password.
struct Everybody;

impl Authenticate for Everybody {
    fn check(&self, _: &str, password: &str) -> Result<(), Refused> {
        match password {
            "secret" => Ok(()),
            _ => Err(wrong()),
        }
    }

    fn change(&self, _: &str, _: &str) -> Result<(), Refused> {
        Err(wrong())
    }
}

fn wrong() -> Refused {
    Refused {
        text: "no".to_owned(),
        looked_at: true,
    }
}

/// A host whose daemon has lost its database.
struct Lost {
    host: SimHost,
    emergency: Emergency,
    /// What the listeners were told.
    told: Arc<Mutex<Vec<bool>>>,
    /// What clients see by TLS.
    shown: Arc<TlsIdentity>,
}

/// Management on eth0, an address on eth1 and on VLAN 7 of eth2, none on eth2.
fn lost() -> Lost {
    let mut host = SimHost::new(3);
    let network = host.new_network("tagged");
    let params = vec![text(&host.pif("eth2")), Value::Int(7), text(&network)];
    let vlan = host.call("VLAN.create", params).unwrap();
    let untagged = host.call("VLAN.get_untagged_PIF", vec![vlan]).unwrap();
    for (pif, address, gateway) in [
        (text(&host.pif("eth1")), "10.1.0.2", "10.1.0.1"),
        (untagged, "10.7.0.2", ""),
    ] {
        let words = ["Static", address, "255.255.0.0", gateway, ""].map(Value::from);
        let params = std::iter::once(pif).chain(words);
        host.call("PIF.reconfigure_ip", params.collect()).unwrap();
    }
    host.stop();
    start(host)
}

fn start(host: SimHost) -> Lost {
    let config = Config {
        root: host.root().to_owned(),
        login_burst: 3,
        logins_per_minute: 1,
        ..Config::default()
    };
    let agent = Arc::new(SimAgent::on(host.handle.clone()));
    last_topology::bring_up(&config, &*agent).unwrap().unwrap();
    let told = Arc::<Mutex<Vec<bool>>>::default();
    let listeners = Arc::clone(&told);
    let shown = Arc::<TlsIdentity>::default();
    let emergency = Emergency::new(
        config,
        agent,
        Arc::new(Everybody),
        Arc::new(SystemTime::now),
        Arc::clone(&shown),
        move |enabled| listeners.lock().unwrap().push(enabled),
    );
    Lost {
        host,
        emergency,
        told,
        shown,
    }
}

impl Lost {
    /// A call as root makes it over the socket.
    fn raw(&self, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        let origin = Origin {
            local_root: true,
            ..Origin::default()
        };
        self.emergency.call(&origin, name, params)
    }

    fn login(&self) -> Value {
        let words = ["root", ""].map(Value::from).to_vec();
        self.raw("session.slave_local_login_with_password", words)
            .unwrap()
    }

    fn call(&self, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        let all = std::iter::once(self.login()).chain(params).collect();
        self.raw(name, all)
    }

    fn move_to(&self, interface: &str) -> Result<Value, ApiError> {
        let params = vec![Value::from(interface)];
        self.call("host.local_management_reconfigure", params)
    }

    fn inventory(&self) -> String {
        self.file("etc/xensource-inventory")
    }

    fn file(&self, path: &str) -> String {
        std::fs::read_to_string(self.host.root().join(path)).unwrap()
    }

    /// What the host is in its pool from now on.
    fn becomes(&self, role: &str) {
        let path = self.host.root().join("etc/xensource/pool.conf");
        std::fs::write(path, role).unwrap();
    }

    fn topology(&self) -> String {
        let path = self.host.root().join("var/lib/xcp/last-topology.json");
        std::fs::read_to_string(path).unwrap()
    }

    /// Which bridge packets to elsewhere leave by.
    fn way_out(&self) -> Vec<String> {
        let world = self.host.handle.world();
        let routes = world.state.routes.iter();
        let ways = routes.filter(|((to, _), route)| {
            to.prefix() == 0 && route.gateway.is_some_and(|it| it.is_ipv4())
        });
        ways.map(|(_, route)| route.device.to_string()).collect()
    }
}

#[track_caller]
fn refused(outcome: Result<Value, ApiError>, code: &str, params: &[&str]) {
    let why = outcome.unwrap_err();
    assert_eq!(
        (why.code.as_str(), &why.params[..]),
        (
            code,
            &params.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()[..]
        )
    );
}

#[test]
fn what_needs_the_database_says_so_and_the_question_itself_is_answered_to_anybody() {
    let lost = lost();
    for name in [
        "session.login_with_password",
        "PIF.scan_bios",
        "PIF.scan",
        "pool.get_all",
        "host.management_reconfigure",
        "Async.host.management_disable",
        "nonsense",
    ] {
        refused(lost.raw(name, Vec::new()), "HOST_IN_EMERGENCY_MODE", &[]);
    }
    for params in [Vec::new(), vec![Value::from("nobody")]] {
        let answer = lost.raw("host.is_in_emergency_mode", params);
        assert_eq!(answer, Ok(Value::Bool(true)));
    }
    // With the database there is no such mode.
    let host = SimHost::new(1);
    let answer = host.call("host.is_in_emergency_mode", Vec::new());
    assert_eq!(answer, Ok(Value::Bool(false)));
}

#[test]
fn root_gets_in_by_the_socket_or_his_password_and_nobody_else_does() {
    let lost = lost();
    let from = |peer: &str, user: &str, password: &str| {
        let origin = Origin {
            peer: Arc::from(peer),
            ..Origin::default()
        };
        let words = [user, password].map(Value::from).to_vec();
        let name = "session.slave_local_login_with_password";
        lost.emergency.call(&origin, name, words)
    };
    let code = |outcome: Result<Value, ApiError>| outcome.unwrap_err().code;
    let failed = "SESSION_AUTHENTICATION_FAILED";
    assert_eq!(code(from("10.0.0.1:1", "root", "wrong")), failed);
    assert_eq!(code(from("10.0.0.1:1", "other", "secret")), failed);
    let session = from("10.0.0.1:1", "root", "secret").unwrap();
    let signal = |session: &Value| {
        let name = "host.signal_networking_change";
        lost.raw(name, vec![session.clone()])
    };
    assert_eq!(signal(&session), Ok(Value::Nil));
    // Whoever guesses too often is not looked at any more, though he has it now.
    for _ in 0..3 {
        assert_eq!(code(from("10.0.0.2:1", "root", "wrong")), failed);
    }
    assert_eq!(code(from("10.0.0.2:1", "root", "secret")), failed);
    refused(
        signal(&Value::from("OpaqueRef:nobody")),
        "SESSION_INVALID",
        &["OpaqueRef:nobody"],
    );
    lost.raw("session.local_logout", vec![session.clone()])
        .unwrap();
    let given = session.as_str().unwrap();
    refused(signal(&session), "SESSION_INVALID", &[given]);
    refused(
        lost.raw("host.signal_networking_change", Vec::new()),
        "MESSAGE_PARAMETER_COUNT_MISMATCH",
        &["host.signal_networking_change", "0", "0"],
    );
}

#[test]
fn management_moves_to_another_bridge_and_the_next_start_finds_it_there() {
    let lost = lost();
    assert_eq!(lost.way_out(), ["xenbr0"]);
    lost.move_to("xenbr1").unwrap();
    assert_eq!(lost.way_out(), ["xenbr1"]);
    assert!(lost.inventory().contains("MANAGEMENT_INTERFACE='xenbr1'"));
    assert!(lost.inventory().contains("MANAGEMENT_ADDRESS_TYPE='IPv4'"));
    assert_eq!(*lost.told.lock().unwrap(), [true]);
    // It is where it was asked to be: nothing to do.
    let writes = lost.host.handle.world().writes;
    lost.move_to("xenbr1").unwrap();
    assert_eq!(lost.host.handle.world().writes, writes);
    let lost = start(lost.host);
    assert_eq!(lost.way_out(), ["xenbr1"]);
    // A VLAN has a bridge as well; without a router nothing leads elsewhere.
    lost.move_to("xapi0").unwrap();
    assert_eq!(lost.way_out(), Vec::<String>::new());
    // By the name of what it is over.
    lost.move_to("eth0").unwrap();
    assert!(lost.inventory().contains("MANAGEMENT_INTERFACE='xenbr0'"));
    let world = lost.host.handle.world();
    let bridge = Name::new("xenbr1").unwrap();
    assert!(
        world.state.addresses.iter().any(|(on, _)| *on == bridge),
        "the other one keeps its address"
    );
}

#[test]
fn management_does_not_move_where_nobody_would_reach_the_host() {
    let lost = lost();
    let before = (lost.inventory(), lost.topology());
    for unknown in ["xenbr9", "eth9", "", "a name that is too long", "../x"] {
        refused(lost.move_to(unknown), "BRIDGE_NOT_AVAILABLE", &[unknown]);
    }
    refused(lost.move_to("xenbr2"), "INTERFACE_HAS_NO_IP", &["xenbr2"]);
    let at = lost.host.handle.world().steps;
    lost.host.handle.world().fault = Some(Fault {
        at,
        kind: FaultKind::Refuse,
    });
    let why = lost.move_to("xenbr1").unwrap_err();
    assert_eq!(why.code, "INTERNAL_ERROR");
    // Neither is it moved if that cannot be kept for the next start.
    for path in [
        "var/lib/xcp/.last-topology.json.new",
        "etc/.xensource-inventory.new",
    ] {
        let in_the_way = lost.host.root().join(path);
        std::fs::create_dir(&in_the_way).unwrap();
        let why = lost.move_to("xenbr1").unwrap_err();
        assert_eq!(why.code, "INTERNAL_ERROR", "{path}");
        std::fs::remove_dir(&in_the_way).unwrap();
    }
    assert_eq!((lost.inventory(), lost.topology()), before);
    assert_eq!(lost.way_out(), ["xenbr0"]);
    assert!(lost.told.lock().unwrap().is_empty());
}

#[test]
fn management_is_disabled_until_somebody_names_an_interface_also_over_a_start() {
    let lost = lost();
    assert!(lost.emergency.management_enabled());
    lost.call("host.management_disable", Vec::new()).unwrap();
    assert!(!lost.emergency.management_enabled());
    assert_eq!(*lost.told.lock().unwrap(), [false]);
    assert!(lost.inventory().contains("MANAGEMENT_INTERFACE=''"));
    let lost = start(lost.host);
    assert!(!lost.emergency.management_enabled());
    lost.move_to("xenbr0").unwrap();
    assert!(lost.emergency.management_enabled());
    assert_eq!(*lost.told.lock().unwrap(), [true]);
}

#[test]
fn there_is_no_high_availability_to_be_disabled() {
    let lost = lost();
    let disable = |soft| lost.call("host.emergency_ha_disable", vec![Value::Bool(soft)]);
    assert_eq!(disable(true), Ok(Value::Nil));
    refused(disable(false), "HA_NOT_ENABLED", &[]);
}

#[test]
fn a_slave_is_told_whom_to_obey_and_nobody_becomes_a_master_without_the_pools_rows() {
    let lost = lost();
    let role = || lost.file("etc/xensource/pool.conf").trim().to_owned();
    let obey = |address: &str| {
        let params = vec![Value::from(address)];
        lost.call("pool.emergency_reset_master", params)
    };
    let decide = || lost.call("pool.emergency_transition_to_master", Vec::new());
    let is_slave = || lost.call("pool.is_slave", vec![Value::from("OpaqueRef:NULL")]);
    // A master is one, and which other pool it should be in it does not know.
    assert_eq!((decide(), is_slave()), (Ok(Value::Nil), Ok(false.into())));
    refused(obey("172.16.0.99"), "HOST_IN_EMERGENCY_MODE", &[]);
    assert_eq!(role(), "master");
    lost.becomes("slave:172.16.0.98");
    assert_eq!(is_slave(), Ok(Value::Bool(true)));
    refused(decide(), "HOST_IN_EMERGENCY_MODE", &[]);
    for bad in ["", "no such name.invalid"] {
        refused(obey(bad), "INVALID_VALUE", &["master_address", bad]);
    }
    refused(obey("172.16.0.10"), "HOST_ITS_OWN_SLAVE", &[]);
    assert_eq!(role(), "slave:172.16.0.98");
    assert_eq!(obey("172.16.0.99"), Ok(Value::Nil));
    assert_eq!(role(), "slave:172.16.0.99");
    assert_eq!(obey("172.16.0.99"), Ok(Value::Nil));
    lost.becomes("broken");
    refused(decide(), "HOST_IN_EMERGENCY_MODE", &[]);
    assert_eq!(is_slave(), Ok(Value::Bool(false)));
    lost.becomes("emperor");
    assert_eq!(is_slave().unwrap_err().code, "INTERNAL_ERROR");
}

#[test]
fn whoever_knows_the_pools_secret_gets_in_and_nobody_without_one() {
    let lost = lost();
    let from = |peer: &str, secret: &str| {
        let origin = Origin {
            peer: Arc::from(peer),
            ..Origin::default()
        };
        let words = vec![Value::from(secret)];
        lost.emergency
            .call(&origin, "session.slave_local_login", words)
    };
    let failed = "SESSION_AUTHENTICATION_FAILED";
    for secret in ["", "guessed"] {
        assert_eq!(from("10.0.0.1:1", secret).unwrap_err().code, failed);
    }
    let token = lost.host.root().join("etc/xensource/ptoken");
    std::fs::write(token, "the secret of the pool\n").unwrap();
    let session = from("10.0.0.2:1", "the secret of the pool").unwrap();
    let signal = lost.raw("host.signal_networking_change", vec![session]);
    assert_eq!(signal, Ok(Value::Nil));
    for _ in 0..3 {
        assert_eq!(from("10.0.0.3:1", "guessed").unwrap_err().code, failed);
    }
    // Whoever guesses too often is not looked at any more, though he has it now.
    let late = from("10.0.0.3:1", "the secret of the pool");
    assert_eq!(late.unwrap_err().code, failed);
}

#[test]
fn another_certificate_is_made_and_shown_at_once_or_all_is_as_before() {
    let lost = lost();
    let path = "etc/xensource/xapi-ssl.pem";
    let before = lost.file(path);
    let reset = || lost.call("host.emergency_reset_server_certificate", Vec::new());
    assert_eq!(reset(), Ok(Value::Nil));
    let after = lost.file(path);
    assert_ne!(after, before);
    let identity = Identity::parse(&after).unwrap();
    let shown = lost.shown.shown().expect("something is shown");
    assert_eq!(
        shown.certificate().sha256(),
        identity.certificate().sha256()
    );
    let mode = std::fs::metadata(lost.host.root().join(path)).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o400);
    // One that cannot be written leaves all as it was.
    let in_the_way = lost.host.root().join("etc/xensource/.xapi-ssl.pem.new");
    std::fs::create_dir(in_the_way).unwrap();
    assert_eq!(reset().unwrap_err().code, "INTERNAL_ERROR");
    assert_eq!(lost.file(path), after);
    let still = lost.shown.shown().expect("something is shown");
    assert_eq!(still.certificate().sha256(), shown.certificate().sha256());
}
