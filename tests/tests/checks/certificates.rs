//! The host's own certificates: what their calls refuse and change, and what a start makes of their files.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::OnceLock;

use rcgen::{
    CertificateParams, KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, PKCS_RSA_SHA384, PKCS_RSA_SHA512,
};
use time::OffsetDateTime;
use xapi_model::{Certificate as Row, CertificateType, Message, Pool, Value, errors};
use xapi_tests::SimHost;
use xapi_tests::sim_host::{certificates, text};
use xapi_tls::{Certificate, SelfSigned};

use crate::stage::*;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A key and certificates for it, good and bad, and a certificate of another key.
struct Material {
    key: String,
    good: String,
    good_sha512: String,
    not_yet: String,
    expired: String,
    other: String,
    signature: String,
    ed25519: String,
}

/// Days from now on.
type Days = (i64, i64);

pub const NOW: Days = (-1, 30);
pub const NOT_YET: Days = (10, 30);
pub const EXPIRED: Days = (-30, -10);

/// What is valid from one day to another.
pub fn valid(days: Days) -> CertificateParams {
    let today = OffsetDateTime::now_utc().unix_timestamp() / DAY;
    let date = |day: i64| OffsetDateTime::from_unix_timestamp((today + day) * DAY).unwrap();
    let mut params = CertificateParams::new(vec!["xs-1".to_owned()]).unwrap();
    params.not_before = date(days.0);
    params.not_after = date(days.1);
    params
}

fn material() -> &'static Material {
    static MADE: OnceLock<Material> = OnceLock::new();
    MADE.get_or_init(|| {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let other = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let as_kind =
            |kind| KeyPair::from_pkcs8_pem_and_sign_algo(&key.serialize_pem(), kind).unwrap();
        let signed = |days, key: &KeyPair| valid(days).self_signed(key).unwrap().pem();
        Material {
            key: key.serialize_pem(),
            good: signed(NOW, &key),
            good_sha512: signed(NOW, &as_kind(&PKCS_RSA_SHA512)),
            not_yet: signed(NOT_YET, &key),
            expired: signed(EXPIRED, &key),
            other: signed(NOW, &other),
            signature: signed(NOW, &as_kind(&PKCS_RSA_SHA384)),
            ed25519: KeyPair::generate_for(&PKCS_ED25519)
                .unwrap()
                .serialize_pem(),
        }
    })
}

/// An RSA key that is weak: 1024 bits.
const WEAK: &str = include_str!("weak-key.pem");
/// An RSA key of three primes.
const MULTI: &str = include_str!("three-primes.pem");

pub fn words<const N: usize>(host: &SimHost, rest: [&str; N]) -> Vec<Value> {
    std::iter::once(text(&host.host()))
        .chain(rest.map(Value::from))
        .collect()
}

fn install(host: &SimHost) -> Vec<Value> {
    let made = material();
    words(host, [&made.good, &made.key, &made.other])
}

/// Midnight of a day as the errors say it.
pub fn stamp(time: OffsetDateTime) -> String {
    let (year, month, day) = time.to_calendar_date();
    format!("{year:04}-{:02}-{day:02}T00:00:00Z", u8::from(month))
}

#[test]
fn install_server_certificate_makes_its_checks_in_order() {
    Case {
        call: "host.install_server_certificate",
        ask: install,
        checks: &[
            check("an unknown host", |_, params| unknown("host", params, 0)),
            check("HA", |host, _| ha(host)),
            one_of(1, "no key", |_, params| {
                params[2] = Value::from("nonsense");
                errors::server_certificate_key_invalid()
            }),
            one_of(1, "the certificate as the key", |_, params| {
                params[2] = Value::from(material().good.as_str());
                errors::server_certificate_key_invalid()
            }),
            one_of(1, "a key of another kind", |_, params| {
                params[2] = Value::from(material().ed25519.as_str());
                errors::server_certificate_key_algorithm_not_supported("ed25519")
            }),
            one_of(1, "three primes", |_, params| {
                params[2] = Value::from(MULTI);
                errors::server_certificate_key_rsa_multi_not_supported()
            }),
            one_of(1, "a weak key", |_, params| {
                params[2] = Value::from(WEAK);
                errors::server_certificate_key_rsa_length_not_supported("1024")
            }),
            one_of(2, "no certificate", |_, params| {
                params[1] = Value::from("nonsense");
                errors::server_certificate_invalid()
            }),
            one_of(2, "two certificates", |_, params| {
                let made = material();
                params[1] = Value::from(format!("{}{}", made.good, made.other));
                errors::server_certificate_invalid()
            }),
            one_of(2, "not valid yet", |_, params| {
                params[1] = Value::from(material().not_yet.as_str());
                errors::server_certificate_not_valid_yet("*", stamp(valid(NOT_YET).not_before))
            }),
            one_of(2, "expired", |_, params| {
                params[1] = Value::from(material().expired.as_str());
                errors::server_certificate_expired("*", stamp(valid(EXPIRED).not_after))
            }),
            one_of(2, "another key's certificate", |_, params| {
                params[1] = Value::from(material().other.as_str());
                errors::server_certificate_key_mismatch()
            }),
            one_of(2, "a signature with SHA-384", |_, params| {
                params[1] = Value::from(material().signature.as_str());
                errors::server_certificate_signature_not_supported()
            }),
            check("no chain", |_, params| {
                params[3] = Value::from("nonsense");
                errors::server_certificate_chain_invalid()
            }),
        ],
    }
    .holds();
}

fn file(host: &SimHost, name: &str) -> PathBuf {
    host.root().join("etc/xensource").join(name)
}

const OUTSIDE: &str = "xapi-ssl.pem";
const INSIDE: &str = "xapi-pool-tls.pem";

/// The fingerprint in the only row of a kind.
fn recorded(host: &SimHost, kind: CertificateType) -> String {
    let rows = host.all::<Row>().into_iter();
    let mut rows: Vec<_> = rows.filter(|(_, row)| row.kind == kind).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    let (_, row) = rows.remove(0);
    assert_eq!(row.host, host.host());
    assert_eq!(row.fingerprint, row.fingerprint_sha256);
    assert_eq!(
        (row.fingerprint_sha256.len(), row.fingerprint_sha1.len()),
        (95, 59)
    );
    row.fingerprint_sha256
}

/// All rows, to compare.
fn rows(host: &SimHost) -> String {
    format!("{:?}", host.all::<Row>())
}

/// The fingerprint that clients see.
fn shown(host: &SimHost) -> String {
    let shown = host.core().tls.shown().expect("something is shown");
    shown.certificate().sha256()
}

fn in_file(host: &SimHost, name: &str) -> String {
    let text = std::fs::read_to_string(file(host, name)).unwrap();
    Certificate::parse_all(&text).unwrap()[0].sha256()
}

/// File, row and listeners agree.
fn agreed(host: &SimHost) -> String {
    let seen = shown(host);
    assert_eq!(recorded(host, CertificateType::Host), seen);
    assert_eq!(in_file(host, OUTSIDE), seen);
    let told = host
        .call("host.get_server_certificate", words(host, []))
        .unwrap();
    let told = Certificate::parse(told.as_str().unwrap()).unwrap();
    assert_eq!(told.sha256(), seen);
    let mode = std::fs::metadata(file(host, OUTSIDE))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    seen
}

#[test]
fn a_certificate_that_is_installed_is_in_the_file_in_the_row_and_seen_by_clients() {
    let host = SimHost::new(1);
    let before = host.core().tls.shown().unwrap();
    let first = before.certificate().sha256();
    let made = material();
    let good = Certificate::parse(&made.good).unwrap();
    host.call("host.install_server_certificate", install(&host))
        .unwrap();
    assert_eq!(agreed(&host), good.sha256());
    assert_ne!(first, good.sha256());
    // The chain follows in the file.
    let text = std::fs::read_to_string(file(&host, OUTSIDE)).unwrap();
    let other = Certificate::parse(&made.other).unwrap();
    assert_eq!(
        Certificate::parse_all(&text).unwrap(),
        [good.clone(), other]
    );
    let (_, row) = host
        .all::<Row>()
        .into_iter()
        .find(|(_, row)| row.kind == CertificateType::Host)
        .unwrap();
    assert_eq!(
        (row.not_before.unix(), row.not_after.unix()),
        (good.not_before(), good.not_after())
    );
    // SHA-512 is as good, and the chain may be left out.
    let params = words(&host, [&made.good_sha512, &made.key]);
    host.call("host.install_server_certificate", params)
        .unwrap();
    let second = Certificate::parse(&made.good_sha512).unwrap().sha256();
    assert_eq!(agreed(&host), second);
    let mut host = host;
    host.start();
    assert_eq!(agreed(&host), second);
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_old_certificate() {
    let host = SimHost::new(1);
    let before = agreed(&host);
    let text = std::fs::read(file(&host, OUTSIDE)).unwrap();
    let before_rows = rows(&host);
    // Something that is no file stands where the new one is put together.
    let beside = file(&host, ".xapi-ssl.pem.new");
    std::fs::create_dir(&beside).unwrap();
    for (call, params) in [
        ("host.install_server_certificate", install(&host)),
        ("host.reset_server_certificate", words(&host, [])),
    ] {
        let failed = host.call(call, params).unwrap_err();
        assert_eq!(failed.code, "INTERNAL_ERROR", "{call}");
        assert_eq!(agreed(&host), before);
        assert_eq!(std::fs::read(file(&host, OUTSIDE)).unwrap(), text);
        assert_eq!(rows(&host), before_rows);
    }
    std::fs::remove_dir(&beside).unwrap();
    host.call("host.reset_server_certificate", words(&host, []))
        .unwrap();
    assert_ne!(agreed(&host), before);
}

#[test]
fn a_reset_makes_a_certificate_with_the_names_and_addresses_of_the_host() {
    let host = SimHost::new(1);
    let mut seen = vec![agreed(&host)];
    let origin = xapi_core::Origin {
        local_root: true,
        ..xapi_core::Origin::default()
    };
    let login = ["root", "", "2.23", "tests"].map(Value::from).to_vec();
    let session = host
        .api()
        .call(&origin, "session.login_with_password", login)
        .unwrap();
    let resets: [&dyn Fn(); 2] = [
        &|| {
            drop(
                host.call("host.reset_server_certificate", words(&host, []))
                    .unwrap(),
            )
        },
        &|| {
            let params = vec![session.clone()];
            let call = "host.emergency_reset_server_certificate";
            drop(host.api().call(&origin, call, params).unwrap());
        },
    ];
    for reset in resets {
        reset();
        let now = agreed(&host);
        assert!(!seen.contains(&now));
        seen.push(now);
    }
    let told = host
        .call("host.get_server_certificate", words(&host, []))
        .unwrap();
    let der = Certificate::parse(told.as_str().unwrap())
        .unwrap()
        .der()
        .to_vec();
    let holds = |part: &[u8]| der.windows(part.len()).any(|window| window == part);
    let hostname = host.get(&host.host()).hostname;
    assert!(!hostname.is_empty() && holds(hostname.as_bytes()));
    // Tag and length of an address, and the address: 172.16.0.10 and fd00:172:16::10.
    assert!(holds(&[0x87, 4, 172, 16, 0, 10]));
    assert!(holds(&[
        0x87, 16, 0xfd, 0, 1, 0x72, 0, 0x16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10
    ]));
    let years = Certificate::parse(told.as_str().unwrap()).unwrap();
    assert_eq!(years.not_after() - years.not_before(), 3650 * DAY);
}

#[test]
fn a_refresh_changes_the_certificate_for_the_pool_and_no_other() {
    let host = SimHost::new(1);
    let (outside, inside) = (
        agreed(&host),
        recorded(&host, CertificateType::HostInternal),
    );
    assert_eq!(in_file(&host, INSIDE), inside);
    host.call("host.refresh_server_certificate", words(&host, []))
        .unwrap();
    let now = recorded(&host, CertificateType::HostInternal);
    assert_ne!(now, inside);
    assert_eq!(in_file(&host, INSIDE), now);
    assert_eq!(agreed(&host), outside);
    for call in [
        "host.refresh_server_certificate",
        "host.reset_server_certificate",
        "host.get_server_certificate",
    ] {
        let mut params = words(&host, []);
        let expected = unknown("host", &mut params, 0);
        refused(&host, call, params, &expected, call);
    }
}

#[test]
fn a_first_start_makes_both_certificates_and_a_later_one_keeps_them() {
    let mut host = SimHost::new(1);
    for name in [OUTSIDE, INSIDE] {
        std::fs::remove_file(file(&host, name)).unwrap();
    }
    host.start();
    let made = (
        agreed(&host),
        recorded(&host, CertificateType::HostInternal),
    );
    assert_eq!(in_file(&host, INSIDE), made.1);
    assert!(
        !certificates()
            .iter()
            .any(|text| { Certificate::parse_all(text).unwrap()[0].sha256() == made.0 })
    );
    let before_rows = rows(&host);
    host.start();
    assert_eq!(rows(&host), before_rows);
    assert_eq!(agreed(&host), made.0);
}

#[test]
fn a_file_that_an_operator_has_replaced_is_taken_at_the_next_start() {
    let mut host = SimHost::new(1);
    let theirs = SelfSigned {
        common_name: "theirs".to_owned(),
        from: 1_700_000_000,
        days: 3650,
        ..SelfSigned::default()
    };
    let theirs = theirs.make().unwrap();
    let path = file(&host, OUTSIDE);
    std::fs::write(&path, theirs.pem()).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    host.start();
    assert_eq!(agreed(&host), theirs.certificate().sha256());
}

#[test]
fn clients_see_a_temporary_certificate_also_when_nobody_can_be_told_of_a_broken_file() {
    let mut host = SimHost::new(1);
    let database = host.core().config.database();
    let before = shown(&host);
    host.stop();
    let refusing =
        "CREATE TRIGGER deaf BEFORE INSERT ON message BEGIN SELECT RAISE(ABORT, 'deaf'); END";
    let opened = rusqlite::Connection::open(&database).unwrap();
    opened.execute_batch(refusing).unwrap();
    drop(opened);
    for name in [OUTSIDE, INSIDE] {
        std::fs::write(file(&host, name), "nonsense").unwrap();
    }
    host.start();
    let now = shown(&host);
    assert_ne!(now, before);
    assert_eq!(recorded(&host, CertificateType::Host), now);
    assert!(host.all::<Message>().is_empty());
}

#[test]
fn a_broken_file_is_left_alone_and_named_and_clients_see_a_temporary_certificate() {
    let mut host = SimHost::new(1);
    let whole = std::fs::read_to_string(file(&host, OUTSIDE)).unwrap();
    let key_only = whole.split("-----BEGIN CERT").next().unwrap().to_owned();
    let mut before = shown(&host);
    for broken in [
        b"nonsense".to_vec(),
        Vec::new(),
        key_only.into_bytes(),
        vec![0xff; 2 << 20],
    ] {
        std::fs::write(file(&host, OUTSIDE), &broken).unwrap();
        host.start();
        assert_eq!(std::fs::read(file(&host, OUTSIDE)).unwrap(), broken);
        let now = shown(&host);
        assert_ne!(now, before);
        assert_eq!(recorded(&host, CertificateType::Host), now);
        before = now;
        let told = host
            .call("host.get_server_certificate", words(&host, []))
            .unwrap_err();
        assert_eq!(told, errors::certificate_library_corrupt());
        let (_, pool) = host.all::<Pool>().remove(0);
        assert_eq!(pool.master, host.host());
    }
    let alerts = host.all::<Message>().into_iter();
    let alerts: Vec<_> = alerts
        .filter(|(_, alert)| alert.name == "HOST_CERTIFICATE_UNUSABLE")
        .collect();
    assert!(alerts.len() >= 3, "{alerts:?}");
    assert!(
        alerts[0].1.body.contains("etc/xensource/xapi-ssl.pem"),
        "{alerts:?}"
    );
    // The operator asks for a new one.
    host.call("host.reset_server_certificate", words(&host, []))
        .unwrap();
    agreed(&host);
    // The one for the pool has no stand-in.
    std::fs::write(file(&host, INSIDE), "nonsense").unwrap();
    host.start();
    assert_eq!(std::fs::read(file(&host, INSIDE)).unwrap(), b"nonsense");
    agreed(&host);
}
