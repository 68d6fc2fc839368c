//! Tasks: calls that change something have one while they run; those of `Async.` calls stay, with what became of them
//! (wire-protocol facts, 10).

mod client;
mod queue;

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use xapi_db::{Draft, Read};
use xapi_model::messages::{Kind, Message};
use xapi_model::task::Cancel;
use xapi_model::{
    ApiError, Class, Event, Ref, Role, Task, TaskAllowedOperations, TaskStatusType, Value, errors,
};

use crate::Result;
use crate::context::{Caller, Core, Cx, Origin};
use crate::dispatch::{self, Api};
use crate::roles;

pub use client::{
    add_to_other_config, create, destroy, remove_from_other_config, set_error_info,
    set_other_config, set_progress, set_result, set_status,
};
pub(crate) use queue::Slots;

/// The key in a task's `other_config` under which the request is named as in the log.
const REQUEST: &str = "xapi:request";
/// Completed tasks are kept this long, in seconds, so that clients can read how they ended.
const KEEP_COMPLETED: i64 = 3900;
/// Pending tasks without progress are kept this long, in seconds.
const KEEP_STALLED: i64 = 24 * 3600;
/// Above this number of completed tasks the oldest go.
const MOST_TASKS: usize = 200;
/// But none that completed less than so many seconds ago: somebody may be about to read how it ended.
const KEEP_YOUNG: i64 = 60;
/// Pending tasks that there may be; clients make them too.
const MOST_PENDING: usize = 2000;
/// Pending tasks, and completed ones, of one user other than the superuser.
const MOST_OF_A_USER: usize = 500;

/// The permission to act on the tasks of others, and the weakest role that has it.
pub(crate) const ANY_TASK: (&str, Role) = ("task.destroy/any", Role::PoolOperator);

/// Share of a change that is done once all is checked and before the host is touched.
const CHECKED: f64 = 0.1;

/// What begins the reference of a task that has no row.
const DUMMY: &str = "DummyRef:";

/// Progress of old pending tasks at the last look.
#[derive(Default)]
pub(crate) struct Stalled(Mutex<HashMap<Ref<Task>, f64>>);

/// Whether calls of a message have tasks. A client that follows tasks is not told of the following.
fn has_task(message: &Message) -> bool {
    message.is_async && ![Task::NAME, Event::NAME].contains(&message.class.name)
}

/// Carries a call out at once, under the task that the request names or one of its own.
pub(crate) fn run_now(
    api: &Api,
    origin: &Origin,
    caller: Option<Caller>,
    message: &'static Message,
    name: &str,
    params: Vec<Value>,
) -> Result<Value> {
    let core = api.core();
    let mut cx = Cx {
        core,
        session: caller,
        task: None,
        late: None,
        origin,
    };
    if has_task(message) && matches!(message.kind, Kind::Declared(_)) {
        match named(&cx, origin.task_id.as_deref())? {
            Some(task) => cx.task = Some(task),
            None => cx.late = Some(Late::new(name)),
        }
    }
    let outcome = dispatch::run(&cx, message, params);
    if let Some(task) = cx.late.as_ref().and_then(|late| late.task.get())
        && let Err(why) = core.store.change(|draft| remove(draft, task))
    {
        // The call has ended one way or the other; once it is complete housekeeping takes the row.
        tracing::warn!("the task of {name} was not removed: {why}");
        finish(core, task, Err(why))?;
    }
    outcome
}

/// The task of a call whose caller waits for it: made when the checks are done and the work begins, and gone with the
/// answer. A call that is refused leaves no trace of one.
pub(crate) struct Late {
    label: String,
    task: OnceCell<Ref<Task>>,
}

impl Late {
    fn new(label: &str) -> Late {
        Late {
            label: label.to_owned(),
            task: OnceCell::new(),
        }
    }
}

/// Starts an `Async.` call; the result is its task.
pub(crate) fn start(
    api: &Api,
    origin: &Origin,
    caller: Option<Caller>,
    message: &'static Message,
    name: &str,
    params: Vec<Value>,
) -> Result<Value> {
    let core = Arc::clone(api.core());
    let cx = Cx {
        core: &core,
        session: caller,
        task: None,
        late: None,
        origin,
    };
    if !has_task(message) {
        return start_without(&cx, message, name, params);
    }
    // The pool's hosts carry a call on under the task of the host that it came to, which also ends it.
    let theirs = match name.starts_with("InternalAsync.") {
        true => None,
        false => named(&cx, origin.task_id.as_deref())?,
    };
    let task = match &theirs {
        Some(task) => task.clone(),
        None => {
            let row = fresh(&cx, name, "")?;
            core.store.change(|draft| {
                make_room(&core, draft, &row.owner, Work::Left)?;
                draft.insert(row.clone())
            })?
        }
    };
    let made = task.clone();
    let ours = theirs.is_none();
    let job = {
        let (core, origin, caller) = (Arc::clone(&core), origin.clone(), cx.session.clone());
        move || {
            let cx = Cx {
                core: &core,
                session: caller,
                task: Some(task.clone()),
                late: None,
                origin: &origin,
            };
            let outcome = cx
                .stop_if_cancelled()
                .and_then(|()| dispatch::run(&cx, message, params));
            if ours && let Err(why) = finish(&core, &task, outcome) {
                tracing::error!("task {task} could not be completed: {why}");
            }
        }
    };
    if let Err(why) = core.async_slots.submit(Some(made.clone()), job) {
        if ours {
            core.store.change(|draft| remove(draft, &made))?;
        }
        return Err(why);
    }
    Ok(Value::Str(made.as_str().to_owned()))
}

/// Starts an `Async.` call that has no task; the result looks like one.
fn start_without(
    cx: &Cx<'_>,
    message: &'static Message,
    name: &str,
    params: Vec<Value>,
) -> Result<Value> {
    let reference = dummy(name);
    let (core, origin, caller) = (Arc::clone(cx.core), cx.origin.clone(), cx.session.clone());
    let label = name.to_owned();
    let job = move || {
        let cx = Cx {
            core: &core,
            session: caller,
            task: None,
            late: None,
            origin: &origin,
        };
        if let Err(why) = dispatch::run(&cx, message, params) {
            // Nobody can be told: the code alone, since parameters may be anything.
            tracing::info!("{label}: {}", why.code);
        }
    };
    cx.core.async_slots.submit(None, job)?;
    Ok(Value::Str(reference))
}

fn dummy(name: &str) -> String {
    format!("{DUMMY}|{}|{name}", uuid::Uuid::new_v4())
}

/// The task that a request names, if the caller may act on it.
fn named(cx: &Cx<'_>, text: Option<&str>) -> Result<Option<Ref<Task>>> {
    let task = Ref::<Task>::new(text.unwrap_or_default());
    if task.is_null() || task.as_str().starts_with(DUMMY) {
        return Ok(None);
    }
    may_act(&cx.core.view()?, cx.session.as_ref(), &task)?;
    Ok(Some(task))
}

/// Refuses whoever may not act on a task: it belongs to the user who made it; others need a permission.
fn may_act(read: &impl Read, caller: Option<&Caller>, task: &Ref<Task>) -> Result<()> {
    let owner = read.field(task, Task::OWNER)?;
    match caller {
        Some(caller) if !caller.sid.is_empty() && caller.sid == owner => Ok(()),
        caller => roles::permit(caller, ANY_TASK.0, ANY_TASK.1, false),
    }
}

fn fresh(cx: &Cx<'_>, label: &str, description: &str) -> Result<Task> {
    let caller = cx.session.as_ref();
    let session = caller
        .filter(|caller| !caller.local)
        .map(|caller| caller.session.clone());
    // By this the log's lines about the request are found.
    let request = &cx.origin.request;
    let request = (!request.is_none()).then(|| (REQUEST.to_owned(), request.to_string()));
    Ok(Task {
        name_label: label.to_owned(),
        name_description: description.to_owned(),
        created: cx.core.now(),
        status: TaskStatusType::Pending,
        resident_on: cx.core.localhost()?,
        kind: "<none/>".to_owned(),
        // The keys come from the server as they shall stand: `http:KEY`.
        other_config: cx
            .origin
            .other_config
            .iter()
            .cloned()
            .chain(request)
            .collect::<BTreeMap<_, _>>(),
        subtask_of: named(cx, cx.origin.subtask_of.as_deref())?.unwrap_or_default(),
        session: session.unwrap_or_default(),
        owner: caller.map(|caller| caller.sid.clone()).unwrap_or_default(),
        ..Task::blank()
    })
}

/// Writes the outcome of a task, unless it has one.
fn finish(core: &Core, task: &Ref<Task>, outcome: Result<Value>) -> Result<()> {
    core.store.change(|draft| {
        if !draft.exists(task)? || draft.field(task, Task::STATUS)? != TaskStatusType::Pending {
            return Ok(());
        }
        end(core, draft, task)?;
        match &outcome {
            Ok(value) => {
                draft.set(task, Task::RESULT, xapi_wire::xmlrpc::encode_value(value))?;
                draft.set(task, Task::STATUS, TaskStatusType::Success)
            }
            Err(why) => {
                let info = std::iter::once(&why.code)
                    .chain(&why.params)
                    .cloned()
                    .collect();
                draft.set(task, Task::ERROR_INFO, info)?;
                let cancelled = why.code == "TASK_CANCELLED";
                let status = if cancelled {
                    TaskStatusType::Cancelled
                } else {
                    TaskStatusType::Failure
                };
                draft.set(task, Task::STATUS, status)
            }
        }
    })
}

fn end(core: &Core, draft: &Draft, task: &Ref<Task>) -> Result<()> {
    draft.set(task, Task::FINISHED, core.now())?;
    draft.set(task, Task::PROGRESS, 1.0)?;
    draft.set(task, Task::ALLOWED_OPERATIONS, Vec::new())
}

/// `task.cancel`: one that waits for a thread ends at once; one that runs is asked to. What has ended stays as it is.
pub fn cancel(cx: &Cx<'_>, call: Cancel) -> Result<()> {
    let core = cx.core;
    let by = match cx.task() {
        Some(task) => task.as_str().to_owned(),
        None => dummy("task.cancel"),
    };
    let pending = core.store.change(|draft| {
        may_act(draft, cx.session.as_ref(), &call.task)?;
        if draft.field(&call.task, Task::STATUS)? != TaskStatusType::Pending {
            return Ok(false);
        }
        let mut operations = draft.field(&call.task, Task::CURRENT_OPERATIONS)?;
        let asked = |operation: &TaskAllowedOperations| *operation == TaskAllowedOperations::Cancel;
        // Asked once is enough: the map must not grow with every click.
        if !operations.values().any(asked) {
            operations.insert(by.clone(), TaskAllowedOperations::Cancel);
            draft.set(&call.task, Task::CURRENT_OPERATIONS, operations)?;
        }
        Ok(true)
    })?;
    if pending && core.async_slots.withdraw(&call.task) {
        core.store.change(|draft| {
            if !draft.exists(&call.task)? {
                return Ok(());
            }
            end(core, draft, &call.task)?;
            draft.set(&call.task, Task::STATUS, TaskStatusType::Cancelled)
        })?;
    }
    Ok(())
}

impl Cx<'_> {
    /// The task that this call is carried out under, if it has one by now.
    pub fn task(&self) -> Option<&Ref<Task>> {
        let late = self.late.as_ref();
        self.task
            .as_ref()
            .or_else(|| late.and_then(|late| late.task.get()))
    }

    /// The checks are done, the work begins: from here on the call can be seen, and says how far it has come.
    pub fn begin(&self) -> Result<()> {
        if let Some(late) = &self.late
            && late.task.get().is_none()
        {
            let row = Task {
                progress: CHECKED,
                ..fresh(self, &late.label, "")?
            };
            let task = self.core.store.change(|draft| {
                make_room(self.core, draft, &row.owner, Work::Awaited)?;
                draft.insert(row.clone())
            })?;
            late.task.get_or_init(|| task);
            return Ok(());
        }
        self.progress(CHECKED);
        Ok(())
    }

    /// TASK_CANCELLED [task] once somebody has asked for that. For a handler to ask before each step that it can still
    /// do without.
    pub fn stop_if_cancelled(&self) -> Result<()> {
        let Some(task) = self.task() else {
            return Ok(());
        };
        let view = self.core.view()?;
        if !view.exists(task)? {
            return Ok(());
        }
        let operations = view.field(task, Task::CURRENT_OPERATIONS)?;
        match operations
            .values()
            .any(|operation| *operation == TaskAllowedOperations::Cancel)
        {
            true => Err(errors::task_cancelled(task)),
            false => Ok(()),
        }
    }

    /// Says how far the call has come, 0 to 1.
    pub fn progress(&self, share: f64) {
        let Some(task) = self.task() else { return };
        let told = self.core.store.change(|draft| match draft.exists(task)? {
            true => draft.set(task, Task::PROGRESS, share),
            false => Ok(()),
        });
        if let Err(why) = told {
            // The call goes on all the same; its end is told by its own commit.
            tracing::warn!("the progress of task {task} was not written: {why}");
        }
    }
}

/// Removes a task; its parts stand alone then.
fn remove(draft: &Draft, task: &Ref<Task>) -> Result<()> {
    if !draft.exists(task)? {
        return Ok(());
    }
    for part in draft.find(Task::SUBTASK_OF, task)? {
        draft.set(&part, Task::SUBTASK_OF, Ref::null())?;
    }
    draft.destroy(task)
}

/// Whose work a task is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Of a call that somebody waits for: there are no more of them than calls under way.
    Awaited,
    /// Of a task that goes on by itself.
    Left,
}

/// Makes room for one more task; TOO_MANY_PENDING_TASKS if there is none. Neither the superuser nor who waits for a call
/// is refused because of what others have left.
fn make_room(core: &Core, draft: &Draft, owner: &str, work: Work) -> Result<()> {
    if draft.refs(Task::DESC)?.len() < MOST_TASKS {
        return Ok(());
    }
    trim(core, draft)?;
    let superuser = owner.is_empty();
    let most = match superuser {
        true => MOST_PENDING,
        false => MOST_OF_A_USER,
    };
    let pending = pending(draft)?;
    let own = draft.find(Task::OWNER, &owner.to_owned())?;
    let (own, mut done): (Vec<_>, Vec<_>) = own.into_iter().partition(|one| pending.contains(one));
    let others_fit = superuser || work == Work::Awaited || pending.len() < MOST_PENDING;
    if own.len() >= most || !others_fit {
        return Err(errors::too_many_pending_tasks());
    }
    // Whoever completes more than that within a minute loses their own.
    if done.len() >= most {
        let surplus = done.len() + 1 - most;
        by_end(draft, &mut done)?;
        for task in done.iter().take(surplus) {
            remove(draft, task)?;
        }
    }
    Ok(())
}

fn pending(draft: &Draft) -> Result<HashSet<Ref<Task>>> {
    let pending = draft.find(Task::STATUS, &TaskStatusType::Pending)?;
    Ok(pending.into_iter().collect())
}

/// Sorts tasks by when they ended.
fn by_end(draft: &Draft, tasks: &mut [Ref<Task>]) -> Result<()> {
    let mut ends = HashMap::new();
    for task in tasks.iter() {
        ends.insert(task.clone(), draft.field(task, Task::FINISHED)?.unix());
    }
    tasks.sort_by_key(|task| ends.get(task).copied());
    Ok(())
}

/// Removes completed tasks that are old, too many, or not wanted any more. Texts of tasks may be long: none is read.
fn trim(core: &Core, draft: &Draft) -> Result<()> {
    let now = core.now().unix();
    let pending = pending(draft)?;
    let all = draft.refs(Task::DESC)?.into_iter().map(Ref::new);
    let mut done: Vec<Ref<Task>> = all.filter(|task| !pending.contains(task)).collect();
    by_end(draft, &mut done)?;
    let surplus = (done.len() + 1).saturating_sub(MOST_TASKS);
    for (at, task) in done.iter().enumerate() {
        let age = now - draft.field(task, Task::FINISHED)?.unix();
        let operations = draft.field(task, Task::CURRENT_OPERATIONS)?;
        let unwanted = operations
            .values()
            .any(|operation| *operation == TaskAllowedOperations::Destroy);
        if unwanted || age > KEEP_COMPLETED || (at < surplus && age >= KEEP_YOUNG) {
            remove(draft, task)?;
        }
    }
    Ok(())
}

/// Removes what completed long ago, and what has stood still for a day. Called by the housekeeping thread.
pub fn collect(core: &Core) -> Result<()> {
    let now = core.now().unix();
    let mut stalled = core
        .stalled
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let seen = core.store.change(|draft| {
        trim(core, draft)?;
        let mut seen = HashMap::new();
        for task in draft.find(Task::STATUS, &TaskStatusType::Pending)? {
            let row = draft.get(&task)?;
            if now - row.created.unix() <= KEEP_STALLED {
                continue;
            }
            if stalled.get(&task) == Some(&row.progress) {
                tracing::warn!("task {task} has made no progress for a day: removed");
                remove(draft, &task)?;
            } else {
                seen.insert(task, row.progress);
            }
        }
        Ok(seen)
    })?;
    *stalled = seen;
    Ok(())
}

/// MAP_DUPLICATE_KEY of a task's `other_config`.
fn duplicate(task: &Ref<Task>, key: &str) -> ApiError {
    errors::map_duplicate_key("task", "other_config", task, key)
}
