//! Whether this host decides for its pool, and what a host that does not may answer by itself (wire-protocol facts, 5.4).

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xapi_model::{ApiError, errors};

use super::inquiry::Master;
use super::peer::Peer;
use crate::context::Core;

/// What this host is in its pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It decides; also in a pool of its own.
    Master,
    /// It obeys the host with this address.
    Slave(String),
    /// Neither: somebody has to decide.
    Broken,
}

/// What this host is, and how it stands with its master.
pub(crate) struct Standing {
    state: Mutex<State>,
    linked: Condvar,
}

/// A master of a later term, for whom this one steps down.
#[derive(Clone)]
pub(super) struct Overruled {
    /// Who that is.
    pub by: Master,
    /// How often somebody had decided what this host is when it was met.
    pub decisions: u64,
}

/// How often whoever waits for a master looks whether the daemon ends.
const LOOK: Duration = Duration::from_millis(250);

struct State {
    role: Role,
    /// Why a slave cannot reach its master.
    emergency: ApiError,
    /// What the master said when it did not let this host in. It counts until a master does.
    refused: Option<ApiError>,
    master: Option<Arc<dyn Peer>>,
    overruled: Option<Overruled>,
}

impl Default for Standing {
    fn default() -> Standing {
        Standing {
            state: Mutex::new(State {
                role: Role::Master,
                emergency: errors::host_still_booting(),
                refused: None,
                master: None,
                overruled: None,
            }),
            linked: Condvar::new(),
        }
    }
}

impl Standing {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn role(&self) -> Role {
        self.state().role.clone()
    }

    pub(crate) fn set_role(&self, role: Role) {
        self.state().role = role;
    }

    /// Another one decides. Until this host has stepped down for it, it answers as its slave.
    pub(super) fn overrule(&self, overruled: Overruled) {
        let mut state = self.state();
        let address = &overruled.by.address;
        state.emergency = errors::host_is_slave(address);
        state.role = Role::Slave(address.clone());
        state.overruled = Some(overruled);
    }

    /// For whom this host has still to step down, if it was the master.
    pub(super) fn overruled(&self) -> Option<Overruled> {
        self.state().overruled.clone()
    }

    /// The address of the master of a slave; nothing on a master.
    pub(crate) fn master_address(&self) -> Option<String> {
        match &self.state().role {
            Role::Master | Role::Broken => None,
            Role::Slave(address) => Some(address.clone()),
        }
    }

    /// The line to the master. An error, by which everything is answered meanwhile, says why there is none.
    pub(crate) fn master(&self) -> Result<Arc<dyn Peer>, ApiError> {
        let state = self.state();
        let open = state.master.as_ref().filter(|master| master.is_open());
        let why = || state.refused.as_ref().unwrap_or(&state.emergency);
        open.cloned().ok_or_else(|| why().clone())
    }

    pub(crate) fn link(&self, master: Arc<dyn Peer>) {
        let mut state = self.state();
        (state.master, state.refused) = (Some(master), None);
        self.linked.notify_all();
    }

    /// The master was there, and has said by this that the host is not of its pool.
    pub(crate) fn refused(&self, why: ApiError) {
        self.state().refused = Some(why);
    }

    /// What it has said, if it did.
    pub(crate) fn refusal(&self) -> Option<ApiError> {
        self.state().refused.clone()
    }

    /// The line to the master, as soon as there is one; nothing if there is none within the time.
    pub(super) fn wait_for_master(&self, core: &Core, within: Duration) -> Option<Arc<dyn Peer>> {
        let until = Instant::now() + within;
        let mut state = self.state();
        loop {
            if let Some(master) = state.master.as_ref().filter(|master| master.is_open()) {
                return Some(Arc::clone(master));
            }
            let left = until.checked_duration_since(Instant::now())?;
            if core.is_ending() {
                return None;
            }
            let waited = self.linked.wait_timeout(state, left.min(LOOK));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// There is no line to the master, because of this.
    pub(crate) fn emergency(&self, why: ApiError) {
        let mut state = self.state();
        state.master = None;
        state.emergency = why;
    }
}

/// Whether a slave answers a call itself, whoever asks, and also while it has no master.
pub(crate) fn is_local(message: &str) -> bool {
    EMERGENCY.contains(&message)
}

/// The emergency calls of XAPI.
const EMERGENCY: [&str; 23] = [
    "host.abort_new_master",
    "host.commit_new_master",
    "host.emergency_clear_mandatory_guidance",
    "host.emergency_disable_tls_verification",
    "host.emergency_ha_disable",
    "host.emergency_reenable_tls_verification",
    "host.emergency_reset_server_certificate",
    "host.get_system_status_capabilities",
    "host.ha_xapi_healthcheck",
    "host.is_in_emergency_mode",
    "host.local_assert_healthy",
    "host.local_management_reconfigure",
    "host.management_disable",
    "host.propose_new_master",
    "host.shutdown_agent",
    "host.signal_networking_change",
    "host.update_firewalld_service_status",
    "pool.emergency_reset_master",
    "pool.emergency_transition_to_master",
    "pool.is_slave",
    "session.local_logout",
    "session.slave_local_login",
    "session.slave_local_login_with_password",
];

#[cfg(test)]
mod tests {
    use xapi_model::errors;

    use super::{EMERGENCY, Role, Standing, is_local};

    #[test]
    fn a_slave_answers_the_emergency_calls_and_nothing_else() {
        assert!(EMERGENCY.is_sorted());
        assert!(is_local("pool.emergency_transition_to_master"));
        assert!(!is_local("Bond.create") && !is_local("session.login_with_password"));
    }

    #[test]
    fn a_slave_without_a_line_says_why() {
        let standing = Standing::default();
        assert_eq!(standing.master_address(), None);
        standing.set_role(Role::Slave("10.0.0.1".to_owned()));
        assert_eq!(standing.master_address().as_deref(), Some("10.0.0.1"));
        assert_eq!(standing.master().err(), Some(errors::host_still_booting()));
        standing.emergency(errors::host_has_no_management_ip());
        assert_eq!(
            standing.master().err(),
            Some(errors::host_has_no_management_ip())
        );
        // What the master has said counts, also while nobody is there any more.
        let refusal = errors::host_unknown_to_master("this");
        standing.refused(refusal.clone());
        standing.emergency(errors::host_in_emergency_mode());
        assert_eq!(standing.master().err(), Some(refusal));
    }
}
