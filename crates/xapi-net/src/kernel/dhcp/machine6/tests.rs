use super::*;
use crate::kernel::dhcp::lease::tests::{MAC, lease6};
use crate::kernel::dhcp::message6::tests::{association, from_server};
use proptest::prelude::*;

const SERVER: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1];
const OTHER_SERVER: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 2];
const ADVERTISE: u8 = 2;
const REPLY: u8 = 7;

/// A client with a clock that the test turns.
struct Client {
    machine: Machine6,
    now: Now,
    /// When, what, to which server.
    sent: Vec<(u64, u8, Option<Vec<u8>>)>,
    told: Vec<Event>,
}

impl Client {
    fn started_at(unix: u64, begin: Begin<Lease6>) -> Client {
        let config = Config6 {
            mac: MAC,
            duid: Config6::duid_of(MAC),
            dns: true,
            seed: 1,
        };
        let now = Now {
            up: Duration::from_secs(5),
            unix,
        };
        let mut client = Client {
            machine: Machine6::new(config, begin),
            now,
            sent: vec![],
            told: vec![],
        };
        let outputs = client.machine.start(now);
        client.note(outputs);
        client
    }

    fn started(begin: Begin<Lease6>) -> Client {
        Client::started_at(1_000_000, begin)
    }

    fn bound() -> Client {
        let mut client = Client::started(Begin::Fresh);
        client.answer(ADVERTISE, SERVER, 255, "fd00::20");
        client.answer(REPLY, SERVER, 0, "fd00::20");
        assert!(
            matches!(client.told[..], [Event::Acquired(_)]),
            "{:?}",
            client.told
        );
        client.sent.clear();
        client.told.clear();
        client
    }

    fn note(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Tell(event) => self.told.push(event),
                Output::Send { to, payload } => {
                    assert_eq!(to, To::AllServers);
                    // The client's identifier comes first, of ten octets; then the server's, if any.
                    let server = (payload[18..20] == [0, 2]).then(|| payload[22..32].to_vec());
                    self.sent.push((self.now.up.as_secs(), payload[0], server));
                }
            }
        }
    }

    fn kinds(&self) -> Vec<u8> {
        self.sent.iter().map(|(_, kind, _)| *kind).collect()
    }

    fn answer(&mut self, kind: u8, server: &[u8], preference: u8, address: &str) {
        let terms = association([0, 0, 0, 0x0a], address, 900, 1440, 1800, 3600);
        self.answer_with(kind, server, &[(7, vec![preference]), (3, terms)]);
    }

    fn answer_with(&mut self, kind: u8, server: &[u8], options: &[(u16, Vec<u8>)]) {
        let mut all = vec![(1, Config6::duid_of(MAC)), (2, server.to_vec())];
        all.extend_from_slice(options);
        let bytes = from_server(kind, self.machine.xid, &all);
        let outputs = self.machine.receive(self.now, &bytes);
        self.note(outputs);
    }

    fn status(code: u8) -> (u16, Vec<u8>) {
        (13, vec![0, code])
    }

    fn no_binding() -> (u16, Vec<u8>) {
        let mut value = vec![0, 0, 0, 0x0a];
        value.extend([0; 8]);
        value.extend([0, 13, 0, 2, 0, 3]);
        (3, value)
    }

    fn wait(&mut self) {
        let at = self.machine.deadline().expect("something is due");
        assert!(at >= self.now.up, "a deadline in the past");
        let seconds = at.as_secs() - self.now.up.as_secs();
        self.now = Now {
            up: at,
            unix: self.now.unix + seconds,
        };
        let outputs = self.machine.wake(self.now);
        self.note(outputs);
    }

    fn wait_for_event(&mut self) -> Event {
        for _ in 0..1000 {
            if !self.told.is_empty() {
                return self.told.remove(0);
            }
            self.wait();
        }
        panic!("nothing was told; sent: {:?}", self.sent);
    }
}

#[test]
fn the_best_offer_of_the_first_second_is_taken() {
    let mut client = Client::started(Begin::Fresh);
    client.answer(ADVERTISE, OTHER_SERVER, 1, "fd00::99");
    client.answer(ADVERTISE, SERVER, 2, "fd00::20");
    client.answer(ADVERTISE, OTHER_SERVER, 1, "fd00::98");
    assert_eq!(client.kinds(), [1]);
    client.wait();
    assert_eq!(
        (client.sent[1].1, client.sent[1].2.as_deref()),
        (3, Some(SERVER))
    );
    client.answer(REPLY, OTHER_SERVER, 0, "fd00::99");
    assert_eq!(client.told, []);
    client.answer(REPLY, SERVER, 0, "fd00::20");
    let [Event::Acquired(Lease::V6(lease))] = &client.told[..] else {
        panic!("{:?}", client.told)
    };
    assert_eq!(
        lease.addresses[0].address,
        "fd00::20".parse::<Ipv6Addr>().unwrap()
    );
    assert_eq!((lease.acquired, lease.seconds()), (1_000_000, 3600));
    assert_eq!(
        client.machine.deadline(),
        Some(client.now.up + Duration::from_secs(900))
    );
}

#[test]
fn a_server_in_a_hurry_needs_one_round() {
    let mut client = Client::started(Begin::Fresh);
    client.answer(REPLY, SERVER, 0, "fd00::20");
    assert_eq!(client.told, [], "nobody may skip a round unasked");
    let terms = association([0, 0, 0, 0x0a], "fd00::20", 0, 0, 1800, 3600);
    client.answer_with(REPLY, SERVER, &[(14, vec![]), (3, terms)]);
    assert!(matches!(client.told[..], [Event::Acquired(_)]));
    assert_eq!(
        client.machine.deadline(),
        Some(Duration::from_secs(5 + 900)),
        "half the preferred time"
    );
}

#[test]
fn a_server_without_addresses_is_no_server() {
    let mut client = Client::started(Begin::Fresh);
    client.answer_with(ADVERTISE, SERVER, &[Client::status(2)]);
    let terms = association([0, 0, 0, 0x0a], "fd00::20", 0, 0, 5, 5);
    client.answer_with(ADVERTISE, SERVER, &[(7, vec![255]), (3, terms)]);
    assert_eq!(
        client.kinds(),
        [1],
        "nor one whose addresses end in five seconds"
    );
    assert_eq!(client.wait_for_event(), Event::Unanswered);
    for _ in 0..10 {
        client.wait();
    }
    let gaps: Vec<u64> = client
        .sent
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .collect();
    assert!(gaps.last().unwrap() >= &107, "{gaps:?}");
}

#[test]
fn a_lease_is_prolonged_and_a_silent_server_is_replaced() {
    let mut client = Client::bound();
    client.wait();
    assert_eq!(client.sent, [(905, 5, Some(SERVER.to_vec()))]);
    client.answer(REPLY, OTHER_SERVER, 0, "fd00::20");
    assert_eq!(client.told, []);
    client.answer(REPLY, SERVER, 0, "fd00::20");
    assert!(matches!(client.told[..], [Event::Renewed(_)]));
    client.told.clear();
    while !matches!(client.machine.state, State::Rebinding { .. }) {
        client.wait();
    }
    assert_eq!(client.now.up.as_secs(), 905 + 1440);
    client.answer(REPLY, OTHER_SERVER, 0, "fd00::20");
    assert!(matches!(client.told[..], [Event::Renewed(_)]));
}

#[test]
fn a_lease_that_nobody_prolongs_ends() {
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
    assert_eq!(client.now.up.as_secs(), 5 + 3600);
    assert_eq!(client.machine.lease(), None);
    assert_eq!(client.kinds().last(), Some(&1));
    assert!(client.sent.len() < 20, "{:?}", client.sent);
}

#[test]
fn a_server_that_forgot_us_is_asked_for_the_same_addresses_and_the_lease_goes_on() {
    let mut client = Client::bound();
    client.wait();
    client.answer_with(REPLY, SERVER, &[Client::no_binding()]);
    assert_eq!(client.kinds(), [5, 3]);
    assert!(client.machine.lease().is_some());
    client.answer(REPLY, SERVER, 0, "fd00::20");
    assert!(matches!(client.told[..], [Event::Renewed(_)]));
    // If it falls silent, others are asked, and the lease isn't lost before its time.
    let mut client = Client::bound();
    client.wait();
    client.answer_with(REPLY, SERVER, &[Client::no_binding()]);
    assert!(matches!(
        client.wait_for_event(),
        Event::Lost {
            why: Loss::Expired,
            ..
        }
    ));
    assert_eq!(client.now.up.as_secs(), 5 + 3600);
}

#[test]
fn a_withdrawn_address_is_lost() {
    let mut client = Client::bound();
    client.wait();
    let terms = association([0, 0, 0, 0x0a], "fd00::20", 0, 0, 0, 0);
    client.answer_with(REPLY, SERVER, &[(3, terms)]);
    assert!(matches!(
        client.told[..],
        [Event::Lost {
            why: Loss::Refused,
            ..
        }]
    ));
}

#[test]
fn a_lease_from_before_is_confirmed_with_the_rest_of_its_time() {
    let mut client = Client::started_at(1_000_300, Begin::With(lease6()));
    assert_eq!(client.kinds(), [4]);
    assert_eq!(
        client.machine.lease(),
        Some(lease6().into()),
        "it counts as held"
    );
    client.answer_with(REPLY, SERVER, &[Client::status(0)]);
    assert_eq!(client.told, [Event::Renewed(lease6().into())]);
    assert_eq!(
        client.machine.deadline(),
        Some(Duration::from_secs(5 + 900 - 300))
    );
    // One that should have been prolonged long ago is prolonged at once.
    let mut client = Client::started_at(1_001_000, Begin::With(lease6()));
    client.answer_with(REPLY, SERVER, &[Client::status(0)]);
    assert_eq!(client.kinds(), [4, 5]);
}

#[test]
fn a_lease_from_before_on_another_link_is_lost() {
    let mut client = Client::started(Begin::With(lease6()));
    client.answer_with(REPLY, OTHER_SERVER, &[Client::status(4)]);
    assert!(matches!(
        client.told[..],
        [Event::Lost {
            why: Loss::Refused,
            ..
        }]
    ));
    assert_eq!(client.kinds(), [4, 1]);
}

#[test]
fn a_lease_from_before_is_kept_for_its_time_while_nobody_answers() {
    let mut client = Client::started_at(1_001_000, Begin::With(lease6()));
    assert_eq!(client.wait_for_event(), Event::Unconfirmed(lease6().into()));
    assert!(client.now.up.as_secs() <= 13);
    assert_eq!(client.kinds(), [4, 4, 4, 6]);
    assert!(matches!(
        client.wait_for_event(),
        Event::Lost {
            why: Loss::Expired,
            ..
        }
    ));
    assert_eq!(client.now.up.as_secs(), 5 + 2600);
}

#[test]
fn an_ended_or_foreign_lease_is_not_confirmed() {
    let mut foreign = lease6();
    foreign.duid[9] = 99;
    for (unix, lease) in [(2_000_000, lease6()), (1_000_000, foreign)] {
        let client = Client::started_at(unix, Begin::With(lease));
        assert_eq!((client.kinds(), client.machine.lease()), (vec![1], None));
    }
}

#[test]
fn giving_back_and_declining_name_the_server() {
    let mut client = Client::bound();
    let outputs = client.machine.decline(client.now);
    client.note(outputs);
    assert_eq!(client.sent[0], (5, 9, Some(SERVER.to_vec())));
    assert!(matches!(
        client.told[..],
        [Event::Lost {
            why: Loss::Duplicate,
            ..
        }]
    ));
    client.wait();
    assert_eq!(client.sent[1].0, 15);
    let mut client = Client::bound();
    let outputs = client.machine.release(client.now);
    client.note(outputs);
    assert_eq!(client.sent[0], (5, 8, Some(SERVER.to_vec())));
    assert_eq!(client.machine.deadline(), None);
}

proptest! {
    /// As for IPv4: what it holds is what it told, it goes on, and it isn't made to send without
    /// end.
    #[test]
    fn no_server_gets_the_client_out_of_step(
        steps in proptest::collection::vec((0u8..9, 0usize..4, 0u8..2), 1..80),
        with_lease in any::<bool>(),
    ) {
        let begin = if with_lease { Begin::With(lease6()) } else { Begin::Fresh };
        let mut held: Option<Lease> = with_lease.then(|| lease6().into());
        let mut client = Client::started(begin);
        for (step, address, server) in steps {
            let before = client.sent.len();
            let address = ["fd00::20", "fd00::21", "fd00::22", "ff02::1"][address];
            let server = [SERVER, OTHER_SERVER][usize::from(server)];
            match step {
                0 => if client.machine.deadline().is_some() { client.wait(); },
                1 => { let o = client.machine.renew(client.now); client.note(o); }
                2 => { let o = client.machine.decline(client.now); client.note(o); }
                3 => client.answer(ADVERTISE, server, 255, address),
                4 => client.answer(ADVERTISE, server, 0, address),
                5 => client.answer(REPLY, server, 0, address),
                6 => client.answer_with(REPLY, server, &[Client::status(4)]),
                7 => client.answer_with(REPLY, server, &[Client::no_binding()]),
                _ => client.answer_with(REPLY, server, &[Client::status(0)]),
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
            prop_assert!(client.machine.deadline().is_some_and(|at| at >= client.now.up), "it must go on");
        }
    }
}
