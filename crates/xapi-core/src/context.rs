//! What a call runs in: the daemon's parts, and who is asking.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use xapi_db::{DbError, Read, Store, View};
use xapi_model::request::RequestId;
use xapi_model::{ApiError, DateTime, Host, Ref, Session, Task, errors};
use xapi_net::agent::Agent;
use xapi_tls::TlsIdentity;

use crate::Result;
use crate::auth::Authenticate;
use crate::config::Config;
use crate::dispatch::Handler;
use crate::pool::Pool;
use crate::session::attempts::Attempts;
use crate::vifs_to_move::Hands;

pub use crate::session::Caller;

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// What names the request in logs and tasks; nothing if it came from within.
    pub request: RequestId,
    /// The local superuser over the unix socket: no password is asked.
    pub local_root: bool,
    /// The peer, for logs: an address, or the process behind a unix socket.
    pub peer: Arc<str>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Entries that the request asks to be set in its task's `other_config`.
    pub other_config: Vec<(String, String)>,
    /// The task that the request is a part of the work of, as it says.
    pub task_id: Option<String>,
    /// The task that the request's own is a part of, as it says.
    pub subtask_of: Option<String>,
}

/// The time, passed in so that tests may turn it.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The daemon's parts.
pub struct Core {
    /// Where things are.
    pub config: Config,
    /// The objects.
    pub store: Store,
    /// This host's network.
    pub agent: Arc<dyn Agent>,
    /// Who checks passwords.
    pub authenticate: Arc<dyn Authenticate>,
    /// The time.
    pub clock: Clock,
    /// What this host shows to those that connect by TLS; nothing before start-up.
    pub tls: Arc<TlsIdentity>,
    /// Who runs guests here, if anybody does.
    pub(crate) here: Option<crate::guests::Here>,
    /// Calls about machines that go on.
    pub(crate) at_work: crate::guests::at_work::AtWork,
    /// What a master has this host do.
    pub(crate) deeds: crate::pool::deeds::Deeds,
    /// Machines that other hosts are still at something with.
    pub(crate) unfinished: crate::guests::unfinished::Unfinished,
    /// One change of the files of certificates at a time. Nobody waits for another host under it.
    certifying: Mutex<()>,
    /// One change whose commit conflicted with another one at a time.
    overtaken: Mutex<()>,
    /// One change of another host's certificates at a time.
    certifying_others: Mutex<HashMap<Ref<Host>, Arc<Mutex<()>>>>,
    /// Who is being sent what the pool trusts.
    pub(crate) sending: crate::certificates::shared::Sending,
    /// A change that waits for a person to say that all is well.
    pub(crate) confirmation: crate::proof::Confirmation,
    /// The other hosts, and what this one is to them.
    pub pool: Pool,
    /// One change at a time for each host's network.
    changing: Turns,
    /// In which order facts were asked for.
    pub(crate) facts: crate::facts::Order,
    /// Holders of sessions that were checked a short while ago: most calls come from them.
    pub(crate) callers: crate::session::Callers,
    /// How often passwords may be tried.
    pub(crate) attempts: Attempts,
    pub(crate) handlers: HashMap<&'static str, Handler>,
    localhost: OnceLock<Ref<Host>>,
    /// Requests from other machines are answered.
    management: AtomicBool,
    /// Told when that changes.
    on_management: OnceLock<Box<dyn Fn(bool) + Send + Sync>>,
    /// Told when the daemon is to begin anew.
    on_restart: OnceLock<Box<dyn Fn() + Send + Sync>>,
    /// A network reset that is not at its end.
    pub(crate) reset: crate::reset::Waiting,
    /// What the firewall was told.
    pub(crate) firewall: crate::firewall::Firewall,
    /// Who asks guests to let go of their NICs before networks move.
    hands: OnceLock<Box<dyn Hands>>,
    pub(crate) async_slots: crate::task::Slots,
    pub(crate) events: crate::events::Events,
    /// What is counted for those who watch the daemon.
    pub metrics: crate::metrics::Metrics,
    pub(crate) busy: crate::health::Busy,
    pub(crate) stalled: crate::task::Stalled,
    pub(crate) audit: crate::audit::Log,
    pub(crate) user_agents: crate::user_agents::UserAgents,
}

impl Core {
    /// Puts the parts together. Nothing is read or changed before [`crate::startup::run`].
    pub fn new(
        config: Config,
        store: Store,
        agent: Arc<dyn Agent>,
        authenticate: Arc<dyn Authenticate>,
        clock: Clock,
    ) -> Core {
        let slots = crate::task::Slots::new(config.async_workers);
        let audit =
            crate::audit::Log::new(config.audit_log(), config.audit_size, config.audit_files);
        let attempts = Attempts::new(config.login_burst, config.logins_per_minute);
        Core {
            config,
            store,
            agent,
            authenticate,
            clock,
            tls: Arc::default(),
            here: None,
            at_work: crate::guests::at_work::AtWork::default(),
            deeds: crate::pool::deeds::Deeds::default(),
            unfinished: crate::guests::unfinished::Unfinished::default(),
            certifying: Mutex::new(()),
            overtaken: Mutex::new(()),
            certifying_others: Mutex::default(),
            sending: crate::certificates::shared::Sending::default(),
            confirmation: crate::proof::Confirmation::default(),
            pool: Pool::default(),
            changing: Turns::default(),
            facts: crate::facts::Order::default(),
            callers: crate::session::Callers::default(),
            attempts,
            handlers: crate::ops::handlers(),
            localhost: OnceLock::new(),
            management: AtomicBool::new(false),
            on_management: OnceLock::new(),
            on_restart: OnceLock::new(),
            reset: crate::reset::Waiting::default(),
            firewall: crate::firewall::Firewall::default(),
            hands: OnceLock::new(),
            async_slots: slots,
            events: crate::events::Events::default(),
            metrics: crate::metrics::Metrics::default(),
            busy: crate::health::Busy::default(),
            stalled: crate::task::Stalled::default(),
            audit,
            user_agents: crate::user_agents::UserAgents::default(),
        }
    }

    /// Waits for a host's network to be free of changes; refused once the daemon ends. A change that waits for a person is
    /// not waited for: OTHER_OPERATION_IN_PROGRESS [host, reference].
    pub(crate) fn turn(&self, host: &Ref<Host>) -> Result<Turn<'_>> {
        let mut state = self.changing.state();
        loop {
            if state.closed {
                return Err(errors::host_still_booting());
            }
            if !state.busy.contains(host) {
                state.busy.insert(host.clone());
                self.busy.begins(host);
                return Ok(Turn(self, host.clone()));
            }
            if self.confirmation.waits_on(host) {
                return Err(waits_for_a_person(host));
            }
            state.in_line += 1;
            state = self
                .changing
                .free
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.in_line -= 1;
        }
    }

    /// How many changes wait for one of the same host to be over.
    pub fn in_line(&self) -> usize {
        self.changing.state().in_line
    }

    /// Has somebody told whenever a change of a host's network is over, instead of whoever was before.
    pub(crate) fn on_free(&self, tell: impl Fn(&Ref<Host>) + Send + 'static) {
        *self.changing.told() = Some(Box::new(tell));
    }

    /// Has those who wait for their turn look again.
    pub(crate) fn tell_those_in_line(&self) {
        // Under the lock: whoever has looked already waits by now, and hears it.
        let _state = self.changing.state();
        self.changing.free.notify_all();
    }

    /// Waits for its turn among the changes whose commit conflicted with another one.
    pub(crate) fn overtaken(&self) -> MutexGuard<'_, ()> {
        self.overtaken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What is held while the certificates of another host change. Changes of others go on.
    pub(crate) fn certificates_of(&self, host: &Ref<Host>) -> Arc<Mutex<()>> {
        let mut all = self
            .certifying_others
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Hosts come and go.
        all.retain(|_, of_host| Arc::strong_count(of_host) > 1);
        Arc::clone(all.entry(host.clone()).or_default())
    }

    /// Waits for its turn to change the files of certificates on this host.
    pub(crate) fn certificates(&self) -> MutexGuard<'_, ()> {
        self.certifying
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes no further change and waits for those under way, so long. False if one still goes on then.
    pub fn quiesce(&self, within: Duration) -> bool {
        self.confirmation.end();
        let mut state = self.changing.state();
        state.closed = true;
        self.changing.free.notify_all();
        drop(state);
        self.pool.whereabouts.wake();
        let state = self.changing.state();
        let free = &self.changing.free;
        let (state, _) = free
            .wait_timeout_while(state, within, |state| !state.busy.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        state.busy.is_empty()
    }

    /// Whether the daemon is about to end: no change begins any more.
    pub(crate) fn is_ending(&self) -> bool {
        self.changing.state().closed
    }

    /// Waits until the daemon is about to end, or so long.
    pub(crate) fn wait_for_end(&self, within: Duration) {
        let goes_on = |state: &mut TurnState| !state.closed;
        let state = self.changing.state();
        drop(
            self.changing
                .free
                .wait_timeout_while(state, within, goes_on),
        );
    }

    /// Waits for the next commit, or so long.
    pub(crate) fn wait_for_commit(
        &self,
        commits: &mut tokio::sync::watch::Receiver<u64>,
        within: Duration,
    ) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(errors::internal_error)?;
        let next = async { tokio::time::timeout(within, commits.changed()).await };
        drop(runtime.block_on(next));
        Ok(())
    }

    /// A consistent view of the objects.
    pub fn view(&self) -> Result<View> {
        self.store.view().map_err(db_error)
    }

    /// The time as XenAPI writes it.
    pub fn now(&self) -> DateTime {
        DateTime::from_system((self.clock)())
    }

    /// Seconds since the epoch.
    pub fn seconds(&self) -> i64 {
        let since = (self.clock)().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
    }

    /// This host; known once start-up has found or made its record.
    pub fn localhost(&self) -> Result<Ref<Host>> {
        self.localhost
            .get()
            .cloned()
            .ok_or_else(errors::host_still_booting)
    }

    pub(crate) fn set_localhost(&self, host: Ref<Host>) {
        // The first one stays: this host does not become another while the daemon runs.
        self.localhost.get_or_init(|| host);
    }

    /// Whether requests from other machines are answered: false while management is disabled.
    pub fn management_enabled(&self) -> bool {
        self.management.load(Ordering::Acquire)
    }

    /// Forgets who held these sessions, and ends what they wait for.
    pub(crate) fn sessions_ended(&self, sessions: &[Ref<Session>]) {
        self.callers.forget(sessions);
        self.events.forget(sessions);
        self.pool.relays.ended(sessions);
    }

    /// How many calls wait for events, now and whenever that changes.
    pub fn waiting_for_events(&self) -> tokio::sync::watch::Receiver<usize> {
        self.events.waiting()
    }

    /// Has somebody told whenever management is enabled or disabled. Only the first to ask is told.
    pub fn on_management(&self, tell: impl Fn(bool) + Send + Sync + 'static) {
        self.on_management.get_or_init(|| Box::new(tell));
    }

    /// Has somebody told when the daemon is to begin anew, with whatever it is then. Only the first to ask is told.
    pub fn on_restart(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.on_restart.get_or_init(|| Box::new(tell));
    }

    /// Has the daemon begin anew, once the calls under way are answered.
    pub(crate) fn restart(&self) {
        match self.on_restart.get() {
            Some(tell) => tell(),
            None => tracing::error!("nobody can start the daemon anew: its role is as before"),
        }
    }

    /// Has somebody asked before attached VIFs get another network, instead of the guests themselves. Only the first one is.
    pub fn set_hands(&self, hands: impl Hands + 'static) {
        self.hands.get_or_init(|| Box::new(hands));
    }

    pub(crate) fn hands(&self) -> Option<&dyn Hands> {
        let of_guests = || {
            let some = self.here.is_some() || self.pool.any_guests();
            some.then_some(&crate::guests::release::OfGuests as &dyn Hands)
        };
        self.hands.get().map(|hands| &**hands).or_else(of_guests)
    }

    pub(crate) fn set_management_enabled(&self, enabled: bool) {
        if self.management.swap(enabled, Ordering::AcqRel) != enabled
            && let Some(tell) = self.on_management.get()
        {
            tell(enabled);
        }
    }

    /// The agent of a host; HOST_OFFLINE for one that cannot be reached.
    pub fn agent_of(&self, view: &impl Read, host: &Ref<Host>) -> Result<Arc<dyn Agent>> {
        if *host == self.localhost()? {
            return Ok(Arc::clone(&self.agent));
        }
        if !view.exists(host)? {
            return Err(errors::handle_invalid("host", host));
        }
        self.pool.agent(host)
    }
}

/// The answer to whoever wants to change a host while a change of it waits for a person: OTHER_OPERATION_IN_PROGRESS [host,
/// reference].
pub(crate) fn waits_for_a_person(host: &Ref<Host>) -> ApiError {
    ApiError::new(
        "OTHER_OPERATION_IN_PROGRESS",
        vec!["host".to_owned(), host.as_str().to_owned()],
    )
}

/// Who may change which host's network.
#[derive(Default)]
struct Turns {
    state: Mutex<TurnState>,
    free: Condvar,
    /// Told of hosts that are free of changes.
    told: Mutex<Option<Freed>>,
}

/// Whoever is told that a host is free of changes.
type Freed = Box<dyn Fn(&Ref<Host>) + Send>;

#[derive(Default)]
struct TurnState {
    busy: BTreeSet<Ref<Host>>,
    in_line: usize,
    closed: bool,
}

impl Turns {
    fn state(&self) -> MutexGuard<'_, TurnState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Option<Freed>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to change a host's network, until it is dropped.
pub(crate) struct Turn<'a>(&'a Core, Ref<Host>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let Turn(core, host) = self;
        core.busy.ends(host);
        core.changing.state().busy.remove(host);
        // Those in line wait for different hosts.
        core.changing.free.notify_all();
        if let Some(tell) = &*core.changing.told() {
            tell(host);
        }
    }
}

/// The database failed: our trouble, not the caller's.
pub fn db_error(why: DbError) -> ApiError {
    tracing::error!("database: {why}");
    errors::internal_error(format!("database: {why}"))
}

/// Who asks, and within what.
pub struct Cx<'a> {
    /// The daemon.
    pub core: &'a Arc<Core>,
    /// The session, unless the message takes none.
    pub session: Option<Caller>,
    /// The task of an `Async.` call.
    pub task: Option<Ref<Task>>,
    /// The task of another call, once its work begins.
    pub(crate) late: Option<crate::task::Late>,
    /// Where the request came from.
    pub origin: &'a Origin,
}

impl Cx<'_> {
    /// The caller; messages without a session have none.
    pub fn caller(&self) -> Result<&Caller> {
        self.session
            .as_ref()
            .ok_or_else(|| errors::internal_error("this message has no session"))
    }
}
