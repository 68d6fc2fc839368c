//! What comes out of a lab's host, seen at the other ends of its cables: by which NIC, with which tag.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::lab::{Lab, eventually};

/// How long an answer that was heard may take to be seen as well.
const PATIENCE: Duration = Duration::from_secs(20);
/// Echo requests that tell a way.
const ECHOES: usize = 3;

/// A tcpdump at each cable of a host.
pub struct Wire {
    taps: Vec<Child>,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    answers: Mutex<Vec<Answer>>,
    more: Condvar,
}

/// An echo reply.
#[derive(Clone, Debug)]
struct Answer {
    address: String,
    /// The round of echo requests that it answers.
    round: String,
    way: Way,
}

/// How an answer comes out of a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The NIC.
    pub nic: String,
    /// The VLAN tag, if it has one.
    pub tag: Option<u16>,
    /// Whose MAC address it has.
    pub mac: String,
}

impl Wire {
    /// Taps all cables of a host; returns when every packet is seen.
    pub fn tap(lab: &Lab, host: &str, nics: &[&str]) -> Wire {
        let seen = Arc::<Seen>::default();
        let mut taps = Vec::new();
        for nic in nics {
            let mut tap = Command::new("ip")
                .args(["netns", "exec", &lab.client_name(), "tcpdump"])
                .args(["-i", &format!("{host}-{nic}"), "-Q", "in"])
                .args(["-l", "-n", "-e", "-t", "--immediate-mode"])
                .arg("icmp or icmp6 or vlan")
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("running tcpdump");
            let errors = BufReader::new(tap.stderr.take().expect("a pipe"));
            let mut told = errors.lines().map_while(Result::ok);
            assert!(
                told.any(|line| line.starts_with("listening on")),
                "tcpdump does not listen at {nic}"
            );
            let output = BufReader::new(tap.stdout.take().expect("a pipe"));
            let (ours, nic) = (Arc::clone(&seen), (*nic).to_owned());
            std::thread::spawn(move || {
                // It complains to a closed pipe otherwise.
                let _told = told;
                for line in output.lines().map_while(Result::ok) {
                    ours.note(&nic, &line);
                }
            });
            taps.push(tap);
        }
        Wire { taps, seen }
    }

    /// Pings an address of the host or of a guest on it until each request of a round is answered; by which ways these
    /// answers come out of the host. `from` is `client` or another host. After a round that was not, `unheard` is
    /// called.
    #[track_caller]
    pub fn ways(&self, lab: &Lab, from: &str, address: &str, unheard: impl Fn()) -> BTreeSet<Way> {
        let count = ECHOES.to_string();
        let ping = ["ping", "-n", "-c", &count, "-i", "0.02", "-W", "1", address];
        let arguments = [&["exec", from, "--"][..], &ping].concat();
        // Whoever has just changed the active member of a bond is not heard by it at once.
        let before = eventually(&format!("{address} answers {from}"), || {
            let before = self.seen.lock().len();
            let told = String::from_utf8_lossy(&lab.run(&arguments).stdout).into_owned();
            match told.contains(&format!(" {ECHOES} received")) {
                true => Ok(before),
                false => {
                    unheard();
                    Err(told)
                }
            }
        });
        let of_it = |answers: &Vec<Answer>| -> Vec<Way> {
            let later = answers[before..].iter();
            let its: Vec<_> = later.filter(|answer| answer.address == address).collect();
            // A tap may be late with rounds before, of which not all was answered.
            let of_round = |round: &str| -> Vec<Way> {
                let its = its.iter().filter(|answer| answer.round == round);
                its.map(|answer| answer.way.clone()).collect()
            };
            let rounds = its.iter().map(|answer| of_round(&answer.round));
            rounds.max_by_key(Vec::len).unwrap_or_default()
        };
        let waited = self
            .seen
            .more
            .wait_timeout_while(self.seen.lock(), PATIENCE, |answers| {
                of_it(answers).len() < ECHOES
            });
        let (answers, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(
            !waited.timed_out(),
            "{address} answers {from}, but by no cable: {answers:?}"
        );
        of_it(&answers).into_iter().collect()
    }
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, Vec<Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an echo reply, as tcpdump tells it:
    /// `MAC > MAC, ethertype 802.1Q (0x8100), length 102: vlan 7, p 0, ethertype IPv4 (0x0800), A > B: ICMP echo reply, …`
    fn note(&self, nic: &str, line: &str) {
        if !line.contains("echo reply") {
            return;
        }
        let tag = line.split_once(": vlan ").map(|(_, rest)| {
            let digits = rest.split(',').next().unwrap_or_default();
            digits.parse().expect("a tag")
        });
        let before_arrow = line.rsplit_once(" > ").map_or("", |(before, _)| before);
        let address = before_arrow.rsplit(' ').next().unwrap_or_default();
        let way = Way {
            nic: nic.to_owned(),
            tag,
            mac: line.split(' ').next().unwrap_or_default().to_owned(),
        };
        let round = line.split_once(", id ").map_or("", |(_, rest)| rest);
        let round = round.split(',').next().unwrap_or_default();
        self.lock().push(Answer {
            address: address.to_owned(),
            round: round.to_owned(),
            way,
        });
        self.more.notify_all();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for tap in &mut self.taps {
            if let Err(why) = tap.kill().and_then(|()| tap.wait()) {
                eprintln!("tcpdump: {why}");
            }
        }
    }
}
