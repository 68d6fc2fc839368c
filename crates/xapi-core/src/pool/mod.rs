//! More than one host: the master decides, every host converges.
//!
//! A slave opens one connection to its master and keeps it; all else goes over that ([`peer`]). The master asks the
//! slave's agent ([`remote`], [`verbs`]), and sends it each commit ([`feed`]), which the slave replays into its own
//! database ([`follower`]), and from which it answers at its own socket ([`socket`]). What comes up when a host is linked
//! is in [`arrival`]; a host as a slave is in [`slave`].
//!
//! [`inherit`], [`join`] and [`eject`] are about rows alone: what a host's network has of its master's, how a host's
//! rows come into a pool and leave it. The tunnels of hosts follow each other by [`mesh`].

mod admit;
pub mod another;
mod arrival;
pub mod aside;
mod bounds;
mod charter;
pub(crate) mod deeds;
pub mod dowry;
pub mod eject;
pub(crate) mod everywhere;
mod feed;
mod follower;
mod handed;
pub mod inherit;
mod inquiry;
mod inverse;
pub mod job;
pub mod join;
pub mod leaving;
pub mod link;
pub mod membership;
mod merge;
pub mod mesh;
pub(crate) mod moved;
pub mod peer;
mod remote;
pub(crate) mod reset;
pub mod role;
pub mod rotation;
pub mod search;
pub mod secret;
pub mod slave;
pub mod socket;
pub mod transition;
pub mod verbs;
mod whereabouts;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    TryLockError,
};
use std::time::Duration;

use xapi_db::Read;
use xapi_link::Leads;
use xapi_model::{Host, Ref, errors};
use xapi_net::agent::{Agent, Cause, NetEvent};

use crate::Result;
use crate::context::{Core, db_error};
use crate::guests::Kind;
use crate::particulars::Particulars;

pub use arrival::{Greeting, Linked, may_open};
pub(crate) use bounds::cut;
pub(crate) use follower::find_self;
pub use inquiry::Master;
use remote::RemoteAgent;
use role::Standing;
use verbs::{Answer, Verb};
use whereabouts::Whereabouts;

/// What this daemon knows of the other hosts.
#[derive(Default)]
pub struct Pool {
    /// Whether this host decides, and if not, who does.
    pub(crate) standing: Standing,
    /// What this host is from its next start on.
    charter: charter::Charter,
    /// This start has made the host the master of its pool, whose database followed another one until then or did not.
    pub(crate) became_master: OnceLock<bool>,
    /// Where a slave has heard that its master is.
    pub(crate) whereabouts: Whereabouts,
    /// How far this host has followed its master.
    follower: follower::Follower,
    /// Sessions that were opened at the socket of this host, as a slave.
    pub(crate) relays: socket::Relays,
    /// Calls that slaves have handed on to this host.
    handed: handed::Handed,
    /// What the master of this slave has told it to become.
    told: OnceLock<handed::Told>,
    /// This slave's network is being changed, or was and that may still be taken back.
    changes_itself: AtomicBool,
    remotes: Mutex<HashMap<Ref<Host>, Arc<RemoteAgent>>>,
    /// Held for reading by a change of many hosts, from its first host to its last or its way back; for writing by who hands
    /// the pool over, which must find it whole.
    undivided: RwLock<()>,
    /// Who exchanges the pool's secret.
    rotation: rotation::Rotation,
    /// Whether commits are kept for slaves that come back.
    journal: OnceLock<()>,
    on_event: OnceLock<OnEvent>,
    /// Who looks for other masters, in the place of lines.
    lookout: OnceLock<Lookout>,
    on_guest: OnceLock<OnGuest>,
}

type Lookout = Box<dyn Fn(&[String], Option<&Leads>) -> Vec<Master> + Send + Sync>;

type OnEvent = Box<dyn Fn(Ref<Host>, NetEvent) + Send + Sync>;
type OnGuest = Box<dyn Fn(Ref<Host>, xapi_guest::Event) + Send + Sync>;

impl Pool {
    fn remotes(&self) -> MutexGuard<'_, HashMap<Ref<Host>, Arc<RemoteAgent>>> {
        self.remotes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// While this is held nobody else becomes the master. For a change that is more than one commit.
    fn divides(&self) -> RwLockReadGuard<'_, ()> {
        self.undivided
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// While this is held no change of many hosts begins; none if one is under way.
    fn whole(&self) -> Option<RwLockWriteGuard<'_, ()>> {
        match self.undivided.try_write() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(guard)) => Some(guard.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Whether this host decides for its pool.
    pub fn is_master(&self) -> bool {
        self.standing.role() == role::Role::Master
    }

    /// Whether this host decides, and if not, who does.
    pub fn role(&self) -> role::Role {
        self.standing.role()
    }

    /// Has somebody else look for other masters at addresses, and tell whoever is there that this host leads: where hosts
    /// are reached by other ways than lines. Only the first to ask does.
    pub fn set_lookout(
        &self,
        look: impl Fn(&[String], Option<&Leads>) -> Vec<Master> + Send + Sync + 'static,
    ) {
        self.lookout.get_or_init(|| Box::new(look));
    }

    /// Whether this host obeys another one.
    pub fn is_slave(&self) -> bool {
        matches!(self.standing.role(), role::Role::Slave(_))
    }

    /// The term of the master that this slave hears.
    pub(crate) fn hears(&self, core: &Core) -> u64 {
        self.follower.hears(core)
    }

    fn changes_itself(&self) -> bool {
        self.changes_itself.load(Ordering::Acquire)
    }

    /// The agent of another host, which is linked; HOST_OFFLINE [host] if it is not.
    pub(crate) fn agent(&self, host: &Ref<Host>) -> Result<Arc<dyn Agent>> {
        let found = self.linked(host)?;
        Ok(found)
    }

    /// What another host tells of itself; HOST_OFFLINE [host] if it is not linked.
    pub(crate) fn particulars(&self, host: &Ref<Host>) -> Result<Particulars> {
        Ok(self.linked(host)?.particulars())
    }

    fn linked(&self, host: &Ref<Host>) -> Result<Arc<RemoteAgent>> {
        let found = self.remotes().get(host).cloned();
        found
            .filter(|remote| remote.is_linked())
            .ok_or_else(|| errors::host_offline(host))
    }

    /// Whether machines may run on another host.
    pub(crate) fn any_guests(&self) -> bool {
        let mut all = self.everybody().into_iter();
        all.any(|(_, remote)| remote.particulars().guests != Kind::None)
    }

    /// HOST_OFFLINE [host], if a host of the pool is not there.
    pub(crate) fn all_linked(&self, rows: &impl Read) -> Result<()> {
        let master = rows.all::<xapi_model::Pool>()?.into_iter().next();
        let master = master.map(|(_, pool)| pool.master);
        for (host, _) in rows.all::<Host>()? {
            if Some(&host) != master.as_ref() {
                self.linked(&host)?;
            }
        }
        Ok(())
    }

    /// Every host that is linked has what is committed now when this returns; CANNOT_CONTACT_HOST [host] names one that has
    /// not.
    pub(crate) fn catches_up(&self, core: &Core) -> Result<()> {
        let position = core.store.copy().map_err(db_error)?.position();
        for (host, remote) in self.everybody() {
            if remote.is_linked() {
                remote.reach(position).map_err(|why| {
                    tracing::warn!("{host} is behind: {why}");
                    errors::cannot_contact_host(&host)
                })?;
            }
        }
        Ok(())
    }

    /// Has somebody told of what happens to the networks of other hosts. Only the first to ask is told.
    pub(crate) fn on_event(&self, tell: impl Fn(Ref<Host>, NetEvent) + Send + Sync + 'static) {
        self.on_event.get_or_init(|| Box::new(tell));
    }

    fn happened(&self, host: &Ref<Host>, event: NetEvent) {
        if let Some(tell) = self.on_event.get() {
            tell(host.clone(), event);
        }
    }

    /// Has somebody told of what guests of other hosts do by themselves. Only the first to ask is told.
    pub(crate) fn on_guest(
        &self,
        tell: impl Fn(Ref<Host>, xapi_guest::Event) + Send + Sync + 'static,
    ) {
        self.on_guest.get_or_init(|| Box::new(tell));
    }

    fn guest_did(&self, host: &Ref<Host>, event: xapi_guest::Event) {
        if let Some(tell) = self.on_guest.get() {
            tell(host.clone(), event);
        }
    }

    /// Has another host do something that only it can, under a number; see [`RemoteAgent::has_done`]. HOST_OFFLINE [host] if
    /// it is not linked.
    pub(crate) fn has_done(
        &self,
        host: &Ref<Host>,
        verb: impl FnOnce(u64) -> Verb,
        within: Duration,
        waits: bool,
    ) -> Result<Answer> {
        self.linked(host)?.has_done(verb, within, waits)
    }

    /// The rows of a change of another host are committed: it may keep what it has made.
    pub(crate) fn keep(&self, host: &Ref<Host>) {
        let found = self.remotes().get(host).cloned();
        if let Some(remote) = found {
            remote.keep();
        }
    }

    /// Has a host leave the pool, with this trigger of a network reset; HOST_OFFLINE [host], CANNOT_CONTACT_HOST [host],
    /// or INTERNAL_ERROR with what kept the host from it.
    fn dismiss(&self, host: &Ref<Host>, trigger: String) -> Result<()> {
        self.linked(host)?
            .order(Verb::Leave(trigger))
            .map_err(|why| {
                tracing::warn!("{host} does not leave: {why}");
                match why.cause {
                    Cause::Unreachable | Cause::TimedOut => errors::cannot_contact_host(host),
                    // It was there and said what is wrong.
                    _ => errors::internal_error(format!("{host} does not leave: {why}")),
                }
            })
    }

    /// A host is no longer in the pool.
    pub(crate) fn forget(&self, host: &Ref<Host>) {
        if let Some(remote) = self.remotes().remove(host) {
            remote.drop_line("the host has left the pool");
        }
    }

    /// Every other host that is linked.
    pub(crate) fn everybody_linked(&self) -> Vec<Ref<Host>> {
        let mut all = self.everybody();
        all.retain(|(_, remote)| remote.is_linked());
        all.into_iter().map(|(host, _)| host).collect()
    }

    /// Every other host that was ever linked.
    fn everybody(&self) -> Vec<(Ref<Host>, Arc<RemoteAgent>)> {
        let remotes = self.remotes();
        let pairs = remotes.iter();
        pairs
            .map(|(host, remote)| (host.clone(), Arc::clone(remote)))
            .collect()
    }

    /// The remote end of a host, made when it is linked for the first time.
    fn remote(&self, host: &Ref<Host>, away: Duration) -> Arc<RemoteAgent> {
        let mut remotes = self.remotes();
        let made = || Arc::new(RemoteAgent::new(host.clone(), away));
        Arc::clone(remotes.entry(host.clone()).or_insert_with(made))
    }
}
