//! A long call that somebody looks at: it runs as a task, and the task says how far it is.

use std::rc::Rc;
use std::time::Duration;

use xapi_model::messages::Message;
use xapi_model::{ApiError, Type, Value, classes};
use xapi_wire::{Limits, xmlrpc};

use crate::events;
use crate::failure::Failure;
use crate::rpc::Watcher;
use crate::server::{Server, surprise};

/// Seconds that one question for events takes at most. After it the clock is drawn anew, and the wish to stop is heard.
const LOOK: f64 = 0.5;
/// Between questions to a server without events, at first.
const PAUSE: Duration = Duration::from_millis(50);
/// The same, when the call takes long.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Carries a message out as a task, and gives its result.
pub fn call(
    server: &mut Server<'_>,
    watcher: &mut dyn Watcher,
    message: &Message,
    params: Vec<Value>,
) -> Result<Value, Failure> {
    let started = format!("Async.{}", message.name);
    let task = match server.call(&started, params)? {
        Value::Str(task) => task,
        other => return Err(surprise(&started, &other)),
    };
    watcher.begin(&message.name);
    let ended = follow(server, watcher, &task);
    watcher.end();
    let record = ended?;
    let outcome = outcome(&task, message, &record);
    // The outcome is known; a task that stays is removed by the server some day.
    drop(server.call("task.destroy", vec![task.into()]));
    outcome
}

/// Waits for the end of a task and gives its record.
fn follow(
    server: &mut Server<'_>,
    watcher: &mut dyn Watcher,
    task: &str,
) -> Result<Rc<Value>, Failure> {
    let mut news = News::new(task);
    let mut stopped = false;
    let mut progress = 0.0;
    loop {
        if let Some(record) = news.next(server, watcher)? {
            if record.member("status").and_then(Value::as_str) != Some("pending") {
                return Ok(record);
            }
            let told = record.member("progress").cloned().unwrap_or_default();
            if let Ok(Value::Float(told)) = Type::Float.accept(told) {
                progress = told.clamp(0.0, 1.0);
            }
        }
        watcher.show(progress);
        if watcher.wants_to_stop() && !std::mem::replace(&mut stopped, true) {
            match server.call("task.cancel", vec![task.into()]) {
                Ok(_) => watcher.tell("Asked to stop. Once more, and xe leaves it to itself."),
                Err(Failure::Api(why)) => watcher.tell(&format!(
                    "It cannot be stopped ({}). Once more, and xe leaves it to itself.",
                    why.code
                )),
                Err(lost) => return Err(lost),
            }
        }
    }
}

/// Tells how a task changes: by events, or where the server has none by asking again and again.
struct News {
    task: String,
    token: String,
    /// None while there are events.
    pause: Option<Duration>,
}

impl News {
    fn new(task: &str) -> News {
        News {
            task: task.to_owned(),
            token: String::new(),
            pause: None,
        }
    }

    /// The record of the task, if it has changed.
    fn next(
        &mut self,
        server: &mut Server<'_>,
        watcher: &mut dyn Watcher,
    ) -> Result<Option<Rc<Value>>, Failure> {
        if self.pause.is_none() {
            let subscription = format!("task/{}", self.task);
            match events::from(server, &subscription, &self.token, LOOK) {
                Ok(batch) => {
                    self.token = batch.token;
                    if batch.gone.contains(&self.task) {
                        return Err(self.gone());
                    }
                    let mut changed = batch.changed.into_iter();
                    let own = changed.find(|row| row.reference == self.task);
                    return Ok(own.map(|row| row.record));
                }
                // Whatever is wrong with events, the task can still be asked; if it is something else, that tells.
                Err(Failure::Api(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        let pause = self
            .pause
            .map_or(PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
        if self.pause.replace(pause).is_some() {
            watcher.pause(pause);
        }
        let tasks = classes::class("task");
        let tasks =
            tasks.ok_or_else(|| Failure::Answer("no class task in the model".to_owned()))?;
        server.forget();
        let record = server.lookup(tasks, &self.task)?;
        record.map(Some).ok_or_else(|| self.gone())
    }

    fn gone(&self) -> Failure {
        Failure::Api(ApiError::new(
            "HANDLE_INVALID",
            vec!["task".to_owned(), self.task.clone()],
        ))
    }
}

/// What the call itself would have answered.
fn outcome(task: &str, message: &Message, record: &Value) -> Result<Value, Failure> {
    let text = |field: &str| record.member(field).and_then(Value::as_str);
    match text("status") {
        Some("success") => result(message, text("result").unwrap_or_default()),
        Some("cancelled") => Err(Failure::Api(ApiError::new(
            "TASK_CANCELLED",
            vec![task.to_owned()],
        ))),
        _ => {
            let info = record.member("error_info").and_then(Value::as_array);
            let words = info.unwrap_or_default().iter();
            let mut words = words.filter_map(Value::as_str).map(str::to_owned);
            match words.next() {
                Some(code) => Err(Failure::Api(ApiError::new(code, words.collect()))),
                None => Err(Failure::Answer(
                    "the task failed and does not say why".to_owned(),
                )),
            }
        }
    }
}

/// Results of tasks are texts of XML-RPC.
fn result(message: &Message, text: &str) -> Result<Value, Failure> {
    if matches!(message.result, Type::Void) {
        return Ok(Value::Nil);
    }
    let wrong = |why: &dyn std::fmt::Display| {
        Failure::Answer(format!("the task of {} has no result: {why}", message.name))
    };
    let value = xmlrpc::decode_value(text.as_bytes(), &Limits::REPLY).map_err(|why| wrong(&why))?;
    message.result.accept(value).map_err(|why| wrong(&why))
}
