//! One change on many hosts: planned on all, made on one, then on the others at once, on the master last. If one of them
//! fails all are as they were.
//!
//! The way back of each host is committed with its part, and forgotten for all at once when the last one is done: of a
//! daemon that dies in between, the next master's start takes it back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use xapi_db::{Draft, Read};
use xapi_model::{ApiError, Class, Host, Pif, Pool, Ref, Task, Vif, errors};
use xapi_net::planned::PlannedStep;

use super::inverse::Inverse;
use crate::context::{Caller, Core, Cx, Origin, db_error};
use crate::ops::pif::host_live;
use crate::proof::{self, Care};
use crate::topology::pifs_of;
use crate::{Result, planned, vifs_to_move};

/// Hosts that are changed at once.
const AT_ONCE: usize = 16;

/// The name of the alert about a host that is not as it was after a change of many failed.
const NOT_UNDONE: &str = "POOL_CHANGE_NOT_UNDONE";

/// The name of the alert about a host that is as it was before a change of many whose master has ended in the middle.
const UNDONE: &str = "POOL_CHANGE_UNDONE";

/// What an edit makes of one host, and the VIFs that it moves.
pub(crate) type Edited<T> = Result<(T, Vec<Ref<Vif>>)>;

/// Names the PIF of a host that an error of the host's network is reported about when it concerns no other.
pub(crate) type About<'a> = dyn Fn(&Draft, &Ref<Host>) -> Result<Ref<Pif>> + Sync + 'a;

/// A change of many hosts.
pub(crate) struct Change<'a, T> {
    /// Edits the rows of one host.
    pub edit: &'a (dyn Fn(&Draft, &Ref<Host>) -> Edited<T> + Sync),
    /// The PIF that its errors are about.
    pub about: &'a About<'a>,
}

/// Hosts in the order in which they are changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Order {
    /// The one that is tried alone.
    first: Option<Ref<Host>>,
    /// Those that are changed at once.
    rest: Vec<Ref<Host>>,
    /// The master.
    last: Option<Ref<Host>>,
}

impl Order {
    fn of(hosts: &[Ref<Host>], master: Option<&Ref<Host>>) -> Order {
        let is_master = |host: &&Ref<Host>| Some(*host) == master;
        let mut slaves = hosts.iter().filter(|host| !is_master(host)).cloned();
        Order {
            first: slaves.next(),
            rest: slaves.collect(),
            last: hosts.iter().find(is_master).cloned(),
        }
    }
}

/// What a call runs in, for the threads of its hosts.
struct Parts<'a> {
    core: &'a Arc<Core>,
    session: Option<Caller>,
    task: Option<Ref<Task>>,
    origin: Origin,
}

impl Parts<'_> {
    fn cx(&self) -> Cx<'_> {
        Cx {
            core: self.core,
            session: self.session.clone(),
            task: self.task.clone(),
            late: None,
            origin: &self.origin,
        }
    }
}

/// Edits the rows of hosts, and has each look so. All or none; what comes of it is in the order of the hosts.
pub(crate) fn everywhere<T: Send>(
    cx: &Cx<'_>,
    hosts: &[Ref<Host>],
    change: &Change<'_, T>,
) -> Result<Vec<T>> {
    let abouts = refusable(cx, hosts, change)?;
    let host_of = |host: &Ref<Host>| abouts.get(host).cloned().unwrap_or_default();
    let care = Care::of(cx.origin)?;
    if care.plan_only {
        let steps = plans(cx, hosts, &host_of, change.edit)?;
        return Err(planned::answer(&care, &steps));
    }
    let _undivided = cx.core.pool.divides();
    // One host alone plans in any case.
    if hosts.len() > 1 {
        plans(cx, hosts, &host_of, change.edit)?;
    }
    cx.begin()?;
    let view = cx.core.view()?;
    let pool = view.all::<Pool>()?.into_iter().next();
    let order = Order::of(hosts, pool.map(|(_, pool)| pool.master).as_ref());
    drop(view);
    let parts = |origin| Parts {
        core: cx.core,
        session: cx.session.clone(),
        task: cx.task().cloned(),
        origin,
    };
    // Whoever is to say that all is well says it once.
    let careful = parts(cx.origin.clone());
    let more = parts(proof::without_confirmation(cx.origin));
    let alone = order.first.as_ref().or(order.last.as_ref());
    // Of one host nothing is left in the middle.
    let noted = match hosts.len() {
        1 => Noted::No,
        _ => Noted::Yes,
    };
    let run = |host: &Ref<Host>| {
        let parts = if alone == Some(host) { &careful } else { &more };
        one(&parts.cx(), host, &host_of(host), change.edit, noted)
    };
    let undo = |host: &Ref<Host>, (_, inverse): &(T, Inverse)| {
        back(&more.cx(), host, &host_of(host), inverse)
    };
    let close = || {
        if noted == Noted::No {
            return Ok(());
        }
        cx.core.store.change(|draft| {
            for host in hosts {
                draft.set(host, Host::CHANGE_TO_UNDO, String::new())?;
            }
            Ok(())
        })
    };
    let mut done = all_or_none(&order, &run, &undo, &close)?;
    let mut results = Vec::new();
    for host in hosts {
        let at = done.iter().position(|(of, _)| of == host);
        let at = at.ok_or_else(|| errors::internal_error("a host was not changed"))?;
        results.push(done.swap_remove(at).1.0);
    }
    Ok(results)
}

/// Edits rows that all hosts go by, and has each host look so. If one of them fails the rows are as before, and so are
/// the hosts.
pub(crate) fn shared(
    cx: &Cx<'_>,
    hosts: &[Ref<Host>],
    edit: &(dyn Fn(&Draft) -> Result<()> + Sync),
) -> Result<()> {
    let of_host = |draft: &Draft, _: &Ref<Host>| Ok((edit(draft)?, Vec::new()));
    let change = Change {
        edit: &of_host,
        about: &management,
    };
    let abouts = refusable(cx, hosts, &change)?;
    let about = |host: &Ref<Host>| abouts.get(host).cloned().unwrap_or_default();
    let steps = plans(cx, hosts, &about, &of_host)?;
    let care = Care::of(cx.origin)?;
    if care.plan_only {
        return Err(planned::answer(&care, &steps));
    }
    let _undivided = cx.core.pool.divides();
    cx.begin()?;
    let inverse = cx.core.store.change(|draft| {
        let before = cx.core.view()?;
        edit(draft)?;
        Inverse::of(draft, &before)
    })?;
    let parts = Parts {
        core: cx.core,
        session: cx.session.clone(),
        task: cx.task().cloned(),
        origin: proof::without_confirmation(cx.origin),
    };
    // There is nothing to edit any more: the host becomes what the rows say.
    let converge = |host: &Ref<Host>| parts.cx().change(host, &about(host), |_| Ok(()));
    let (_, failed) = at_once(hosts, &converge);
    let Some(why) = failed else {
        return Ok(());
    };
    cx.core
        .store
        .change(|draft| inverse.apply(draft).map(drop))?;
    let again = |host: &Ref<Host>| {
        if let Err(why) = converge(host) {
            tracing::error!("{host}: a change of all hosts was not undone: {why}");
        }
        Ok(())
    };
    at_once(hosts, &again);
    Err(why)
}

/// Everything that can be refused without asking a host: all live, and the rows of all can be so at once. Gives the PIFs
/// that errors are reported about.
fn refusable<T>(
    cx: &Cx<'_>,
    hosts: &[Ref<Host>],
    change: &Change<'_, T>,
) -> Result<BTreeMap<Ref<Host>, Ref<Pif>>> {
    let view = cx.core.view()?;
    for host in hosts {
        host_live(&view, host)?;
        cx.core.agent_of(&view, host)?;
    }
    drop(view);
    let draft = cx.core.store.draft().map_err(db_error)?;
    let mut abouts = BTreeMap::new();
    for host in hosts {
        abouts.insert(host.clone(), (change.about)(&draft, host)?);
        (change.edit)(&draft, host)?;
    }
    Ok(abouts)
}

/// The management interface of a host, for errors that concern the host as a whole.
pub(crate) fn management(draft: &Draft, host: &Ref<Host>) -> Result<Ref<Pif>> {
    let pifs = pifs_of(draft, host)?.into_iter();
    let mut management = pifs.filter(|(_, pif)| pif.management).map(|(pif, _)| pif);
    Ok(management.next().unwrap_or_default())
}

/// The steps on each host, which must be possible on all.
fn plans<T: Send>(
    cx: &Cx<'_>,
    hosts: &[Ref<Host>],
    about: &(dyn Fn(&Ref<Host>) -> Ref<Pif> + Sync),
    edit: &(dyn Fn(&Draft, &Ref<Host>) -> Edited<T> + Sync),
) -> Result<Vec<PlannedStep>> {
    let parts = Parts {
        core: cx.core,
        session: cx.session.clone(),
        task: cx.task().cloned(),
        origin: proof::planning(cx.origin),
    };
    let plan = |host: &Ref<Host>| match one(&parts.cx(), host, &about(host), edit, Noted::No) {
        Err(why) => planned::read(why),
        Ok(_) => Ok(Vec::new()),
    };
    let (done, failed) = at_once(hosts, &plan);
    if let Some(why) = failed {
        return Err(why);
    }
    let view = cx.core.view()?;
    let mut all = Vec::new();
    for (host, steps) in done {
        let name = view.field(&host, Host::NAME_LABEL)?;
        all.extend(steps.into_iter().map(|step| PlannedStep {
            host: Some(name.clone()),
            ..step
        }));
    }
    Ok(all)
}

/// Whether the way back from a host's part is committed with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Noted {
    Yes,
    No,
}

/// The change of one host, with the way back.
fn one<T>(
    cx: &Cx<'_>,
    host: &Ref<Host>,
    about: &Ref<Pif>,
    edit: &(dyn Fn(&Draft, &Ref<Host>) -> Edited<T> + Sync),
    noted: Noted,
) -> Result<(T, Inverse)> {
    vifs_to_move::carrying(
        cx,
        |draft| edit(draft, host).map(|(_, vifs)| vifs),
        |asked| {
            cx.change(host, about, |draft| {
                let before = cx.core.view()?;
                let (out, vifs) = edit(draft, host)?;
                asked.covers(draft, &vifs)?;
                let inverse = Inverse::of(draft, &before)?;
                if noted == Noted::Yes {
                    draft.set(host, Host::CHANGE_TO_UNDO, inverse.noted()?)?;
                }
                Ok((out, inverse))
            })
        },
    )
}

/// Undoes the change of one host. If that cannot be done it is told.
fn back(cx: &Cx<'_>, host: &Ref<Host>, about: &Ref<Pif>, inverse: &Inverse) {
    let apply = |draft: &Draft| apply(draft, host, inverse);
    let mut undone = vifs_to_move::carrying(cx, apply, |asked| {
        cx.change(host, about, |draft| asked.covers(draft, &apply(draft)?))
    });
    if let Err(why) = &undone
        && ["HOST_OFFLINE", "CANNOT_CONTACT_HOST"].contains(&why.code.as_str())
    {
        // It becomes what its rows say once it is back.
        tracing::warn!("{host}: a change of many hosts is undone in its rows alone: {why}");
        undone = cx.core.store.change(|draft| apply(draft).map(drop));
    }
    let Err(why) = undone else {
        return;
    };
    not_undone(cx.core, host, &why);
}

/// Takes back one host's part in the rows. Returns the VIFs that get another network.
fn apply(draft: &Draft, host: &Ref<Host>, inverse: &Inverse) -> Result<Vec<Ref<Vif>>> {
    draft.set(host, Host::CHANGE_TO_UNDO, String::new())?;
    inverse.apply(draft)
}

/// What could not be taken back is somebody's to look at, and not tried again once he has.
fn not_undone(core: &Core, host: &Ref<Host>, why: &ApiError) {
    tracing::error!("{host}: a change of many hosts was not undone: {why}");
    let body = format!("a change of many hosts failed, and was not undone here: {why}");
    let told = core.store.change(|draft| {
        draft.set(host, Host::CHANGE_TO_UNDO, String::new())?;
        crate::alert::tell(core, draft, host, NOT_UNDONE, &body)
    });
    if let Err(why) = told {
        tracing::error!("{host}: nor could the operator be told: {why}");
    }
}

/// At a master's start: what one before it has made of a change of many hosts, and not ended, is taken back in the rows.
/// The hosts become what these say, this one by its start and the others when they are linked.
pub(crate) fn take_back(core: &Core) -> Result<()> {
    let view = core.view()?;
    for host in view.refs(Host::DESC)?.into_iter().map(Ref::<Host>::new) {
        let text = view.field(&host, Host::CHANGE_TO_UNDO)?;
        if text.is_empty() {
            continue;
        }
        let undone = core.store.change(|draft| {
            apply(draft, &host, &Inverse::read(&text)?)?;
            let body =
                "the master ended in the middle of a change of many hosts, and it was taken back";
            crate::alert::tell(core, draft, &host, UNDONE, body)
        });
        match undone {
            Ok(()) => tracing::warn!("{host}: its part of a change of many hosts is taken back"),
            Err(why) => not_undone(core, &host, &why),
        }
    }
    Ok(())
}

/// Changes the first host alone, the others at once, the last one when all of them are done, and closes. After a failure
/// all that were changed are undone.
fn all_or_none<T: Send>(
    order: &Order,
    change: &(dyn Fn(&Ref<Host>) -> Result<T> + Sync),
    undo: &(dyn Fn(&Ref<Host>, &T) + Sync),
    close: &dyn Fn() -> Result<()>,
) -> Result<Vec<(Ref<Host>, T)>> {
    let mut done = Vec::new();
    let mut rounds = || -> Result<()> {
        let alone = |host: &Ref<Host>| change(host).map(|out| (host.clone(), out));
        if let Some(first) = &order.first {
            done.push(alone(first)?);
        }
        let (changed, failed) = at_once(&order.rest, change);
        done.extend(changed);
        if let Some(why) = failed {
            return Err(why);
        }
        if let Some(last) = &order.last {
            done.push(alone(last)?);
        }
        close()
    };
    let Err(why) = rounds() else {
        return Ok(done);
    };
    let changed = Mutex::new(VecDeque::from(done));
    let hosts = changed.lock().map_or(0, |changed| changed.len());
    std::thread::scope(|scope| {
        for _ in 0..hosts.min(AT_ONCE) {
            scope.spawn(|| {
                while let Some((host, out)) = next(&changed) {
                    undo(&host, &out);
                }
            });
        }
    });
    Err(why)
}

/// Does something on hosts at once. After a failure no further one is begun. Gives what was done, and the failure of the
/// host that is named first.
fn at_once<T: Send>(
    hosts: &[Ref<Host>],
    work: &(dyn Fn(&Ref<Host>) -> Result<T> + Sync),
) -> (Vec<(Ref<Host>, T)>, Option<ApiError>) {
    let waiting = Mutex::new(hosts.iter().enumerate().collect::<VecDeque<_>>());
    let ended = Mutex::new(Vec::new());
    let stop = AtomicBool::new(false);
    let worker = || {
        while !stop.load(Ordering::Acquire) {
            let Some((at, host)) = next(&waiting) else {
                return;
            };
            let outcome = work(host);
            stop.fetch_or(outcome.is_err(), Ordering::AcqRel);
            let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
            ended.push((at, host.clone(), outcome));
        }
    };
    match hosts.len() {
        0 => {}
        1 => worker(),
        many => std::thread::scope(|scope| {
            for _ in 0..many.min(AT_ONCE) {
                scope.spawn(worker);
            }
        }),
    }
    let mut ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    ended.sort_by_key(|(at, ..)| *at);
    let (mut done, mut failed) = (Vec::new(), None);
    for (_, host, outcome) in ended {
        match outcome {
            Ok(out) => done.push((host, out)),
            Err(why) => {
                failed.get_or_insert(why);
            }
        }
    }
    (done, failed)
}

fn next<T>(queue: &Mutex<VecDeque<T>>) -> Option<T> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.pop_front()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Barrier, Mutex};

    use xapi_model::{Host, Ref, errors};

    use super::{AT_ONCE, Order, all_or_none};
    use crate::Result;

    fn hosts(number: usize) -> Vec<Ref<Host>> {
        (0..number).map(|n| Ref::new(format!("host{n}"))).collect()
    }

    /// Changes hosts of which one fails, if any; gives what came of it, and what happened in order.
    fn run(number: usize, fails: Option<usize>) -> (Result<usize>, Vec<String>) {
        let hosts = hosts(number);
        let order = Order::of(&hosts, hosts.first());
        let log = Mutex::new(Vec::new());
        let say = |what: &str, host: &Ref<Host>| {
            log.lock()
                .unwrap()
                .push(format!("{what} {}", host.as_str()));
        };
        let change = |host: &Ref<Host>| {
            say("change", host);
            match fails.is_some_and(|at| hosts[at] == *host) {
                true => Err(errors::host_offline(host)),
                false => Ok(()),
            }
        };
        let undo = |host: &Ref<Host>, (): &()| say("undo", host);
        let close = || {
            log.lock().unwrap().push("close".to_owned());
            Ok(())
        };
        let done = all_or_none(&order, &change, &undo, &close).map(|done| done.len());
        (done, log.into_inner().unwrap())
    }

    #[test]
    fn one_host_is_tried_alone_and_the_master_is_the_last() {
        for number in [1, 2, 3, 40] {
            let (done, log) = run(number, None);
            assert_eq!(done, Ok(number));
            assert_eq!(log.len(), number + 1);
            assert_eq!(log[number - 1..], ["change host0", "close"]);
            if number > 1 {
                assert_eq!(log[0], "change host1");
            }
        }
    }

    #[test]
    fn a_failure_anywhere_undoes_what_was_done_and_nothing_else() {
        for number in [1, 2, 3, 40] {
            for fails in 0..number {
                let (done, log) = run(number, Some(fails));
                let name = format!("host{fails}");
                assert_eq!(done.unwrap_err().params, [name.as_str()]);
                let of = |what: &str| -> BTreeSet<String> {
                    let lines = log.iter().filter_map(|line| line.strip_prefix(what));
                    lines.map(str::to_owned).collect()
                };
                let mut changed = of("change ");
                assert!(changed.remove(&name));
                assert_eq!(of("undo "), changed, "{number} hosts, {name} fails");
                let undone = log.iter().filter(|line| line.starts_with("undo"));
                assert_eq!(undone.count(), changed.len(), "each is undone once");
                if fails == 1 {
                    assert!(changed.is_empty(), "the first one was alone");
                }
            }
        }
    }

    #[test]
    fn hosts_are_changed_at_once() {
        let hosts = hosts(AT_ONCE + 2);
        let order = Order::of(&hosts, hosts.first());
        // Nobody is done before all of them are at it.
        let all = Barrier::new(AT_ONCE);
        let change = |host: &Ref<Host>| {
            if order.rest.contains(host) {
                all.wait();
            }
            Ok(())
        };
        let done = all_or_none(&order, &change, &|_, ()| (), &|| Ok(()));
        assert_eq!(done.map(|done| done.len()), Ok(hosts.len()));
    }
}
