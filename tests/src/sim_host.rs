//! A daemon on a simulated host: the real database and the real calls, over a host that exists only in memory and
//! refuses, fails or crashes on demand.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;
use uuid::Uuid;
use xapi_core::auth::{Authenticate, OneUser};
use xapi_core::context::Clock;
use xapi_core::pool::leaving;
use xapi_core::{Api, Config, Core, Origin, guests, startup, topology};
use xapi_db::{DbError, Options, Read, Store};
use xapi_guest::sim::SimGuests;
use xapi_model::{
    ApiError, Bond, Class, Host, Network, Pif, Ref, Task, TaskStatusType, Tunnel, Value, Vif, Vlan,
    Vm,
};
use xapi_net::agent::Request;
use xapi_net::planned::in_words;
use xapi_net::sim::{Handle, SimAgent};
use xapi_net::topology::Name;
use xapi_tls::SelfSigned;

/// The number of the host that tests have unless they ask for [`SimHost::another`].
const FIRST: u8 = 1;

/// The daemon and its host.
pub struct SimHost {
    dir: TempDir,
    /// The simulated host, to set faults and to look at it.
    pub handle: Handle,
    /// The simulated guests, to have them do something by themselves. They outlive the daemon.
    pub guests: Arc<SimGuests>,
    api: Option<Api>,
    session: String,
    choices: Choices,
}

/// What a test chooses about the daemon.
#[derive(Clone)]
pub struct Choices {
    /// Settings; the root is the host's own.
    pub config: Config,
    /// Who checks passwords.
    pub authenticate: Arc<dyn Authenticate>,
    /// The time.
    pub clock: Clock,
    /// What guests are made of.
    pub guests: guests::Kind,
    /// Makes references and UUIDs.
    pub ids: Arc<dyn Fn() -> Uuid + Send + Sync>,
}

impl Default for Choices {
    fn default() -> Choices {
        Choices {
            config: Config::default(),
            authenticate: Arc::new(OneUser::new("root", "secret")),
            clock: Arc::new(SystemTime::now),
            guests: guests::Kind::Namespace,
            ids: Arc::new(Uuid::new_v4),
        }
    }
}

impl SimHost {
    /// A host with NICs eth0…, management static on eth0, started for the first time.
    pub fn new(nics: usize) -> SimHost {
        let names = (0..nics).map(|n| Name::new(&format!("eth{n}")).expect("a name"));
        SimHost::on(Handle::new(names))
    }

    /// A host with NICs eth0… and settings of the test's choice.
    pub fn configured(nics: usize, configure: impl FnOnce(&mut Config)) -> SimHost {
        let mut choices = Choices::default();
        configure(&mut choices.config);
        SimHost::with(nics, choices)
    }

    /// The same on a host that the caller has prepared.
    pub fn on(handle: Handle) -> SimHost {
        SimHost::installed(handle, Some(FIRST), in_memory(), Choices::default())
    }

    /// A host that is none of the others that a test has: with UUIDs and addresses of its own, by a number up to 9.
    pub fn another(nics: usize, number: u8) -> SimHost {
        let names = (0..nics).map(|n| Name::new(&format!("eth{n}")).expect("a name"));
        let handle = Handle::new(names);
        SimHost::installed(handle, Some(number), in_memory(), Choices::default())
    }

    /// A host with NICs eth0… and a daemon of the test's choice. Its root's password must be `secret`.
    pub fn with(nics: usize, choices: Choices) -> SimHost {
        let names = (0..nics).map(|n| Name::new(&format!("eth{n}")).expect("a name"));
        SimHost::installed(Handle::new(names), Some(FIRST), in_memory(), choices)
    }

    /// The same with its database on the disk, for measurements.
    pub fn on_disk(handle: Handle) -> SimHost {
        SimHost::installed(handle, Some(FIRST), tempfile::tempdir(), Choices::default())
    }

    /// A machine that no installer has prepared: it does not say which interface is management.
    pub fn without_inventory(handle: Handle) -> SimHost {
        SimHost::installed(handle, None, in_memory(), Choices::default())
    }

    /// A slave of the first host, with NICs eth0… and management static on eth0. Nobody links it, and its database is
    /// empty until then.
    pub fn slave(number: usize, nics: usize) -> SimHost {
        SimHost::slave_in(None, number, nics, Choices::default())
    }

    /// The same with a daemon of the test's choice, and its files in a directory if one is given. Its root's password must
    /// be `secret`.
    pub fn slave_in(
        directory: Option<TempDir>,
        number: usize,
        nics: usize,
        choices: Choices,
    ) -> SimHost {
        let names = (0..nics).map(|n| Name::new(&format!("eth{n}")).expect("a name"));
        let dir = directory.unwrap_or_else(|| in_memory().expect("a directory"));
        let write = |path: &str, text: &str| write_under(dir.path(), path, text);
        write(
            "etc/xensource-inventory",
            &format!(
                "INSTALLATION_UUID='5c9e7d4e-7a3a-4c5b-9a55-0c4d1d3b7a{:02x}'\n\
                 CONTROL_DOMAIN_UUID='b1f3a3b0-0d6b-4a3c-8f4e-5a1f6f1c9e{:02x}'\n\
                 MANAGEMENT_INTERFACE='xenbr0'\nMANAGEMENT_ADDRESS_TYPE='IPv4'\n",
                40 + number,
                40 + number
            ),
        );
        write("etc/xensource/pool.conf", "slave:172.16.0.10");
        SimHost::installed(Handle::new(names), None, Ok(dir), choices)
    }

    fn installed(
        handle: Handle,
        number: Option<u8>,
        dir: std::io::Result<TempDir>,
        choices: Choices,
    ) -> SimHost {
        let dir = dir.expect("a directory");
        let write = |path: &str, text: &str| write_under(dir.path(), path, text);
        if let Some(number) = number {
            write(
                "etc/xensource-inventory",
                &format!(
                    "INSTALLATION_UUID='5c9e7d4e-7a3a-4c5b-9a55-0c4d1d3b7a1{number}'\n\
                     CONTROL_DOMAIN_UUID='b1f3a3b0-0d6b-4a3c-8f4e-5a1f6f1c9e2{number}'\n\
                     MANAGEMENT_INTERFACE='xenbr0'\nMANAGEMENT_ADDRESS_TYPE='IPv4'\n"
                ),
            );
            let last = 10 + number - FIRST;
            write(
                "etc/firstboot.d/data/management.conf",
                &format!(
                    "LABEL='eth0'\nMODE='static'\nIP='172.16.0.{last}'\nNETMASK='255.255.255.224'\n\
                     GATEWAY='172.16.0.1'\nMODEV6='static'\nIPv6='fd00:172:16::{last}/64'\n\
                     IPv6_GATEWAY='fd00:172:16::1'\n"
                ),
            );
        }
        // Every first start would make its own otherwise, which takes a while.
        let [outside, inside] = certificates();
        write("etc/xensource/xapi-ssl.pem", outside);
        write("etc/xensource/xapi-pool-tls.pem", inside);
        for name in ["xapi-ssl.pem", "xapi-pool-tls.pem"] {
            let path = dir.path().join("etc/xensource").join(name);
            std::fs::set_permissions(path, Permissions::from_mode(0o400)).expect("a mode");
        }
        let guests = SimGuests::new();
        let devices = handle.clone();
        guests.set_devices(Box::new(move |name, is_there| {
            let name = Name::new(name).expect("the host's end has a name");
            match is_there {
                true => devices.world().plug_in(name),
                false => devices.world().pull_out(name),
            }
        }));
        let mut host = SimHost {
            dir,
            handle,
            guests: Arc::new(guests),
            api: None,
            session: String::new(),
            choices,
        };
        host.start();
        host
    }

    /// Starts the daemon, as after a crash or a stop.
    pub fn start(&mut self) {
        self.start_with(|_| ());
    }

    /// The same with another configuration.
    pub fn start_with(&mut self, configure: impl FnOnce(&mut Config)) {
        self.begin(true, configure);
    }

    /// The same with a configuration that knows of no guests.
    pub fn start_without_guests(&mut self) {
        self.begin(false, |_| ());
    }

    fn begin(&mut self, with_guests: bool, configure: impl FnOnce(&mut Config)) {
        self.api = None;
        let mut config = Config {
            root: self.root().to_owned(),
            ..self.choices.config.clone()
        };
        configure(&mut config);
        std::fs::create_dir_all(config.database().parent().expect("a parent"))
            .expect("directories");
        let options = || Options {
            ids: Arc::clone(&self.choices.ids),
            ..options()
        };
        leaving::go_on(&config).expect("a host that has left its pool is of its own");
        let until = Instant::now() + Duration::from_secs(20);
        let store = loop {
            match Store::open(&config.database(), options()) {
                // Whoever was at something for the daemon before is about to let it go.
                Err(DbError::InUse { .. }) if Instant::now() < until => std::thread::yield_now(),
                opened => break opened.expect("the database opens"),
            }
        };
        let agent = Arc::new(SimAgent::on(self.handle.clone()));
        self.guests = Arc::new(self.guests.again());
        let core = Core::new(
            config,
            store,
            agent,
            Arc::clone(&self.choices.authenticate),
            Arc::clone(&self.choices.clock),
        );
        let guests = Arc::clone(&self.guests);
        let core = Arc::new(match with_guests {
            true => core.with_guests(guests, self.choices.guests),
            false => core,
        });
        startup::run(&core).expect("start-up");
        let decides = core.pool.is_master();
        self.api = Some(Api::new(core));
        if !decides {
            return;
        }
        let login = ["root", "secret", "2.23", "tests"]
            .map(Value::from)
            .to_vec();
        let session = self
            .raw("session.login_with_password", login)
            .expect("login");
        self.session = session.as_str().expect("a reference").to_owned();
    }

    /// What the test has chosen about the daemon, to be changed for its next start.
    pub fn choices(&mut self) -> &mut Choices {
        &mut self.choices
    }

    /// Whether the daemon runs.
    pub fn is_running(&self) -> bool {
        self.api.is_some()
    }

    /// Ends the daemon.
    pub fn stop(&mut self) {
        self.api = None;
    }

    /// Waits until nobody has the database of a daemon that was ended any more.
    pub fn wait_for_end(&self) {
        let lock = self.root().join("var/lib/xcp/xapi.db.lock");
        let lock = std::fs::File::open(lock).expect("the lock of the database");
        lock.lock().expect("nobody holds it");
    }

    /// The directory that stands for `/`.
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// The API.
    pub fn api(&self) -> &Api {
        self.api.as_ref().expect("the daemon runs")
    }

    /// The daemon's parts.
    pub fn core(&self) -> &Arc<Core> {
        self.api().core()
    }

    /// A call as it comes from the wire.
    pub fn raw(&self, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        self.api().call(&Origin::default(), name, params)
    }

    /// A call with the session put first.
    pub fn call(&self, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        let session = Value::Str(self.session.clone());
        self.raw(name, std::iter::once(session).chain(params).collect())
    }

    /// The session of the calls.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The host's own record.
    pub fn host(&self) -> Ref<Host> {
        self.core().localhost().expect("the host's record")
    }

    /// All objects of a class.
    pub fn all<C: Class>(&self) -> Vec<(Ref<C>, C)> {
        self.core().view().expect("a view").all().expect("rows")
    }

    /// The classes whose objects are others than at a generation, but for the tasks of calls and the sessions that made
    /// them, which come and go with every call.
    pub fn changed_since(&self, generation: u64) -> Vec<&'static str> {
        let view = self.core().view().expect("a view");
        let classes = view.changes_since(generation).expect("changes").classes;
        let names = classes.iter().map(|changes| changes.class.name);
        names
            .filter(|name| !["task", "session"].contains(name))
            .collect()
    }

    /// One object.
    pub fn get<C: Class>(&self, reference: &Ref<C>) -> C {
        self.core()
            .view()
            .expect("a view")
            .get(reference)
            .expect("a row")
    }

    /// A task when it is no longer pending.
    pub fn finished(&self, task: &Ref<Task>) -> Task {
        self.until("the task ends", || {
            let row = self.get(task);
            (row.status != TaskStatusType::Pending).then_some(row)
        })
    }

    /// What `look` finds, as soon as a commit lets it find something.
    pub fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        // Before the first look, so that no change is missed.
        let mut changes = self.core().store.subscribe();
        runtime.block_on(async {
            loop {
                if let Some(found) = look() {
                    return found;
                }
                let change = tokio::time::timeout(Duration::from_secs(20), changes.changed());
                let told = change.await.unwrap_or_else(|why| panic!("{what}: {why}"));
                told.expect("the database is there");
            }
        })
    }

    /// The PIF with a device and no VLAN.
    pub fn pif(&self, device: &str) -> Ref<Pif> {
        let found = self
            .all::<Pif>()
            .into_iter()
            .find(|(_, pif)| pif.device == device && pif.vlan < 0);
        found.unwrap_or_else(|| panic!("no PIF {device}")).0
    }

    /// The same of this host, where there are others.
    pub fn pif_of_own(&self, device: &str) -> Ref<Pif> {
        let (host, all) = (self.host(), self.all::<Pif>());
        let found = all
            .into_iter()
            .find(|(_, pif)| pif.host == host && pif.device == device && pif.vlan < 0);
        found.unwrap_or_else(|| panic!("no PIF {device}")).0
    }

    /// The network of a bridge.
    pub fn network(&self, bridge: &str) -> Ref<Network> {
        let found = self
            .all::<Network>()
            .into_iter()
            .find(|(_, network)| network.bridge == bridge);
        found.unwrap_or_else(|| panic!("no network {bridge}")).0
    }

    /// Makes a network; its bridge is the server's choice.
    pub fn new_network(&self, label: &str) -> Ref<Network> {
        let empty = || Value::Struct(Vec::new());
        let members = [
            ("name_label", Value::from(label)),
            ("name_description", Value::from("")),
            ("MTU", Value::Int(1500)),
            ("other_config", empty()),
            ("bridge", Value::from("")),
            ("managed", Value::Bool(true)),
            ("tags", Value::Array(Vec::new())),
        ];
        let record = members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let made = self
            .call("network.create", vec![Value::Struct(record)])
            .expect("network.create");
        Ref::new(made.as_str().expect("a reference"))
    }

    /// Makes a machine that is off, as `xe vm-create` does, with some members of its record replaced.
    pub fn new_vm(&self, label: &str, members: &[(&str, Value)]) -> Ref<Vm> {
        let made = self.call("VM.create", vec![vm_record(label, members)]);
        let made = made.expect("VM.create");
        Ref::new(made.as_str().expect("a reference"))
    }

    /// Makes a NIC of a machine, with some members of its record replaced.
    pub fn new_vif(
        &self,
        vm: &Ref<Vm>,
        device: &str,
        network: &Ref<Network>,
        members: &[(&str, Value)],
    ) -> Ref<Vif> {
        let record = vif_record(vm, device, network, members);
        let made = self.call("VIF.create", vec![record]).expect("VIF.create");
        Ref::new(made.as_str().expect("a reference"))
    }

    /// `Bond.create` over devices, on a network, with the server's choice of MAC.
    pub fn bond(
        &self,
        network: &Ref<Network>,
        devices: &[&str],
        mode: &str,
    ) -> Result<Ref<Bond>, ApiError> {
        let members = devices
            .iter()
            .map(|device| text(&self.pif(device)))
            .collect();
        let params = vec![
            text(network),
            Value::Array(members),
            Value::from(""),
            Value::from(mode),
        ];
        Ok(Ref::new(
            self.call("Bond.create", params)?
                .as_str()
                .expect("a reference"),
        ))
    }

    /// Steps that would be needed to make the host look as the database says: none, if all is well.
    pub fn diverged(&self) -> Vec<String> {
        let wanted = topology::of_host(&self.core().view().expect("a view"), &self.host())
            .expect("a topology");
        let steps = self.core().agent.plan(Request::what_can(wanted));
        in_words(&steps.expect("a plan"))
    }

    /// What clients can see of the network: every PIF, bond, VLAN, tunnel, VIF and network without what moves by itself, by stable names.
    pub fn seen(&self) -> Vec<String> {
        let view = self.core().view().expect("a view");
        let mut lines = Vec::new();
        for (_, pif) in self.all::<Pif>() {
            let bridge = view.field(&pif.network, Network::BRIDGE).expect("a bridge");
            let bond = pif
                .bond_slave_of
                .some()
                .map(|bond| view.field(bond, Bond::MASTER).expect("a master"));
            let bond = bond.map(|master| view.field(&master, Pif::DEVICE).expect("a device"));
            // A tunnel's is random.
            let mac = match pif.tunnel_access_pif_of.is_empty() {
                true => pif.mac.as_str(),
                false => "any",
            };
            lines.push(format!(
                "pif {} {} on {bridge} mac {} attached {} management {} slave of {bond:?} master {} | {} {} {} {} {} | {} {:?} {} \
                 | {} {:?} {}",
                pif.device,
                pif.vlan,
                mac,
                pif.currently_attached,
                pif.management,
                pif.bond_master_of.len(),
                pif.ip_configuration_mode,
                pif.ip,
                pif.netmask,
                pif.gateway,
                pif.dns,
                pif.ipv6_configuration_mode,
                pif.ipv6,
                pif.ipv6_gateway,
                pif.disallow_unplug,
                pif.properties,
                pif.primary_address_type,
            ));
        }
        for (_, bond) in self.all::<Bond>() {
            let device = view
                .field(&bond.primary_slave, Pif::DEVICE)
                .expect("a device");
            lines.push(format!(
                "bond {} {:?} primary {device} of {}",
                bond.mode,
                bond.properties,
                bond.slaves.len()
            ));
        }
        for (_, vm) in self.all::<Vm>() {
            let host = !vm.resident_on.is_null();
            let metrics = !vm.guest_metrics.is_null();
            lines.push(format!(
                "vm {} {} domain {} here {host} about to be {} tools {metrics} | {:?} {:?}",
                vm.name_label,
                vm.power_state,
                vm.domid.signum(),
                !vm.scheduled_to_be_resident_on.is_null(),
                vm.current_operations,
                vm.allowed_operations,
            ));
        }
        let bridge_under = |pif: &Ref<Pif>| {
            let network = view.field(pif, Pif::NETWORK).expect("a network");
            view.field(&network, Network::BRIDGE).expect("a bridge")
        };
        for (_, vlan) in self.all::<Vlan>() {
            let (on, over) = (
                bridge_under(&vlan.tagged_pif),
                bridge_under(&vlan.untagged_pif),
            );
            lines.push(format!("vlan {} of {on} is {over}", vlan.tag));
        }
        for (_, tunnel) in self.all::<Tunnel>() {
            let on = bridge_under(&tunnel.transport_pif);
            let over = bridge_under(&tunnel.access_pif);
            lines.push(format!(
                "tunnel {} through {on} is {over} {:?}",
                tunnel.protocol, tunnel.status
            ));
        }
        for (_, vif) in self.all::<Vif>() {
            let network = vif.network.some();
            let bridge = network.map(|it| view.field(it, Network::BRIDGE).expect("a bridge"));
            let vm = vif.vm.some();
            let vm = vm.map(|vm| view.field(vm, Vm::NAME_LABEL).expect("a name"));
            lines.push(format!(
                "vif {} of {vm:?} on {bridge:?} mac {} attached {} | {} {:?} {:?} | {:?} {:?}",
                vif.device,
                vif.mac,
                vif.currently_attached,
                vif.locking_mode,
                vif.ipv4_allowed,
                vif.ipv6_allowed,
                vif.current_operations,
                vif.allowed_operations,
            ));
        }
        lines.extend(
            self.all::<Network>()
                .iter()
                .map(|(_, net)| format!("net {} {}", net.bridge, net.name_label)),
        );
        lines.sort();
        lines
    }
}

fn write_under(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    std::fs::write(path, text).expect("a file");
}

/// The files of the certificates that hosts have here: the one for clients and the one for the pool.
pub fn certificates() -> &'static [String; 2] {
    static MADE: OnceLock<[String; 2]> = OnceLock::new();
    MADE.get_or_init(|| {
        ["xs-1", "5c9e7d4e-7a3a-4c5b-9a55-0c4d1d3b7a11"].map(|name| {
            let wanted = SelfSigned {
                common_name: name.to_owned(),
                from: 1_700_000_000,
                days: 3650,
                ..SelfSigned::default()
            };
            wanted.make().expect("a certificate").pem().to_owned()
        })
    })
}

/// How the daemon opens its database.
fn options() -> Options {
    Options {
        unique: startup::UNIQUE,
        ..Options::default()
    }
}

/// A directory in memory, if the machine has one: hundreds of databases are made, and none must survive a power cut.
fn in_memory() -> std::io::Result<TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

/// A record for `VM.create`, with some members replaced.
pub fn vm_record(label: &str, members: &[(&str, Value)]) -> Value {
    let empty = || Value::Struct(Vec::new());
    let mebibytes = |number: i64| Value::Int(number << 20);
    let record = [
        ("name_label", Value::from(label)),
        ("name_description", Value::from("")),
        ("user_version", Value::Int(1)),
        ("is_a_template", Value::Bool(false)),
        ("affinity", Value::from("OpaqueRef:NULL")),
        ("memory_static_max", mebibytes(256)),
        ("memory_dynamic_max", mebibytes(256)),
        ("memory_dynamic_min", mebibytes(128)),
        ("memory_static_min", mebibytes(128)),
        ("VCPUs_params", empty()),
        ("VCPUs_max", Value::Int(1)),
        ("VCPUs_at_startup", Value::Int(1)),
        ("actions_after_shutdown", Value::from("destroy")),
        ("actions_after_reboot", Value::from("restart")),
        ("actions_after_crash", Value::from("destroy")),
        ("PV_bootloader", Value::from("")),
        ("PV_kernel", Value::from("")),
        ("PV_ramdisk", Value::from("")),
        ("PV_args", Value::from("")),
        ("PV_bootloader_args", Value::from("")),
        ("PV_legacy_args", Value::from("")),
        ("HVM_boot_policy", Value::from("BIOS order")),
        ("HVM_boot_params", empty()),
        ("platform", empty()),
        ("PCI_bus", Value::from("")),
        ("other_config", empty()),
        ("recommendations", Value::from("")),
    ];
    with_members(record, members)
}

/// A record for `VIF.create`, with some members replaced.
pub fn vif_record(
    vm: &Ref<Vm>,
    device: &str,
    network: &Ref<Network>,
    members: &[(&str, Value)],
) -> Value {
    let empty = || Value::Struct(Vec::new());
    let record = [
        ("device", Value::from(device)),
        ("network", text(network)),
        ("VM", text(vm)),
        ("MAC", Value::from("")),
        ("MTU", Value::Int(1500)),
        ("other_config", empty()),
        ("qos_algorithm_type", Value::from("")),
        ("qos_algorithm_params", empty()),
    ];
    with_members(record, members)
}

fn with_members<const N: usize>(record: [(&str, Value); N], members: &[(&str, Value)]) -> Value {
    let mut record: Vec<_> = record
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    for (name, value) in members {
        record.retain(|(known, _)| known != name);
        record.push(((*name).to_owned(), value.clone()));
    }
    Value::Struct(record)
}

/// A reference as a value.
pub fn text<C>(reference: &Ref<C>) -> Value {
    Value::Str(reference.as_str().to_owned())
}
