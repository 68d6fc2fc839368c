//! Keys, certificates and identities, good and bad.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use xapi_tls::{
    BadCertificate, BadKey, Certificate, Identity, PrivateKey, SelfSigned, check_revocations,
};

/// DER of one thing: its tag, its length, its content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84][..], &length, content].concat()
}

fn pem(label: &str, der: &[u8]) -> String {
    let letters = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{letters}\n-----END {label}-----\n")
}

/// An RSA private key (RFC 8017) with a modulus of so many bits. It is none that could sign.
fn rsa(version: u8, bits: usize) -> String {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] >>= modulus.len() * 8 - bits;
    modulus.insert(0, 0);
    let mut numbers = [der(2, &[version]), der(2, &modulus), der(2, &[1, 0, 1])].concat();
    for _ in 0..6 {
        numbers.extend(der(2, &[3]));
    }
    // More primes stand in a list at the end.
    numbers.extend(if version == 1 {
        der(0x30, &[])
    } else {
        Vec::new()
    });
    pem("RSA PRIVATE KEY", &der(0x30, &numbers))
}

fn checked(text: &str) -> Result<(), BadKey> {
    PrivateKey::parse(text)?.check()
}

#[test]
fn only_rsa_keys_of_two_primes_and_2048_to_4096_bits_may_be_installed() {
    for bits in [2048, 2049, 3072, 4096] {
        assert_eq!(checked(&rsa(0, bits)), Ok(()), "{bits}");
    }
    for bits in [512, 1024, 2047, 4097, 8192] {
        assert_eq!(checked(&rsa(0, bits)), Err(BadKey::RsaLength(bits)));
    }
    assert_eq!(checked(&rsa(1, 2048)), Err(BadKey::RsaMulti));
    assert_eq!(checked(&rsa(1, 1024)), Err(BadKey::RsaMulti));
    let of_kind = |kind| KeyPair::generate_for(kind).unwrap().serialize_pem();
    assert_eq!(checked(&of_kind(&PKCS_RSA_SHA256)), Ok(()));
    let other = |name: &str| Err(BadKey::Algorithm(name.to_owned()));
    assert_eq!(checked(&of_kind(&PKCS_ED25519)), other("ed25519"));
    assert_eq!(checked(&of_kind(&PKCS_ECDSA_P256_SHA256)), other("p256"));
    // Diffie-Hellman: a kind without a name here.
    let algorithm = der(
        0x30,
        &der(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 3, 1]),
    );
    let key = [der(2, &[0]), algorithm, der(4, &[2, 1, 1])].concat();
    let key = pem("PRIVATE KEY", &der(0x30, &key));
    assert_eq!(checked(&key), other("1.2.840.113549.1.3.1"));
}

#[test]
fn what_is_no_private_key_is_refused_and_never_a_panic() {
    let good = rsa(0, 2048);
    let encrypted = good.replace("RSA PRIVATE", "ENCRYPTED PRIVATE");
    let twice = format!("{good}{good}");
    let mut bad = vec![
        String::new(),
        "nonsense".to_owned(),
        encrypted,
        twice,
        good.replace("-----END", "----- END"),
        good.replace("MI", "*!"),
        pem("PRIVATE KEY", b""),
        pem("PRIVATE KEY", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
        pem("PRIVATE KEY", &der(0x30, &[])),
        pem("RSA PRIVATE KEY", &der(0x30, &der(2, &[0]))),
    ];
    let nested = (0..10_000).fold(Vec::new(), |inner, n| {
        if n % 100 == 0 {
            der(0x30, &inner)
        } else {
            inner
        }
    });
    bad.push(pem("PRIVATE KEY", &nested));
    for text in bad {
        let refused = checked(&text);
        assert!(
            matches!(refused, Err(BadKey::Unreadable(_))),
            "{refused:?}: {text}"
        );
    }
    // Every beginning of a real one.
    let real = KeyPair::generate_for(&PKCS_ED25519)
        .unwrap()
        .serialize_der();
    for length in 0..real.len() {
        let cut = PrivateKey::parse(&pem("PRIVATE KEY", &real[..length]));
        assert!(cut.is_err(), "{length}");
    }
}

fn signed(common_name: &str) -> (SelfSigned, Identity) {
    let wanted = SelfSigned {
        common_name: common_name.to_owned(),
        names: vec!["xs-1".to_owned(), "not a näme".to_owned()],
        addresses: vec!["172.16.0.10".parse().unwrap(), "fd00::10".parse().unwrap()],
        from: 1_700_000_000,
        days: 3650,
    };
    let identity = wanted.make().unwrap();
    (wanted, identity)
}

#[test]
fn a_certificate_that_signs_itself_says_what_was_asked_for() {
    let (wanted, identity) = signed("xs-1");
    let certificate = identity.certificate();
    assert_eq!(certificate.not_before(), wanted.from);
    assert_eq!(certificate.not_after(), wanted.from + 3650 * 86_400);
    assert!(certificate.is_signed_well());
    // OpenSSL reads the same out of it.
    let told = openssl(&["x509", "-noout", "-text"], &certificate.pem());
    for part in [
        "Subject: CN = xs-1",
        "Public-Key: (2048 bit)",
        "sha256WithRSAEncryption",
        "DNS:xs-1, IP Address:172.16.0.10, IP Address:FD00:0:0:0:0:0:0:10",
        "TLS Web Server Authentication",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    for (kind, ours) in [
        ("-sha256", certificate.sha256()),
        ("-sha1", certificate.sha1()),
    ] {
        let told = openssl(
            &["x509", "-noout", "-fingerprint", kind],
            &certificate.pem(),
        );
        assert_eq!(told.trim().rsplit('=').next().unwrap(), ours);
    }
}

fn openssl(words: &[&str], input: &str) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new("openssl")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl runs");
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(input.as_bytes()).unwrap();
    drop(pipe);
    let told = child.wait_with_output().unwrap();
    assert!(told.status.success());
    String::from_utf8(told.stdout).unwrap()
}

#[test]
fn an_identity_is_read_back_from_its_file_and_only_whole() {
    let (_, identity) = signed("one");
    let (_, other) = signed("two");
    let again = Identity::parse(identity.pem()).unwrap();
    assert_eq!(again.certificate(), identity.certificate());
    assert_eq!(again.pem(), identity.pem());
    let key = |identity: &Identity| {
        let text = identity.pem();
        text[..text.find("-----BEGIN CERT").unwrap()].to_owned()
    };
    let chain = format!(
        "{}{}{}",
        key(&identity),
        identity.certificate().pem(),
        other.certificate().pem()
    );
    let longer = Identity::parse(&chain).unwrap();
    assert_eq!(longer.certificate(), identity.certificate());
    let foreign = format!("{}{}", key(&other), identity.certificate().pem());
    for bad in [
        String::new(),
        key(&identity),
        identity.certificate().pem(),
        foreign,
        chain.replace("MII", "!!!"),
    ] {
        assert!(Identity::parse(&bad).is_err(), "{bad}");
    }
    // An operator may give the host another kind of key by hand.
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let params = CertificateParams::new(vec!["xs-1".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let text = format!("{}{}", key.serialize_pem(), certificate.pem());
    assert!(Identity::parse(&text).is_ok());
}

#[test]
fn one_certificate_is_one_and_no_text_has_too_many() {
    let (_, identity) = signed("one");
    let one = identity.certificate().pem();
    let around = format!("subject: somebody\n{}\nrest", one.replace('\n', "\r\n"));
    assert_eq!(
        Certificate::parse(&around).as_ref(),
        Ok(identity.certificate())
    );
    assert_eq!(Certificate::parse(""), Err(BadCertificate::Number(0)));
    assert_eq!(
        Certificate::parse(&one.repeat(2)),
        Err(BadCertificate::Number(2))
    );
    assert_eq!(Certificate::parse_all(&one.repeat(32)).unwrap().len(), 32);
    assert!(Certificate::parse_all(&one.repeat(33)).is_err());
    let whole = identity.certificate().der().to_vec();
    for length in 0..whole.len() {
        assert!(
            Certificate::from_der(whole[..length].to_vec()).is_err(),
            "{length}"
        );
    }
    assert!(Certificate::from_der([whole, vec![0]].concat()).is_err());
}

#[test]
fn a_revocation_list_is_known_from_other_things() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign];
    let authority = rcgen::Issuer::new(params, key);
    let list = rcgen::CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2026, 1, 1),
        next_update: rcgen::date_time_ymd(2036, 1, 1),
        crl_number: 1u64.into(),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    let text = list.signed_by(&authority).unwrap().pem().unwrap();
    assert_eq!(check_revocations(&text), Ok(()));
    let (_, identity) = signed("one");
    for bad in ["", "nonsense", &identity.certificate().pem(), &text[..80]] {
        assert!(check_revocations(bad).is_err(), "{bad}");
    }
}
