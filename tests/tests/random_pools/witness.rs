//! Who only looks: a client at each host that keeps what it is told by events, and a bridge there that somebody else made.

use std::collections::BTreeMap;

use xapi_core::Origin;
use xapi_model::{ApiError, Value};
use xapi_net::object::{Bridge, Link, Port};
use xapi_net::topology::Name;
use xapi_tests::{Follower, Peers};

/// The bridge of somebody else, and its port.
const FOREIGN: (&str, &str) = ("br-lab", "lab0");

/// More than one failure of one question is none of the token or of the session.
const TRIES: usize = 3;

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// What a host has that is not ours.
type Foreign = (Option<Bridge>, Option<Port>, Option<Link>);

fn foreign(peers: &Peers, at: usize) -> Foreign {
    let (bridge, port) = (name(FOREIGN.0), name(FOREIGN.1));
    let world = peers.host(at).handle.world();
    let state = &world.state;
    (
        state.bridges.get(&bridge).cloned(),
        state.ports.get(&port).cloned(),
        state.links.get(&bridge).cloned(),
    )
}

/// The clients, and what was there.
#[derive(Default)]
pub struct Witness {
    /// A session and what it was told, by host.
    clients: BTreeMap<usize, (Option<Value>, Follower)>,
    foreign: BTreeMap<usize, Foreign>,
    /// Clients that had to begin anew, for what they had missed was not known any more.
    pub lost: u64,
}

/// What happens at a host's own socket.
fn at_socket() -> Origin {
    Origin {
        local_root: true,
        peer: "the socket".into(),
        ..Origin::default()
    }
}

/// A session of a host's superuser, by its own socket.
pub fn log_in(peers: &mut Peers, at: usize) -> Result<Value, ApiError> {
    let words = ["root", "", "2.23", "tests"].map(Value::from).to_vec();
    peers.raw(at, &at_socket(), "session.login_with_password", words)
}

/// A call at a host's own socket, by its superuser.
pub fn by_socket(
    peers: &mut Peers,
    at: usize,
    name: &str,
    rest: Vec<Value>,
) -> Result<Value, ApiError> {
    let session = log_in(peers, at)?;
    let params = std::iter::once(session).chain(rest).collect();
    peers.raw(at, &at_socket(), name, params)
}

impl Witness {
    /// Somebody makes a bridge on a host.
    pub fn plants(&mut self, peers: &Peers, at: usize) {
        let (bridge, port) = (name(FOREIGN.0), name(FOREIGN.1));
        peers.host(at).handle.world().foreign_bridge(bridge, port);
        self.foreign.insert(at, foreign(peers, at));
    }

    /// Nobody has touched what is not ours.
    pub fn foreign_is_as_it_was(&self, peers: &Peers) {
        for (at, before) in &self.foreign {
            assert_eq!(foreign(peers, *at), *before, "what is not ours on {at}");
        }
    }

    /// The client at a host hears what has happened, and then knows what that host has.
    pub fn hears(&mut self, peers: &mut Peers, at: usize) {
        let (session, follower) = self.clients.entry(at).or_default();
        for _ in 0..TRIES {
            let with = match session.take() {
                Some(session) => session,
                None => log_in(peers, at).unwrap_or_else(|why| panic!("no session at {at}: {why}")),
            };
            let call = |name: &str, rest: Vec<Value>| {
                let params = std::iter::once(with.clone()).chain(rest).collect();
                peers.raw(at, &at_socket(), name, params)
            };
            match follower.follow(call) {
                Ok(()) => {
                    *session = Some(with);
                    let view = peers.core(at).view().expect("a view");
                    return follower.knows(&view);
                }
                // Its master has forgotten it, or is another.
                Err(why) if why.code == "SESSION_INVALID" => {}
                Err(why) if why.code == "EVENTS_LOST" && follower.follows() => {
                    *session = Some(with);
                    *follower = Follower::default();
                    self.lost += 1;
                }
                Err(why) => panic!("the client at {at} is told {why}"),
            }
        }
        panic!("the client at {at} hears nothing");
    }
}
