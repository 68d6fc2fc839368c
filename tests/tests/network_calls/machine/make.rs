//! The calls, as clients make them.

use xapi_db::Read;
use xapi_model::{ApiError, Bond, Pif, Ref, Tunnel, Value, Vlan};
use xapi_tests::sim_host::{text, vif_record};

use super::Machine;
use crate::model::machines::{Change, Deed};
use crate::model::{By, Call, DHCP, NO_DEVICE, nic_of};

impl Machine {
    pub(super) fn make(&self, call: &Call) -> Result<(), ApiError> {
        let host = &self.host;
        let pif = |bridge: &str| text(&self.pif(bridge));
        let net = |bridge: &str| text(&self.networks[bridge]);
        let row = |bridge: &str| -> Pif { host.get(&self.pif(bridge)) };
        let (name, params) = match call {
            Call::VlanCreate {
                on,
                tag,
                net: n,
                by,
            } => {
                let tag = Value::Int(*tag);
                match by {
                    By::Pif => ("VLAN.create", vec![pif(on), tag, net(n)]),
                    By::Device => {
                        let device = Value::from(row(on).device.as_str());
                        let params = vec![device, net(n), text(&host.host()), tag];
                        ("PIF.create_VLAN", params)
                    }
                    By::Pool => ("pool.create_VLAN_from_PIF", vec![pif(on), net(n), tag]),
                }
            }
            Call::VlanNowhere { net: n } => {
                let device = Value::from(NO_DEVICE);
                let params = vec![device, net(n), text(&host.host()), Value::Int(7)];
                ("PIF.create_VLAN", params)
            }
            Call::VlanDestroy { pif } => ("VLAN.destroy", vec![text(&row(pif).vlan_master_of)]),
            Call::PifDestroy { pif: p } => ("PIF.destroy", vec![pif(p)]),
            Call::TunnelCreate {
                through,
                net: n,
                protocol,
            } => (
                "tunnel.create",
                vec![pif(through), net(n), Value::from(*protocol)],
            ),
            Call::TunnelDestroy { pif } => (
                "tunnel.destroy",
                vec![text(&row(pif).tunnel_access_pif_of[0])],
            ),
            Call::BondCreate {
                net: n,
                members,
                mode,
            } => {
                let members = members.iter().map(|member| pif(member)).collect();
                let params = vec![
                    net(n),
                    Value::Array(members),
                    Value::from(""),
                    Value::from(*mode),
                ];
                ("Bond.create", params)
            }
            Call::BondDestroy { pif } => ("Bond.destroy", vec![text(&row(pif).bond_master_of[0])]),
            Call::SetMode { pif, mode } => (
                "Bond.set_mode",
                vec![text(&row(pif).bond_master_of[0]), Value::from(*mode)],
            ),
            Call::SetProperty { pif, name, value } => {
                let bond = text(&row(pif).bond_master_of[0]);
                let params = vec![bond, Value::from(*name), Value::from(*value)];
                ("Bond.set_property", params)
            }
            Call::Plug { pif: p } => ("PIF.plug", vec![pif(p)]),
            Call::Unplug { pif: p } => ("PIF.unplug", vec![pif(p)]),
            Call::V4 { pif: p, address } => {
                let words = match address.as_deref() {
                    Some(DHCP) => [DHCP, "", "", "", ""],
                    Some(address) => ["Static", address, "255.255.255.0", "", ""],
                    None => ["None", "", "", "", ""],
                };
                let words = words.map(Value::from);
                (
                    "PIF.reconfigure_ip",
                    std::iter::once(pif(p)).chain(words).collect(),
                )
            }
            Call::V6 { pif: p, address } => {
                let words = match address.as_deref() {
                    Some(DHCP) => [DHCP, "", "", ""],
                    Some(address) => ["Static", address, "", ""],
                    None => ["None", "", "", ""],
                };
                let words = words.map(Value::from);
                (
                    "PIF.reconfigure_ipv6",
                    std::iter::once(pif(p)).chain(words).collect(),
                )
            }
            Call::Manage { pif: p } => ("host.management_reconfigure", vec![pif(p)]),
            Call::Protect { pif: p, on } => {
                ("PIF.set_disallow_unplug", vec![pif(p), Value::Bool(*on)])
            }
            Call::Mtu { net: n, mtu } => {
                ("network.set_MTU", vec![net(n), Value::Int(i64::from(*mtu))])
            }
            Call::Close { net: n, closed } => {
                let mode = if *closed { "disabled" } else { "unlocked" };
                let params = vec![net(n), Value::from(mode)];
                ("network.set_default_locking_mode", params)
            }
            Call::Forget { pif: p } => ("PIF.forget", vec![pif(p)]),
            Call::Scan => ("PIF.scan", vec![text(&host.host())]),
            Call::Introduce { .. } | Call::IntroduceNothing => {
                let device = match call {
                    Call::Introduce { net } => nic_of(net),
                    _ => NO_DEVICE.to_owned(),
                };
                let [device, mac] = [device.as_str(), ""].map(Value::from);
                let managed = Value::Bool(true);
                (
                    "PIF.introduce",
                    vec![text(&host.host()), mac, device, managed],
                )
            }
            // It is over by now.
            Call::Restart => return Ok(()),
            Call::Vm { vm, deed } => {
                let vm = text(&self.vms[*vm]);
                let no = Value::Bool(false);
                match deed {
                    Deed::Start => ("VM.start", vec![vm, no.clone(), no]),
                    Deed::Resume => ("VM.resume", vec![vm, no.clone(), no]),
                    Deed::CleanShutdown => ("VM.clean_shutdown", vec![vm]),
                    Deed::HardShutdown => ("VM.hard_shutdown", vec![vm]),
                    Deed::Pause => ("VM.pause", vec![vm]),
                    Deed::Unpause => ("VM.unpause", vec![vm]),
                    Deed::Suspend => ("VM.suspend", vec![vm]),
                }
            }
            Call::VifCreate {
                nic: (vm, device),
                net,
            } => {
                let (vm, network) = (&self.vms[*vm], &self.networks[net]);
                let record = vif_record(vm, &device.to_string(), network, &[]);
                ("VIF.create", vec![record])
            }
            Call::Vif { nic, change } => {
                let vif = text(&self.vif(*nic));
                match change {
                    Change::Destroy => ("VIF.destroy", vec![vif]),
                    Change::Plug => ("VIF.plug", vec![vif]),
                    Change::Unplug => ("VIF.unplug", vec![vif]),
                    Change::Force => ("VIF.unplug_force", vec![vif]),
                    Change::Move { net: n } => ("VIF.move", vec![vif, net(n)]),
                    Change::Lock(mode) => ("VIF.set_locking_mode", vec![vif, Value::from(*mode)]),
                    Change::Allow { v6, address } => {
                        let names = ["VIF.add_ipv4_allowed", "VIF.add_ipv6_allowed"];
                        (names[usize::from(*v6)], vec![vif, Value::from(*address)])
                    }
                    Change::Disallow { v6, address } => {
                        let names = ["VIF.remove_ipv4_allowed", "VIF.remove_ipv6_allowed"];
                        (names[usize::from(*v6)], vec![vif, Value::from(*address)])
                    }
                    Change::AllowOnly { v6, all } => {
                        let names = ["VIF.set_ipv4_allowed", "VIF.set_ipv6_allowed"];
                        let all = all.iter().map(|address| Value::from(*address));
                        (
                            names[usize::from(*v6)],
                            vec![vif, Value::Array(all.collect())],
                        )
                    }
                }
            }
        };
        let answer = host.call(name, params)?;
        self.answers(call, &answer);
        if matches!(call, Call::Mtu { .. }) {
            // It takes effect when an interface is next brought up.
            self.host.handle.world().fault = None;
            xapi_core::startup::reconverge(host.core(), &host.host())?;
        }
        Ok(())
    }

    /// Whoever makes something is answered what it is.
    fn answers(&self, call: &Call, answer: &Value) {
        let view = self.host.core().view().expect("a view");
        let text = |value: &Value| value.as_str().expect("a reference").to_owned();
        let made = match call {
            Call::VlanCreate { net, by, .. } => {
                let pif = match by {
                    By::Pif => view.field(&Ref::new(text(answer)), Vlan::UNTAGGED_PIF),
                    By::Device => Ok(Ref::new(text(answer))),
                    By::Pool => Ok(Ref::new(text(&answer.as_array().expect("PIFs")[0]))),
                };
                (net, pif)
            }
            Call::TunnelCreate { net, .. } => {
                let tunnel = Ref::new(text(answer));
                (net, view.field(&tunnel, Tunnel::ACCESS_PIF))
            }
            Call::BondCreate { net, .. } => {
                let bond = Ref::new(text(answer));
                (net, view.field(&bond, Bond::MASTER))
            }
            Call::Introduce { net } => (net, Ok(Ref::new(text(answer)))),
            Call::VifCreate { nic, .. } => {
                assert_eq!(text(answer), self.vif(*nic).as_str(), "{call:?}");
                return;
            }
            _ => return,
        };
        let (net, pif) = made;
        assert_eq!(pif.expect("a row"), self.pif(net), "{call:?}: {answer:?}");
    }
}
