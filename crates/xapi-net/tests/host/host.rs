//! A host with the agent on it.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns, unshare};
use tempfile::TempDir;
use xapi_net::agent::{Agent, NetError, NetEvent, Outcome, Request};
use xapi_net::local::{Config, LocalAgent};
use xapi_net::names::{Inet, Name};
use xapi_net::ovs::row::Datapath;
use xapi_net::topology::{Bond, BondMode, Bridge, Ipv4, Ipv6, Topology};

use crate::lab::Lab;

/// A name that is known to be one.
pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// An address that is known to be one.
pub fn inet(text: &str) -> Inet {
    text.parse().unwrap()
}

/// A host with its agent.
pub struct Host {
    // Dropped first: the agent must not see the end of its host.
    pub agent: Option<LocalAgent>,
    pub lab: Lab,
    pub root: TempDir,
}

impl Host {
    /// A host with NICs eth0, eth1, … and an agent that was asked for nothing yet.
    pub fn new(nics: usize) -> Host {
        let lab = Lab::new(nics);
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("etc")).unwrap();
        let mut host = Host {
            agent: None,
            lab,
            root,
        };
        host.start_agent();
        host
    }

    /// Starts an agent, in the place of the one before.
    pub fn start_agent(&mut self) {
        self.agent = None;
        let config = Config {
            ovsdb: self.lab.socket(),
            ovs_run: self.lab.run_dir().to_owned(),
            nics: vec!["eth[0-9]*".parse().unwrap()],
            datapath: Some(Datapath::Netdev),
            ..Config::at(self.root.path())
        };
        let agent = within(&self.lab, move || LocalAgent::start(config));
        self.agent = Some(agent.unwrap());
    }

    pub fn agent(&self) -> &LocalAgent {
        self.agent.as_ref().unwrap()
    }

    /// Asks for a topology, whole.
    pub fn whole(&self, topology: &Topology) -> Result<Outcome, NetError> {
        self.agent().converge(Request {
            within: Duration::from_secs(20),
            ..Request::whole(topology.clone())
        })
    }

    /// Asks for what can be of a topology.
    pub fn what_can(&self, topology: &Topology) -> Outcome {
        let request = Request {
            within: Duration::from_secs(20),
            ..Request::what_can(topology.clone())
        };
        self.agent().converge(request).unwrap()
    }

    /// Has events from now on.
    pub fn events(&self) -> Receiver<NetEvent> {
        let (sender, receiver) = channel();
        self.agent()
            .subscribe(Box::new(move |event| drop(sender.send(event))));
        receiver
    }

    /// What `ip` shows of a device or of all.
    pub fn ip(&self, words: &str) -> String {
        self.lab.host.run(&format!("ip {words}"))
    }
}

/// Waits for an event.
pub fn wait_for(
    events: &Receiver<NetEvent>,
    mut wanted: impl FnMut(&NetEvent) -> bool,
) -> NetEvent {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let event = events.recv_timeout(left).expect("the event did not come");
        if wanted(&event) {
            return event;
        }
    }
}

/// Runs on a thread that is part of the host: its network, and its view of sysfs. Threads started there stay there.
pub fn within<T: Send + 'static>(lab: &Lab, work: impl FnOnce() -> T + Send + 'static) -> T {
    let namespace = |kind: &str| {
        File::open(
            Path::new("/proc")
                .join(lab.host.pid().to_string())
                .join("ns")
                .join(kind),
        )
        .unwrap()
    };
    let (net, mnt) = (namespace("net"), namespace("mnt"));
    let thread = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_FS).unwrap();
        setns(net, CloneFlags::CLONE_NEWNET).unwrap();
        setns(mnt, CloneFlags::CLONE_NEWNS).unwrap();
        work()
    });
    thread.join().unwrap()
}

/// The MAC of a NIC.
pub fn mac(host: &Host, nic: &str) -> xapi_net::names::Mac {
    host.agent().facts().unwrap().nics[&name(nic)].mac.unwrap()
}

/// The host's address on the lab's network, and the switch's.
pub const V4: &str = "10.99.0.2/24";
pub const V6: &str = "fd99::2/64";

/// A bridge over a NIC, with its MAC.
pub fn over(host: &Host, nic: &str) -> Bridge {
    Bridge {
        mac: Some(mac(host, nic)),
        ..Bridge::over_nic(name(nic))
    }
}

/// A bridge over a bond, with the first member's MAC.
pub fn over_bond(host: &Host, bond: &str, members: &[&str], mode: BondMode) -> Bridge {
    let primary = mac(host, members[0]);
    let bond = Bond {
        name: name(bond),
        members: members.iter().map(|member| name(member)).collect(),
        mac: Some(primary),
        mode,
        properties: Default::default(),
    };
    Bridge {
        mac: Some(primary),
        ..Bridge::over_bond(bond)
    }
}

/// The same bridge with the management addresses.
pub fn addressed(bridge: Bridge) -> Bridge {
    Bridge {
        ipv4: Ipv4::Static {
            address: inet(V4),
            gateway: Some("10.99.0.1".parse().unwrap()),
        },
        ipv6: Ipv6::Static {
            addresses: vec![inet(V6)],
            gateway: Some("fd99::1".parse().unwrap()),
        },
        ..bridge
    }
}

/// A topology whose management is on one bridge.
pub fn topology(management: &str, bridges: Vec<(&str, Bridge)>) -> Topology {
    Topology {
        bridges: bridges
            .into_iter()
            .map(|(bridge, it)| (name(bridge), it))
            .collect(),
        management: Some(name(management)),
        gateway: Some(name(management)),
        dns: Some(name(management)),
        ..Topology::default()
    }
}
