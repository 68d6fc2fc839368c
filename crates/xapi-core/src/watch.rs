//! Follows what happens to the host by itself: links, addresses, bonds. The agent tells; a thread of our own reads
//! the facts and writes them into the rows, so that clients hear of them by events. What happens to another host is followed
//! by a thread for it, as long as there is something: the host is asked, and may not answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use xapi_model::{Host, Ref};
use xapi_net::agent::NetEvent;

use crate::context::Core;
use crate::pool::role::Role;
use crate::{Result, diverged, facts, guests, reset, session, startup, task};

/// How often sessions and tasks that nobody needs any more are looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(30);

/// Things that another host tells and that nobody has looked at; one that tells more is looked at as a whole.
const MOST: usize = 1024;

/// What the thread is told.
enum Told {
    Event(NetEvent),
    Guest(xapi_guest::Event),
    Stop,
}

/// The thread; ends when this is dropped.
pub struct Watch {
    tell: mpsc::Sender<Told>,
    thread: Option<std::thread::JoinHandle<()>>,
    others: Arc<Others>,
}

/// What other hosts have told and nobody has looked at; those with an entry have a thread.
#[derive(Default)]
struct Others {
    told: Mutex<BTreeMap<Ref<Host>, News>>,
    ended: AtomicBool,
}

#[derive(Default)]
struct News {
    events: Vec<NetEvent>,
    of_guests: Vec<xapi_guest::Event>,
    /// There was more.
    lost: bool,
}

impl Others {
    fn told(&self) -> MutexGuard<'_, BTreeMap<Ref<Host>, News>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another host tells something.
    fn add(self: &Arc<Self>, core: &Arc<Core>, host: Ref<Host>, add: impl FnOnce(&mut News)) {
        if self.ended.load(Ordering::Acquire) {
            return;
        }
        let mut told = self.told();
        let is_new = !told.contains_key(&host);
        let news = told.entry(host.clone()).or_default();
        match news.events.len() + news.of_guests.len() < MOST {
            true => add(news),
            false => news.lost = true,
        }
        if !is_new {
            return;
        }
        let (others, core, its) = (Arc::clone(self), Arc::clone(core), host.clone());
        let thread = std::thread::Builder::new().name("watch".to_owned());
        let spawned = thread.spawn(move || {
            while let Some(news) = others.next(&its) {
                follow_other(&core, &its, news);
            }
        });
        if let Err(why) = spawned {
            // Its next arrival looks at everything.
            tracing::error!("{host}: what happens there is not followed: no thread: {why}");
            told.remove(&host);
        }
    }

    /// What there is to be looked at; nothing ends the host's thread.
    fn next(&self, host: &Ref<Host>) -> Option<News> {
        let mut told = self.told();
        let news = told.get_mut(host).map(std::mem::take).unwrap_or_default();
        let none = news.events.is_empty() && news.of_guests.is_empty() && !news.lost;
        if none || self.ended.load(Ordering::Acquire) {
            told.remove(host);
            return None;
        }
        Some(news)
    }
}

impl Watch {
    /// Starts following the host's network.
    pub fn start(core: &Arc<Core>) -> Result<Watch> {
        let (tell, told) = mpsc::channel();
        let events = tell.clone();
        let listener = Box::new(move |event| {
            if events.send(Told::Event(event)).is_err() {
                tracing::debug!("nobody follows the network any more");
            }
        });
        core.agent.subscribe(listener);
        let others = Arc::<Others>::default();
        // The core keeps whoever is told, and must not be kept by it.
        let (known, weak) = (Arc::clone(&others), Arc::downgrade(core));
        core.pool.on_event(move |host, event| {
            if let Some(core) = weak.upgrade() {
                known.add(&core, host, |news| news.events.push(event));
            }
        });
        let (known, weak) = (Arc::clone(&others), Arc::downgrade(core));
        core.pool.on_guest(move |host, event| {
            if let Some(core) = weak.upgrade() {
                known.add(&core, host, |news| news.of_guests.push(event));
            }
        });
        if let Ok(guests) = core.guests() {
            let events = tell.clone();
            guests.subscribe(Box::new(move |event| {
                if events.send(Told::Guest(event)).is_err() {
                    tracing::debug!("nobody follows the guests any more");
                }
            }));
        }
        let core = Arc::clone(core);
        let thread = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || follow(&core, &told));
        let thread = thread
            .map_err(|why| xapi_model::errors::internal_error(format!("no thread: {why}")))?;
        Ok(Watch {
            tell,
            thread: Some(thread),
            others,
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.others.ended.store(true, Ordering::Release);
        if self.tell.send(Told::Stop).is_ok()
            && let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that follows the network panicked");
        }
    }
}

fn follow(core: &Arc<Core>, told: &mpsc::Receiver<Told>) {
    let mut due = Instant::now() + HOUSEKEEPING;
    // What came between the end of the start and now has told nobody.
    if let Err(why) = reset::settle(core) {
        tracing::error!("the network reset is not at its end: {why}");
    }
    loop {
        match told.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(Told::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Ok(Told::Guest(event)) => guest(core, None, event),
            Ok(Told::Event(first)) => {
                // What came meanwhile is in the same facts.
                let mut events = vec![first];
                let mut of_guests = Vec::new();
                while let Ok(next) = told.try_recv() {
                    match next {
                        Told::Event(event) => events.push(event),
                        Told::Guest(event) => of_guests.push(event),
                        Told::Stop => return,
                    }
                }
                for event in of_guests {
                    guest(core, None, event);
                }
                network(core, None, &events);
            }
        }
        if due <= Instant::now() {
            let kept =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| housekeeping(core)));
            if kept.is_err() {
                tracing::error!("housekeeping panicked");
            }
            core.busy.keeps_house();
            due = Instant::now() + HOUSEKEEPING;
        }
    }
}

/// What another host has told.
fn follow_other(core: &Arc<Core>, host: &Ref<Host>, news: News) {
    for event in news.of_guests {
        guest(core, Some(host), event);
    }
    if news.lost {
        tracing::warn!("{host} tells more than can be followed: all of it is looked at");
        if let Err(why) = guests::adopt::of_host(core, host) {
            tracing::error!("{host}: its guests: {why}");
        }
        network(core, Some(host), &[NetEvent::NicsChanged]);
    }
    if !news.events.is_empty() {
        network(core, Some(host), &news.events);
    }
}

/// The rows follow what happened to a network; nothing for the host means this one.
fn network(core: &Arc<Core>, host: Option<&Ref<Host>>, events: &[NetEvent]) {
    let reaction = || react(core, host, events);
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(reaction)) {
        Ok(Ok(())) => {}
        // The next event reads the facts again.
        Ok(Err(why)) => tracing::warn!("the network's facts were not written: {why}"),
        Err(_) => tracing::error!("following the network panicked at {events:?}"),
    }
}

/// The rows of a guest that did something by itself follow; nothing for the host means this one.
fn guest(core: &Arc<Core>, host: Option<&Ref<Host>>, event: xapi_guest::Event) {
    // A slave tells its master, whose the rows are.
    if core.pool.standing.role() != Role::Master {
        return;
    }
    let react = || match host {
        Some(host) => guests::follow::react(core, host, event),
        None => guests::follow::react(core, &core.localhost()?, event),
    };
    let reaction = std::panic::AssertUnwindSafe(react);
    match std::panic::catch_unwind(reaction) {
        Ok(Ok(())) => {}
        // The next start of the daemon looks at all guests again.
        Ok(Err(why)) => tracing::error!("{event:?} was not written: {why}"),
        Err(_) => tracing::error!("following the guests panicked at {event:?}"),
    }
}

/// What a host's network did by itself goes into its rows; nothing for the host means this one.
fn react(core: &Arc<Core>, host: Option<&Ref<Host>>, events: &[NetEvent]) -> Result<()> {
    tracing::debug!(?host, ?events, "the network changed by itself");
    // A slave tells its master, whose the rows are.
    if core.pool.standing.role() != Role::Master {
        return reset::slave::look_again(core).and_then(|()| reset::settle(core));
    }
    let here = host.is_none();
    let host = match host {
        Some(host) => host.clone(),
        None => core.localhost()?,
    };
    let mut look_again = false;
    for event in events {
        match event {
            // A NIC that is back may carry what was left out, and what the agent has tried by itself may have gone other
            // than the rows say.
            NetEvent::NicsChanged
            | NetEvent::BackendRestarted
            | NetEvent::Converged { .. }
            | NetEvent::NothingAsked => look_again = true,
            NetEvent::Diverged { why } => {
                diverged::mark(core, &host, why)?;
            }
            _ => {}
        }
    }
    match (look_again, here) {
        (true, true) => startup::look_again(core),
        (true, false) => startup::look_again_at(core, &host),
        (false, _) => observe(core, &host),
    }
}

/// Reads the facts of the host and writes those that changed.
pub fn observe(core: &Core, host: &Ref<Host>) -> Result<()> {
    if core.pool.standing.role() != Role::Master {
        return Ok(());
    }
    // In the host's queue: facts of one instant and rows of another do not belong together.
    let _turn = core.turn(host)?;
    let found = core
        .agent_of(&core.view()?, host)?
        .facts()
        .map_err(xapi_model::errors::internal_error)?;
    core.store
        .change(|draft| facts::record(core, draft, host, &found))?;
    match core.is_here(host) {
        true => reset::settle(core),
        false => Ok(()),
    }
}

fn housekeeping(core: &Core) {
    crate::audit::tell_left_out(core);
    for (what, outcome) in [
        ("sessions", session::expire(core, &core.now())),
        ("tasks", task::collect(core)),
    ] {
        if let Err(why) = outcome {
            tracing::warn!("old {what} were not removed: {why}");
        }
    }
}
