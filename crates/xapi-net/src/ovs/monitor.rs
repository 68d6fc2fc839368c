//! The live view: what the database holds at this moment, and who changed it.
//!
//! One thread keeps a copy of the rows by `monitor_cond_since`; after a broken connection it asks for what it missed
//! since the last transaction it knows, and takes a whole new copy when the server doesn't remember that far (a
//! database that is no cluster never does). A second thread holds a connection to ovs-vswitchd's control socket and
//! waits for its end: the database doesn't say that ovs-vswitchd died, nor, as long as all its devices come back with
//! the same numbers, that it was started again, but a process cannot die without the kernel closing its sockets.
//!
//! Listeners are called on these threads, one event at a time in its thread's order, and must not wait for anything.
//! This module must not know how rows are written. Start with [`Monitor::start`].

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;
use tracing::{debug, info, warn};

use super::jsonrpc::{BackOff, Breaker, Connection, RpcError};
use super::notation::Mismatch;
use super::ovsdb::DATABASE;
use super::replica::{Replica, requests};
use super::tables::{Interface, State};
use super::unixctl::Control;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The view is current. Changes that were missed follow as events of their own.
    Connected {
        /// Whether the server told only what was missed, instead of everything.
        resumed: bool,
    },
    /// ovsdb-server went away; the view stays as it was.
    Disconnected,
    /// These bridges and ports came, went or are set otherwise.
    Rows {
        /// Their names.
        names: Vec<String>,
    },
    /// An interface came, went, or has another link state, port number or error.
    Interface {
        /// The device.
        name: String,
        /// How it was.
        before: Option<Interface>,
        /// How it is.
        now: Option<Interface>,
    },
    /// The traffic of a bond has another active member.
    ActiveMember {
        /// The port.
        port: String,
        /// The member; `None` when there is none.
        member: Option<String>,
    },
    /// ovs-vswitchd died, and forwards nothing in the userspace datapath.
    BackendGone,
    /// ovs-vswitchd is there for the first time since the monitor was started.
    BackendFound {
        /// Its process.
        pid: u32,
    },
    /// ovs-vswitchd is there again, as a new process; what it had built is to be looked at.
    BackendRestarted {
        /// Its process.
        pid: u32,
    },
}

/// Whom to tell.
pub type Listener = Box<dyn Fn(Event) + Send + Sync>;

/// A live view of one Open vSwitch. Its threads end when it is dropped.
pub struct Monitor {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    view: Mutex<View>,
    /// Rings when the view changes or the monitor is to end.
    changed: Condvar,
    listener: Listener,
}

#[derive(Default)]
struct View {
    state: Arc<State>,
    /// Whether there ever was a state.
    is_known: bool,
    backend: Option<u32>,
    is_closing: bool,
    /// What ends the waits of the two threads.
    breakers: [Option<Breaker>; 2],
}

impl Monitor {
    /// Watches the database at `socket` and the ovs-vswitchd whose pid file is in the directory of `control`.
    pub fn start(
        socket: impl Into<PathBuf>,
        control: Control,
        listener: Listener,
    ) -> io::Result<Monitor> {
        let shared = Arc::new(Shared {
            view: Mutex::default(),
            changed: Condvar::new(),
            listener,
        });
        let mut monitor = Monitor {
            shared: Arc::clone(&shared),
            threads: Vec::new(),
        };
        let socket = socket.into();
        let of_rows = Arc::clone(&shared);
        let rows = thread::Builder::new().name("ovsdb-monitor".to_owned());
        monitor
            .threads
            .push(rows.spawn(move || of_rows.watch_rows(&socket))?);
        let backend = thread::Builder::new().name("vswitchd-watch".to_owned());
        monitor
            .threads
            .push(backend.spawn(move || shared.watch_backend(&control))?);
        Ok(monitor)
    }

    /// The last state that was seen; `None` until the database was reached for the first time.
    pub fn state(&self) -> Option<Arc<State>> {
        let view = self.shared.view();
        view.is_known.then(|| Arc::clone(&view.state))
    }

    /// The process of ovs-vswitchd, if it is there.
    pub fn backend(&self) -> Option<u32> {
        self.shared.view().backend
    }

    /// Waits until the state is as `wanted` says, and gives it; `None` if it never was until the deadline.
    pub fn wait_until(
        &self,
        deadline: Instant,
        mut wanted: impl FnMut(&State) -> bool,
    ) -> Option<Arc<State>> {
        let mut view = self.shared.view();
        loop {
            if view.is_known && wanted(&view.state) {
                return Some(Arc::clone(&view.state));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            view = self.shared.wait(view, left);
        }
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let breakers = {
            let mut view = self.shared.view();
            view.is_closing = true;
            mem::take(&mut view.breakers)
        };
        self.shared.changed.notify_all();
        breakers.iter().flatten().for_each(Breaker::break_off);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                warn!("a thread of the monitor had panicked");
            }
        }
    }
}

/// The places of the two threads in [`View::breakers`].
const ROWS: usize = 0;
const BACKEND: usize = 1;

impl Shared {
    /// A listener that panicked leaves the view as good as it was.
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, view: MutexGuard<'a, View>, time: Duration) -> MutexGuard<'a, View> {
        self.changed
            .wait_timeout(view, time)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Pauses before the next attempt; `false` when the monitor is to end.
    fn pause(&self, back_off: &mut BackOff) -> bool {
        let until = Instant::now() + back_off.pause();
        let mut view = self.view();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if view.is_closing || left.is_zero() {
                return !view.is_closing;
            }
            view = self.wait(view, left);
        }
    }

    /// Lets [`Monitor::drop`] break `connection`; `false` when it is too late for that.
    fn register(&self, place: usize, connection: &Connection) -> Result<bool, RpcError> {
        let breaker = connection.breaker()?;
        let mut view = self.view();
        view.breakers[place] = Some(breaker);
        Ok(!view.is_closing)
    }

    fn watch_rows(&self, socket: &std::path::Path) {
        let mut replica = Replica::default();
        let mut back_off = BackOff::new();
        loop {
            let mut is_connected = false;
            let ended = Connection::open(socket)
                .map_err(Trouble::Rpc)
                .and_then(|connection| self.follow(connection, &mut replica, &mut is_connected));
            if is_connected {
                back_off = BackOff::new();
            }
            match ended {
                Ok(()) => return,
                Err(Trouble::Rpc(why)) => debug!("the monitor of ovsdb-server: {why}"),
                Err(Trouble::Schema(why)) => {
                    warn!("ovsdb-server tells something odd, reading everything again: {why}");
                    replica = Replica::default();
                }
            }
            if is_connected && !self.view().is_closing {
                info!("ovsdb-server went away");
                (self.listener)(Event::Disconnected);
            }
            if !self.pause(&mut back_off) {
                return;
            }
        }
    }

    /// Keeps the copy current until the connection breaks.
    fn follow(
        &self,
        mut connection: Connection,
        replica: &mut Replica,
        is_connected: &mut bool,
    ) -> Result<(), Trouble> {
        if !self.register(ROWS, &connection)? {
            return Ok(());
        }
        let params = json!([DATABASE, "view", requests(), replica.last_transaction()]);
        let deadline = Instant::now() + ANSWER_TIME;
        let mut early = Vec::new();
        let told = connection.call("monitor_cond_since", params, deadline, &mut |note| {
            early.push(note)
        })?;
        let resumed = told[0]
            .as_bool()
            .ok_or("an answer to monitor_cond_since without a yes or no")?;
        if !resumed {
            *replica = Replica::default();
        }
        replica.take(&told[1], &told[2])?;
        *is_connected = true;
        self.publish(replica, Some(Event::Connected { resumed }))?;
        for note in early {
            replica.take_note(&note)?;
        }
        loop {
            // Everything that has come already makes one new state.
            while let Some(note) = connection.notification(Some(Instant::now()))? {
                replica.take_note(&note)?;
            }
            self.publish(replica, None)?;
            if let Some(note) = connection.notification(None)? {
                replica.take_note(&note)?;
            }
        }
    }

    /// Makes the copy the view, and tells what is new about it.
    fn publish(&self, replica: &Replica, first: Option<Event>) -> Result<(), Trouble> {
        let Some(state) = replica.state() else {
            return Ok(());
        };
        let before = {
            let mut view = self.view();
            view.is_known = true;
            mem::replace(&mut view.state, Arc::clone(&state))
        };
        self.changed.notify_all();
        first
            .into_iter()
            .chain(differences(&before, &state))
            .for_each(&self.listener);
        Ok(())
    }

    fn watch_backend(&self, control: &Control) {
        let mut back_off = BackOff::new();
        let mut last = None;
        loop {
            match control.connect() {
                Err(why) => debug!("looking for ovs-vswitchd: {why}"),
                Ok((pid, mut connection)) => match self.register(BACKEND, &connection) {
                    Ok(true) => {
                        back_off = BackOff::new();
                        self.backend_came(pid, &mut last);
                        // It never says anything by itself: this waits for the end.
                        let ended = connection.notification(None);
                        debug!("the control socket of ovs-vswitchd: {ended:?}");
                        if self.view().is_closing {
                            return;
                        }
                        self.view().backend = None;
                        self.changed.notify_all();
                        warn!("ovs-vswitchd (process {pid}) is gone");
                        (self.listener)(Event::BackendGone);
                    }
                    Ok(false) => return,
                    Err(why) => debug!("the control socket of ovs-vswitchd: {why}"),
                },
            }
            if !self.pause(&mut back_off) {
                return;
            }
        }
    }

    fn backend_came(&self, pid: u32, last: &mut Option<u32>) {
        self.view().backend = Some(pid);
        self.changed.notify_all();
        let event = match last.replace(pid) {
            None => Event::BackendFound { pid },
            Some(_) => Event::BackendRestarted { pid },
        };
        info!("ovs-vswitchd: {event:?}");
        (self.listener)(event);
    }
}

/// How long ovsdb-server may take to tell everything.
const ANSWER_TIME: Duration = Duration::from_secs(30);

enum Trouble {
    Rpc(RpcError),
    Schema(Mismatch),
}

impl From<RpcError> for Trouble {
    fn from(why: RpcError) -> Trouble {
        Trouble::Rpc(why)
    }
}

impl From<Mismatch> for Trouble {
    fn from(why: Mismatch) -> Trouble {
        Trouble::Schema(why)
    }
}

impl From<&str> for Trouble {
    fn from(why: &str) -> Trouble {
        Trouble::Schema(why.to_owned())
    }
}

/// What is to be told about the way from one state to the next.
fn differences(before: &State, now: &State) -> Vec<Event> {
    let mut names = changed_keys(&before.bridges, &now.bridges);
    names.extend(changed_keys(&before.ports, &now.ports));
    let mut events = Vec::new();
    if !names.is_empty() {
        names.sort();
        events.push(Event::Rows { names });
    }
    for name in changed_keys(&before.interfaces, &now.interfaces) {
        let of = |state: &State| state.interfaces.get(&name).cloned();
        events.push(Event::Interface {
            before: of(before),
            now: of(now),
            name,
        });
    }
    for port in changed_keys(&before.active_members, &now.active_members) {
        let member = now.active_members.get(&port).cloned();
        events.push(Event::ActiveMember { port, member });
    }
    events
}

fn changed_keys<T: PartialEq>(
    before: &BTreeMap<String, T>,
    now: &BTreeMap<String, T>,
) -> Vec<String> {
    let gone = before.keys().filter(|key| !now.contains_key(*key));
    let new = now
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value))
        .map(|(key, _)| key);
    gone.chain(new).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ovs::jsonrpc::{Framer, Notification};
    use serde_json::Value;
    use std::io::{Read, Write};
    use std::iter;
    use std::os::unix::net::UnixListener;
    use std::sync::mpsc::{Receiver, channel};

    const FIRST: &str = "00000000-0000-0000-0000-000000000001";

    fn replica_with(updates: Value) -> Replica {
        let mut replica = Replica::default();
        replica.take(&json!(FIRST), &updates).unwrap();
        replica
    }

    fn xenbr0() -> Value {
        json!({
            "Open_vSwitch": {"o": {"initial": {"bridges": ["uuid", "b"], "cur_cfg": 3, "next_cfg": 3}}},
            "Bridge": {"b": {"initial": {"name": "xenbr0", "ports": ["uuid", "p"], "datapath_type": "netdev"}}},
            "Port": {"p": {"initial": {"name": "xenbr0", "interfaces": ["uuid", "i"]}}},
            "Interface": {"i": {"initial": {"name": "xenbr0", "type": "internal", "ofport": 65534}}},
        })
    }

    fn state(replica: &Replica) -> State {
        replica.tables().unwrap().state()
    }

    #[test]
    fn columns_that_a_monitor_leaves_out_have_their_defaults() {
        let state = state(&replica_with(xenbr0()));
        assert_eq!(state.bridges.keys().collect::<Vec<_>>(), ["xenbr0"]);
        assert_eq!(state.interfaces["xenbr0"].failure(), None);
        assert_eq!(state.interfaces["xenbr0"].link_up, None);
    }

    #[test]
    fn a_port_that_comes_and_one_that_loses_its_link_are_told() {
        let mut replica = replica_with(xenbr0());
        let before = state(&replica);
        let second = json!("00000000-0000-0000-0000-000000000002");
        let updates = json!({
            "Bridge": {"b": {"modify": {"ports": ["uuid", "q"]}}},
            "Port": {"q": {"insert": {"name": "eth0", "interfaces": ["uuid", "j"]}}},
            "Interface": {"j": {"insert": {"name": "eth0", "ofport": 1, "link_state": "up"}}},
        });
        replica
            .take_note(&Notification {
                method: "update3".into(),
                params: json!(["view", second, updates]),
            })
            .unwrap();
        let with_port = state(&replica);
        let events = differences(&before, &with_port);
        assert_eq!(
            events[0],
            Event::Rows {
                names: vec!["eth0".to_owned()]
            }
        );
        assert!(
            matches!(&events[1], Event::Interface { name, before: None, now: Some(_) } if name == "eth0")
        );
        assert_eq!(replica.last_transaction(), second);

        replica
            .take(
                &second,
                &json!({"Interface": {"j": {"modify": {"link_state": "down", "ofport": 1}}}}),
            )
            .unwrap();
        let events = differences(&with_port, &state(&replica));
        let [Event::Interface { now: Some(now), .. }] = events.as_slice() else {
            panic!("{events:?}")
        };
        assert_eq!((now.link_up, now.ofport), (Some(false), Some(1)));

        let gone = json!({
            "Bridge": {"b": {"modify": {"ports": ["uuid", "q"]}}},
            "Port": {"q": {"delete": null}}, "Interface": {"j": {"delete": null}},
        });
        replica.take(&second, &gone).unwrap();
        assert_eq!(state(&replica), before);
    }

    /// Answers `monitor_cond_since` once on a connection, says `then`, and tells what was asked.
    fn serve(listener: &UnixListener, reply: Value, then: &[Value]) -> Value {
        let (mut stream, _) = listener.accept().unwrap();
        let mut framer = Framer::new(1 << 20);
        let mut byte = [0];
        let asked = loop {
            stream.read_exact(&mut byte).unwrap();
            framer.push(&byte);
            if let Some(asked) = framer.next_object().unwrap() {
                break asked;
            }
        };
        let reply = json!({"id": asked["id"], "result": reply, "error": null});
        for message in iter::once(&reply).chain(then) {
            stream.write_all(message.to_string().as_bytes()).unwrap();
        }
        asked
    }

    #[test]
    fn after_a_broken_connection_only_what_was_missed_is_asked_for_and_nothing_is_told_twice() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("db.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let (sender, receiver) = channel();
        let tell = move |event| drop(sender.send(event));
        let monitor =
            Monitor::start(&socket, Control::new(directory.path()), Box::new(tell)).unwrap();

        let with_port = json!({
            "Bridge": {"b": {"modify": {"ports": ["uuid", "q"]}}},
            "Port": {"q": {"insert": {"name": "eth0", "interfaces": ["uuid", "j"]}}},
            "Interface": {"j": {"insert": {"name": "eth0", "ofport": 1}}},
        });
        let update = json!({"method": "update3", "params": ["view", "two", with_port], "id": null});
        let asked = serve(&listener, json!([false, "one", xenbr0()]), &[update]);
        assert_eq!(asked["params"][3], "00000000-0000-0000-0000-000000000000");
        let missed = json!({"Interface": {"j": {"modify": {"ofport": 7}}}});
        let asked = serve(&listener, json!([true, "three", missed]), &[]);
        assert_eq!(asked["params"][3], "two");
        let asked = serve(&listener, json!([false, "four", xenbr0()]), &[]);
        assert_eq!(asked["params"][3], "three");
        let only_xenbr0 = |state: &State| state.interfaces.keys().collect::<Vec<_>>() == ["xenbr0"];
        let deadline = Instant::now() + Duration::from_secs(10);
        while !receiver_has(&receiver, &Event::Connected { resumed: true }) {
            assert!(Instant::now() < deadline);
        }
        let told: Vec<_> = iter::from_fn(|| receiver.recv_timeout(Duration::from_secs(10)).ok())
            .take_while(|event| !matches!(event, Event::Interface { now: None, .. }))
            .collect();
        let ofport = |event: &Event| match event {
            Event::Interface { now: Some(now), .. } => now.ofport,
            _ => None,
        };
        assert_eq!(
            told.iter().filter_map(ofport).collect::<Vec<_>>(),
            [7],
            "{told:?}"
        );
        let rows: Vec<_> = told
            .iter()
            .filter(|event| matches!(event, Event::Rows { .. }))
            .collect();
        assert_eq!(
            rows,
            [&Event::Rows {
                names: vec!["eth0".to_owned()]
            }],
            "eth0 went, once"
        );
        assert!(monitor.wait_until(deadline, only_xenbr0).is_some());
    }

    fn receiver_has(receiver: &Receiver<Event>, wanted: &Event) -> bool {
        receiver.recv_timeout(Duration::from_secs(10)).unwrap() == *wanted
    }

    #[test]
    fn an_update_of_a_row_that_is_not_there_is_not_passed_over() {
        let mut replica = replica_with(xenbr0());
        let odd = json!({"Port": {"x": {"modify": {"tag": 7}}}});
        assert!(replica.take(&json!(FIRST), &odd).is_err());
        assert!(
            replica
                .take(&json!(FIRST), &json!({"QoS": {"x": {"delete": null}}}))
                .is_err()
        );
    }
}
