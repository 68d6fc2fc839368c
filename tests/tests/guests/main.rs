//! Machines that start and stop on a simulated host, their NICs that come and go, and what is left when any of it fails.

mod bonds;
mod failures;
mod hotplug;
mod power;
mod rows;

use xapi_core::watch::Watch;
use xapi_guest::{Found, Guests};
use xapi_model::{ApiError, Class, Field, Network, Ref, Value, Vif, Vm, VmPowerState, Wire};
use xapi_net::names::Name;
use xapi_net::topology::{Topology, Vif as Port};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

/// A host with a machine that has two NICs: on a network of its own, and on eth1's.
pub struct Stage {
    /// The host.
    pub host: SimHost,
    /// The machine.
    pub vm: Ref<Vm>,
    /// On the network that leads nowhere.
    pub inner: Ref<Vif>,
    /// On eth1's network.
    pub outer: Ref<Vif>,
    /// The network that leads nowhere.
    pub internal: Ref<Network>,
}

impl Stage {
    /// The machine is off.
    pub fn halted() -> Stage {
        Stage::with(&[])
    }

    /// The machine's record has these members.
    pub fn with(members: &[(&str, Value)]) -> Stage {
        let host = SimHost::configured(4, |config| {
            config.unplug_deadline = std::time::Duration::ZERO;
            config.shutdown_deadline = std::time::Duration::ZERO;
        });
        let internal = host.new_network("inside");
        let vm = host.new_vm("one", members);
        let inner = host.new_vif(&vm, "0", &internal, &[]);
        let outer = host.new_vif(&vm, "1", &host.network("xenbr1"), &[]);
        Stage {
            host,
            vm,
            inner,
            outer,
            internal,
        }
    }

    /// The same, and it runs.
    pub fn running() -> Stage {
        let stage = Stage::halted();
        stage.start().unwrap();
        stage
    }

    /// A call about the machine.
    pub fn on_vm(&self, call: &str, more: &[Value]) -> Result<Value, ApiError> {
        let params = std::iter::once(text(&self.vm)).chain(more.iter().cloned());
        self.host.call(call, params.collect())
    }

    /// A call about a NIC.
    pub fn on_vif(&self, call: &str, vif: &Ref<Vif>) -> Result<Value, ApiError> {
        self.host.call(call, vec![text(vif)])
    }

    /// `VM.start`.
    pub fn start(&self) -> Result<Value, ApiError> {
        self.on_vm("VM.start", &[false.into(), false.into()])
    }

    /// The machine's row.
    pub fn row(&self) -> Vm {
        self.host.get(&self.vm)
    }

    /// The machine's power state.
    pub fn state(&self) -> VmPowerState {
        self.row().power_state
    }

    /// Which of the NICs are plugged, says the database.
    pub fn attached(&self) -> [bool; 2] {
        [&self.inner, &self.outer].map(|vif| self.host.get(vif).currently_attached)
    }

    /// The guests that are there.
    pub fn found(&self) -> Vec<Found> {
        self.host.guests.found()
    }

    /// The topology that the rows ask for.
    pub fn asked(&self) -> Topology {
        let view = self.host.core().view().expect("a view");
        xapi_core::topology::of_host(&view, &self.host.host()).expect("a topology")
    }

    /// A port that the rows ask for.
    pub fn port(&self, name: &str) -> Port {
        let name = Name::new(name).expect("a name");
        let asked = self.asked();
        asked.vifs.get(&name).expect("a port").clone()
    }

    /// The ports of guests that the host has.
    pub fn ports(&self) -> Vec<String> {
        let world = self.host.handle.world();
        let names = world.state.ports.keys();
        let of_guests = names.filter(|name| name.is_guests_end());
        of_guests.map(ToString::to_string).collect()
    }

    /// Whether the host has a bridge.
    pub fn has_bridge(&self, name: &str) -> bool {
        let name = Name::new(name).expect("a name");
        self.host.handle.world().state.bridges.contains_key(&name)
    }

    /// The bridge of the network that leads nowhere.
    pub fn bridge(&self) -> String {
        self.host.get(&self.internal).bridge
    }

    /// Changes a row behind the server's back.
    pub fn set<C: Class, T: Wire + Clone>(&self, of: &Ref<C>, field: Field<C, T>, value: T) {
        let edit = |draft: &xapi_db::Draft| draft.set(of, field, value.clone());
        self.host.core().store.change(edit).expect("an edit");
    }

    /// Follows what guests do by themselves, as long as it lives.
    pub fn watch(&self) -> Watch {
        Watch::start(self.host.core()).expect("a thread")
    }

    /// The domain of the machine.
    pub fn domain(&self) -> u32 {
        u32::try_from(self.row().domid).expect("a domain")
    }

    /// Nothing that guests and ports could be told by is other than the rows say.
    pub fn agrees(&self) {
        assert_eq!(self.host.diverged(), Vec::<String>::new());
        let row = self.row();
        let found = self.found();
        let there = found.iter().find(|guest| guest.uuid == row.uuid);
        assert_eq!(
            there.map(|guest| i64::from(guest.domain)).unwrap_or(-1),
            row.domid
        );
        let has = |device: u32| {
            let nics = there.iter().flat_map(|guest| &guest.nics);
            nics.into_iter().any(|nic| nic.nic.device == device)
        };
        if there.is_some() {
            assert_eq!(self.attached(), [has(0), has(1)]);
        }
    }
}
