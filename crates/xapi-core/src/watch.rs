//! Follows what happens to the host by itself: links, addresses, bonds. The agent tells; a thread of our own reads
//! the facts and writes them into the rows, so that clients hear of them by events. It waits for changes of the host; what
//! links do is written by another one, which does not. What happens to another host is followed by such threads for it, as
//! long as there is something: the host is asked, and may not answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc};
use std::time::{Duration, Instant};

use xapi_model::{ApiError, Host, Ref};
use xapi_net::agent::NetEvent;
use xapi_net::facts::Facts;

use crate::context::{Core, waits_for_a_person};
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
    /// No change of this host goes on any more.
    Free,
    Stop,
}

/// The threads; they end when this is dropped.
pub struct Watch {
    tell: mpsc::Sender<Told>,
    /// Nothing is the end.
    links: mpsc::Sender<Option<()>>,
    threads: Vec<std::thread::JoinHandle<()>>,
    others: [Arc<Others>; 2],
}

/// Whether an event is one of links, which are looked at in any case.
fn is_of_link(event: &NetEvent) -> bool {
    matches!(
        event,
        NetEvent::Carrier { .. } | NetEvent::BondChanged { .. }
    )
}

/// What other hosts have told and nobody has looked at; those with an entry have a thread.
struct Others {
    /// The core keeps whoever is told, and must not be kept by it.
    core: Weak<Core>,
    follow: fn(&Others, &Arc<Core>, &Ref<Host>, News),
    told: Mutex<BTreeMap<Ref<Host>, News>>,
    /// What came while a change waited for a person, who takes as long as he takes.
    put_off: Mutex<BTreeMap<Ref<Host>, Vec<NetEvent>>>,
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
    fn new(core: &Arc<Core>, follow: fn(&Others, &Arc<Core>, &Ref<Host>, News)) -> Arc<Others> {
        Arc::new(Others {
            core: Arc::downgrade(core),
            follow,
            told: Mutex::default(),
            put_off: Mutex::default(),
            ended: AtomicBool::new(false),
        })
    }

    fn told(&self) -> MutexGuard<'_, BTreeMap<Ref<Host>, News>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_off(&self) -> MutexGuard<'_, BTreeMap<Ref<Host>, Vec<NetEvent>>> {
        self.put_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another host tells something.
    fn add(self: &Arc<Self>, host: Ref<Host>, add: impl FnOnce(&mut News)) {
        let Some(core) = self.core.upgrade() else {
            return;
        };
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
        let (others, its) = (Arc::clone(self), host.clone());
        let thread = std::thread::Builder::new().name("watch".to_owned());
        let spawned = thread.spawn(move || {
            while let Some(news) = others.next(&its) {
                let follow = || (others.follow)(&others, &core, &its, news);
                // Whoever comes next is followed all the same.
                if std::panic::catch_unwind(std::panic::AssertUnwindSafe(follow)).is_err() {
                    tracing::error!("{its}: following what happens there panicked");
                }
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

    /// A host is free of changes: what was put off for one is to be followed now.
    fn take_up(self: &Arc<Self>, host: &Ref<Host>) {
        if let Some(late) = self.put_off().remove(host) {
            self.add(host.clone(), |news| news.events.extend(late));
        }
    }

    /// Another host has told something: its network is followed in its queue.
    fn in_its_queue(&self, core: &Arc<Core>, host: &Ref<Host>, news: News) {
        for event in news.of_guests {
            guest(core, Some(host), event);
        }
        let mut events = news.events;
        if news.lost {
            tracing::warn!("{host} tells more than can be followed: all of it is looked at");
            if let Err(why) = guests::adopt::of_host(core, host) {
                tracing::error!("{host}: its guests: {why}");
            }
            events.push(NetEvent::NicsChanged);
        }
        while !events.is_empty() && !network(core, Some(host), &events) {
            let mut put_off = self.put_off();
            add_late(put_off.entry(host.clone()).or_default(), events);
            // It may be over by now, and whoever says so has found nothing.
            if core.confirmation.waits_on(host) {
                return;
            }
            events = put_off.remove(host).unwrap_or_default();
        }
    }

    /// The same, and its links are followed at once.
    fn at_once(&self, core: &Arc<Core>, host: &Ref<Host>, _: News) {
        links(core, Some(host));
    }
}

impl Watch {
    /// Starts following the host's network.
    pub fn start(core: &Arc<Core>) -> Result<Watch> {
        let (tell, told) = mpsc::channel();
        let (links, of_links) = mpsc::channel();
        let (events, at_once) = (tell.clone(), links.clone());
        let listener = Box::new(move |event| {
            if is_of_link(&event) && at_once.send(Some(())).is_err() {
                tracing::debug!("nobody follows links any more");
            }
            if events.send(Told::Event(event)).is_err() {
                tracing::debug!("nobody follows the network any more");
            }
        });
        core.agent.subscribe(listener);
        let others = Others::new(core, Others::in_its_queue);
        let links_of_others = Others::new(core, Others::at_once);
        let (known, at_once) = (Arc::clone(&others), Arc::clone(&links_of_others));
        core.pool.on_event(move |host, event| {
            if is_of_link(&event) {
                at_once.add(host.clone(), |news| news.events.push(event.clone()));
            }
            known.add(host, |news| news.events.push(event));
        });
        let known = Arc::clone(&others);
        core.pool
            .on_guest(move |host, event| known.add(host, |news| news.of_guests.push(event)));
        if let Ok(guests) = core.guests() {
            let events = tell.clone();
            guests.subscribe(Box::new(move |event| {
                if events.send(Told::Guest(event)).is_err() {
                    tracing::debug!("nobody follows the guests any more");
                }
            }));
        }
        let (events, known, weak) = (tell.clone(), Arc::clone(&others), Arc::downgrade(core));
        core.on_free(move |host| {
            if !weak.upgrade().is_some_and(|core| core.is_here(host)) {
                known.take_up(host);
            } else if events.send(Told::Free).is_err() {
                tracing::debug!("nobody waits for changes to be over any more");
            }
        });
        let mut watch = Watch {
            tell,
            links,
            threads: Vec::new(),
            others: [others, links_of_others],
        };
        let own = Arc::clone(core);
        watch.begin("watch", move || follow(&own, &told))?;
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
        for others in &self.others {
            others.ended.store(true, Ordering::Release);
        }
        // Whoever is not there any more has ended by himself.
        let told = self.tell.send(Told::Stop).is_ok() | self.links.send(None).is_ok();
        for thread in self.threads.drain(..).filter(|_| told) {
            if thread.join().is_err() {
                tracing::error!("a thread that follows the network panicked");
            }
        }
    }
}

/// Writes what links of this host do at once, whatever change goes on.
fn follow_links(core: &Arc<Core>, told: &mpsc::Receiver<Option<()>>) {
    while let Ok(Some(())) = told.recv() {
        // What came meanwhile is in the same facts.
        while let Ok(next) = told.try_recv() {
            if next.is_none() {
                return;
            }
        }
        links(core, None);
    }
}

/// The rows follow what links do; nothing for the host means this one.
fn links(core: &Arc<Core>, host: Option<&Ref<Host>>) {
    let react = || match host {
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

fn follow(core: &Arc<Core>, told: &mpsc::Receiver<Told>) {
    let mut due = Instant::now() + HOUSEKEEPING;
    let mut put_off = Vec::new();
    // What came between the end of the start and now has told nobody.
    if let Err(why) = reset::settle(core) {
        tracing::error!("the network reset is not at its end: {why}");
    }
    loop {
        match told.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Ok(first) => {
                // What came meanwhile is in the same facts.
                let mut events = Vec::new();
                for next in std::iter::once(first).chain(told.try_iter()) {
                    match next {
                        Told::Event(event) => events.push(event),
                        Told::Guest(event) => guest(core, None, event),
                        Told::Free => events.append(&mut put_off),
                        Told::Stop => return,
                    }
                }
                if !events.is_empty() && !network(core, None, &events) {
                    add_late(&mut put_off, events);
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

/// That a host has diverged is marked without waiting for anybody, and may be over by then.
fn add_late(late: &mut Vec<NetEvent>, events: Vec<NetEvent>) {
    for event in events {
        if !late.contains(&event) && !matches!(event, NetEvent::Diverged { .. }) {
            late.push(event);
        }
    }
}

/// The rows follow what happened to a network; nothing for the host means this one. False if a change of it waits for a
/// person, so that it was not to be had.
fn network(core: &Arc<Core>, host: Option<&Ref<Host>>, events: &[NetEvent]) -> bool {
    let reaction = || react(core, host, events);
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(reaction)) {
        Ok(Ok(())) => {}
        Ok(Err(why)) if waits(core, host, &why) => return false,
        // The next event reads the facts again.
        Ok(Err(why)) => tracing::warn!("the network's facts were not written: {why}"),
        Err(_) => tracing::error!("following the network panicked at {events:?}"),
    }
    true
}

/// Whether a host was not to be had since a change of it waits for a person.
fn waits(core: &Core, host: Option<&Ref<Host>>, why: &ApiError) -> bool {
    let host = match host {
        Some(host) => Ok(host.clone()),
        None => core.localhost(),
    };
    host.is_ok_and(|host| *why == waits_for_a_person(&host))
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
