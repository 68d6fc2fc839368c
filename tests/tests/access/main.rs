//! Who gets in, who may do what, and what is noted of it.

mod audit;
mod logins;
mod roles;
mod sessions;
mod tasks;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};

use xapi_core::auth::{Authenticate, Refused};
use xapi_core::{Config, Origin};
use xapi_model::{ApiError, Role, Value};
use xapi_tests::{Choices, SimHost};

/// Checks passwords, and counts how often it was asked.
#[derive(Default)]
struct Asked {
    times: AtomicUsize,
    /// Passwords that are not `secret`.
    changed: Mutex<BTreeMap<String, String>>,
    /// How many passwords `slow` are being checked, and whether they may be answered.
    slow: Mutex<(usize, bool)>,
    moved: Condvar,
}

impl Asked {
    /// Waits until so many passwords `slow` are being checked.
    fn until_slow(&self, count: usize) {
        let slow = self.slow.lock().unwrap();
        let enough = self.moved.wait_while(slow, |slow| slow.0 < count);
        assert_eq!(enough.unwrap().0, count);
    }

    fn release_slow(&self) {
        self.slow.lock().unwrap().1 = true;
        self.moved.notify_all();
    }
}

impl Authenticate for Asked {
    fn check(&self, user: &str, password: &str) -> Result<(), Refused> {
        self.times.fetch_add(1, Ordering::SeqCst);
        if password == "slow" {
            let mut slow = self.slow.lock().unwrap();
            slow.0 += 1;
            self.moved.notify_all();
            drop(self.moved.wait_while(slow, |slow| !slow.1).unwrap());
        }
        if password == "unseen" {
            return Err(Refused::unseen("no time"));
        }
        let changed = self.changed.lock().unwrap();
        match changed.get(user).map_or("secret", String::as_str) == password {
            true => Ok(()),
            false => Err(Refused::new("Authentication failure")),
        }
    }

    fn change(&self, user: &str, password: &str) -> Result<(), Refused> {
        if password.len() < 4 {
            return Err(Refused::new("too short"));
        }
        let mut changed = self.changed.lock().unwrap();
        changed.insert(user.to_owned(), password.to_owned());
        Ok(())
    }
}

/// A daemon with users of every role, whose passwords and time are the test's.
struct Stage {
    host: SimHost,
    asked: Arc<Asked>,
    now: Arc<AtomicU64>,
}

/// Where most calls come from.
const HERE: &str = "192.0.2.1:40000";

impl Stage {
    fn new() -> Stage {
        Stage::with(Config::default())
    }

    fn with(config: Config) -> Stage {
        let asked = Arc::new(Asked::default());
        let now = Arc::new(AtomicU64::new(1_800_000_000));
        let clock = Arc::clone(&now);
        let by_name = Role::ALL
            .into_iter()
            .map(|role| (role.as_str().to_owned(), role));
        let more = [("alice", Role::VmOperator), ("bob", Role::VmOperator)];
        let more = more.map(|(user, role)| (user.to_owned(), role));
        let choices = Choices {
            config: Config {
                users: by_name.chain(more).collect(),
                ..config
            },
            authenticate: Arc::clone(&asked) as Arc<dyn Authenticate>,
            clock: Arc::new(move || {
                SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst))
            }),
            ..Choices::default()
        };
        Stage {
            host: SimHost::with(3, choices),
            asked,
            now,
        }
    }

    fn pass(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A call from an address.
    fn from(&self, peer: &str, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        let origin = Origin {
            peer: peer.into(),
            ..Origin::default()
        };
        self.host.api().call(&origin, name, params)
    }

    fn try_login(&self, peer: &str, user: &str, password: &str) -> Result<String, ApiError> {
        let params = [user, password].map(Value::from).to_vec();
        let session = self.from(peer, "session.login_with_password", params)?;
        Ok(session.as_str().expect("a reference").to_owned())
    }

    /// A session of a user.
    fn login(&self, user: &str) -> String {
        self.try_login(HERE, user, "secret").expect("a login")
    }

    /// A session of the superuser for a client that says what it is.
    fn login_as(&self, user: &str, originator: &str) -> String {
        let params = [user, "secret", "1.1", originator].map(Value::from);
        let session = self.from(HERE, "session.login_with_password", params.to_vec());
        let session = session.expect("a login");
        session.as_str().expect("a reference").to_owned()
    }

    /// A call in a session.
    fn call(&self, session: &str, name: &str, params: &[Value]) -> Result<Value, ApiError> {
        let session = Value::from(session);
        let params = std::iter::once(&session).chain(params).cloned();
        self.from(HERE, name, params.collect())
    }

    /// Whether a session can still be used.
    fn lives(&self, session: &str) -> bool {
        match self.call(session, "host.get_all", &[]) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.code, "SESSION_INVALID");
                assert_eq!(error.params, [session]);
                false
            }
        }
    }

    /// The audit log since the beginning.
    fn audit(&self) -> String {
        let mut out = Vec::new();
        xapi_core::audit::audit_log(self.host.core(), None, &mut out).expect("the log");
        String::from_utf8(out).expect("text")
    }
}

/// The code and the parameters of an error.
fn parts(outcome: Result<Value, ApiError>) -> (String, Vec<String>) {
    let error = outcome.expect_err("an error");
    (error.code, error.params)
}
