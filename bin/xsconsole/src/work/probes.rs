//! Real questions to whoever is outside.

use std::net::{IpAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use xapi_net::agent::Probe;
use xapi_net::kernel::probe;

use super::thread;
use crate::app::Event;
use crate::app::probing::{Answer, Target};
use crate::queue::Tell;

/// How long an answer is waited for.
const WITHIN: Duration = Duration::from_secs(3);
/// The most that are asked at a time.
const MOST: usize = 16;

/// Asks each, at the same time.
pub fn ask(targets: Vec<Target>, tell: &Tell) -> std::io::Result<()> {
    for target in targets.into_iter().take(MOST) {
        let tell = tell.clone();
        thread("probe", move || {
            let answer = answer(&target);
            tell.event(Event::Probed(target, answer));
        })?;
    }
    Ok(())
}

fn answer(target: &Target) -> Answer {
    let (address, probe) = match target {
        Target::Router(address) => (*address, Probe::Router(*address)),
        Target::NameServer(address) => (*address, Probe::NameServer(*address)),
        Target::Anybody(name) => match resolved(name) {
            Ok(address) => (address, Probe::Host(address)),
            Err(why) => return Answer::None(format!("its address is not known: {why}")),
        },
    };
    let began = Instant::now();
    match probe::answered(&[probe].into(), WITHIN) {
        Ok(answered) if answered.contains(&probe) => Answer::Came(address, began.elapsed()),
        Ok(_) => Answer::None(format!("no answer within {} s", WITHIN.as_secs())),
        Err(why) => Answer::None(why.to_string()),
    }
}

fn resolved(name: &str) -> std::io::Result<IpAddr> {
    if let Ok(address) = name.parse() {
        return Ok(address);
    }
    let mut found = (name, 0).to_socket_addrs()?;
    let found = found.next().map(|socket| socket.ip());
    found.ok_or_else(|| std::io::Error::other("the name has none"))
}
