//! What the pool trusts, and revocation lists, are files of each of its hosts. They are the master's: another host gets what
//! it lacks and loses what it has beside, as soon as something changes while it is linked, and with each arrival.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use xapi_db::Read;
use xapi_model::{ApiError, Certificate as Row, CertificateType, Host, Ref, Value, errors};

use crate::Result;
use crate::context::Core;
use crate::pool::job::Job;
use crate::trust::{self, File, Kind};

/// How long a call waits for the other hosts. What takes longer goes on without it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A step, as the host is asked for it. Files are named as `store/name`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// What there is: a map of the files to their SHA-256.
    Tell,
    /// A file, with what is in it.
    Put(String, String),
    /// A file goes.
    Take(String),
    /// The bundles are made anew.
    Bundle,
}

impl Step {
    /// Does it on this host.
    pub(crate) fn done_here(self, core: &Core) -> Result<Value> {
        let config = &core.config;
        let file = |label: &str| {
            let file = File::named(label);
            file.ok_or_else(|| errors::internal_error(format!("{label:?} is no trusted file")))
        };
        let failed = |why: std::io::Error| {
            tracing::error!("what the pool trusts: {why}");
            errors::certificate_library_corrupt()
        };
        let _alone = core.certificates();
        match self {
            Step::Tell => {
                let all = trust::all(config).map_err(failed)?.into_iter();
                let all = all.map(|(file, digest)| (file.label(), Value::Str(digest)));
                return Ok(Value::Struct(all.collect()));
            }
            Step::Put(label, text) => file(&label)?.put(config, &text).map_err(failed)?,
            Step::Take(label) => file(&label)?.take(config).map_err(failed)?,
            Step::Bundle => trust::sync(config)?,
        }
        Ok(Value::Nil)
    }
}

/// Who is being sent what: one thread for each host, however often something changes.
#[derive(Default)]
pub(crate) struct Sending {
    hosts: Mutex<HashMap<Ref<Host>, Round>>,
    ended: Condvar,
}

/// The rounds of a host; each looks at everything.
#[derive(Default)]
struct Round {
    /// How many were asked for.
    wanted: u64,
    /// How many of these are done: one serves all that were asked for before it began.
    done: u64,
    /// Whether a thread is at it.
    goes_on: bool,
    /// Whether the bundles are to be made anew.
    bundle: bool,
    /// What came of the last one.
    failed: Option<ApiError>,
}

impl Sending {
    fn hosts(&self) -> MutexGuard<'_, HashMap<Ref<Host>, Round>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a round: its number, and whether somebody must begin it.
    fn want(&self, host: &Ref<Host>, bundle: bool) -> (u64, bool) {
        let mut hosts = self.hosts();
        let round = hosts.entry(host.clone()).or_default();
        round.wanted += 1;
        round.bundle |= bundle;
        (round.wanted, !std::mem::replace(&mut round.goes_on, true))
    }

    /// The rounds that the next one serves, and whether it makes the bundles anew; none if all are done.
    fn next(&self, host: &Ref<Host>) -> Option<(u64, bool)> {
        let mut hosts = self.hosts();
        let round = hosts.get_mut(host)?;
        if round.wanted == round.done {
            round.goes_on = false;
            return None;
        }
        Some((round.wanted, std::mem::take(&mut round.bundle)))
    }

    /// Nobody carries out its rounds: whoever wants one next begins.
    fn gives_up(&self, host: &Ref<Host>) {
        if let Some(round) = self.hosts().get_mut(host) {
            (round.goes_on, round.bundle) = (false, true);
        }
    }

    fn end(&self, host: &Ref<Host>, number: u64, outcome: Result<()>) {
        if let Some(round) = self.hosts().get_mut(host) {
            round.done = number;
            round.failed = outcome.err();
        }
        self.ended.notify_all();
    }

    /// What came of a round; CANNOT_CONTACT_HOST [host] if that is not known in time.
    fn outcome(&self, host: &Ref<Host>, number: u64, until: Instant) -> Result<()> {
        let left = until.saturating_duration_since(Instant::now());
        let goes_on = |hosts: &mut HashMap<_, Round>| {
            hosts.get(host).is_some_and(|round| round.done < number)
        };
        let waited = self.ended.wait_timeout_while(self.hosts(), left, goes_on);
        let (hosts, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(errors::cannot_contact_host(host));
        }
        match hosts.get(host).and_then(|round| round.failed.clone()) {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }

    /// A host is no longer in the pool.
    pub(crate) fn forget(&self, host: &Ref<Host>) {
        let mut hosts = self.hosts();
        if hosts.get(host).is_some_and(|round| !round.goes_on) {
            hosts.remove(host);
        }
    }
}

/// Has a host be sent what it lacks; returns at once. The number of the round is for [`Sending::outcome`].
fn begin(core: &Arc<Core>, host: &Ref<Host>, bundle: bool) -> u64 {
    let (number, is_first) = core.sending.want(host, bundle);
    if !is_first {
        return number;
    }
    let (sending, its) = (Arc::clone(core), host.clone());
    let thread = std::thread::Builder::new().name("trusted".to_owned());
    let spawned = thread.spawn(move || {
        while let Some((number, bundle)) = sending.sending.next(&its) {
            let sent = AssertUnwindSafe(|| send(&sending, &its, bundle));
            let outcome = catch_unwind(sent)
                .unwrap_or_else(|_| Err(errors::internal_error("sending it panicked")));
            sending.sending.end(&its, number, outcome);
        }
    });
    if let Err(why) = spawned {
        let why = errors::internal_error(format!("no thread: {why}"));
        core.sending.end(host, number, Err(why));
        core.sending.gives_up(host);
    }
    number
}

/// Sends everybody who is linked what has changed, and waits a while. The others get it when they are linked. What failed is
/// told, by host.
pub(crate) fn send_all(core: &Arc<Core>, bundle: bool) -> Vec<(Ref<Host>, ApiError)> {
    let hosts = core.pool.everybody_linked().into_iter();
    let begun: Vec<_> = hosts
        .map(|host| {
            let number = begin(core, &host, bundle);
            (host, number)
        })
        .collect();
    let until = Instant::now() + PATIENCE.min(core.config.away_within);
    let mut failed = Vec::new();
    for (host, number) in begun {
        if let Err(why) = core.sending.outcome(&host, number, until) {
            tracing::warn!("{host} has not got what the pool trusts: {why}");
            failed.push((host, why));
        }
    }
    failed
}

/// Has a host that is linked be sent what it lacks; waits for the end.
pub(crate) fn settle(core: &Arc<Core>, host: &Ref<Host>) -> Result<()> {
    let number = begin(core, host, false);
    let until = Instant::now() + PATIENCE;
    core.sending.outcome(host, number, until)
}

/// Sends a host what it lacks, and has it lose what it has beside.
fn send(core: &Arc<Core>, host: &Ref<Host>, bundle: bool) -> Result<()> {
    let ask = |step| core.have_done(host, Job::Trusted(step));
    let failed = |why: std::io::Error| {
        tracing::error!("what the pool trusts: {why}");
        errors::certificate_library_corrupt()
    };
    let wanted = {
        let _alone = core.certificates();
        trust::all(&core.config).map_err(failed)?
    };
    let Value::Struct(has) = ask(Step::Tell)? else {
        return Err(errors::internal_error(format!(
            "{host} does not tell what it trusts"
        )));
    };
    let has: BTreeMap<File, String> = has
        .into_iter()
        .filter_map(|(label, digest)| Some((File::named(&label)?, digest.as_str()?.to_owned())))
        .collect();
    let known = in_rows(core)?;
    for file in has.keys() {
        // One that the rows name and that is not here has been lost here, and is not taken from others.
        if !wanted.contains_key(file) && !known.contains(file) {
            ask(Step::Take(file.label()))?;
        }
    }
    for (file, digest) in &wanted {
        if has.get(file) == Some(digest) {
            continue;
        }
        let text = match file.read(&core.config) {
            Ok(text) => text,
            // It has been taken away meanwhile, and the next round comes.
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => continue,
            Err(why) => return Err(failed(why)),
        };
        ask(Step::Put(file.label(), text))?;
    }
    if bundle {
        ask(Step::Bundle)?;
    }
    Ok(())
}

/// The files of the certificates that have rows.
fn in_rows(core: &Core) -> Result<BTreeSet<File>> {
    let rows = core.view()?.all::<Row>()?.into_iter();
    let files = rows.flat_map(|(_, row)| match row.kind {
        CertificateType::Ca if !row.name.is_empty() => Kind::Authority.files(&row.name),
        CertificateType::Ca => Kind::Root(row.purpose.clone()).files(&file_of(&row)),
        CertificateType::Pinned => Kind::Pinned(row.purpose.clone()).files(&file_of(&row)),
        _ => Vec::new(),
    });
    Ok(files.collect())
}

/// The file of a trusted certificate without a name.
pub(crate) fn file_of(row: &Row) -> String {
    format!("{}.pem", row.uuid)
}
