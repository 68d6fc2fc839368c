//! How often passwords may be tried: a bucket of attempts for each address and each user, which fills again steadily.
//! An attempt that succeeds is given back, so that who knows the password is not kept waiting; a stranger is, before
//! anybody looks at what they sent.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Addresses and users that are remembered at the same time, and pairs of both that have succeeded.
const MOST: usize = 4096;

/// Passwords from one address that are checked at the same time; PAM checks few, and others want to log in, too.
const MOST_AT_ONCE: usize = 3;
/// Logins that wait for that, from wherever: each holds a thread.
const MOST_WAITING: usize = 32;

/// Buckets of attempts.
pub(crate) struct Attempts {
    burst: f64,
    per_second: f64,
    buckets: Mutex<Buckets>,
    checks: Mutex<Checks>,
    ended: Condvar,
}

/// Passwords that are being checked.
#[derive(Default)]
struct Checks {
    running: HashMap<Address, usize>,
    waiting: usize,
}

/// The right to have a password checked, until it is dropped.
pub(crate) struct Checking<'a> {
    attempts: &'a Attempts,
    address: Address,
}

impl Drop for Checking<'_> {
    fn drop(&mut self) {
        let mut checks = self.attempts.checks();
        if let Some(running) = checks.running.get_mut(&self.address) {
            *running -= 1;
            if *running == 0 {
                checks.running.remove(&self.address);
            }
        }
        self.attempts.ended.notify_all();
    }
}

#[derive(Default)]
struct Buckets {
    addresses: HashMap<Address, Bucket>,
    users: HashMap<String, Bucket>,
    /// A flood of wrong passwords for a user from elsewhere must not lock out who came from here before.
    known: HashMap<(Address, String), SystemTime>,
}

/// Whom an address stands for: one host of IPv4, one link of IPv6, one user of a unix socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Address {
    Ip(IpAddr),
    Other(String),
}

impl Address {
    fn of(peer: &str) -> Address {
        let Ok(socket) = peer.parse::<SocketAddr>() else {
            // "uid 1000 process 4711": a process is had for nothing.
            let who = peer.split(" process ").next().unwrap_or(peer);
            return Address::Other(who.chars().take(64).collect());
        };
        Address::Ip(match socket.ip().to_canonical() {
            IpAddr::V6(address) => {
                let link = u128::from(address) & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from(link))
            }
            address => address,
        })
    }
}

#[derive(Clone, Copy)]
struct Bucket {
    attempts: f64,
    at: SystemTime,
}

impl Attempts {
    /// Buckets that hold `burst` attempts and get `per_minute` back.
    pub(crate) fn new(burst: u32, per_minute: u32) -> Attempts {
        Attempts {
            burst: f64::from(burst.max(1)),
            per_second: f64::from(per_minute) / 60.0,
            buckets: Mutex::default(),
            checks: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    /// Waits, so long, until fewer passwords from an address are being checked than there may be. `None` if they take
    /// longer, or too many wait.
    pub(crate) fn checking(&self, peer: &str, within: Duration) -> Option<Checking<'_>> {
        let address = Address::of(peer);
        let full = |checks: &Checks| {
            let running = checks.running.get(&address);
            running.is_some_and(|running| *running >= MOST_AT_ONCE)
        };
        let mut checks = self.checks();
        if full(&checks) {
            if checks.waiting >= MOST_WAITING {
                return None;
            }
            checks.waiting += 1;
            let waited = self
                .ended
                .wait_timeout_while(checks, within, |checks| full(checks));
            checks = waited.unwrap_or_else(PoisonError::into_inner).0;
            checks.waiting -= 1;
            if full(&checks) {
                return None;
            }
        }
        *checks.running.entry(address.clone()).or_default() += 1;
        drop(checks);
        Some(Checking {
            attempts: self,
            address,
        })
    }

    fn checks(&self) -> MutexGuard<'_, Checks> {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an attempt from the address and, if it is a user who may log in at all, from the user. False if one has
    /// none left; then none is taken.
    pub(crate) fn take(&self, peer: &str, user: Option<&str>, now: SystemTime) -> bool {
        let address = Address::of(peer);
        let mut buckets = self.lock();
        let buckets = &mut *buckets;
        let user = user.filter(|user| {
            !buckets
                .known
                .contains_key(&(address.clone(), (*user).to_owned()))
        });
        let here = self.bucket(&mut buckets.addresses, address, now);
        if here.attempts < 1.0 {
            return false;
        }
        if let Some(user) = user {
            let bucket = self.bucket(&mut buckets.users, user.to_owned(), now);
            if bucket.attempts < 1.0 {
                return false;
            }
            bucket.attempts -= 1.0;
        }
        here.attempts -= 1.0;
        true
    }

    /// Gives an attempt back at which nobody has looked.
    pub(crate) fn give_back(&self, peer: &str, user: Option<&str>, now: SystemTime) {
        let address = Address::of(peer);
        let mut buckets = self.lock();
        let buckets = &mut *buckets;
        let here = self.bucket(&mut buckets.addresses, address.clone(), now);
        here.attempts = (here.attempts + 1.0).min(self.burst);
        let user = user.map(str::to_owned);
        // Of who is known here none was taken.
        if let Some(user) = user
            && !buckets.known.contains_key(&(address, user.clone()))
        {
            let bucket = self.bucket(&mut buckets.users, user, now);
            bucket.attempts = (bucket.attempts + 1.0).min(self.burst);
        }
    }

    /// Gives an attempt back that succeeded.
    pub(crate) fn succeeded(&self, peer: &str, user: Option<&str>, now: SystemTime) {
        let address = Address::of(peer);
        let mut buckets = self.lock();
        let buckets = &mut *buckets;
        let here = self.bucket(&mut buckets.addresses, address.clone(), now);
        here.attempts = (here.attempts + 1.0).min(self.burst);
        let Some(user) = user else { return };
        let pair = (address, user.to_owned());
        if !buckets.known.contains_key(&pair) {
            let bucket = self.bucket(&mut buckets.users, user.to_owned(), now);
            bucket.attempts = (bucket.attempts + 1.0).min(self.burst);
            if buckets.known.len() >= MOST
                && let Some(oldest) = buckets.known.iter().min_by_key(|(_, at)| **at)
            {
                let oldest = oldest.0.clone();
                buckets.known.remove(&oldest);
            }
        }
        buckets.known.insert(pair, now);
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bucket<'a, K: std::hash::Hash + Eq + Clone>(
        &self,
        all: &'a mut HashMap<K, Bucket>,
        key: K,
        now: SystemTime,
    ) -> &'a mut Bucket {
        if all.len() >= MOST && !all.contains_key(&key) {
            // Full ones are as good as new; if there is none, the one that is nearest to it goes.
            all.retain(|_, bucket| self.filled(bucket, now).attempts < self.burst);
            if all.len() >= MOST {
                let attempts = |bucket: &Bucket| self.filled(bucket, now).attempts;
                let fullest = all
                    .iter()
                    .max_by(|a, b| attempts(a.1).total_cmp(&attempts(b.1)));
                if let Some(key) = fullest.map(|(key, _)| key.clone()) {
                    all.remove(&key);
                }
            }
        }
        let fresh = Bucket {
            attempts: self.burst,
            at: now,
        };
        let bucket = all.entry(key).or_insert(fresh);
        *bucket = self.filled(bucket, now);
        bucket
    }

    /// What the bucket holds now. A clock that was set back gives nothing and takes nothing.
    fn filled(&self, bucket: &Bucket, now: SystemTime) -> Bucket {
        let since = now.duration_since(bucket.at).unwrap_or_default();
        let attempts = bucket.attempts + since.as_secs_f64() * self.per_second;
        Bucket {
            attempts: attempts.min(self.burst),
            at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Attempts, MOST};

    const HERE: &str = "192.0.2.1:1000";

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    fn taken(attempts: &Attempts, peer: &str, user: Option<&str>, now: u64) -> usize {
        (0..100)
            .take_while(|_| attempts.take(peer, user, at(now)))
            .count()
    }

    #[test]
    fn attempts_end_and_come_back_with_time() {
        let attempts = Attempts::new(10, 60);
        assert_eq!(taken(&attempts, HERE, Some("root"), 0), 10);
        assert_eq!(taken(&attempts, "192.0.2.1:2000", Some("root"), 0), 0);
        assert_eq!(taken(&attempts, HERE, Some("root"), 3), 3);
        assert_eq!(taken(&attempts, HERE, Some("root"), 1), 0);
        assert_eq!(taken(&attempts, HERE, Some("root"), 3600), 10);
    }

    #[test]
    fn a_user_runs_out_of_attempts_whatever_address_they_come_from() {
        let attempts = Attempts::new(10, 60);
        let peer = |n: usize| format!("198.51.100.{n}:7");
        let granted = (0..50)
            .filter(|n| attempts.take(&peer(*n), Some("root"), at(0)))
            .count();
        assert_eq!(granted, 10);
        assert!(
            attempts.take(&peer(60), None, at(0)),
            "the address has some left"
        );
    }

    #[test]
    fn who_has_succeeded_from_an_address_is_not_locked_out_by_strangers_elsewhere() {
        let attempts = Attempts::new(10, 60);
        assert!(attempts.take(HERE, Some("root"), at(0)));
        attempts.succeeded(HERE, Some("root"), at(0));
        for n in 0..50 {
            attempts.take(&format!("198.51.100.{n}:7"), Some("root"), at(0));
        }
        assert!(!attempts.take("203.0.113.9:7", Some("root"), at(0)));
        assert_eq!(taken(&attempts, HERE, Some("root"), 0), 10);
    }

    #[test]
    fn a_thousand_logins_with_the_right_password_are_not_held_up() {
        let attempts = Attempts::new(10, 60);
        for _ in 0..1000 {
            assert!(attempts.take(HERE, Some("root"), at(0)));
            attempts.succeeded(HERE, Some("root"), at(0));
        }
    }

    #[test]
    fn what_nobody_looked_at_is_given_back_to_address_and_user() {
        let attempts = Attempts::new(10, 0);
        for _ in 0..100 {
            assert!(attempts.take(HERE, Some("root"), at(0)));
            attempts.give_back(HERE, Some("root"), at(0));
        }
        // Who is known has paid nothing for the user, and gets nothing for it.
        attempts.succeeded(HERE, Some("root"), at(0));
        assert_eq!(taken(&attempts, "203.0.113.9:7", Some("root"), 0), 10);
        for _ in 0..10 {
            assert!(attempts.take(HERE, Some("root"), at(0)));
            attempts.give_back(HERE, Some("root"), at(0));
        }
        assert!(!attempts.take("203.0.113.10:7", Some("root"), at(0)));
    }

    #[test]
    fn one_address_has_few_passwords_checked_at_the_same_time() {
        let attempts = Attempts::new(10, 60);
        let check = |peer| attempts.checking(peer, Duration::ZERO);
        let mut held = vec![check(HERE), check("192.0.2.1:2"), check("192.0.2.1:3")];
        assert!(held.iter().all(Option::is_some));
        assert!(check("192.0.2.1:4").is_none());
        assert!(check("203.0.113.9:7").is_some());
        held.pop();
        assert!(check("192.0.2.1:4").is_some());
        // Who waits gets the place that becomes free.
        held.push(check(HERE));
        std::thread::scope(|scope| {
            let waits = || attempts.checking(HERE, Duration::from_secs(60)).is_some();
            let waits = scope.spawn(waits);
            drop(held);
            assert!(waits.join().unwrap());
        });
        assert!(attempts.checks().running.is_empty());
    }

    #[test]
    fn addresses_of_one_link_and_processes_of_one_user_are_one() {
        let attempts = Attempts::new(10, 60);
        assert_eq!(taken(&attempts, "[2001:db8::1]:1", None, 0), 10);
        assert_eq!(taken(&attempts, "[2001:db8::ffff:2]:1", None, 0), 0);
        assert_eq!(taken(&attempts, "[2001:db8:0:1::1]:1", None, 0), 10);
        assert_eq!(taken(&attempts, "[::ffff:192.0.2.1]:1", None, 0), 10);
        assert_eq!(taken(&attempts, HERE, None, 0), 0);
        assert_eq!(taken(&attempts, "uid 1000 process 1", None, 0), 10);
        assert_eq!(taken(&attempts, "uid 1000 process 2", None, 0), 0);
    }

    #[test]
    fn a_flood_of_addresses_takes_a_bounded_memory_and_frees_no_empty_bucket_first() {
        let attempts = Attempts::new(10, 60);
        assert_eq!(taken(&attempts, HERE, None, 0), 10);
        for n in 0..3 * MOST {
            attempts.take(
                &format!("10.{}.{}.{}:1", n >> 16, (n >> 8) & 255, n & 255),
                None,
                at(0),
            );
        }
        assert!(attempts.lock().addresses.len() <= MOST);
        assert_eq!(taken(&attempts, HERE, None, 0), 0);
    }
}
