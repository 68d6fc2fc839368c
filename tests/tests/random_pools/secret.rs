//! The pool's secret is exchanged among whatever else happens.

use std::path::Path;

use xapi_model::{ApiError, Value};
use xapi_tests::Peers;
use xapi_tests::sim_peers::{Fate, Kind, Trouble};

/// Has a master exchange it. A number says at which question to a slave there is trouble, and which.
pub fn exchange(
    peers: &mut Peers,
    master: usize,
    slave: Option<usize>,
    number: u64,
) -> Result<Value, ApiError> {
    // Each digit says something else, so that everything meets everything.
    let mut left = number;
    let mut digit = |of: u64| {
        let digit = usize::try_from(left % of).unwrap_or_default();
        left /= of;
        digit
    };
    let is_undisturbed = digit(6) == 0;
    if let Some(slave) = slave.filter(|_| !is_undisturbed) {
        let trouble = Trouble {
            kind: Kind::Ask,
            after: digit(2),
            heard: digit(3) > 0,
            fate: [Fate::Ends, Fate::Parts, Fate::MasterDies, Fate::SlaveDies][digit(4)],
        };
        peers.trouble(slave, trouble);
    }
    let outcome = peers.call(master, "pool.rotate_secret", Vec::new());
    if let Err(why) = &outcome {
        let code = why.code.as_str();
        let is_of_lines = ["HOST_OFFLINE", "CANNOT_CONTACT_HOST"].contains(&code);
        assert!(is_of_lines, "{why}");
    }
    outcome
}

/// All hosts have the same one, and no other: for a pool whose hosts are all linked.
pub fn is_one(peers: &Peers) {
    let read = |root: &Path, name: &str| {
        let path = root.join("etc/xensource").join(name);
        path.exists()
            .then(|| std::fs::read_to_string(path).expect("a text"))
    };
    let held: Vec<_> = (0..peers.len())
        .map(|at| {
            let root = peers.host(at).root();
            (read(root, "ptoken"), read(root, "ptoken.previous"))
        })
        .collect();
    for (at, its) in held.iter().enumerate() {
        assert_eq!(its.1, None, "those before are good at {at}");
        assert_eq!(its.0, held[0].0, "the secret of {at}");
    }
}
