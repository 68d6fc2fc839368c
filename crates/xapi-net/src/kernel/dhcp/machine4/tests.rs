use super::*;
use crate::kernel::dhcp::lease::tests::{MAC, lease4};
use crate::kernel::dhcp::message4::tests::from_server;
use proptest::prelude::*;

const SERVER: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 1);
const OTHER_SERVER: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 2);
const GIVEN: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 20);
const OFFER: u8 = 2;
const ACK: u8 = 5;
const NAK: u8 = 6;

fn config() -> Config4 {
    Config4 {
        mac: MAC,
        client_id: None,
        host_name: None,
        routers: true,
        dns: true,
        suggested: None,
        seed: 1,
    }
}

/// A client with a clock that the test turns.
struct Client {
    machine: Machine4,
    now: Now,
    sent: Vec<Sent>,
    told: Vec<Event>,
}

/// What a message of the client's says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sent {
    at: u64,
    to: To,
    kind: u8,
    ciaddr: Ipv4Addr,
    requested: Option<Vec<u8>>,
    server: Option<Vec<u8>>,
}

impl Client {
    fn started(begin: Begin<Lease4>) -> Client {
        Client::started_at(1_000_000, begin)
    }

    fn started_at(unix: u64, begin: Begin<Lease4>) -> Client {
        let now = Now {
            up: Duration::from_secs(5),
            unix,
        };
        let mut client = Client {
            machine: Machine4::new(config(), begin),
            now,
            sent: vec![],
            told: vec![],
        };
        let outputs = client.machine.start(now);
        client.note(outputs);
        client
    }

    fn bound() -> Client {
        let mut client = Client::started(Begin::Fresh);
        client.answer(OFFER, GIVEN, 3600);
        client.answer(ACK, GIVEN, 3600);
        assert_eq!(client.machine.state, State::Bound);
        client.forget();
        client
    }

    fn forget(&mut self) {
        self.sent.clear();
        self.told.clear();
    }

    fn note(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Tell(event) => self.told.push(event),
                Output::Send { to, payload } => {
                    let option = |code: u8| {
                        let mut rest = &payload[240..];
                        while rest[0] != 255 {
                            let length = usize::from(rest[1]);
                            if rest[0] == code {
                                return Some(rest[2..2 + length].to_vec());
                            }
                            rest = &rest[2 + length..];
                        }
                        None
                    };
                    self.sent.push(Sent {
                        at: self.now.up.as_secs(),
                        to,
                        kind: option(53).unwrap()[0],
                        ciaddr: Ipv4Addr::from(<[u8; 4]>::try_from(&payload[12..16]).unwrap()),
                        requested: option(50),
                        server: option(54),
                    });
                }
            }
        }
    }

    fn answer(&mut self, kind: u8, given: Ipv4Addr, seconds: u32) {
        self.answer_from(SERVER, kind, given, seconds);
    }

    fn answer_from(&mut self, server: Ipv4Addr, kind: u8, given: Ipv4Addr, seconds: u32) {
        let bytes = from_server(
            self.machine.xid,
            given,
            MAC,
            &[
                (53, &[kind]),
                (54, &server.octets()),
                (51, &seconds.to_be_bytes()),
                (1, &[255, 255, 255, 224]),
            ],
        );
        let outputs = self.machine.receive(self.now, &bytes);
        self.note(outputs);
    }

    /// Turns the clock to the next deadline.
    fn wait(&mut self) {
        let at = self.machine.deadline().expect("something is due");
        // A short lease may be due before it was granted.
        self.turn_to(at.max(self.now.up));
        let outputs = self.machine.wake(self.now);
        self.note(outputs);
        let next = self.machine.deadline();
        assert!(
            next.is_none_or(|next| next > self.now.up),
            "{:?} would spin",
            self.machine.state
        );
    }

    fn turn_to(&mut self, at: Duration) {
        let seconds = at.as_secs() - self.now.up.as_secs();
        self.now = Now {
            up: at,
            unix: self.now.unix + seconds,
        };
    }

    /// Waits until something is told.
    fn wait_for_event(&mut self) -> Event {
        for _ in 0..1000 {
            if !self.told.is_empty() {
                return self.told.remove(0);
            }
            self.wait();
        }
        panic!("nothing was told; sent: {:#?}", self.sent);
    }
}

fn requested(address: Ipv4Addr) -> Option<Vec<u8>> {
    Some(address.octets().to_vec())
}

#[test]
fn a_lease_is_acquired_in_two_rounds() {
    let mut client = Client::started(Begin::Fresh);
    let discover = Sent {
        at: 5,
        to: To::Everybody,
        kind: 1,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        requested: None,
        server: None,
    };
    assert_eq!(client.sent, std::slice::from_ref(&discover));
    client.answer(OFFER, GIVEN, 3600);
    let request = Sent {
        kind: 3,
        requested: requested(GIVEN),
        server: requested(SERVER),
        ..discover
    };
    assert_eq!(client.sent[1], request);
    assert_eq!(client.told, []);
    client.answer(ACK, GIVEN, 3600);
    let [Event::Acquired(Lease::V4(lease))] = &client.told[..] else {
        panic!("{:?}", client.told)
    };
    assert_eq!(
        (lease.address, lease.prefix, lease.server),
        (GIVEN, 27, SERVER)
    );
    assert_eq!((lease.acquired, lease.seconds), (1_000_000, 3600));
    assert_eq!(client.machine.lease(), Some(lease.clone().into()));
    assert_eq!(
        client.machine.deadline(),
        Some(Duration::from_secs(5 + 1800))
    );
}

#[test]
fn nobody_answering_is_told_once_and_asked_ever_more_rarely() {
    let mut client = Client::started(Begin::Fresh);
    assert_eq!(client.wait_for_event(), Event::Unanswered);
    assert_eq!(client.sent.len(), 5);
    for _ in 0..20 {
        client.wait();
    }
    assert_eq!(client.told, []);
    let gaps: Vec<u64> = client
        .sent
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    assert!(gaps[0] <= 2 && gaps[3] >= 7, "{gaps:?}");
    assert!(
        gaps[8..].iter().all(|gap| (57..=71).contains(gap)),
        "{gaps:?}"
    );
}

#[test]
fn an_offer_that_is_not_kept_is_given_up() {
    let mut client = Client::started(Begin::Fresh);
    client.answer(OFFER, GIVEN, 3600);
    client.forget();
    for _ in 0..4 {
        client.wait();
    }
    let kinds: Vec<u8> = client.sent.iter().map(|sent| sent.kind).collect();
    assert_eq!(
        kinds,
        [3, 3, 3, 1],
        "three more requests, then a new search"
    );
}

#[test]
fn only_the_server_that_was_asked_is_listened_to() {
    let mut client = Client::started(Begin::Fresh);
    client.answer_from(OTHER_SERVER, ACK, GIVEN, 3600);
    client.answer_from(OTHER_SERVER, NAK, GIVEN, 3600);
    client.answer(OFFER, GIVEN, 3600);
    client.answer_from(OTHER_SERVER, ACK, GIVEN, 3600);
    client.answer_from(OTHER_SERVER, NAK, GIVEN, 3600);
    client.answer_from(OTHER_SERVER, OFFER, GIVEN, 3600);
    client.answer(ACK, Ipv4Addr::new(172, 16, 0, 29), 3600);
    assert_eq!(client.told, []);
    assert_eq!(client.sent.len(), 2);
    client.answer(ACK, GIVEN, 3600);
    assert_eq!(client.told.len(), 1);
    // And nobody when nothing was asked.
    client.forget();
    client.answer(NAK, GIVEN, 3600);
    client.answer(ACK, GIVEN, 7200);
    assert_eq!((client.told.len(), client.sent.len()), (0, 0));
}

#[test]
fn an_answer_to_another_conversation_is_not_for_us() {
    let mut client = Client::started(Begin::Fresh);
    let options: &[(u8, &[u8])] = &[
        (53, &[OFFER]),
        (54, &[172, 16, 0, 1]),
        (51, &[0, 0, 14, 16]),
    ];
    for (xid, mac) in [
        (client.machine.xid ^ 1, MAC),
        (client.machine.xid, Mac([2, 0, 0, 0, 0, 9])),
    ] {
        let bytes = from_server(xid, GIVEN, mac, options);
        assert_eq!(client.machine.receive(client.now, &bytes), []);
    }
}

#[test]
fn a_refused_request_begins_anew_and_a_server_that_refuses_all_is_not_hammered() {
    let mut client = Client::started(Begin::Fresh);
    let mut times = vec![];
    for _ in 0..10 {
        client.answer(OFFER, GIVEN, 3600);
        client.answer(NAK, GIVEN, 3600);
        if matches!(client.machine.state, State::Init { .. }) {
            client.wait();
        }
        times.push(client.now.up.as_secs());
    }
    assert_eq!(client.told, [], "no lease was lost");
    assert_eq!(times[0], 5, "the first time at once");
    assert!(times[9] - times[8] >= 57, "{times:?}");
    client.answer(OFFER, GIVEN, 3600);
    client.answer(ACK, GIVEN, 3600);
    assert_eq!(client.machine.refusals, 0);
}

#[test]
fn a_lease_is_prolonged_by_its_server_at_half_time() {
    let mut client = Client::bound();
    client.wait();
    let renewal = Sent {
        at: 1805,
        to: To::Server {
            from: GIVEN,
            to: SERVER,
        },
        kind: 3,
        ciaddr: GIVEN,
        requested: None,
        server: None,
    };
    assert_eq!(client.sent, [renewal]);
    client.turn_to(client.now.up + Duration::from_secs(2));
    client.answer(ACK, GIVEN, 3600);
    let [Event::Renewed(Lease::V4(lease))] = &client.told[..] else {
        panic!("{:?}", client.told)
    };
    assert_eq!(
        lease.acquired, 1_001_800,
        "it runs from the request, not from the answer"
    );
    assert_eq!(
        client.machine.deadline(),
        Some(Duration::from_secs(1805 + 1800))
    );
}

#[test]
fn a_silent_server_is_asked_till_t2_then_all_are_asked_till_the_end() {
    let mut client = Client::bound();
    let event = client.wait_for_event();
    assert!(
        matches!(
            event,
            Event::Lost {
                why: Loss::Expired,
                ..
            }
        ),
        "{event:?}"
    );
    assert_eq!(client.now.up.as_secs(), 3605, "to the last second");
    assert_eq!(client.machine.lease(), None);
    let last = client.sent.pop().unwrap();
    assert_eq!((last.kind, last.at), (1, 3605), "and a new search at once");
    let (ours, all): (Vec<_>, Vec<_>) = client
        .sent
        .iter()
        .partition(|sent| sent.to != To::Everybody);
    assert!(
        ours.iter().all(|sent| (1805..3155).contains(&sent.at)),
        "{ours:?}"
    );
    assert!(
        all.iter()
            .all(|sent| (3155..3605).contains(&sent.at) && sent.ciaddr == GIVEN),
        "{all:?}"
    );
    assert!(ours.len() >= 3 && all.len() >= 3);
    for asked in [ours, all] {
        let gaps: Vec<u64> = asked
            .windows(2)
            .map(|pair| pair[1].at - pair[0].at)
            .collect();
        assert!(
            gaps.iter().all(|gap| *gap >= 60),
            "more often than the RFC permits: {gaps:?}"
        );
    }
}

#[test]
fn another_server_may_prolong_when_ours_is_gone() {
    let mut client = Client::bound();
    while !matches!(client.machine.state, State::Rebinding { .. }) {
        client.wait();
    }
    client.answer_from(OTHER_SERVER, ACK, GIVEN, 3600);
    let [Event::Renewed(Lease::V4(lease))] = &client.told[..] else {
        panic!("{:?}", client.told)
    };
    assert_eq!(lease.server, OTHER_SERVER);
}

#[test]
fn a_server_that_says_no_to_a_renewal_takes_the_lease() {
    let mut client = Client::bound();
    client.wait();
    client.answer_from(OTHER_SERVER, NAK, GIVEN, 3600);
    assert_eq!(client.told, [], "another server can't");
    client.forget();
    client.answer(NAK, GIVEN, 3600);
    assert!(matches!(
        client.told[..],
        [Event::Lost {
            why: Loss::Refused,
            ..
        }]
    ));
    assert_eq!(client.sent[0].kind, 1);
}

#[test]
fn a_lease_from_before_is_asked_for_by_address_and_without_a_server() {
    let mut client = Client::started(Begin::With(lease4()));
    let reboot = Sent {
        at: 5,
        to: To::Everybody,
        kind: 3,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        requested: requested(GIVEN),
        server: None,
    };
    assert_eq!(client.sent, [reboot]);
    assert_eq!(
        client.machine.lease(),
        Some(lease4().into()),
        "it counts as held"
    );
    client.answer(ACK, GIVEN, 3600);
    // Our test server gives no router, so the terms are others.
    assert!(
        matches!(&client.told[..], [Event::Changed { .. }]),
        "{:?}",
        client.told
    );

    let bare = Lease4 {
        broadcast: None,
        routers: vec![],
        dns: vec![],
        domains: vec![],
        ..lease4()
    };
    let mut client = Client::started(Begin::With(bare));
    client.answer_from(OTHER_SERVER, ACK, GIVEN, 7200);
    assert!(
        matches!(&client.told[..], [Event::Renewed(_)]),
        "{:?}",
        client.told
    );
}

#[test]
fn a_lease_from_before_that_is_refused_is_lost() {
    let mut client = Client::started(Begin::With(lease4()));
    client.answer_from(OTHER_SERVER, NAK, GIVEN, 0);
    assert!(matches!(
        client.told[..],
        [Event::Lost {
            why: Loss::Refused,
            ..
        }]
    ));
    assert_eq!(client.sent[1].kind, 1);
}

#[test]
fn a_lease_from_before_is_kept_for_its_time_while_nobody_answers() {
    // 1000 of its 3600 seconds have passed.
    let mut client = Client::started_at(1_001_000, Begin::With(lease4()));
    assert_eq!(client.wait_for_event(), Event::Unconfirmed(lease4().into()));
    assert!(client.now.up.as_secs() <= 13);
    assert_eq!(client.machine.lease(), Some(lease4().into()));
    assert_eq!(
        client.sent[3].ciaddr, GIVEN,
        "it goes on asking, now with the address"
    );
    let event = client.wait_for_event();
    assert_eq!(
        event,
        Event::Lost {
            lease: lease4().into(),
            why: Loss::Expired
        }
    );
    assert_eq!(client.now.up.as_secs(), 5 + 2600);
}

#[test]
fn a_lease_from_before_that_has_expired_is_asked_for_all_the_same() {
    let mut client = Client::started_at(2_000_000, Begin::With(lease4()));
    assert_eq!(
        (client.sent[0].kind, &client.sent[0].requested),
        (3, &requested(GIVEN))
    );
    let event = client.wait_for_event();
    assert_eq!(
        event,
        Event::Lost {
            lease: lease4().into(),
            why: Loss::Expired
        }
    );
    assert_eq!(client.sent.last().unwrap().kind, 1);
    // Had the server still known it, it would have been ours again.
    let mut client = Client::started_at(2_000_000, Begin::With(lease4()));
    client.answer(ACK, GIVEN, 3600);
    let [
        Event::Changed {
            to: Lease::V4(lease),
            ..
        },
    ] = &client.told[..]
    else {
        panic!()
    };
    assert_eq!(lease.acquired, 2_000_000);
}

#[test]
fn a_lease_of_another_mac_is_not_asked_for() {
    let lease = Lease4 {
        mac: Mac([2, 0, 0, 0, 0, 9]),
        ..lease4()
    };
    let client = Client::started(Begin::With(lease));
    assert_eq!((client.sent[0].kind, client.machine.lease()), (1, None));
}

#[test]
fn a_lease_for_ever_is_never_asked_for_again_unless_wished() {
    let mut client = Client::started(Begin::Fresh);
    client.answer(OFFER, GIVEN, u32::MAX);
    client.answer(ACK, GIVEN, u32::MAX);
    assert_eq!(client.machine.deadline(), None);
    client.forget();
    let outputs = client.machine.renew(client.now);
    client.note(outputs);
    assert_eq!(client.sent.len(), 1);
    client.wait();
    assert_eq!((client.machine.state, client.told.len()), (State::Bound, 0));
    let Some(Lease::V4(lease)) = client.machine.lease() else {
        panic!()
    };
    let mut client = Client::started_at(9_000_000, Begin::With(lease.clone()));
    assert_eq!(client.wait_for_event(), Event::Unconfirmed(lease.into()));
    assert_eq!(client.machine.deadline(), None);
}

#[test]
fn who_waits_can_be_told_to_ask_now() {
    let mut client = Client::started(Begin::Fresh);
    while client.sent.len() < 8 {
        client.wait();
    }
    let outputs = client.machine.renew(client.now);
    client.note(outputs);
    assert_eq!(
        client.sent.last().map(|sent| (sent.kind, sent.at)),
        Some((1, client.now.up.as_secs()))
    );
    client.wait();
    assert!(
        client.sent[9].at - client.sent[8].at <= 2,
        "and begins again with short times"
    );

    let mut client = Client::bound();
    while !client.machine.is_rebinding() {
        client.wait();
    }
    client.forget();
    let outputs = client.machine.renew(client.now);
    client.note(outputs);
    assert_eq!(client.sent[0].to, To::Everybody);
    client.answer_from(OTHER_SERVER, ACK, GIVEN, 3600);
    assert!(matches!(client.told[..], [Event::Renewed(_)]));
}

#[test]
fn giving_back_is_said_to_the_server_and_then_nothing_more() {
    let mut client = Client::bound();
    let outputs = client.machine.release(client.now);
    client.note(outputs);
    let to = To::Server {
        from: GIVEN,
        to: SERVER,
    };
    assert_eq!(
        (
            client.sent[0].kind,
            client.sent[0].to,
            &client.sent[0].server
        ),
        (7, to, &requested(SERVER))
    );
    assert_eq!(
        (client.machine.deadline(), client.machine.lease()),
        (None, None)
    );
    client.answer(ACK, GIVEN, 3600);
    assert_eq!(client.told, []);
}

#[test]
fn a_duplicate_is_told_to_the_server_and_a_pause_follows() {
    let mut client = Client::bound();
    let outputs = client.machine.decline(client.now);
    client.note(outputs);
    assert_eq!(
        (client.sent[0].kind, &client.sent[0].requested),
        (4, &requested(GIVEN))
    );
    assert!(matches!(
        client.told[..],
        [Event::Lost {
            why: Loss::Duplicate,
            ..
        }]
    ));
    let before = client.now.up;
    client.wait();
    assert_eq!(client.now.up - before, Duration::from_secs(10));
    assert_eq!(client.sent[1].kind, 1);
}

#[test]
fn what_nobody_asked_for_is_not_in_the_lease() {
    let quiet = Config4 {
        routers: false,
        dns: false,
        ..config()
    };
    assert!([3, 6, 15].iter().all(|code| !quiet.wanted().contains(code)));
    let mut machine = Machine4::new(quiet, Begin::Fresh);
    let now = Now {
        up: Duration::ZERO,
        unix: 0,
    };
    machine.start(now);
    for kind in [OFFER, ACK] {
        let options: &[(u8, &[u8])] = &[
            (53, &[kind]),
            (54, &[172, 16, 0, 1]),
            (51, &[0, 0, 14, 16]),
            (3, &[172, 16, 0, 1]),
            (6, &[172, 16, 0, 1]),
            (15, b"example.org"),
            (42, &[172, 16, 0, 1]),
        ];
        machine.receive(now, &from_server(machine.xid, GIVEN, MAC, options));
    }
    let Some(Lease::V4(lease)) = machine.lease() else {
        panic!()
    };
    assert_eq!(
        (
            lease.routers.len(),
            lease.dns.len(),
            lease.domains.len(),
            lease.ntp.len()
        ),
        (0, 0, 0, 1)
    );
}

proptest! {
    /// Whatever a server answers and whenever, the client stays within the protocol: what it holds
    /// is what it told, deadlines lie ahead, and it isn't made to send without end.
    #[test]
    fn no_server_gets_the_client_out_of_step(
        steps in proptest::collection::vec((0u8..7, 0u32..5, 20u8..23, any::<bool>()), 1..80),
        with_lease in any::<bool>(),
    ) {
        let begin = if with_lease { Begin::With(lease4()) } else { Begin::Fresh };
        let mut held: Option<Lease> = with_lease.then(|| lease4().into());
        let mut client = Client::started(begin);
        for (kind, seconds, last, other) in steps {
            let before = client.sent.len();
            match kind {
                0 => { if client.machine.deadline().is_some() { client.wait(); } }
                1 => { let o = client.machine.renew(client.now); client.note(o); }
                3 => { let o = client.machine.decline(client.now); client.note(o); }
                kind => {
                    let seconds = [10, 100, 3600, u32::MAX - 1, u32::MAX][seconds as usize];
                    let server = if other { OTHER_SERVER } else { SERVER };
                    client.answer_from(server, kind, Ipv4Addr::new(172, 16, 0, last), seconds);
                }
            }
            prop_assert!(client.sent.len() - before <= 2);
            for event in client.told.drain(..) {
                held = match event {
                    Event::Acquired(lease) => { prop_assert!(held.is_none()); Some(lease) }
                    Event::Renewed(lease) => { prop_assert!(held.is_some()); Some(lease) }
                    Event::Changed { from, to } => { prop_assert_eq!(held, Some(from)); Some(to) }
                    Event::Unconfirmed(lease) => { prop_assert_eq!(held, Some(lease.clone())); Some(lease) }
                    Event::Lost { lease, .. } => { prop_assert_eq!(held, Some(lease)); None }
                    Event::Unanswered => { prop_assert!(held.is_none()); None }
                };
            }
            prop_assert_eq!(client.machine.lease(), held.clone());
            prop_assert!(client.machine.deadline().is_some() || held.is_some(), "it must go on");
        }
    }
}

#[test]
fn an_address_that_the_device_has_already_is_asked_for_before_any_other() {
    let begin = || {
        let suggesting = Config4 {
            suggested: Some(GIVEN),
            ..config()
        };
        let mut machine = Machine4::new(suggesting, Begin::Fresh);
        let now = Now {
            up: Duration::ZERO,
            unix: 0,
        };
        let outputs = machine.start(now);
        (machine, now, outputs)
    };
    // A request for that address (INIT-REBOOT), or a discovery of any.
    let asks_for_it = |outputs: &[Output]| {
        let [Output::Send { payload, .. }, ..] = outputs else {
            panic!("{outputs:?}");
        };
        let has = |wanted: &[u8]| payload.windows(wanted.len()).any(|bytes| bytes == wanted);
        let requested = has(&[&[50, 4][..], &GIVEN.octets()].concat());
        assert_eq!(has(&[53, 1, 3]), requested);
        assert_eq!(has(&[53, 1, 1]), !requested);
        requested
    };
    let answered = |kind: u8| {
        let (mut machine, now, outputs) = begin();
        assert!(asks_for_it(&outputs));
        let options: &[(u8, &[u8])] = &[
            (53, &[kind]),
            (54, &[172, 16, 0, 1]),
            (51, &[0, 0, 14, 16]),
            (1, &[255, 255, 255, 224]),
        ];
        let bytes = from_server(machine.xid, GIVEN, MAC, options);
        machine.receive(now, &bytes)
    };
    let [Output::Tell(Event::Acquired(Lease::V4(lease)))] = &answered(ACK)[..] else {
        panic!("{:?}", answered(ACK));
    };
    assert_eq!(lease.address, GIVEN);
    assert!(!asks_for_it(&answered(NAK)));
    // Nobody knows of it: after seven seconds any address will do.
    let (mut machine, mut now, _) = begin();
    let mut asked = 0;
    loop {
        now.up = machine.deadline().unwrap();
        if !asks_for_it(&machine.wake(now)) {
            break;
        }
        asked += 1;
    }
    assert_eq!(asked, 2);
    assert!(now.up < Duration::from_secs(10), "{:?}", now.up);
}
