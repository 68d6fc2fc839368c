//! The random calls of a master, and how it shows that one has done what it answered.

use xapi_db::{Read, View};
use xapi_model::{
    Bond, Class, Host, IpConfigurationMode, Ipv6ConfigurationMode, Network, Pif, Pool, Ref, Tunnel,
    Value, Vlan, Vm,
};
use xapi_tests::sim_host::{text, vif_record, vm_record};

use crate::rows::all;
use xapi_tests::random::Random;

/// Whose rows a call may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Those of one host.
    One(Ref<Host>),
    /// Those of any.
    All,
}

/// Looks in the rows whether the call has done what it answered with this value.
type Done = Box<dyn Fn(&View, &Value) -> bool>;

/// A call of the master.
pub struct Call {
    pub name: &'static str,
    pub params: Vec<Value>,
    pub about: About,
    pub done: Done,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} about {:?}", self.name, self.params, self.about)
    }
}

/// What a change of the other family leaves alone.
fn ipv4_of(row: &Pif) -> (IpConfigurationMode, String, String, String) {
    let (ip, netmask, gateway) = (&row.ip, &row.netmask, &row.gateway);
    let mode = row.ip_configuration_mode;
    (mode, ip.clone(), netmask.clone(), gateway.clone())
}

fn ipv6_of(row: &Pif) -> (Ipv6ConfigurationMode, Vec<String>, String) {
    let (addresses, gateway) = (&row.ipv6, &row.ipv6_gateway);
    let mode = row.ipv6_configuration_mode;
    (mode, addresses.clone(), gateway.clone())
}

const MODES: [&str; 3] = ["balance-slb", "active-backup", "lacp"];

/// Whether there is such an object.
pub fn exists<C: Class>(view: &View, reference: &Value) -> bool {
    let reference = Ref::<C>::new(reference.as_str().unwrap_or_default());
    view.exists(&reference).expect("a view")
}

fn made<C: Class>() -> Done {
    Box::new(|view, answer| exists::<C>(view, answer))
}

fn gone<C: Class>(reference: Ref<C>) -> Done {
    Box::new(move |view, _| !view.exists(&reference).expect("a view"))
}

fn map(pairs: &[(&str, &str)]) -> Value {
    let pairs = pairs.iter();
    Value::Struct(
        pairs
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect(),
    )
}

fn network(label: &str) -> Value {
    Value::Struct(vec![
        ("name_label".to_owned(), Value::from(label)),
        ("name_description".to_owned(), Value::from("")),
        ("other_config".to_owned(), Value::Struct(Vec::new())),
    ])
}

/// What a call is chosen from.
pub struct Stage<'a> {
    pub random: &'a mut Random,
    pub view: &'a View,
    /// A number that no call had before.
    pub number: usize,
}

impl Stage<'_> {
    /// A call; nothing if there is nothing to make the one that was thought of with.
    pub fn choose(&mut self) -> Option<Call> {
        let hosts: Vec<_> = all::<Host>(self.view).into_keys().collect();
        let host = self.random.one(&hosts)?;
        match self.random.below(30) {
            0..3 => self.network(),
            3..18 => self.of_host(host),
            18..20 => self.machine(),
            _ => self.everywhere(&hosts),
        }
    }

    fn networks(&self) -> Vec<(Ref<Network>, Network)> {
        all::<Network>(self.view).into_iter().collect()
    }

    /// A network that a client made.
    fn made_network(&mut self) -> Option<(Ref<Network>, Network)> {
        let mut all = self.networks();
        all.retain(|(_, row)| row.name_label.starts_with("net "));
        self.random.one(&all)
    }

    fn network(&mut self) -> Option<Call> {
        let label = format!("net {}", self.number);
        if self.random.one_in(2) {
            return Some(Call {
                name: "network.create",
                params: vec![network(&label)],
                about: About::All,
                done: made::<Network>(),
            });
        }
        let (network, _) = self.made_network()?;
        Some(match self.random.one_in(2) {
            true => Call {
                name: "network.destroy",
                params: vec![text(&network)],
                about: About::All,
                done: gone(network),
            },
            false => Call {
                name: "network.set_name_label",
                params: vec![text(&network), Value::from(label.as_str())],
                about: About::All,
                done: Box::new(move |view, _| {
                    view.field(&network, Network::NAME_LABEL).expect("a view") == label
                }),
            },
        })
    }

    fn machine(&mut self) -> Option<Call> {
        let machines: Vec<_> = all::<Vm>(self.view)
            .into_iter()
            .filter(|(_, row)| !row.is_control_domain)
            .collect();
        let label = format!("vm {}", self.number);
        let Some((vm, row)) = self
            .random
            .one(&machines)
            .filter(|_| !self.random.one_in(3))
        else {
            return Some(Call {
                name: "VM.create",
                params: vec![vm_record(&label, &[])],
                about: About::All,
                done: made::<Vm>(),
            });
        };
        let (network, _) = self.made_network()?;
        let device = row.vifs.len().to_string();
        Some(Call {
            name: "VIF.create",
            params: vec![vif_record(&vm, &device, &network, &[])],
            about: About::All,
            done: made::<xapi_model::Vif>(),
        })
    }

    fn pifs(&self, host: &Ref<Host>) -> Vec<(Ref<Pif>, Pif)> {
        let pifs = all::<Pif>(self.view).into_iter();
        pifs.filter(|(_, pif)| pif.host == *host).collect()
    }

    /// A change of one host.
    fn of_host(&mut self, host: Ref<Host>) -> Option<Call> {
        let pifs = self.pifs(&host);
        let (pif, row) = self.random.one(&pifs)?;
        let about = About::One(host);
        let (net, _) = self.made_network()?;
        let call = |name, params, done| {
            Some(Call {
                name,
                params,
                about: about.clone(),
                done,
            })
        };
        match self.random.below(16) {
            0..3 => {
                let tag = [7, 8, 9][self.random.below(3)];
                let params = vec![text(&pif), Value::Int(tag), text(&net)];
                call("VLAN.create", params, made::<Vlan>())
            }
            3 => {
                let vlans: Vec<_> = pifs
                    .iter()
                    .filter_map(|(_, pif)| pif.vlan_master_of.some().cloned())
                    .collect();
                let vlan = self.random.one(&vlans)?;
                call("VLAN.destroy", vec![text(&vlan)], gone(vlan))
            }
            4 => {
                let protocol = self.random.one(&["gre", "vxlan"])?;
                let params = vec![text(&pif), text(&net), Value::from(protocol)];
                call("tunnel.create", params, made::<Tunnel>())
            }
            5 => {
                let mut tunnels = pifs
                    .iter()
                    .flat_map(|(_, pif)| pif.tunnel_access_pif_of.iter());
                let tunnel = tunnels.next()?.clone();
                call("tunnel.destroy", vec![text(&tunnel)], gone(tunnel))
            }
            6..9 => {
                let nics: Vec<_> = pifs
                    .iter()
                    .filter(|(_, pif)| pif.physical)
                    .map(|(pif, _)| text(pif))
                    .collect();
                let first = self.random.below(nics.len());
                let members = nics.iter().cycle().skip(first).take(2).cloned().collect();
                let mode = self.random.one(&MODES)?;
                let params = vec![
                    text(&net),
                    Value::Array(members),
                    Value::from(""),
                    Value::from(mode),
                ];
                call("Bond.create", params, made::<Bond>())
            }
            9..12 => {
                let bonds: Vec<_> = pifs
                    .iter()
                    .flat_map(|(_, pif)| pif.bond_master_of.iter().cloned())
                    .collect();
                let bond = self.random.one(&bonds)?;
                if self.random.one_in(2) {
                    return call("Bond.destroy", vec![text(&bond)], gone(bond));
                }
                let mode = self.random.one(&MODES)?;
                let params = vec![text(&bond), Value::from(mode)];
                let done = move |view: &View, _: &Value| {
                    view.field(&bond, Bond::MODE).expect("a view").as_str() == mode
                };
                call("Bond.set_mode", params, Box::new(done))
            }
            12 => self.address(about, pif, &row),
            13 => self.address_of_ipv6(about, pif, &row),
            14 => {
                let plug = self.random.one_in(2);
                let name = if plug { "PIF.plug" } else { "PIF.unplug" };
                let params = vec![text(&pif)];
                let done = move |view: &View, _: &Value| {
                    view.field(&pif, Pif::CURRENTLY_ATTACHED).expect("a view") == plug
                };
                call(name, params, Box::new(done))
            }
            _ => {
                let params = vec![text(&pif)];
                let done = move |view: &View, _: &Value| {
                    view.field(&pif, Pif::MANAGEMENT).expect("a view")
                };
                call("host.management_reconfigure", params, Box::new(done))
            }
        }
    }

    fn address(&mut self, about: About, pif: Ref<Pif>, row: &Pif) -> Option<Call> {
        let none = !row.management && self.random.one_in(3);
        let address = match none {
            true => String::new(),
            false => format!("10.{}.{}.2", self.number / 250 % 250, self.number % 250),
        };
        let words = match none {
            true => ["None", "", "", "", ""],
            false => ["Static", &address, "255.255.255.0", "", ""],
        };
        let params = std::iter::once(text(&pif))
            .chain(words.map(Value::from))
            .collect();
        let beside = ipv6_of(row);
        Some(Call {
            name: "PIF.reconfigure_ip",
            params,
            about,
            done: Box::new(move |view, _| {
                let row = view.get(&pif).expect("the PIF");
                let is_none = row.ip_configuration_mode == IpConfigurationMode::None;
                is_none == none && (none || row.ip == address) && ipv6_of(&row) == beside
            }),
        })
    }

    fn address_of_ipv6(&mut self, about: About, pif: Ref<Pif>, row: &Pif) -> Option<Call> {
        let none = self.random.one_in(3);
        let address = match none {
            true => String::new(),
            false => format!("fd00:{:x}::2/64", self.number),
        };
        let words = match none {
            true => ["None", "", "", ""],
            false => ["Static", &address, "", ""],
        };
        let params = std::iter::once(text(&pif))
            .chain(words.map(Value::from))
            .collect();
        let beside = ipv4_of(row);
        Some(Call {
            name: "PIF.reconfigure_ipv6",
            params,
            about,
            done: Box::new(move |view, _| {
                let row = view.get(&pif).expect("the PIF");
                let is_none = row.ipv6_configuration_mode == Ipv6ConfigurationMode::None;
                let is_there = none || row.ipv6.contains(&address);
                is_none == none && is_there && ipv4_of(&row) == beside
            }),
        })
    }

    /// A change of many hosts.
    fn everywhere(&mut self, hosts: &[Ref<Host>]) -> Option<Call> {
        let view = self.view;
        let (pool, row) = all::<Pool>(view).into_iter().next()?;
        let about = About::All;
        let call = |name, params, done| {
            Some(Call {
                name,
                params,
                about: about.clone(),
                done,
            })
        };
        let (net, net_row) = self.made_network()?;
        let tag = Value::Int([17, 18][self.random.below(2)]);
        // As many as were made are there.
        let all_made: Done = Box::new(|view, answer| {
            let refs = answer.as_array().unwrap_or_default();
            !refs.is_empty() && refs.iter().all(|pif| exists::<Pif>(view, pif))
        });
        match self.random.below(9) {
            0 | 1 => {
                let device = format!("eth{}", self.random.below(4));
                let params = vec![Value::from(device.as_str()), text(&net), tag];
                call("pool.create_VLAN", params, all_made)
            }
            2 | 3 => {
                let pifs = self.pifs(&row.master);
                let (pif, _) = self.random.one(&pifs)?;
                call(
                    "pool.create_VLAN_from_PIF",
                    vec![text(&pif), text(&net), tag],
                    all_made,
                )
            }
            4 | 5 => {
                let devices = ["eth0,eth3", "eth1,eth2", "eth2,eth3"];
                let devices = self.random.one(&devices)?;
                let args = map(&[
                    ("network", &net_row.uuid),
                    ("devices", devices),
                    ("mode", MODES[self.random.below(3)]),
                ]);
                let params = vec![
                    text(&row.master),
                    "xapi-network".into(),
                    "pool-bond".into(),
                    args,
                ];
                call(
                    "host.call_plugin",
                    params,
                    Box::new(move |view, _| {
                        let pifs = view.field(&net, Network::PIFS).expect("the network");
                        pifs.iter().any(|pif| {
                            !view
                                .field(pif, Pif::BOND_MASTER_OF)
                                .expect("a PIF")
                                .is_empty()
                        })
                    }),
                )
            }
            6 => {
                let to = !row.igmp_snooping_enabled;
                let params = vec![text(&pool), Value::Bool(to)];
                call(
                    "pool.set_igmp_snooping_enabled",
                    params,
                    Box::new(move |view, _| {
                        view.field(&pool, Pool::IGMP_SNOOPING_ENABLED)
                            .expect("the pool")
                            == to
                    }),
                )
            }
            7 => {
                let params = vec![
                    text(&row.master),
                    "xapi-network".into(),
                    "pool-sync".into(),
                    map(&[]),
                ];
                call("host.call_plugin", params, Box::new(|_, _| true))
            }
            _ => {
                let on = self
                    .networks()
                    .into_iter()
                    .filter(|(_, net)| net.pifs.len() == hosts.len());
                let on: Vec<_> = on.collect();
                let (net, _) = self.random.one(&on)?;
                call(
                    "pool.management_reconfigure",
                    vec![text(&net)],
                    Box::new(move |view, _| {
                        let pifs = view.field(&net, Network::PIFS).expect("the network");
                        pifs.iter()
                            .all(|pif| view.field(pif, Pif::MANAGEMENT).expect("a PIF"))
                    }),
                )
            }
        }
    }
}
