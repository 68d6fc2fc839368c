//! Follows what happens to the host by itself: links, addresses, bonds. The agent tells; a thread of our own reads
//! the facts and writes them into the rows, so that clients hear of them by events. It waits for changes of the host; what
//! links do is written by another one, which does not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use xapi_model::{ApiError, Host, Ref};
use xapi_net::agent::NetEvent;
use xapi_net::facts::Facts;

use crate::context::{Core, waits_for_a_person};
use crate::pool::role::Role;
use crate::{Result, diverged, facts, guests, reset, session, startup, task};

/// How often sessions and tasks that nobody needs any more are looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(30);

/// What the thread is told.
enum Told {
    Event(Option<Ref<Host>>, NetEvent),
    Guest(Option<Ref<Host>>, xapi_guest::Event),
    /// No change of a host goes on any more.
    Free(Ref<Host>),
    Stop,
}

/// The threads; they end when this is dropped.
pub struct Watch {
    tell: mpsc::Sender<Told>,
    threads: Vec<std::thread::JoinHandle<()>>,
    links: Links,
}

/// Whoever is told of links: nothing for the host means this one, and nothing at all the end.
#[derive(Clone)]
struct Links(mpsc::Sender<Option<Option<Ref<Host>>>>);

impl Links {
    fn tell(&self, host: Option<&Ref<Host>>, event: &NetEvent) {
        if matches!(
            event,
            NetEvent::Carrier { .. } | NetEvent::BondChanged { .. }
        ) && self.0.send(Some(host.cloned())).is_err()
        {
            tracing::debug!("nobody follows links any more");
        }
    }
}

impl Watch {
    /// Starts following the host's network.
    pub fn start(core: &Arc<Core>) -> Result<Watch> {
        let (tell, told) = mpsc::channel();
        let (links, of_links) = mpsc::channel();
        let links = Links(links);
        let (events, at_once) = (tell.clone(), links.clone());
        let listener = Box::new(move |event| {
            at_once.tell(None, &event);
            if events.send(Told::Event(None, event)).is_err() {
                tracing::debug!("nobody follows the network any more");
            }
        });
        core.agent.subscribe(listener);
        let (events, at_once) = (tell.clone(), links.clone());
        core.pool.on_event(move |host, event| {
            at_once.tell(Some(&host), &event);
            if events.send(Told::Event(Some(host), event)).is_err() {
                tracing::debug!("nobody follows the other hosts any more");
            }
        });
        if let Ok(guests) = core.guests() {
            let events = tell.clone();
            guests.subscribe(Box::new(move |event| {
                if events.send(Told::Guest(None, event)).is_err() {
                    tracing::debug!("nobody follows the guests any more");
                }
            }));
        }
        let events = tell.clone();
        core.pool.on_guest(move |host, event| {
            if events.send(Told::Guest(Some(host), event)).is_err() {
                tracing::debug!("nobody follows the guests of other hosts any more");
            }
        });
        let events = tell.clone();
        core.on_free(move |host| {
            if events.send(Told::Free(host.clone())).is_err() {
                tracing::debug!("nobody waits for changes to be over any more");
            }
        });
        let mut watch = Watch {
            tell,
            threads: Vec::new(),
            links,
        };
        let own = Arc::clone(core);
        watch.begin("watch", move || Follower::new(&own).follow(&told))?;
        let own = Arc::clone(core);
        watch.begin("links", move || follow_links(&own, &of_links))?;
        Ok(watch)
    }

    fn begin(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        let failed = |why| xapi_model::errors::internal_error(format!("no thread: {why}"));
        self.threads.push(thread.map_err(failed)?);
        Ok(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Whoever is not there any more has ended by himself.
        let told = self.tell.send(Told::Stop).is_ok() | self.links.0.send(None).is_ok();
        for thread in self.threads.drain(..).filter(|_| told) {
            if thread.join().is_err() {
                tracing::error!("a thread that follows the network panicked");
            }
        }
    }
}

/// Writes what links do at once, whatever change goes on.
fn follow_links(core: &Arc<Core>, told: &mpsc::Receiver<Option<Option<Ref<Host>>>>) {
    while let Ok(Some(first)) = told.recv() {
        // What came meanwhile is in the same facts.
        let mut hosts = BTreeSet::from([first]);
        while let Ok(next) = told.try_recv() {
            match next {
                Some(host) => hosts.insert(host),
                None => return,
            };
        }
        for host in hosts {
            let react = || match &host {
                Some(host) => observe_links(core, host),
                None => observe_links(core, &core.localhost()?),
            };
            match std::panic::catch_unwind(std::panic::AssertUnwindSafe(react)) {
                Ok(Ok(())) => {}
                // The same event is followed in the host's queue, too.
                Ok(Err(why)) => tracing::warn!("what links do was not written: {why}"),
                Err(_) => tracing::error!("following the links panicked"),
            }
        }
    }
}

/// Events by the host that they are of; nothing for the host means this one.
type Events = BTreeMap<Option<Ref<Host>>, Vec<NetEvent>>;

/// The thread that follows what is written in a host's queue.
struct Follower<'a> {
    core: &'a Arc<Core>,
    /// What came while a change waited for a person, who takes as long as he takes.
    put_off: Events,
}

impl Follower<'_> {
    fn new(core: &Arc<Core>) -> Follower<'_> {
        Follower {
            core,
            put_off: Events::new(),
        }
    }

    fn follow(&mut self, told: &mpsc::Receiver<Told>) {
        let core = self.core;
        let mut due = Instant::now() + HOUSEKEEPING;
        // What came between the end of the start and now has told nobody.
        if let Err(why) = reset::settle(core) {
            tracing::error!("the network reset is not at its end: {why}");
        }
        loop {
            match told.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Ok(first) => {
                    let mut events = Events::new();
                    // What came meanwhile is in the same facts.
                    for next in std::iter::once(first).chain(told.try_iter()) {
                        match next {
                            Told::Event(host, event) => {
                                events.entry(host).or_default().push(event);
                            }
                            Told::Guest(host, event) => guest(core, host, event),
                            Told::Free(host) => self.take_up(&host, &mut events),
                            Told::Stop => return,
                        }
                    }
                    for (host, events) in events {
                        self.react(host, events);
                    }
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

    /// A host is free of changes: what was put off for one is to be followed now.
    fn take_up(&mut self, host: &Ref<Host>, events: &mut Events) {
        let here = self.core.is_here(host).then_some(None);
        for key in here.into_iter().chain([Some(host.clone())]) {
            if let Some(late) = self.put_off.remove(&key) {
                events.entry(key).or_default().extend(late);
            }
        }
    }

    fn react(&mut self, host: Option<Ref<Host>>, events: Vec<NetEvent>) {
        let reaction = || react(self.core, host.as_ref(), &events);
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(reaction)) {
            Ok(Ok(())) => {}
            Ok(Err(why)) if self.waits(host.as_ref(), &why) => {
                let late = self.put_off.entry(host).or_default();
                for event in events {
                    if !late.contains(&event) {
                        late.push(event);
                    }
                }
            }
            // The next event reads the facts again.
            Ok(Err(why)) => tracing::warn!("the network's facts were not written: {why}"),
            Err(_) => tracing::error!("following the network panicked at {events:?}"),
        }
    }

    /// Whether a host was not to be had since a change of it waits for a person.
    fn waits(&self, host: Option<&Ref<Host>>, why: &ApiError) -> bool {
        let host = match host {
            Some(host) => Ok(host.clone()),
            None => self.core.localhost(),
        };
        host.is_ok_and(|host| *why == waits_for_a_person(&host))
    }
}

/// The rows of a guest that did something by itself follow; nothing for the host means this one.
fn guest(core: &Arc<Core>, host: Option<Ref<Host>>, event: xapi_guest::Event) {
    // A slave tells its master, whose the rows are.
    if core.pool.standing.role() != Role::Master {
        return;
    }
    let react = || match host {
        Some(host) => guests::follow::react(core, &host, event),
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
    let (asked, found) = ask(core, host)?;
    core.facts.write(host, asked, |is_newer| {
        core.store.change(|draft| {
            facts::addresses(draft, host, &found)?;
            match is_newer {
                true => facts::links(core, draft, host, &found),
                false => Ok(()),
            }
        })
    })?;
    match core.is_here(host) {
        true => reset::settle(core),
        false => Ok(()),
    }
}

/// Reads the facts of the host and writes those about links that changed. Waits for no change: a lease may take a minute, and
/// a person an hour. What a change writes about the same link, from facts that may be older by then, is written again
/// when it is over, since the event that led here is followed then, too.
fn observe_links(core: &Core, host: &Ref<Host>) -> Result<()> {
    if core.pool.standing.role() != Role::Master {
        return Ok(());
    }
    let (asked, found) = ask(core, host)?;
    core.facts.write(host, asked, |is_newer| match is_newer {
        true => core
            .store
            .change(|draft| facts::links(core, draft, host, &found)),
        false => Ok(()),
    })
}

/// The facts of a host, and the number of the question.
fn ask(core: &Core, host: &Ref<Host>) -> Result<(u64, Facts)> {
    let agent = core.agent_of(&core.view()?, host)?;
    let asked = core.facts.ask(host);
    let found = agent.facts().map_err(xapi_model::errors::internal_error)?;
    Ok((asked, found))
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
