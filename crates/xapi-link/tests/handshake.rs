//! Who gets a line, over TLS on loopback, and who does not.

#[expect(dead_code, reason = "the other tests use the rest of it")]
mod stand;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::json;
use stand::{Heard, MASTER, PATIENCE, POOL, Raw, SLAVE, Stand, echo, fingerprint, hello, identity};
use tokio::io::copy_bidirectional;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use xapi_link::{Dial, DialError, Hello, Limits, Lost, Position, Refusal, Secret};

#[test]
fn two_hosts_that_know_the_secret_and_each_other_have_a_line() {
    let stand = Stand::new();
    let (handler, _) = echo();
    let dial = Dial {
        hello: Hello {
            position: Some(Position {
                term: 3,
                generation: 9,
            }),
            ..hello(SLAVE)
        },
        ..stand.dial()
    };
    let line = dial.connect(handler).unwrap();
    let other = stand.opened.recv_timeout(PATIENCE).unwrap();
    assert_eq!(line.ask(b"abc".to_vec(), PATIENCE), Ok(b"cba".to_vec()));
    assert_eq!(other.ask(b"12".to_vec(), PATIENCE), Ok(b"21".to_vec()));
    let (master, slave) = (line.peer(), other.peer());
    assert_eq!(master.host, MASTER);
    assert_eq!(master.fingerprint, fingerprint(&identity(0)));
    assert_eq!(master.address, stand.address.to_string());
    let welcome = master.welcome.as_ref().unwrap();
    assert_eq!((welcome.pool.as_str(), welcome.term), (POOL, 7));
    assert_eq!(slave.host, SLAVE);
    assert_eq!(slave.fingerprint, fingerprint(&identity(1)));
    assert_eq!(slave.hello.as_ref(), Some(&dial.hello));
}

#[test]
fn nobody_opens_a_line_with_another_secret_and_a_secret_may_be_exchanged() {
    let stand = Stand::with(Limits::default(), &["new", "old"]);
    let known = |secrets: &[&str]| {
        let secrets = secrets.iter();
        let dial = Dial {
            secrets: secrets.map(|secret| Secret::new(*secret)).collect(),
            ..stand.dial()
        };
        dial.connect(echo().0)
    };
    let dial = |secret: &str| known(&[secret]);
    for secret in ["", "neW", "new\n", "old old"] {
        let refused = dial(secret).unwrap_err();
        assert!(
            matches!(refused, DialError::WrongSecret { .. }),
            "{refused}"
        );
        for shown in [format!("{refused:?}"), refused.to_string()] {
            assert!(secret.is_empty() || !shown.contains(secret), "{shown}");
        }
    }
    assert_eq!(stand.judged(), 0);
    for none in [&[][..], &["newer", "older"]] {
        let refused = known(none).unwrap_err();
        assert!(
            matches!(refused, DialError::WrongSecret { .. }),
            "{refused}"
        );
    }
    assert_eq!(stand.judged(), 0);
    // Whoever was told of the next one, or not yet of this one, knows one that the other end knows.
    for secrets in [
        &["old"][..],
        &["new"],
        &["new", "old"],
        &["old", "new"],
        &["newer", "new"],
        &["newer", "newest", "old"],
    ] {
        let line = known(secrets).unwrap();
        assert_eq!(line.ask(b"ab".to_vec(), PATIENCE), Ok(b"ba".to_vec()));
    }
    assert_eq!(format!("{:?}", Secret::new("new")), "Secret");
}

#[test]
fn a_proof_that_is_none_is_worth_nothing() {
    let stand = Stand::new();
    type Wrong = fn(&Raw) -> String;
    let wrong: [Wrong; 6] = [
        // The master's own, sent back.
        |raw| raw.proof("master", "secret"),
        |raw| raw.proof("slave", "secre"),
        |raw| raw.proof("slave", "secret")[..62].to_owned(),
        |raw| raw.proof("slave", "secret") + "00",
        |_| String::new(),
        |_| "é".repeat(32),
    ];
    for (n, wrong) in wrong.into_iter().enumerate() {
        let mut raw = Raw::connect(stand.address, &identity(1));
        raw.send(&Raw::first(&hello(SLAVE)));
        raw.receive().unwrap();
        raw.receive().unwrap();
        let proof = json!({"proof": wrong(&raw)});
        raw.send(proof.to_string().as_bytes());
        assert!(raw.receive().is_err(), "{n}");
    }
    // One that was good on another connection.
    let prove = |old: Option<String>| {
        let mut raw = Raw::connect(stand.address, &identity(1));
        raw.send(&Raw::first(&hello(SLAVE)));
        raw.receive().unwrap();
        raw.receive().unwrap();
        let proof = old.unwrap_or_else(|| raw.proof("slave", "secret"));
        raw.send(json!({"proof": proof}).to_string().as_bytes());
        (raw.receive().is_ok(), proof)
    };
    let (admitted, proof) = prove(None);
    assert!(admitted);
    assert!(!prove(Some(proof)).0);
    assert_eq!(stand.judged(), 1);
}

/// Whoever stands between two hosts with a certificate of his own, and passes on everything.
fn between(to: SocketAddr) -> (SocketAddr, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listening = tokio::net::TcpListener::bind("127.0.0.1:0");
    let listener = runtime.block_on(listening).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move {
        let shown = identity(2);
        let acceptor = TlsAcceptor::from(shown.link_server().unwrap());
        let connector = TlsConnector::from(shown.link_client().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut slave) = acceptor.accept(stream).await else {
                continue;
            };
            let stream = tokio::net::TcpStream::connect(to).await.unwrap();
            let name = to.ip().into();
            let master = connector.connect(rustls::pki_types::ServerName::IpAddress(name), stream);
            let mut master = master.await.unwrap();
            // One after the other is enough here; however it ends, the ends say what became of it.
            drop(copy_bidirectional(&mut slave, &mut master).await);
        }
    });
    (address, runtime)
}

#[test]
fn who_stands_between_with_a_certificate_of_his_own_gets_nothing_through() {
    let stand = Stand::new();
    let (address, _runtime) = between(stand.address);
    let dial = |fingerprints: Option<BTreeSet<String>>| Dial {
        port: address.port(),
        fingerprints,
        ..stand.dial()
    };
    let known = Some(BTreeSet::from([fingerprint(&identity(0))]));
    let refused = dial(known).connect(echo().0).unwrap_err();
    let stranger = fingerprint(&identity(2));
    assert!(
        matches!(&refused, DialError::WrongCertificate { fingerprint, .. } if *fingerprint == stranger),
        "{refused}"
    );
    // Also when the slave has no certificate to expect.
    let refused = dial(None).connect(echo().0).unwrap_err();
    assert!(
        matches!(refused, DialError::WrongSecret { .. }),
        "{refused}"
    );
    assert_eq!(stand.judged(), 0);
    // Without him it is the same slave that is let in.
    let direct = Dial {
        fingerprints: None,
        ..stand.dial()
    };
    direct.connect(echo().0).unwrap();
}

#[test]
fn who_is_refused_is_told_why() {
    let stand = Stand::new();
    let refused = |dial: Dial, code: &str, param: &str| {
        let expected = Refusal {
            code: code.to_owned(),
            params: vec![param.to_owned()],
        };
        match dial.connect(echo().0) {
            Err(DialError::Refused { refusal, .. }) => assert_eq!(refusal, expected),
            other => panic!("{other:?}"),
        }
    };
    // A host of the pool that says it is another one: it knows the secret, and cannot show the other's certificate.
    let other = Dial {
        identity: identity(2),
        ..stand.dial()
    };
    refused(other, "SLAVE_REQUIRES_MANAGEMENT_INTERFACE", SLAVE);
    let unknown = Dial {
        hello: hello("nobody"),
        ..stand.dial()
    };
    refused(unknown, "HOST_UNKNOWN_TO_MASTER", "nobody");
    assert!(stand.opened.try_recv().is_err());
    // A slave looks first whether it is its pool.
    let astray = Dial {
        hello: Hello {
            pool: "another".to_owned(),
            ..hello(SLAVE)
        },
        ..stand.dial()
    };
    let judged = stand.judged();
    match astray.connect(echo().0) {
        Err(DialError::AnotherPool { pool, .. }) => assert_eq!(pool, POOL),
        other => panic!("{other:?}"),
    }
    // And if it did not, the master would.
    let mut raw = Raw::connect(stand.address, &identity(1));
    raw.send(&Raw::first(&Hello {
        pool: "another".to_owned(),
        ..hello(SLAVE)
    }));
    raw.receive().unwrap();
    raw.receive().unwrap();
    let proof = json!({"proof": raw.proof("slave", "secret")});
    raw.send(proof.to_string().as_bytes());
    let refused = json!({"refused": {"code": "HOST_UNKNOWN_TO_MASTER", "params": [SLAVE]}});
    assert_eq!(raw.receive().unwrap(), refused);
    assert_eq!(stand.judged(), judged);
}

#[test]
fn who_joins_asks_once_and_tells_nothing() {
    let stand = Stand::new();
    let joining = || {
        let dial = Dial {
            identity: identity(2),
            hello: Hello {
                pool: String::new(),
                joining: true,
                ..hello("new")
            },
            ..stand.dial()
        };
        let line = dial.connect(echo().0).unwrap();
        (line, stand.opened.recv_timeout(PATIENCE).unwrap())
    };
    let (line, other) = joining();
    assert_eq!(line.ask(b"ab".to_vec(), PATIENCE), Ok(b"ba".to_vec()));
    assert_eq!(line.ask(b"cd".to_vec(), PATIENCE), Err(Lost::Closed));
    let why = other.wait_closed(PATIENCE).unwrap();
    assert!(why.contains("before it is admitted"), "{why}");
    let (line, other) = joining();
    line.tell(b"ef".to_vec()).unwrap();
    assert!(other.wait_closed(PATIENCE).is_some());
    let mut asked = Vec::new();
    while let Ok(heard) = stand.heard.recv_timeout(Duration::from_millis(100)) {
        if !matches!(heard, Heard::Closed(_)) {
            asked.push(heard);
        }
    }
    assert_eq!(asked, [Heard::Asked(b"ab".to_vec())]);
}

#[test]
fn nobody_there_and_somebody_else_there_are_told_apart() {
    let stand = Stand::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    let dial = Dial {
        port,
        within: Duration::from_millis(300),
        ..stand.dial()
    };
    // It takes the connection and says nothing.
    let silent = dial.connect(echo().0).unwrap_err();
    assert!(matches!(silent, DialError::Unreachable { .. }), "{silent}");
    drop(free);
    let nobody = dial.connect(echo().0).unwrap_err();
    assert!(matches!(nobody, DialError::Unreachable { .. }), "{nobody}");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").unwrap();
        // Until the slave leaves.
        std::io::copy(&mut stream, &mut std::io::sink())
    });
    let dial = Dial {
        port,
        ..stand.dial()
    };
    let other = dial.connect(echo().0).unwrap_err();
    assert!(matches!(other, DialError::NoMaster { .. }), "{other}");
    drop(server.join().unwrap());
}

#[test]
fn who_does_not_finish_the_handshake_in_time_is_cut_off_and_only_some_may_try_at_once() {
    let limits = Limits {
        handshake: Duration::from_secs(3),
        ..Limits::default()
    };
    let stand = Stand::with(limits, &["secret"]);
    let begin = Instant::now();
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let mut raw = Raw::connect(stand.address, &identity(1));
            // So that it is known to be in.
            raw.send(&Raw::first(&hello(SLAVE)));
            raw.receive().unwrap();
            raw
        })
        .collect();
    let fifth = Raw::try_connect(stand.address, &identity(1));
    assert!(fifth.and_then(|mut raw| raw.receive()).is_err());
    for mut raw in waiting {
        raw.receive().unwrap();
        assert!(raw.receive().is_err());
    }
    assert!(begin.elapsed() >= Duration::from_secs(3) && begin.elapsed() < PATIENCE);
    // Their places are free again.
    stand.line(echo().0).unwrap();
}

#[test]
fn what_is_no_handshake_ends_the_connection() {
    let stand = Stand::new();
    let long = vec![b' '; 16 * 1024 + 1];
    let garbage: [Vec<u8>; 8] = [
        vec![0xff; 64],
        vec![0; 64],
        [&0x0000_4001_u32.to_be_bytes()[..], &long].concat(),
        [&[0, 0, 0, 2][..], b"{}"].concat(),
        [&[0, 0, 0, 4][..], b"null"].concat(),
        [&[0, 0, 0, 3][..], &[0xff, 0xfe, 0xfd]].concat(),
        {
            let first = Raw::first(&hello(SLAVE));
            let first = String::from_utf8(first)
                .unwrap()
                .replace("link/1", "link/2");
            let length = u32::try_from(first.len()).unwrap().to_be_bytes();
            [&length[..], first.as_bytes()].concat()
        },
        {
            let deep = "[".repeat(10_000);
            let length = u32::try_from(deep.len()).unwrap().to_be_bytes();
            [&length[..], deep.as_bytes()].concat()
        },
    ];
    for (n, garbage) in garbage.into_iter().enumerate() {
        let mut raw = Raw::connect(stand.address, &identity(1));
        // It may be cut off before it has said all of it.
        if raw.stream.write_all(&garbage).is_ok() {
            let mut answer = Vec::new();
            let ended = raw.stream.read_to_end(&mut answer);
            assert!(answer.is_empty(), "{n}: {answer:?} {ended:?}");
        }
    }
    // Without a certificate nobody gets as far as that.
    let config = {
        let mut config = Arc::unwrap_or_clone(xapi_tls::by_fingerprint().unwrap());
        config.alpn_protocols = vec![xapi_tls::LINK.to_vec()];
        Arc::new(config)
    };
    let name = rustls::pki_types::ServerName::IpAddress(stand.address.ip().into());
    let tls = rustls::ClientConnection::new(config, name).unwrap();
    let tcp = TcpStream::connect(stand.address).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut stream = rustls::StreamOwned::new(tls, tcp);
    let refused = stream.flush().and_then(|()| stream.read(&mut [0; 1]));
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(stand.judged(), 0);
}

#[test]
fn the_end_of_a_master_is_the_end_of_its_lines() {
    let mut stand = Stand::new();
    let (handler, heard) = echo();
    let (line, _other) = stand.line(handler).unwrap();
    let (done, ended) = channel();
    let asking = line.clone();
    std::thread::spawn(move || done.send(asking.wait_closed(PATIENCE)));
    stand.runtime.take().unwrap().shutdown_background();
    assert!(ended.recv_timeout(PATIENCE).unwrap().is_some());
    assert_eq!(line.ask(Vec::new(), PATIENCE), Err(Lost::Closed));
    assert!(matches!(heard.recv_timeout(PATIENCE), Ok(Heard::Closed(_))));
}
