//! Certificates that the pool trusts, and revocation lists: what their calls refuse and change.

use std::path::PathBuf;
use std::sync::OnceLock;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use xapi_model::{
    ApiError, Certificate as Row, CertificatePurpose, CertificateType, Pool, Value, errors,
};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;
use xapi_tls::Certificate;

use crate::certificates::{EXPIRED, NOT_YET, NOW, stamp, valid};
use crate::stage::*;

/// Certificates of authorities, by their validity, and a revocation list.
struct Material {
    good: String,
    not_yet: String,
    expired: String,
    list: String,
}

fn material() -> &'static Material {
    static MADE: OnceLock<Material> = OnceLock::new();
    MADE.get_or_init(|| {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let signed = |days| valid(days).self_signed(&key).unwrap().pem();
        let (good, not_yet, expired) = (signed(NOW), signed(NOT_YET), signed(EXPIRED));
        let mut params = valid(NOW);
        let list = rcgen::CertificateRevocationListParams {
            this_update: params.not_before,
            next_update: params.not_after,
            crl_number: 1u64.into(),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        params.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign];
        let list = list.signed_by(&rcgen::Issuer::new(params, key)).unwrap();
        Material {
            good,
            not_yet,
            expired,
            list: list.pem().unwrap(),
        }
    })
}

fn words<const N: usize>(words: [&str; N]) -> Vec<Value> {
    words.map(Value::from).to_vec()
}

/// Everything below a folder, with its text.
fn files(host: &SimHost, folder: &str) -> Vec<(String, String)> {
    fn walk(folder: PathBuf, found: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(path, found),
                false => found.push(path),
            }
        }
    }
    let root = host.root().join(folder);
    let mut found = Vec::new();
    walk(root.clone(), &mut found);
    let mut files: Vec<_> = found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (
                path.strip_prefix(&root).unwrap().display().to_string(),
                text,
            )
        })
        .collect();
    files.sort();
    files
}

fn trusted(host: &SimHost) -> Vec<Row> {
    let rows = host.all::<Row>().into_iter().map(|(_, row)| row);
    rows.filter(|row| matches!(row.kind, CertificateType::Ca | CertificateType::Pinned))
        .collect()
}

const BAD_NAMES: [&str; 7] = [
    "",
    ".pem",
    ".hidden.pem",
    "a.crt",
    "a/b.pem",
    "ä.pem",
    "a b.pem",
];

#[test]
fn an_authority_is_checked_before_its_name_and_that_before_what_is_there() {
    for call in ["pool.install_ca_certificate", "pool.certificate_install"] {
        Case {
            call,
            ask: |_| words(["ca.pem", &material().good]),
            checks: &[
                one_of(1, "no certificate", |_, params| {
                    params[1] = Value::from("nonsense");
                    ApiError::new("CA_CERTIFICATE_INVALID", Vec::new())
                }),
                one_of(1, "not valid yet", |_, params| {
                    params[1] = Value::from(material().not_yet.as_str());
                    let begin = stamp(valid(NOT_YET).not_before);
                    ApiError::new("CA_CERTIFICATE_NOT_VALID_YET", vec!["*".to_owned(), begin])
                }),
                one_of(1, "expired", |_, params| {
                    params[1] = Value::from(material().expired.as_str());
                    let end = stamp(valid(EXPIRED).not_after);
                    ApiError::new("CA_CERTIFICATE_EXPIRED", vec!["*".to_owned(), end])
                }),
                one_of(2, "a name that is none", |_, params| {
                    params[0] = Value::from("../ca.pem");
                    errors::certificate_name_invalid("../ca.pem")
                }),
                one_of(2, "a name that is there", |host, _| {
                    let params = words(["ca.pem", &material().good]);
                    host.call("pool.install_ca_certificate", params).unwrap();
                    errors::certificate_already_exists("ca.pem")
                }),
            ],
        }
        .holds();
    }
}

#[test]
fn an_authority_comes_and_goes_with_its_file_its_row_and_its_place_in_the_bundle() {
    let host = SimHost::new(1);
    let good = &material().good;
    for name in ["b.pem", "a.pem"] {
        host.call("pool.install_ca_certificate", words([name, good]))
            .unwrap();
    }
    let bundle = format!("{good}\n{good}\n");
    let both = [
        ("certs/a.pem".to_owned(), good.clone()),
        ("certs/b.pem".to_owned(), good.clone()),
        ("xapi-stunnel-ca-bundle.pem".to_owned(), bundle.clone()),
    ];
    assert_eq!(files(&host, "etc/stunnel"), both);
    let list = |host: &SimHost| {
        let Value::Array(mut names) = host.call("pool.certificate_list", vec![]).unwrap() else {
            panic!("no list");
        };
        names.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
        names
    };
    assert_eq!(list(&host), words(["a.pem", "b.pem"]));
    let fingerprint = Certificate::parse(good).unwrap().sha256();
    assert!(
        trusted(&host)
            .iter()
            .all(|row| row.fingerprint_sha256 == fingerprint
                && row.kind == CertificateType::Ca
                && row.host.is_null())
    );
    for bad in BAD_NAMES {
        let expected = errors::certificate_name_invalid(bad);
        refused(
            &host,
            "pool.install_ca_certificate",
            words([bad, good]),
            &expected,
            bad,
        );
        refused(
            &host,
            "pool.certificate_uninstall",
            words([bad]),
            &expected,
            bad,
        );
    }
    let expected = errors::certificate_does_not_exist("c.pem");
    refused(
        &host,
        "pool.certificate_uninstall",
        words(["c.pem"]),
        &expected,
        "c.pem",
    );
    let forced = vec![Value::from("c.pem"), Value::Bool(true)];
    let expected = errors::invalid_value("certificate:name", "c.pem");
    refused(
        &host,
        "pool.uninstall_ca_certificate",
        forced,
        &expected,
        "c.pem by force",
    );
    // The bundle is made anew from what is there.
    let path = host.root().join("etc/stunnel/xapi-stunnel-ca-bundle.pem");
    std::fs::write(&path, "spoilt").unwrap();
    host.call("pool.certificate_sync", vec![]).unwrap();
    assert_eq!(files(&host, "etc/stunnel"), both);
    // A file that somebody has removed by hand.
    std::fs::remove_file(host.root().join("etc/stunnel/certs/a.pem")).unwrap();
    let expected = errors::certificate_does_not_exist("a.pem");
    let params = vec![Value::from("a.pem"), Value::Bool(false)];
    refused(
        &host,
        "pool.uninstall_ca_certificate",
        params,
        &expected,
        "a.pem",
    );
    let forced = vec![Value::from("a.pem"), Value::Bool(true)];
    host.call("pool.uninstall_ca_certificate", forced).unwrap();
    assert_eq!(list(&host), words(["b.pem"]));
    host.call("pool.certificate_uninstall", words(["b.pem"]))
        .unwrap();
    assert_eq!(files(&host, "etc/stunnel"), []);
    assert!(trusted(&host).is_empty());
}

#[test]
fn a_failure_in_the_middle_leaves_neither_file_nor_row() {
    let host = SimHost::new(1);
    let good = &material().good;
    host.call("pool.install_ca_certificate", words(["a.pem", good]))
        .unwrap();
    let before = files(&host, "etc/stunnel");
    // The bundle cannot be put together where a folder stands.
    let beside = host
        .root()
        .join("etc/stunnel/.xapi-stunnel-ca-bundle.pem.new");
    std::fs::create_dir(&beside).unwrap();
    let expected = errors::certificate_library_corrupt();
    let params = words(["b.pem", good]);
    refused(
        &host,
        "pool.install_ca_certificate",
        params,
        &expected,
        "install",
    );
    host.call("pool.certificate_sync", vec![]).unwrap_err();
    std::fs::remove_dir(&beside).unwrap();
    assert_eq!(files(&host, "etc/stunnel"), before);
    assert_eq!(trusted(&host).len(), 1);
}

#[test]
fn a_revocation_list_comes_and_goes_and_nothing_else_is_taken_for_one() {
    Case {
        call: "pool.crl_install",
        ask: |_| words(["l.pem", &material().list]),
        checks: &[
            one_of(1, "a name that is none", |_, params| {
                params[0] = Value::from("l.txt");
                errors::crl_name_invalid("l.txt")
            }),
            one_of(1, "a name that is there", |host, _| {
                let params = words(["l.pem", &material().list]);
                host.call("pool.crl_install", params).unwrap();
                errors::crl_already_exists("l.pem")
            }),
            check("a certificate", |_, params| {
                params[1] = Value::from(material().good.as_str());
                let name = params[0].as_str().unwrap();
                errors::crl_corrupt(name)
            }),
        ],
    }
    .holds();
    let host = SimHost::new(1);
    let list = |host: &SimHost| host.call("pool.crl_list", vec![]).unwrap();
    assert_eq!(list(&host), Value::Array(vec![]));
    let params = words(["l.pem", &material().list]);
    host.call("pool.crl_install", params).unwrap();
    assert_eq!(list(&host), Value::Array(words(["l.pem"])));
    for bad in BAD_NAMES {
        let expected = errors::crl_name_invalid(bad);
        refused(&host, "pool.crl_uninstall", words([bad]), &expected, bad);
    }
    host.call("pool.crl_uninstall", words(["l.pem"])).unwrap();
    assert_eq!(list(&host), Value::Array(vec![]));
    let expected = errors::crl_does_not_exist("l.pem");
    refused(
        &host,
        "pool.crl_uninstall",
        words(["l.pem"]),
        &expected,
        "gone",
    );
}

/// Parameters of `pool.install_trusted_certificate`.
fn trust(host: &SimHost, ca: bool, purpose: &[&str]) -> Vec<Value> {
    let (pool, _) = host.all::<Pool>().remove(0);
    let purpose = purpose.iter().copied().map(Value::from).collect();
    vec![
        text(&pool),
        Value::Bool(ca),
        Value::from(material().good.as_str()),
        Value::Array(purpose),
    ]
}

const INSTALL: &str = "pool.install_trusted_certificate";

#[test]
fn of_what_is_sent_only_the_certificate_stands_in_files_that_anybody_may_read() {
    let host = SimHost::new(1);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let both = format!("{}\n{}", key.serialize_pem(), material().good);
    let params = words(["ca.pem", &both]);
    host.call("pool.install_ca_certificate", params).unwrap();
    let mut params = trust(&host, false, &["ldaps"]);
    params[2] = Value::from(both);
    host.call(INSTALL, params).unwrap();
    let good = Certificate::parse(&material().good).unwrap().pem();
    let found = [
        files(&host, "etc/stunnel"),
        files(&host, "etc/trusted-certs"),
    ]
    .concat();
    assert_eq!(found.len(), 4, "{found:?}");
    for (name, text) in found {
        assert_eq!(text.trim_end(), good.trim_end(), "{name}");
    }
}

#[test]
fn what_may_be_trusted_is_checked_in_order() {
    Case {
        call: INSTALL,
        ask: |host| trust(host, false, &["ldaps"]),
        checks: &[
            check("an unknown pool", |_, params| unknown("pool", params, 0)),
            one_of(1, "no certificate", |_, params| {
                params[2] = Value::from("nonsense");
                errors::trusted_certificate_invalid()
            }),
            one_of(1, "not valid yet", |_, params| {
                params[2] = Value::from(material().not_yet.as_str());
                errors::trusted_certificate_not_valid_yet("*", stamp(valid(NOT_YET).not_before))
            }),
            one_of(1, "expired", |_, params| {
                params[2] = Value::from(material().expired.as_str());
                errors::trusted_certificate_expired("*", stamp(valid(EXPIRED).not_after))
            }),
            one_of(2, "no purpose", |_, params| {
                params[3] = Value::Array(vec![]);
                errors::certificate_lacks_purpose()
            }),
            one_of(2, "the same already", |host, _| {
                host.call(INSTALL, trust(host, false, &["licensing", "ldaps"]))
                    .unwrap();
                let good = Certificate::parse(&material().good).unwrap();
                errors::trusted_certificate_already_exists(good.sha256())
            }),
        ],
    }
    .holds();
}

#[test]
fn trusted_certificates_stand_in_the_folders_of_their_purposes_until_they_go() {
    let host = SimHost::new(1);
    let good = &material().good;
    let twice = trust(&host, false, &["ldaps", "licensing", "ldaps"]);
    host.call(INSTALL, twice).unwrap();
    host.call(INSTALL, trust(&host, true, &[])).unwrap();
    let uuid = |kind| {
        let row = trusted(&host)
            .into_iter()
            .find(|row| row.kind == kind)
            .unwrap();
        assert_eq!(row.name, "");
        row.uuid
    };
    let (ca, pinned) = (uuid(CertificateType::Ca), uuid(CertificateType::Pinned));
    let row = trusted(&host)
        .into_iter()
        .find(|row| row.uuid == pinned)
        .unwrap();
    assert_eq!(
        row.purpose,
        [CertificatePurpose::Licensing, CertificatePurpose::Ldaps]
    );
    let mut names = vec![
        "ca-bundle-general.pem".to_owned(),
        format!("ca-general/{ca}.pem"),
        "pinned-bundle-ldaps.pem".to_owned(),
        "pinned-bundle-licensing.pem".to_owned(),
        format!("pinned-ldaps/{pinned}.pem"),
        format!("pinned-licensing/{pinned}.pem"),
    ];
    names.sort();
    let found = files(&host, "etc/trusted-certs");
    assert_eq!(
        found
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>(),
        names
    );
    assert!(
        found
            .iter()
            .all(|(_, text)| text.trim_end() == good.trim_end())
    );
    // They have no names, and so are in no list of names.
    assert_eq!(
        host.call("pool.certificate_list", vec![]).unwrap(),
        Value::Array(vec![])
    );
    let uninstall = "pool.uninstall_trusted_certificate";
    let (pool, _) = host.all::<Pool>().remove(0);
    let rows = host.all::<Row>();
    let (own, _) = rows
        .iter()
        .find(|(_, row)| row.kind == CertificateType::Host)
        .unwrap();
    let expected = errors::not_trusted_certificate(own);
    refused(
        &host,
        uninstall,
        vec![text(&pool), text(own)],
        &expected,
        "the host's own",
    );
    let mut params = vec![text(&pool), text(own)];
    let expected = unknown("Certificate", &mut params, 1);
    refused(&host, uninstall, params, &expected, "nobody's");
    for (reference, row) in rows.iter().filter(|(_, row)| row.host.is_null()) {
        host.call(uninstall, vec![text(&pool), text(reference)])
            .unwrap();
        assert!(trusted(&host).iter().all(|other| other.uuid != row.uuid));
    }
    assert_eq!(files(&host, "etc/trusted-certs"), []);
}
