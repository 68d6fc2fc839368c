//! Calls with everything that may be wrong with them, tried alone and in pairs.

use xapi_db::{Draft, Read};
use xapi_model::{
    ApiError, Bond, Class, Cluster, ClusterHost, Host, HostMetrics, Network, NetworkSriov, Pbd,
    Pif, Pool, Ref, Sr, Tunnel, Value, Vif, Vlan, Vm, VmPowerState, errors,
};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

/// One thing that may be wrong: how to make it so, and the error that must follow.
pub struct Check {
    /// For people.
    pub name: &'static str,
    /// Checks of the same kind cannot be violated at once; 0 stands for no kind.
    pub kind: u8,
    /// Makes it so, in the database or in the parameters. `*` in the error stands for any text.
    pub arm: fn(&SimHost, &mut Vec<Value>) -> ApiError,
}

/// A check that may be violated together with any other.
pub const fn check(name: &'static str, arm: fn(&SimHost, &mut Vec<Value>) -> ApiError) -> Check {
    Check { name, kind: 0, arm }
}

/// A check that excludes others of its kind.
pub const fn one_of(
    kind: u8,
    name: &'static str,
    arm: fn(&SimHost, &mut Vec<Value>) -> ApiError,
) -> Check {
    Check { name, kind, arm }
}

/// A call that succeeds as it is asked, and its checks in order.
pub struct Case<'a> {
    /// Name of the message.
    pub call: &'static str,
    /// Prepares the host and gives the parameters after the session.
    pub ask: fn(&SimHost) -> Vec<Value>,
    /// In the order in which the server must make them.
    pub checks: &'a [Check],
}

impl Case<'_> {
    /// The call succeeds, each check refuses it, and of two checks the first one does.
    pub fn holds(&self) {
        let host = SimHost::new(4);
        let params = (self.ask)(&host);
        if let Err(why) = host.call(self.call, params) {
            panic!("{} fails although nothing is wrong: {why}", self.call);
        }
        for (at, first) in self.checks.iter().enumerate() {
            self.refused(first, None);
            for later in &self.checks[at + 1..] {
                if first.kind == 0 || first.kind != later.kind {
                    self.refused(first, Some(later));
                }
            }
        }
    }

    fn refused(&self, first: &Check, later: Option<&Check>) {
        let host = SimHost::new(4);
        let mut params = (self.ask)(&host);
        if let Some(later) = later {
            (later.arm)(&host, &mut params);
        }
        let expected = (first.arm)(&host, &mut params);
        let place = format!(
            "{}: {}{}",
            self.call,
            first.name,
            later.map_or(String::new(), |later| format!(", and {}", later.name))
        );
        refused(&host, self.call, params, &expected, &place);
    }
}

/// Calls, and sees the error, and that nothing has changed.
pub fn refused(host: &SimHost, call: &str, params: Vec<Value>, expected: &ApiError, place: &str) {
    let (seen, state) = (host.seen(), host.handle.world().state.clone());
    let generation = host.core().store.generation();
    let steps = host.handle.world().steps;
    let error = match host.call(call, params) {
        Ok(value) => panic!("{place}: answered {value:?} instead of {expected}"),
        Err(error) => error,
    };
    let params = expected.params.iter().zip(&error.params);
    let same = error.code == expected.code
        && error.params.len() == expected.params.len()
        && params
            .into_iter()
            .all(|(want, got)| want == "*" || want == got);
    assert!(same, "{place}: {error} instead of {expected}");
    assert_eq!(host.seen(), seen, "{place}: rows");
    assert_eq!(
        host.core().store.generation(),
        generation,
        "{place}: an event"
    );
    assert_eq!(host.handle.world().state, state, "{place}: the host");
    assert_eq!(
        host.handle.world().steps,
        steps,
        "{place}: steps on the host"
    );
}

/// A reference that nothing has.
pub const NOBODY: &str = "OpaqueRef:3b6d8a1e-0000-4000-8000-00000000dead";

/// The reference in a parameter.
pub fn reference<C>(params: &[Value], at: usize) -> Ref<C> {
    Ref::new(params[at].as_str().expect("a reference"))
}

/// Changes rows behind the server's back.
pub fn edit<T>(host: &SimHost, edit: impl Fn(&Draft) -> Result<T, ApiError>) -> T {
    host.core().store.change(edit).expect("an edit")
}

/// Puts a reference that nothing has in a parameter's place.
pub fn unknown(class: &str, params: &mut [Value], at: usize) -> ApiError {
    params[at] = Value::from(NOBODY);
    errors::handle_invalid(class, NOBODY)
}

/// The local host reports itself dead.
pub fn offline(host: &SimHost) -> ApiError {
    let this = host.host();
    edit(host, |draft| {
        let metrics = draft.field(&this, Host::METRICS)?;
        draft.set(&metrics, HostMetrics::LIVE, false)
    });
    errors::host_offline(this)
}

/// HA is on.
pub fn ha(host: &SimHost) -> ApiError {
    let (pool, _) = host.all::<Pool>().remove(0);
    edit(host, |draft| draft.set(&pool, Pool::HA_ENABLED, true));
    errors::ha_is_enabled()
}

/// The redo log is on.
pub fn redo(host: &SimHost) -> ApiError {
    let (pool, _) = host.all::<Pool>().remove(0);
    edit(host, |draft| draft.set(&pool, Pool::REDO_LOG_ENABLED, true));
    errors::redo_log_is_enabled()
}

/// An enabled cluster host speaks through the PIF.
pub fn clustered(host: &SimHost, pif: &Ref<Pif>) -> ApiError {
    let made = edit(host, |draft| {
        let cluster = draft.insert(Cluster::blank())?;
        draft.insert(ClusterHost {
            cluster,
            host: host.host(),
            enabled: true,
            pif: pif.clone(),
            ..ClusterHost::blank()
        })
    });
    errors::clustering_enabled(made)
}

/// The PIF is not managed.
pub fn unmanaged(host: &SimHost, pif: &Ref<Pif>) -> ApiError {
    edit(host, |draft| draft.set(pif, Pif::MANAGED, false));
    errors::pif_unmanaged(pif)
}

/// The PIF is the management interface, the only one.
pub fn management(host: &SimHost, pif: &Ref<Pif>) -> ApiError {
    edit(host, |draft| {
        for (other, _) in draft.all::<Pif>()? {
            draft.set(&other, Pif::MANAGEMENT, other == *pif)?;
        }
        Ok(())
    });
    errors::pif_is_management_interface(pif)
}

/// The PIF is a member of a bond.
pub fn slave(host: &SimHost, pif: &Ref<Pif>) {
    let eth3 = host.pif("eth3");
    edit(host, |draft| {
        let bond = draft.insert(Bond {
            master: eth3.clone(),
            primary_slave: pif.clone(),
            ..Bond::blank()
        })?;
        draft.set(pif, Pif::BOND_SLAVE_OF, bond)
    });
}

/// The PIF is the master of a bond.
pub fn bond_master(host: &SimHost, pif: &Ref<Pif>) {
    let eth3 = host.pif("eth3");
    edit(host, |draft| {
        draft.insert(Bond {
            master: pif.clone(),
            primary_slave: eth3.clone(),
            ..Bond::blank()
        })
    });
}

/// A VLAN between two PIFs.
pub fn vlan(host: &SimHost, tagged: &Ref<Pif>, untagged: &Ref<Pif>) -> Ref<Vlan> {
    edit(host, |draft| {
        let vlan = draft.insert(Vlan {
            tagged_pif: tagged.clone(),
            untagged_pif: untagged.clone(),
            tag: 7,
            ..Vlan::blank()
        })?;
        draft.set(untagged, Pif::VLAN_MASTER_OF, vlan.clone())?;
        Ok(vlan)
    })
}

/// A tunnel between two PIFs.
pub fn tunnel(host: &SimHost, transport: &Ref<Pif>, access: &Ref<Pif>) {
    edit(host, |draft| {
        draft.insert(Tunnel {
            transport_pif: transport.clone(),
            access_pif: access.clone(),
            ..Tunnel::blank()
        })
    });
}

/// SR-IOV between two PIFs.
pub fn sriov(host: &SimHost, physical: &Ref<Pif>, logical: &Ref<Pif>) {
    edit(host, |draft| {
        draft.insert(NetworkSriov {
            physical_pif: physical.clone(),
            logical_pif: logical.clone(),
            ..NetworkSriov::blank()
        })
    });
}

/// A further host of the pool, which reports itself alive.
pub fn other_host(host: &SimHost) -> Ref<Host> {
    edit(host, |draft| {
        let metrics = draft.insert(HostMetrics {
            live: true,
            ..HostMetrics::blank()
        })?;
        draft.insert(Host {
            name_label: "other".to_owned(),
            metrics,
            ..Host::blank()
        })
    })
}

/// A PIF as a scan makes it, on a host and a network.
pub fn pif_of(host: &SimHost, on: &Ref<Host>, network: &Ref<Network>) -> Ref<Pif> {
    edit(host, |draft| {
        draft.insert(Pif {
            device: "eth9".to_owned(),
            device_name: "eth9".to_owned(),
            mac: "02:16:3e:00:00:99".to_owned(),
            host: on.clone(),
            network: network.clone(),
            vlan: -1,
            physical: true,
            managed: true,
            currently_attached: false,
            properties: [("gro".to_owned(), "on".to_owned())].into(),
            ..Pif::blank()
        })
    })
}

/// A running machine on this host with a VIF plugged into a network.
pub fn plugged_vif(host: &SimHost, network: &Ref<Network>) -> Ref<Vif> {
    let this = host.host();
    edit(host, |draft| {
        let vm = draft.insert(Vm {
            power_state: VmPowerState::Running,
            resident_on: this.clone(),
            ..Vm::blank()
        })?;
        draft.insert(Vif {
            device: "0".to_owned(),
            network: network.clone(),
            vm,
            currently_attached: true,
            ..Vif::blank()
        })
    })
}

/// Parameters of texts.
pub fn texts<const N: usize>(words: [&str; N]) -> Vec<Value> {
    words.map(Value::from).to_vec()
}

/// Parameters: a PIF, and texts.
pub fn about_pif<const N: usize>(host: &SimHost, device: &str, words: [&str; N]) -> Vec<Value> {
    let mut params = vec![text(&host.pif(device))];
    params.extend(words.map(Value::from));
    params
}

/// A map as a value.
pub fn map<const N: usize>(pairs: [(&str, &str); N]) -> Value {
    Value::Struct(
        pairs
            .map(|(key, value)| (key.to_owned(), Value::from(value)))
            .to_vec(),
    )
}

/// Storage is reached by FCoE, through this PIF.
pub fn fcoe(host: &SimHost, pif: &Ref<Pif>) -> ApiError {
    let sr = edit(host, |draft| {
        draft.set(pif, Pif::CAPABILITIES, vec!["fcoe".to_owned()])?;
        let sr = draft.insert(Sr {
            kind: "lvmofcoe".to_owned(),
            ..Sr::blank()
        })?;
        draft.insert(Pbd {
            host: draft.field(pif, Pif::HOST)?,
            sr: sr.clone(),
            device_config: [("SCSIid".to_owned(), "36001".to_owned())].into(),
            ..Pbd::blank()
        })?;
        Ok(sr)
    });
    errors::pif_has_fcoe_sr_in_use(pif, sr)
}
