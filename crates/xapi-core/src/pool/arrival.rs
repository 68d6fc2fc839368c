//! A host is linked: what the master does then, and when the host is gone again.

use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use xapi_db::{Draft, Portable, Read};
use xapi_model::request::RequestId;
use xapi_model::{ApiError, Class, Host, HostMetrics, Position, Ref, Task, Value, errors};

use super::peer::Peer;
use super::remote::{MOST_ANSWER, RemoteAgent};
use super::role::Role;
use super::verbs::{
    Answer, ApiText, Arrived, Forwarded, Granted, News, Verb, Wish, decode, encode,
};
use super::whereabouts::Found;
use super::{bounds, feed, inherit, moved, reset, rotation};
use crate::alert::tell;
use crate::context::{Core, Cx};
use crate::dispatch::Api;
use crate::ops::pif;
use crate::session::login;
use crate::{Origin, Result, certificates, guests, repair, startup, vifs_to_move};

/// The name of the alert about a host that has found its master at another address.
const FOUND: &str = "POOL_MASTER_FOUND_ELSEWHERE";

/// What a guest answers that does not let go of its NIC.
const REFUSALS: [&str; 4] = [
    "VM_MISSING_PV_DRIVERS",
    "VM_BAD_POWER_STATE",
    "DEVICE_DETACH_REJECTED",
    "DEVICE_DETACH_TIMEOUT",
];

/// How long a host may take to say who it is.
const AT_ONCE: Duration = Duration::from_secs(15);

/// How long a slave waits to hear of tasks; then it asks again.
const TASKS: Duration = Duration::from_secs(20);

/// How often such a wait looks whether the daemon ends.
const LOOK: Duration = Duration::from_millis(500);

/// A slave, as its master sees it.
pub struct Linked {
    core: Arc<Core>,
    host: Ref<Host>,
    remote: Arc<RemoteAgent>,
    /// Whether all that the arrival asks for is done, or given up.
    arrived: Mutex<bool>,
    arrival: Condvar,
}

/// What a slave says when it opens the line.
#[derive(Clone, Debug)]
pub struct Greeting {
    /// The UUID of its host.
    pub host: String,
    /// How far its database is.
    pub position: Option<Position>,
}

/// Whether a host that has followed so far may open a line to this one: HOST_IS_SLAVE [master], HOST_BROKEN;
/// HOST_IN_EMERGENCY_MODE if it has followed a later master, to whom this one is about to yield.
pub fn may_open(core: &Core, position: Option<Position>) -> Result<()> {
    match core.pool.standing.role() {
        Role::Master => {}
        Role::Slave(address) => return Err(errors::host_is_slave(address)),
        Role::Broken => return Err(errors::host_broken()),
    }
    match position.is_some_and(|position| position.term > core.store.term()) {
        true => Err(errors::host_in_emergency_mode()),
        false => Ok(()),
    }
}

/// A host takes over the pool's bonds, VLANs and tunnels, in one change. Guests whose NICs move let go of them first; if one
/// refuses, all is as it was, and the operator is told.
pub(super) fn inherit(core: &Arc<Core>, host: &Ref<Host>) -> Result<()> {
    if !startup::may_converge(core, &core.view()?, host)? {
        return Ok(());
    }
    let origin = Origin::default();
    let cx = Cx {
        core,
        session: None,
        task: None,
        late: None,
        origin: &origin,
    };
    let vifs = |draft: &Draft| Ok(inherit::inherit(draft, &core.config, host)?.vifs);
    let inherited = vifs_to_move::carrying(&cx, vifs, |asked| {
        core.change(host, &Ref::null(), |draft| {
            let said = inherit::inherit_and_tell(core, draft, host)?;
            asked.covers(draft, &said.vifs)?;
            Ok(said)
        })
    });
    let steps = match inherited {
        Ok(said) => said.steps,
        Err(why) => {
            let text = format!("the pool's networks were not taken over: {why}");
            core.store
                .change(|draft| tell(core, draft, host, inherit::ALERT, &text))?;
            // That is the guest's word, and nothing that was cut: it counts until the next start.
            return match REFUSALS.contains(&why.code.as_str()) {
                true => Ok(()),
                false => Err(why),
            };
        }
    };
    for step in steps {
        tracing::info!("{host}: inherited: {step}");
    }
    Ok(())
}

impl Linked {
    /// The host that this greeting is of; HOST_UNKNOWN_TO_MASTER [uuid].
    pub fn of(core: &Arc<Core>, greeting: &Greeting) -> Result<Linked> {
        let found = core.view()?.by_uuid(Host::DESC, &greeting.host);
        let host = match found {
            Ok(host) => Ref::new(host),
            Err(why) if why.code == "UUID_INVALID" => {
                return Err(errors::host_unknown_to_master(&greeting.host));
            }
            Err(why) => return Err(why),
        };
        if host == core.localhost()? {
            return Err(errors::host_its_own_slave());
        }
        let remote = core.pool.remote(&host, core.config.away_within);
        Ok(Linked {
            core: Arc::clone(core),
            host,
            remote,
            arrived: Mutex::new(false),
            arrival: Condvar::new(),
        })
    }

    /// Waits until all that the arrival asks for is done, or given up, also about the pool's secret; false if it is not within
    /// the time.
    pub fn has_arrived(&self, within: Duration) -> bool {
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .arrival
            .wait_timeout_while(arrived, within, |arrived| !*arrived);
        let has = *waited.unwrap_or_else(PoisonError::into_inner).0;
        has && self.core.pool.rotation.rests(within)
    }

    /// The host's record.
    pub fn host(&self) -> &Ref<Host> {
        &self.host
    }

    /// The line is open. Feeds the host, and has it look as the rows say; returns at once.
    pub fn opened(self: &Arc<Self>, peer: Arc<dyn Peer>, greeting: Greeting) -> Result<()> {
        let (core, to, from) = (Arc::clone(&self.core), Arc::clone(&peer), greeting.position);
        spawn("feed", move || feed::run(&core, &to, from))?;
        let this = Arc::clone(self);
        spawn("arrival", move || {
            if let Err(why) = this.arrive(&peer) {
                tracing::error!("{}: {why}", this.host);
                // It comes back, and then it is tried again.
                peer.close(&why.to_string());
            }
            *this.arrived.lock().unwrap_or_else(PoisonError::into_inner) = true;
            this.arrival.notify_all();
        })
    }

    fn arrive(&self, peer: &Arc<dyn Peer>) -> Result<()> {
        let question = encode(&Verb::Particulars).map_err(errors::internal_error)?;
        let answer = peer
            .ask(question, AT_ONCE)
            .map_err(errors::internal_error)?;
        if answer.len() > MOST_ANSWER {
            let why = format!("its answer has {} octets", answer.len());
            return Err(errors::internal_error(why));
        }
        let mut answer = decode(&answer).map_err(errors::internal_error)?;
        bounds::check(&mut answer)
            .map_err(|why| errors::internal_error(format!("it tells too much of itself: {why}")))?;
        let strange = |why: &dyn std::fmt::Display| {
            errors::internal_error(format!("the host does not tell who it is: {why}"))
        };
        let arrived = match answer {
            Answer::Particulars(Ok(arrived)) => arrived,
            Answer::Particulars(Err(why)) => return Err(strange(&ApiError::from(why))),
            _ => return Err(strange(&"it answers another question")),
        };
        let particulars = arrived.particulars.clone();
        let (hostname, software) = (particulars.hostname.clone(), particulars.software.clone());
        // From here on it is asked, also by whoever waits for it in the middle of a change.
        let secret = arrived.secret.clone();
        self.remote.link(Arc::clone(peer), particulars, secret);
        let (core, host) = (&self.core, &self.host);
        core.store.change(|draft| {
            draft.set(host, Host::HOSTNAME, hostname.clone())?;
            draft.set(host, Host::SOFTWARE_VERSION, software.clone())?;
            if draft.field(host, Host::AUTO_ENABLE)? {
                draft.set(host, Host::ENABLED, true)?;
            }
            if let Some(text) = arrived.found.as_ref().and_then(elsewhere) {
                tell(core, draft, host, FOUND, &text)?;
            }
            if let Some(aside) = &arrived.aside {
                aside.tell(core, draft, host)?;
            }
            if let Some(bridge) = &arrived.moved {
                moved::take_over(core, draft, host, bridge)?;
            }
            live(core, draft, host, true)
        })?;
        if !peer.is_open() {
            self.closed(peer, "it left while it arrived");
            return Ok(());
        }
        tracing::info!("{host}: linked");
        if let Err(why) = rotation::go_on(core) {
            // It is the host all the same; the next look for another master tries again.
            tracing::error!("the secret of the pool is not the same everywhere: {why}");
        }
        let is_reset = reset::take_up(core, host, &self.remote, &arrived)?;
        if self.settle(&arrived, is_reset)? && peer.is_open() {
            self.remote.settled(core.store.durable_position());
        }
        Ok(())
    }

    /// The host looks as its rows say, as far as it can. What was cut in the middle is settled by this, and by nothing else.
    /// False if something of it failed, so that the next arrival tries it again.
    fn settle(&self, arrived: &Arrived, is_reset: bool) -> Result<bool> {
        let (core, host) = (&self.core, &self.host);
        let mut all_well = true;
        let mut told = |what: &str, outcome: Result<()>| {
            if let Err(why) = outcome {
                tracing::error!("{host}: {what}: {why}");
                all_well = false;
            }
        };
        told("its guests", guests::adopt::of_host(core, host));
        told("its certificates", certificates::staged::settle(core, host));
        if let Err(why) = certificates::shared::settle(core, host) {
            // It is the host all the same; pool.certificate_sync tries again.
            tracing::error!("{host}: it has not got what the pool trusts: {why}");
        }
        told("its NICs", pif::scan_host(core, host, pif::Scanning::Known));
        told("its bonds", repair::bonds(core, host));
        if arrived.booted {
            told("its PIFs", startup::plug_all(core, host));
        }
        // What has cut the host off would do so again, and again with each arrival; the operator was told. As with a guest that
        // refuses that counts until its next start. If another daemon of a master asked for it, the host may have lost that
        // one and not the way.
        let own = |number| self.remote.has_asked_for(number);
        let was_cut_off = arrived.gone_back.is_some_and(own);
        if (arrived.starts && !was_cut_off) || is_reset {
            told("the pool's networks", inherit(core, host));
        }
        if startup::may_converge(core, &core.view()?, host)? {
            startup::reconverge(core, host)?;
        }
        Ok(all_well)
    }

    /// A question of the host.
    pub fn asked(&self, question: &[u8]) -> std::result::Result<Vec<u8>, String> {
        bounds::check_question(question)?;
        match decode(question)? {
            Wish::Call(mut call) => {
                if let Err(why) = bounds::check_call(&mut call) {
                    let why = format!("a call that no client can have sent: {why}");
                    tracing::warn!("{}: {why}", self.host);
                    let refused = ApiText::from(errors::internal_error(why));
                    return encode(&Granted::Called(Err(refused), None));
                }
                let handed = self.core.pool.handed.begins(&self.host, &call);
                let outcome = self.call(call);
                let at = self.core.store.durable_position();
                let answer = encode(&Granted::Called(outcome, Some(at)))?;
                // Whether it gets there is not known here.
                handed.ends(&answer);
                Ok(answer)
            }
            Wish::Became(id) => self.core.pool.handed.became(&self.host, &id),
            Wish::Tasks(since) => encode(&Granted::Tasks(self.tasks(since))),
            Wish::Admit(_) | Wish::Plan(_) => Err("it is in the pool already".to_owned()),
        }
    }

    /// A call that came in at the host's own socket, from its superuser.
    fn call(&self, call: Forwarded) -> std::result::Result<Portable, ApiText> {
        let origin = Origin {
            request: RequestId::fresh(),
            local_root: true,
            peer: format!("{} by way of {}", plain(&call.peer), self.host).into(),
            user_agent: call.user_agent,
            other_config: call.other_config,
            ..Origin::default()
        };
        let api = Api::new(Arc::clone(&self.core));
        let params: Vec<_> = call.params.into_iter().map(|Portable(it)| it).collect();
        if let (Some(opened), Some(given)) = (&call.opened, params.first().and_then(Value::as_str))
        {
            let from = login::Elsewhere {
                host: &self.host,
                user: &opened.user,
                originator: &opened.originator,
            };
            from.open(&self.core, &origin, given)?;
        }
        let outcome = api.call(&origin, &call.name, params);
        outcome.map(Portable).map_err(ApiText::from)
    }

    /// Waits until a task has changed after a generation, or for a while; tells the generation that this host is at.
    fn tasks(&self, since: u64) -> u64 {
        let core = &self.core;
        let until = Instant::now() + TASKS;
        let mut commits = core.store.subscribe();
        loop {
            commits.mark_unchanged();
            let at = core.store.generation();
            let left = until.saturating_duration_since(Instant::now());
            if core.store.touched(Task::DESC, since) || left.is_zero() || core.is_ending() {
                return at;
            }
            if let Err(why) = core.wait_for_commit(&mut commits, left.min(LOOK)) {
                tracing::error!("{}: whether tasks change is not known: {why}", self.host);
                return at;
            }
        }
    }

    /// What the host tells; an error says why it is not listened to any more.
    pub fn told(&self, news: &[u8]) -> std::result::Result<(), String> {
        bounds::check_told(news)?;
        let mut news = decode(news)?;
        bounds::check_news(&mut news)?;
        match news {
            News::Event(event) => {
                self.remote.tell(&event);
                self.core.pool.happened(&self.host, event);
            }
            News::ResetOver(mark) => {
                // It is forgotten at the next arrival as well.
                if let Err(why) = crate::reset::forget(&self.core, &self.host, Some(&mark)) {
                    tracing::warn!("{}: {why}", self.host);
                }
            }
            News::Guest(event) => self.core.pool.guest_did(&self.host, event),
        }
        Ok(())
    }

    /// The line is gone.
    pub fn closed(&self, peer: &Arc<dyn Peer>, why: &str) {
        if !self.remote.unlink(peer) {
            return;
        }
        tracing::warn!("{}: the link is lost: {why}", self.host);
        // A host that is no longer the master has no say in the rows.
        if self.core.is_ending() || self.core.pool.standing.role() != Role::Master {
            return;
        }
        if let Err(why) = self.show_whether_linked() {
            tracing::error!("{}: not shown as lost: {why}", self.host);
        }
    }

    /// The host may open another line while the end of this one is noted, and must not be shown as lost then.
    fn show_whether_linked(&self) -> Result<()> {
        let (core, host) = (&*self.core, &self.host);
        loop {
            let is = self.remote.is_linked();
            core.store.change(|draft| match draft.exists(host)? {
                true => live(core, draft, host, is),
                false => Ok(()),
            })?;
            if self.remote.is_linked() == is {
                return Ok(());
            }
        }
    }
}

/// Shows which hosts are there, after a while in which that could not be noted.
pub(super) fn show_linked(core: &Core) -> Result<()> {
    let hosts = core.pool.everybody();
    core.store.change(|draft| {
        for (host, remote) in &hosts {
            if draft.exists(host)? {
                live(core, draft, host, remote.is_linked())?;
            }
        }
        Ok(())
    })
}

/// What the operator reads about a host that has found its master elsewhere.
fn elsewhere(found: &Found) -> Option<String> {
    let (was, is) = (found.was.parse::<IpAddr>(), found.is.parse::<IpAddr>());
    let (was, is) = (was.ok()?, is.ok()?);
    Some(format!(
        "this host has found its master at {is}, which was at {was} before"
    ))
}

/// What a host says of its caller, for a line of a log.
fn plain(text: &str) -> String {
    let shown = text.chars().filter(|letter| !letter.is_control());
    shown.take(128).collect()
}

/// Shows whether a host is there.
fn live(core: &Core, draft: &xapi_db::Draft, host: &Ref<Host>, is: bool) -> Result<()> {
    let metrics = draft.field(host, Host::METRICS)?;
    if !draft.exists(&metrics)? {
        return Ok(());
    }
    draft.set(&metrics, HostMetrics::LIVE, is)?;
    draft.set(&metrics, HostMetrics::LAST_UPDATED, core.now())
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(drop)
        .map_err(|why| errors::internal_error(format!("no thread: {why}")))
}
