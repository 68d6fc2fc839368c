//! Follows what happens to the host by itself: links, addresses, bonds. The agent tells; a thread of our own reads
//! the facts and writes them into the rows, so that clients hear of them by events.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use xapi_model::{Host, Ref};
use xapi_net::agent::NetEvent;

use crate::context::Core;
use crate::pool::role::Role;
use crate::{Result, diverged, facts, guests, reset, session, startup, task};

/// How often sessions and tasks that nobody needs any more are looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(30);

/// What the thread is told.
enum Told {
    Event(Option<Ref<Host>>, NetEvent),
    Guest(Option<Ref<Host>>, xapi_guest::Event),
    Stop,
}

/// The thread; ends when this is dropped.
pub struct Watch {
    tell: mpsc::Sender<Told>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Watch {
    /// Starts following the host's network.
    pub fn start(core: &Arc<Core>) -> Result<Watch> {
        let (tell, told) = mpsc::channel();
        let events = tell.clone();
        let listener = Box::new(move |event| {
            if events.send(Told::Event(None, event)).is_err() {
                tracing::debug!("nobody follows the network any more");
            }
        });
        core.agent.subscribe(listener);
        let events = tell.clone();
        core.pool.on_event(move |host, event| {
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
        let core = Arc::clone(core);
        let thread = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || follow(&core, &told));
        let thread = thread
            .map_err(|why| xapi_model::errors::internal_error(format!("no thread: {why}")))?;
        Ok(Watch {
            tell,
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
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
    loop {
        match told.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(Told::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Ok(Told::Guest(host, event)) => guest(core, host, event),
            Ok(Told::Event(host, first)) => {
                // What came meanwhile is in the same facts.
                let mut events = BTreeMap::from([(host, vec![first])]);
                let mut of_guests = Vec::new();
                while let Ok(next) = told.try_recv() {
                    match next {
                        Told::Event(host, event) => events.entry(host).or_default().push(event),
                        Told::Guest(host, event) => of_guests.push((host, event)),
                        Told::Stop => return,
                    }
                }
                for (host, event) in of_guests {
                    guest(core, host, event);
                }
                for (host, events) in events {
                    let reaction = || react(core, host.as_ref(), &events);
                    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(reaction)) {
                        Ok(Ok(())) => {}
                        // The next event reads the facts again.
                        Ok(Err(why)) => {
                            tracing::warn!("the network's facts were not written: {why}");
                        }
                        Err(_) => tracing::error!("following the network panicked at {events:?}"),
                    }
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
