//! What the pool trusts, and revocation lists: every host has the same files. Hosts that do not answer hold up nobody else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use xapi_core::{Api, Origin};
use xapi_model::{ApiError, Certificate, Ref, Value, Vm, VmPowerState};
use xapi_tests::sim_host::text;
use xapi_tests::sim_pool::{PATIENCE, Trouble};
use xapi_tests::{SimHost, SimPool};

const FOLDERS: [&str; 2] = ["etc/stunnel", "etc/trusted-certs"];

/// Everything that a host trusts: its files with their texts, bundles too.
fn files(host: &SimHost) -> BTreeMap<String, String> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(root, &path, found);
                continue;
            }
            let name = path
                .strip_prefix(root)
                .expect("below")
                .display()
                .to_string();
            found.insert(name, std::fs::read_to_string(&path).expect("a text"));
        }
    }
    let mut found = BTreeMap::new();
    for folder in FOLDERS {
        walk(host.root(), &host.root().join(folder), &mut found);
    }
    found
}

fn authority(name: &str) -> String {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.self_signed(&key).expect("a certificate").pem()
}

fn revocations() -> String {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let mut params = CertificateParams::new(vec!["ca".to_owned()]).expect("a name");
    let list = rcgen::CertificateRevocationListParams {
        this_update: params.not_before,
        next_update: params.not_after,
        crl_number: 1u64.into(),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    params.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign];
    let list = list.signed_by(&rcgen::Issuer::new(params, key));
    list.expect("a list").pem().expect("a text")
}

fn words<const N: usize>(words: [&str; N]) -> Vec<Value> {
    words.map(Value::from).to_vec()
}

fn install(pool: &SimPool, name: &str) {
    let params = words([name, &authority(name)]);
    pool.master
        .call("pool.install_ca_certificate", params)
        .unwrap();
}

/// A pool whose calls wait for slow disks.
fn patient() -> SimPool {
    let master = SimHost::configured(2, |config| config.away_within = PATIENCE);
    SimPool::of(master, 1, 2)
}

/// Both have these files, and nothing else.
fn same(pool: &SimPool, names: &[&str]) {
    let there = files(&pool.slaves[0].host);
    assert_eq!(there, files(&pool.master));
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(there.into_keys().collect::<Vec<_>>(), names);
}

#[test]
fn what_the_pool_trusts_is_on_every_host_at_once_or_when_it_is_linked() {
    let mut pool = patient();
    install(&pool, "a.pem");
    let list = words(["list.pem", &revocations()]);
    pool.master.call("pool.crl_install", list).unwrap();
    let this = Value::from(pool.master.all::<xapi_model::Pool>()[0].0.as_str());
    let pinned = vec![
        this.clone(),
        false.into(),
        authority("pinned").into(),
        Value::Array(vec!["ldaps".into()]),
    ];
    pool.master
        .call("pool.install_trusted_certificate", pinned)
        .unwrap();
    let (reference, row) = pool
        .master
        .all::<Certificate>()
        .into_iter()
        .find(|(_, row)| row.kind == xapi_model::CertificateType::Pinned)
        .expect("its row");
    let its = format!("etc/trusted-certs/pinned-ldaps/{}.pem", row.uuid);
    let bundle = "etc/stunnel/xapi-stunnel-ca-bundle.pem";
    same(
        &pool,
        &[
            "etc/stunnel/certs/a.pem",
            "etc/stunnel/crls/list.pem",
            bundle,
            "etc/trusted-certs/pinned-bundle-ldaps.pem",
            &its,
        ],
    );
    // While it is away another one comes under the same name, one is new, and the others go.
    pool.cut(0);
    let forget = |call: &str, name: &str| pool.master.call(call, words([name])).unwrap();
    forget("pool.certificate_uninstall", "a.pem");
    install(&pool, "a.pem");
    install(&pool, "b.pem");
    forget("pool.crl_uninstall", "list.pem");
    let params = vec![this, text(&reference)];
    pool.master
        .call("pool.uninstall_trusted_certificate", params)
        .unwrap();
    assert_ne!(files(&pool.slaves[0].host), files(&pool.master));
    // Something that somebody has put there.
    let beside = pool.slaves[0]
        .host
        .root()
        .join("etc/stunnel/certs/own one.pem");
    std::fs::write(beside, "of its own").expect("a file");
    pool.link(0);
    same(
        &pool,
        &["etc/stunnel/certs/a.pem", "etc/stunnel/certs/b.pem", bundle],
    );
    forget_all(&pool);
    same(&pool, &[]);
}

fn forget_all(pool: &SimPool) {
    for name in ["a.pem", "b.pem"] {
        pool.master
            .call("pool.certificate_uninstall", words([name]))
            .unwrap();
    }
}

#[test]
fn certificate_sync_sends_what_was_put_there_by_hand_and_tells_of_a_host_that_cannot_have_it() {
    let pool = patient();
    let folder = pool.master.root().join("etc/stunnel/certs");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("by hand.pem"), authority("by hand")).expect("a file");
    // What is too large is for its host alone.
    std::fs::write(folder.join("large.pem"), "x".repeat(9 << 20)).expect("a file");
    pool.master.call("pool.certificate_sync", vec![]).unwrap();
    let there = files(&pool.slaves[0].host);
    let names: Vec<_> = there.keys().map(String::as_str).collect();
    let bundle = "etc/stunnel/xapi-stunnel-ca-bundle.pem";
    assert_eq!(names, ["etc/stunnel/certs/by hand.pem", bundle]);
    std::fs::remove_file(folder.join("large.pem")).expect("it was there");
    pool.master.call("pool.certificate_sync", vec![]).unwrap();
    same(&pool, &["etc/stunnel/certs/by hand.pem", bundle]);
    // A bundle that somebody has spoilt is made anew.
    let spoilt = pool.slaves[0].host.root().join(bundle);
    std::fs::write(&spoilt, "nonsense").expect("a file");
    pool.master.call("pool.certificate_sync", vec![]).unwrap();
    same(&pool, &["etc/stunnel/certs/by hand.pem", bundle]);
    // No folder can be where a file is.
    let blocked = pool.slaves[0].host.root().join("etc/stunnel/crls");
    std::fs::write(&blocked, "in the way").expect("a file");
    let error = pool
        .master
        .call("pool.certificate_sync", vec![])
        .unwrap_err();
    assert_eq!(error.code, "CERTIFICATE_LIBRARY_CORRUPT");
}

#[test]
fn a_master_that_has_lost_a_certificate_does_not_take_it_from_the_others() {
    let mut pool = SimPool::new(1, 2);
    install(&pool, "a.pem");
    let lost = pool.master.root().join("etc/stunnel/certs/a.pem");
    std::fs::remove_file(lost).expect("it was there");
    pool.cut(0);
    pool.link(0);
    let there = files(&pool.slaves[0].host);
    assert!(there.contains_key("etc/stunnel/certs/a.pem"));
}

/// A call on another thread, which may hang.
pub fn begin(
    pool: &SimPool,
    name: &'static str,
    params: Vec<Value>,
) -> Receiver<Result<Value, ApiError>> {
    let api = Api::new(std::sync::Arc::clone(pool.master.core()));
    let session = Value::from(pool.master.session());
    let params = std::iter::once(session).chain(params).collect();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let outcome = api.call(&Origin::default(), name, params);
        tell.send(outcome).expect("the test waits");
    });
    told
}

#[test]
fn a_host_that_does_not_answer_about_its_certificates_holds_up_no_other() {
    let mut pool = SimPool::new(2, 2);
    pool.trouble_at(0, Trouble::Hangs, "\"Make\"");
    let hanging = begin(
        &pool,
        "host.reset_server_certificate",
        vec![text(&pool.host(0))],
    );
    pool.wait_until_it_hangs(0);
    for (call, params) in [
        ("host.reset_server_certificate", vec![text(&pool.host(1))]),
        (
            "host.reset_server_certificate",
            vec![text(&pool.master.host())],
        ),
        (
            "pool.install_ca_certificate",
            words(["a.pem", &authority("a")]),
        ),
    ] {
        let outcome = begin(&pool, call, params).recv_timeout(PATIENCE);
        outcome
            .unwrap_or_else(|_| panic!("{call} is held up"))
            .unwrap();
    }
    // Nor one that comes.
    pool.cut(1);
    pool.link(1);
    assert!(hanging.try_recv().is_err());
    pool.cut(0);
    let error = hanging
        .recv_timeout(PATIENCE)
        .expect("its end")
        .unwrap_err();
    assert_eq!(error.code, "CANNOT_CONTACT_HOST");
}

#[test]
fn a_host_that_does_not_take_what_the_pool_trusts_holds_a_call_up_for_a_bounded_time() {
    let master = SimHost::configured(2, |config| config.away_within = Duration::from_millis(50));
    let mut pool = SimPool::of(master, 2, 2);
    pool.trouble_at(0, Trouble::Hangs, "\"Trusted\"");
    install(&pool, "a.pem");
    install(&pool, "b.pem");
    pool.wait_until_it_hangs(0);
    let has = |slave: usize| files(&pool.slaves[slave].host).len();
    let until = std::time::Instant::now() + PATIENCE;
    while has(1) != 3 {
        assert!(std::time::Instant::now() < until);
        std::thread::yield_now();
    }
    assert_eq!(has(0), 0);
    let error = pool
        .master
        .call("pool.certificate_sync", vec![])
        .unwrap_err();
    assert_eq!(error.code, "CANNOT_CONTACT_HOST");
    assert_eq!(error.params, [pool.host(0).as_str()]);
    pool.cut(0);
    pool.link(0);
    assert_eq!(files(&pool.slaves[0].host), files(&pool.master));
}

#[test]
fn a_host_that_does_not_tell_what_is_so_there_holds_up_no_other() {
    let mut pool = SimPool::new(2, 2);
    let vm: Ref<Vm> = pool.master.new_vm("one", &[]);
    let there = text(&pool.host(1));
    let params = vec![text(&vm), there, false.into(), false.into()];
    pool.master.call("VM.start_on", params).unwrap();
    let _watch = xapi_core::watch::Watch::start(pool.master.core()).expect("a thread");
    for slave in &pool.slaves {
        slave.slave().tell_events();
    }
    pool.trouble_at(0, Trouble::Hangs, "\"Facts\"");
    let eth1 = "eth1".parse().expect("a name");
    pool.slaves[0].host.handle.set_carrier(eth1, false);
    pool.wait_until_it_hangs(0);
    let domain = u32::try_from(pool.master.get(&vm).domid).expect("a domain");
    pool.slaves[1].host.guests.end(domain);
    let until = std::time::Instant::now() + PATIENCE;
    while pool.master.get(&vm).power_state != VmPowerState::Halted {
        assert!(std::time::Instant::now() < until, "it is held up");
        std::thread::yield_now();
    }
    pool.cut(0);
}
