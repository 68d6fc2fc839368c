//! Calls on a host whose database cannot be opened: those that XAPI answers in emergency mode too, as far as they need no
//! objects (wire-protocol facts, 5.4). Whoever mends the host logs in to this host alone, and may move management to
//! another of its bridges or switch it off, tell a slave whom to obey, and make another certificate. Everything else is
//! answered HOST_IN_EMERGENCY_MODE.
//!
//! What is changed here is in the files that the next start without the database goes by. One with the database goes by
//! its rows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use xapi_conf::inventory::{self, Inventory};
use xapi_conf::pool_conf::PoolRole;
use xapi_model::host::{
    EmergencyHaDisable, EmergencyResetServerCertificate, IsInEmergencyMode,
    LocalManagementReconfigure, ManagementDisable, SignalNetworkingChange,
};
use xapi_model::messages::messages;
use xapi_model::pool::{EmergencyResetMaster, EmergencyTransitionToMaster, IsSlave};
use xapi_model::session::{LocalLogout, SlaveLocalLogin, SlaveLocalLoginWithPassword};
use xapi_model::{Call, Ref, Session, Value, Wire, errors};
use xapi_net::agent::Agent;
use xapi_tls::TlsIdentity;

use crate::auth::Authenticate;
use crate::certificates::{self, Own};
use crate::context::{Clock, Origin};
use crate::pool::transition;
use crate::session::attempts::Attempts;
use crate::session::{Callers, Secret, login};
use crate::{Config, Result, dispatch, last_topology};

/// A host without its database.
pub struct Emergency {
    config: Config,
    agent: Arc<dyn Agent>,
    authenticate: Arc<dyn Authenticate>,
    clock: Clock,
    shown: Arc<TlsIdentity>,
    attempts: Attempts,
    callers: Callers,
    /// One change at a time.
    changing: Mutex<()>,
    management: AtomicBool,
    listeners: Box<dyn Fn(bool) + Send + Sync>,
}

/// What a call runs in.
struct Asked<'a> {
    origin: &'a Origin,
    /// The session, as it was given.
    session: &'a str,
}

type Run = fn(&Emergency, &Asked<'_>, Vec<Value>) -> Result<Value>;

/// Makes the answer to a declared call of a function over its struct.
macro_rules! answers {
    ($($call:ty => $run:expr),* $(,)?) => {
        &[$((<$call>::DESC.name, |emergency, asked, params| {
            let run: fn(&Emergency, &Asked<'_>, $call) -> Result<<$call as Call>::Out> = $run;
            Ok(run(emergency, asked, <$call>::from_params(params)?)?.to_value())
        })),*]
    };
}

/// The calls that are answered. None may be asynchronous: there are no tasks.
const CALLS: &[(&str, Run)] = answers! {
    SlaveLocalLoginWithPassword => Emergency::log_in,
    SlaveLocalLogin => Emergency::log_in_by_secret,
    LocalLogout => |emergency, asked, _| {
        emergency.callers.end_local(&Secret::new(asked.session).digest());
        Ok(())
    },
    LocalManagementReconfigure => |emergency, _, call| emergency.move_management(&call.interface),
    ManagementDisable => |emergency, _, _| emergency.disable_management(),
    // The agent follows the kernel by itself, and there are no rows to be brought up to date.
    SignalNetworkingChange => |_, _, _| Ok(()),
    EmergencyResetServerCertificate => |emergency, _, _| emergency.reset_certificate(),
    IsSlave => |emergency, _, _| Ok(matches!(emergency.role()?, PoolRole::Slave(_))),
    EmergencyResetMaster => |emergency, _, call| emergency.obey(&call.master_address),
    EmergencyTransitionToMaster => |emergency, _, _| emergency.decide(),
    EmergencyHaDisable => |_, _, call| match call.soft {
        true => Ok(()),
        false => Err(errors::ha_not_enabled()),
    },
};

impl Emergency {
    /// A host with files where `config` says, a network that `agent` owns, and `shown` to those that connect by TLS.
    /// `listeners` is told when management is enabled or disabled.
    pub fn new(
        config: Config,
        agent: Arc<dyn Agent>,
        authenticate: Arc<dyn Authenticate>,
        clock: Clock,
        shown: Arc<TlsIdentity>,
        listeners: impl Fn(bool) + Send + Sync + 'static,
    ) -> Emergency {
        let emergency = Emergency {
            attempts: Attempts::new(config.login_burst, config.logins_per_minute),
            config,
            agent,
            authenticate,
            clock,
            shown,
            callers: Callers::default(),
            changing: Mutex::default(),
            management: AtomicBool::new(true),
            listeners: Box::new(listeners),
        };
        let is_disabled = match emergency.inventory() {
            Ok(inventory) => inventory.get(inventory::MANAGEMENT_INTERFACE) == Some(""),
            // Whoever reaches the host may be the one who mends it.
            Err(why) => {
                tracing::error!("whether management is disabled cannot be read: {why}");
                false
            }
        };
        emergency.management.store(!is_disabled, Ordering::SeqCst);
        emergency
    }

    /// Whether requests from other machines are answered.
    pub fn management_enabled(&self) -> bool {
        self.management.load(Ordering::SeqCst)
    }

    /// Answers one call.
    pub fn call(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Value> {
        // Whoever asks this need not know how.
        if name == IsInEmergencyMode::DESC.name {
            return Ok(Value::Bool(true));
        }
        let run = CALLS.iter().find(|(known, _)| *known == name);
        let (Some((_, run)), Some(message)) = (run, messages().find(name)) else {
            return Err(errors::host_in_emergency_mode());
        };
        let (session, params) = dispatch::take_session(message, params)?;
        let params = dispatch::accept(message, params)?;
        let session = session.unwrap_or_default();
        if message.session {
            let holder = self.callers.local(&Secret::new(&session).digest());
            let holder = holder.ok_or_else(|| errors::session_invalid(&session))?;
            tracing::warn!(user = holder.user, peer = &*origin.peer, "{name}");
        }
        let asked = Asked {
            origin,
            session: &session,
        };
        dispatch::guarded(name, || run(self, &asked, params))
    }

    /// Whether a call is answered at once.
    pub fn is_quick(name: &str) -> bool {
        CALLS.iter().all(|(known, _)| *known != name)
    }

    /// A session of this host alone. Root over the socket needs no password; others are root as well, for such a session
    /// is asked for no role.
    fn log_in(&self, asked: &Asked<'_>, call: SlaveLocalLoginWithPassword) -> Result<Ref<Session>> {
        if !asked.origin.local_root {
            let role = login::root(&call.uname);
            self.door(asked)
                .authenticate(&call.uname, &call.pwd, role)?;
        }
        self.let_in(asked, &call.uname)
    }

    /// The same for whoever knows the pool's secret, such as its master.
    fn log_in_by_secret(&self, asked: &Asked<'_>, call: SlaveLocalLogin) -> Result<Ref<Session>> {
        self.door(asked)
            .by_secret(&self.config, "localhost", &call.psecret)?;
        self.let_in(asked, "")
    }

    fn door<'a>(&'a self, asked: &Asked<'a>) -> login::Door<'a> {
        login::Door {
            attempts: &self.attempts,
            authenticate: &*self.authenticate,
            clock: &self.clock,
            origin: asked.origin,
        }
    }

    fn let_in(&self, asked: &Asked<'_>, user: &str) -> Result<Ref<Session>> {
        let made = login::Local::new(user)?;
        tracing::warn!(
            user = made.holder.user,
            peer = &*asked.origin.peer,
            "logged in to this host, which is in emergency mode"
        );
        Ok(made.keep(&self.callers))
    }

    /// What this host is in its pool.
    fn role(&self) -> Result<PoolRole> {
        let path = self.config.pool_conf();
        let role = PoolRole::read(&path)
            .map_err(|why| errors::internal_error(format!("{} {why}", path.display())))?;
        Ok(role.unwrap_or(PoolRole::Master))
    }

    /// Tells a slave whom it obeys from its next start on. A host that was no slave of the pool would have to know which
    /// pool that is, as only its database does: HOST_IN_EMERGENCY_MODE.
    fn obey(&self, given: &str) -> Result<()> {
        let address = transition::resolved(&self.config, given)?;
        let PoolRole::Slave(before) = self.role()? else {
            return Err(errors::host_in_emergency_mode());
        };
        if before == address {
            return Ok(());
        }
        if transition::own_addresses(&*self.agent)?.contains(&address) {
            return Err(errors::host_its_own_slave());
        }
        let (_turn, path) = (self.turn(), self.config.pool_conf());
        PoolRole::Slave(address)
            .write(&path)
            .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
    }

    /// Whoever decides for a pool needs its rows. A master is one as soon as it has them again.
    fn decide(&self) -> Result<()> {
        match self.role()? {
            PoolRole::Master => Ok(()),
            PoolRole::Slave(_) | PoolRole::Broken => Err(errors::host_in_emergency_mode()),
        }
    }

    /// Makes another certificate for clients. The next start with the database has its row follow.
    fn reset_certificate(&self) -> Result<()> {
        let _turn = self.turn();
        let hostname = self.agent.hostname().map_err(errors::internal_error)?;
        let found = self.agent.facts().map_err(errors::internal_error)?;
        let bridges = found.bridges.values();
        let addresses = bridges.flat_map(|bridge| bridge.addresses.iter().map(|it| it.address()));
        let now = (self.clock)().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        });
        let made = certificates::without_rows(hostname, addresses, now);
        let identity = made.map_err(|why| errors::internal_error(why.to_string()))?;
        let path = Own::Outside.path(&self.config);
        certificates::write(&self.config, Own::Outside, &identity)
            .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))?;
        self.shown.show(Arc::new(identity));
        Ok(())
    }

    /// Moves management to another bridge of the topology that the host has, by its name or by that of what it is over.
    fn move_management(&self, interface: &str) -> Result<()> {
        let _turn = self.turn();
        let topology =
            last_topology::read(&self.config.last_topology()).map_err(errors::internal_error)?;
        let old = topology.ok_or_else(|| errors::bridge_not_available(interface))?;
        let moved = last_topology::moved(&old, interface)?;
        last_topology::move_management(&self.config, &*self.agent, (&old, &moved))?;
        self.enable(true);
        Ok(())
    }

    /// Requests from other machines are answered no more. The addresses stay.
    fn disable_management(&self) -> Result<()> {
        let _turn = self.turn();
        last_topology::note_management(&self.config, "", None)?;
        self.enable(false);
        Ok(())
    }

    fn turn(&self) -> impl Sized {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enable(&self, enabled: bool) {
        self.management.store(enabled, Ordering::SeqCst);
        (self.listeners)(enabled);
    }

    fn inventory(&self) -> Result<Inventory> {
        let path = self.config.inventory();
        Inventory::read(&path)
            .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
    }
}
