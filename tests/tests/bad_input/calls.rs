//! The network calls, each with parameters that are of the right types and name things that are there.

use xapi_model::messages::{Message, messages};
use xapi_model::{Bond, Network, Ref, Value};
use xapi_tests::SimHost;
use xapi_tests::server::{Served, To};
use xapi_tests::sim_host::text;

use crate::send::{Encoding, Failed, send};

/// A call and good parameters after the session.
pub struct Good {
    /// Name of the message.
    pub name: &'static str,
    /// The parameters.
    pub params: fn(&Stand) -> Vec<Value>,
}

/// A daemon whose host has four NICs, a bond of two of them, and a network that nothing uses.
pub struct Stand {
    /// The daemon.
    pub served: Served,
    /// The bond of eth2 and eth3.
    pub bond: Ref<Bond>,
    /// The network that nothing uses.
    pub spare: Ref<Network>,
}

/// What must not change.
#[derive(Debug, PartialEq)]
pub struct Mark {
    seen: Vec<String>,
    generation: u64,
    steps: usize,
}

impl Stand {
    /// The daemon.
    pub fn new() -> Stand {
        let served = Served::new(4);
        let bonded = served.host.new_network("bonded");
        let bond = served
            .host
            .bond(&bonded, &["eth2", "eth3"], "lacp")
            .expect("a bond");
        let spare = served.host.new_network("spare");
        Stand {
            served,
            bond,
            spare,
        }
    }

    /// The host.
    pub fn host(&self) -> &SimHost {
        &self.served.host
    }

    /// How everything is now.
    pub fn mark(&self) -> Mark {
        Mark {
            seen: self.host().seen(),
            generation: self.host().core().store.generation(),
            steps: self.host().handle.world().steps,
        }
    }

    /// Calls with the session put first.
    pub fn call(
        &self,
        to: To,
        encoding: Encoding,
        name: &str,
        params: &[Value],
    ) -> Result<(), Failed> {
        let session = Value::from(self.host().session());
        let all: Vec<_> = std::iter::once(session)
            .chain(params.iter().cloned())
            .collect();
        send(&self.served, to, encoding, name, &all)
    }

    /// Nothing has changed since, and calls are carried out as before.
    pub fn is_as_before(&self, mark: &Mark) {
        assert_eq!(&self.mark(), mark);
        assert_eq!(self.host().diverged(), Vec::<String>::new());
        let network = text(&self.spare);
        for to in [To::Unix, To::Tcp] {
            for (label, encoding) in [("one", Encoding::Xml), ("spare", Encoding::Json)] {
                let params = [network.clone(), Value::from(label)];
                self.call(to, encoding, "network.set_name_label", &params)
                    .expect("a good call");
                assert_eq!(self.host().get(&self.spare).name_label, label);
            }
        }
        let words = ["Static", "10.1.0.2", "255.255.0.0", "", ""].map(Value::from);
        let pif = std::iter::once(text(&self.host().pif("eth1")));
        let params: Vec<_> = pif.chain(words).collect();
        self.call(To::Tcp, Encoding::Xml, "PIF.reconfigure_ip", &params)
            .expect("a good change");
        assert_eq!(self.host().diverged(), Vec::<String>::new());
    }
}

/// All ways that a call may take.
pub const WAYS: [(To, Encoding); 4] = [
    (To::Unix, Encoding::Xml),
    (To::Unix, Encoding::Json),
    (To::Tcp, Encoding::Xml),
    (To::Tcp, Encoding::Json),
];

/// The declaration of a message.
pub fn message(name: &str) -> &'static Message {
    messages().find(name).expect("a message")
}

fn eth1<const N: usize>(stand: &Stand, words: [&str; N]) -> Vec<Value> {
    let pif = std::iter::once(text(&stand.host().pif("eth1")));
    pif.chain(words.map(Value::from)).collect()
}

fn bond<const N: usize>(stand: &Stand, words: [&str; N]) -> Vec<Value> {
    std::iter::once(text(&stand.bond))
        .chain(words.map(Value::from))
        .collect()
}

/// The record of a network.
pub fn network() -> Value {
    let members = [
        ("name_label", Value::from("made")),
        ("name_description", Value::from("")),
        ("MTU", Value::Int(1500)),
        ("other_config", Value::Struct(Vec::new())),
        ("bridge", Value::from("")),
        ("managed", Value::Bool(true)),
        ("tags", Value::Array(vec![Value::from("a")])),
    ];
    Value::Struct(
        members
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec(),
    )
}

/// Every call of this kind.
pub const CALLS: &[Good] = &[
    Good {
        name: "PIF.scan",
        params: |stand| vec![text(&stand.host().host())],
    },
    Good {
        name: "PIF.introduce",
        params: |stand| {
            let words = ["02:16:3e:00:00:01", "eth1"].map(Value::from);
            let host = std::iter::once(text(&stand.host().host()));
            host.chain(words).chain([Value::Bool(true)]).collect()
        },
    },
    Good {
        name: "PIF.forget",
        params: |stand| eth1(stand, []),
    },
    Good {
        name: "PIF.plug",
        params: |stand| eth1(stand, []),
    },
    Good {
        name: "PIF.unplug",
        params: |stand| eth1(stand, []),
    },
    Good {
        name: "PIF.reconfigure_ip",
        params: |stand| {
            eth1(
                stand,
                ["Static", "10.1.0.2", "255.255.0.0", "10.1.0.1", "10.1.0.1"],
            )
        },
    },
    Good {
        name: "PIF.reconfigure_ipv6",
        params: |stand| eth1(stand, ["Static", "fd00:1::2/64", "fd00:1::1", "fd00:1::1"]),
    },
    Good {
        name: "PIF.set_primary_address_type",
        params: |stand| eth1(stand, ["IPv6"]),
    },
    Good {
        name: "PIF.set_disallow_unplug",
        params: |stand| {
            let mut params = eth1(stand, []);
            params.push(Value::Bool(true));
            params
        },
    },
    Good {
        name: "PIF.set_property",
        params: |stand| eth1(stand, ["gro", "off"]),
    },
    Good {
        name: "network.create",
        params: |_| vec![network()],
    },
    Good {
        name: "network.destroy",
        params: |stand| vec![text(&stand.spare)],
    },
    Good {
        name: "Bond.create",
        params: |stand| {
            vec![
                text(&stand.spare),
                Value::Array(vec![text(&stand.host().pif("eth1"))]),
                Value::from("02:00:00:00:00:01"),
                Value::from("lacp"),
                Value::Struct(vec![("lacp-time".to_owned(), Value::from("fast"))]),
            ]
        },
    },
    Good {
        name: "Bond.destroy",
        params: |stand| bond(stand, []),
    },
    Good {
        name: "Bond.set_mode",
        params: |stand| bond(stand, ["balance-slb"]),
    },
    Good {
        name: "Bond.set_property",
        params: |stand| bond(stand, ["lacp-time", "fast"]),
    },
    Good {
        name: "host.management_reconfigure",
        params: |stand| eth1(stand, []),
    },
    Good {
        name: "host.management_disable",
        params: |_| Vec::new(),
    },
    Good {
        name: "host.local_management_reconfigure",
        params: |_| vec![Value::from("xenbr1")],
    },
    Good {
        name: "host.get_management_interface",
        params: |stand| vec![text(&stand.host().host())],
    },
];
