//! Another host, by TLS: whom the program believes.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::{Arc, OnceLock};

use xapi_tls::{Identity, SelfSigned, TlsIdentity};

use crate::stand::{PASSWORD, Stand, Told, ok, told};

const ETH0: &[&str] = &["pif-list", "device=eth0", "--minimal"];

/// Identities of two hosts: the address of the first is that of the stand.
fn identity(which: usize) -> Arc<Identity> {
    static MADE: OnceLock<[Arc<Identity>; 2]> = OnceLock::new();
    let make = |address: &str| {
        let wanted = SelfSigned {
            common_name: "xs-1".to_owned(),
            addresses: vec![address.parse().expect("an address")],
            from: 1_700_000_000,
            days: 36_500,
            ..SelfSigned::default()
        };
        Arc::new(wanted.make().expect("an identity"))
    };
    let made = MADE.get_or_init(|| [make("127.0.0.2"), make("127.0.0.3")]);
    Arc::clone(&made[which])
}

struct Host {
    stand: Stand,
    identity: Arc<TlsIdentity>,
    listener: xapi_server::Listener,
}

impl Host {
    fn new() -> Host {
        let stand = Stand::new();
        let shown = Arc::new(TlsIdentity::default());
        shown.show(identity(0));
        Host {
            listener: stand.tls(Arc::clone(&shown)),
            identity: shown,
            stand,
        }
    }

    fn port(&self) -> String {
        let address = self.listener.address().expect("an address");
        address.port().to_string()
    }

    /// The program, as it talks to this host.
    fn xe(&self, more: &[&str]) -> Told {
        let port = self.port();
        let words = [
            "-s",
            "127.0.0.2",
            "-p",
            &port,
            "-u",
            "root",
            "-pw",
            PASSWORD,
        ];
        self.stand.xe(&[ETH0, &words, more].concat())
    }

    fn known(&self) -> std::path::PathBuf {
        self.stand.home.path().join(".xe-fingerprints")
    }

    fn line(&self, which: usize) -> String {
        let fingerprint = identity(which).certificate().sha256();
        format!("127.0.0.2:{} SHA256 {fingerprint}\n", self.port())
    }
}

#[test]
fn a_certificate_is_remembered_at_first_and_believed_again_and_another_refused() {
    let host = Host::new();
    let first = host.xe(&[]);
    assert_eq!((first.out.as_str(), first.status), ("pif-eth0\n", Some(0)));
    let (known, fingerprint) = (host.known(), identity(0).certificate().sha256());
    let warning = format!(
        "Warning: the certificate of 127.0.0.2:{} was not known; it is remembered in {}: SHA256 {fingerprint}\n",
        host.port(),
        known.display()
    );
    assert_eq!(first.err, warning);
    assert_eq!(
        std::fs::read_to_string(&known).expect("a file"),
        host.line(0)
    );
    let mode = std::fs::metadata(&known)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(host.xe(&[]), ok("pif-eth0\n"));
    host.stand.asked();
    host.identity.show(identity(1));
    let other = host.xe(&[]);
    assert_eq!((other.out.as_str(), other.status), ("", Some(1)));
    for part in [
        "is another one than before",
        &fingerprint,
        &identity(1).certificate().sha256(),
        "take its line out of",
        known.to_str().expect("text"),
    ] {
        assert!(other.err.contains(part), "{part}: {}", other.err);
    }
    assert_eq!(other.err.lines().count(), 1);
    // Nothing was said to it, and nothing is remembered of it.
    assert!(host.stand.asked().is_empty());
    assert_eq!(
        std::fs::read_to_string(&known).expect("a file"),
        host.line(0)
    );
    // What to do, done.
    std::fs::write(&known, "# mine\n\nother:443 SHA256 00").expect("writes");
    assert_eq!(host.xe(&[]).out, "pif-eth0\n");
    assert_eq!(
        std::fs::read_to_string(&known).expect("a file"),
        format!("# mine\n\nother:443 SHA256 00\n{}", host.line(1))
    );
    assert_eq!(host.xe(&[]), ok("pif-eth0\n"));
}

#[test]
fn a_line_with_a_comment_is_a_line_and_one_that_cannot_be_read_is_no_new_host() {
    let host = Host::new();
    let line = host.line(0).trim_end().to_owned();
    let commented = format!("{line} the machine # in the cellar\n");
    std::fs::write(host.known(), &commented).expect("writes");
    assert_eq!(host.xe(&[]), ok("pif-eth0\n"));
    host.stand.asked();
    host.identity.show(identity(1));
    let other = host.xe(&[]);
    assert_eq!((other.out.as_str(), other.status), ("", Some(1)));
    assert!(
        other.err.contains("is another one than before"),
        "{}",
        other.err
    );
    let server = line.split(' ').next().expect("a word");
    for odd in [
        server.to_owned(),
        format!("{server} SHA256"),
        format!("{server} SHA512 00:11"),
        format!("{server}\tsha256 00:11"),
    ] {
        let text = format!("# mine\n{odd}\n");
        std::fs::write(host.known(), &text).expect("writes");
        let got = host.xe(&[]);
        assert_eq!((got.out.as_str(), got.status), ("", Some(1)), "{odd}");
        let said = format!(
            "the line about {server} in {} is not {server} SHA256 FINGERPRINT: mend it or take it out\n",
            host.known().display()
        );
        assert!(got.err.ends_with(&said), "{}", got.err);
        assert_eq!(std::fs::read_to_string(host.known()).expect("reads"), text);
    }
    // Nothing was said to it.
    assert!(host.stand.asked().is_empty());
}

#[test]
fn commands_at_the_same_time_remember_the_host_once() {
    let host = Host::new();
    let port = host.port();
    let words = [
        "-s",
        "127.0.0.2",
        "-p",
        &port,
        "-u",
        "root",
        "-pw",
        PASSWORD,
    ];
    let start = || {
        let mut command = host.stand.command(&[ETH0, &words].concat());
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        piped.spawn().expect("starts")
    };
    let commands: Vec<_> = (0..6).map(|_| start()).collect();
    let mut warned = 0;
    for command in commands {
        let told = command.wait_with_output().expect("ends");
        let lines = String::from_utf8_lossy(&told.stderr).lines().count();
        assert!(
            told.status.success() && told.stdout == b"pif-eth0\n",
            "{told:?}"
        );
        warned += lines;
    }
    assert_eq!(warned, 1);
    assert_eq!(
        std::fs::read_to_string(host.known()).expect("a file"),
        host.line(0)
    );
}

#[test]
fn where_nothing_can_be_remembered_the_program_says_so_or_ends() {
    let host = Host::new();
    // A folder stands where the file is to be.
    std::fs::create_dir(host.known()).expect("a folder");
    let got = host.xe(&[]);
    assert_eq!((got.out.as_str(), got.status), ("", Some(1)));
    assert!(got.err.contains(".xe-fingerprints: "), "{}", got.err);
    std::fs::remove_dir(host.known()).expect("goes");
    std::fs::create_dir(host.stand.home.path().join(".xe-fingerprints.new")).expect("a folder");
    for _ in 0..2 {
        let got = host.xe(&[]);
        assert_eq!((got.out.as_str(), got.status), ("pif-eth0\n", Some(0)));
        assert!(
            got.err.contains("is not known and cannot be remembered in"),
            "{}",
            got.err
        );
    }
    let mut homeless = host.stand.command(&["pif-list", "-s", "127.0.0.2"]);
    let got = told(homeless.env_remove("HOME"));
    assert_eq!(
        (got.err.as_str(), got.status),
        (
            "Error: HOME is not set, so that no certificate can be remembered: say --ca\n",
            Some(1)
        )
    );
}

#[test]
fn an_authority_vouches_for_name_and_certificate_and_nothing_is_remembered() {
    let host = Host::new();
    let file = |name: &str, text: &str| {
        let path = host.stand.file(name, text);
        path.to_str().expect("text").to_owned()
    };
    let good = file("good.pem", &identity(0).certificate().pem());
    let other = file("other.pem", &identity(1).certificate().pem());
    assert_eq!(host.xe(&["--ca", &good]), ok("pif-eth0\n"));
    let both = file(
        "both.pem",
        &[&good, &other]
            .map(|path| std::fs::read_to_string(path).expect("reads"))
            .concat(),
    );
    assert_eq!(host.xe(&["--ca", &both]), ok("pif-eth0\n"));
    // A bundle as systems have it: long, with words in some old encoding, and with what nobody can read.
    let mut bundle = b"# Autorit\xe9\n".to_vec();
    let stranger = SelfSigned {
        common_name: "somebody else".to_owned(),
        from: 1_700_000_000,
        days: 36_500,
        ..SelfSigned::default()
    };
    let authority = stranger.make().expect("an identity").certificate().pem();
    for odd in [
        "-----BEGIN CERTIFICATE-----\nMII!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n",
        &authority.repeat(150),
        &std::fs::read_to_string(&good).expect("reads"),
    ] {
        bundle.extend(odd.as_bytes());
    }
    let path = host.stand.home.path().join("bundle.pem");
    std::fs::write(&path, &bundle).expect("writes");
    let path = path.to_str().expect("text");
    assert_eq!(host.xe(&["--ca", path]), ok("pif-eth0\n"));
    let refused = host.xe(&["--ca", "/dev/zero"]);
    assert_eq!(
        refused.err,
        "Error: /dev/zero: it has more than 4194304 bytes\n"
    );
    let odd = file(
        "odd.pem",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    );
    let refused = host.xe(&["--ca", &odd]);
    assert!(
        refused.err.starts_with(&format!("Error: {odd}: ")) && refused.status == Some(1),
        "{}",
        refused.err
    );
    let refused = host.xe(&["--ca", &other]);
    assert_eq!((refused.out.as_str(), refused.status), ("", Some(1)));
    assert!(
        refused.err.contains("invalid peer certificate"),
        "{}",
        refused.err
    );
    // Known by its authority, but of another address.
    host.identity.show(identity(1));
    let refused = host.xe(&["--ca", &both]);
    assert_eq!(refused.status, Some(1));
    assert!(
        refused.err.contains("invalid peer certificate"),
        "{}",
        refused.err
    );
    let empty = file("empty.pem", "nothing");
    let refused = host.xe(&[&format!("cafile={empty}")]);
    assert_eq!(
        refused.err,
        format!("Error: {empty}: it holds 0 certificates\n")
    );
    let missing = host.xe(&["--ca", "/nonexistent"]);
    assert!(
        missing.err.starts_with("Error: /nonexistent: "),
        "{}",
        missing.err
    );
    assert!(!host.known().exists());
}

#[test]
fn without_tls_only_when_it_was_asked_for() {
    let host = Host::new();
    // The port speaks TLS: who does not is not understood.
    let plain = host.xe(&["--nossl"]);
    assert_eq!((plain.out.as_str(), plain.status), ("", Some(1)));
    host.stand.file(".xe", "nossl=false\n");
    assert_eq!(host.xe(&[]).out, "pif-eth0\n");
}
