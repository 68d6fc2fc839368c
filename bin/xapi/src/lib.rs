//! The daemon's configuration, and the seam between the server and the calls: what requests are answered with. Apart
//! from the program, so that tests use both as the program does.

pub mod limits;
mod pages;
pub mod settings;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tracing::info;
use xapi_cli::thin::{self, Patience, Served};
use xapi_core::emergency::Emergency;
use xapi_core::{Api, Begun, Origin};
use xapi_model::{ApiError, Value, errors, writer};
use xapi_server::{Answer, Fetch, Handler, Origin as ServerOrigin, Page, Stream, Waiting};

/// The API behind the server's seam.
pub struct Answers(pub Api);

impl Answers {
    /// Where a request came from, if it may come from there.
    fn admit(&self, origin: &ServerOrigin) -> Result<Origin, ApiError> {
        // Connections that were there before management was disabled are still open.
        admitted(origin, self.0.core().management_enabled())
    }
}

fn admitted(origin: &ServerOrigin, enabled: bool) -> Result<Origin, ApiError> {
    if origin.elsewhere && !enabled {
        return Err(errors::host_has_no_management_ip());
    }
    Ok(Origin {
        request: origin.request,
        local_root: origin.local_root,
        peer: Arc::clone(&origin.peer),
        user_agent: origin.user_agent.clone(),
        other_config: origin.other_config.clone(),
        task_id: origin.task_id.clone(),
        subtask_of: origin.subtask_of.clone(),
    })
}

/// The few calls of a host without its database behind the server's seam.
pub struct Emergencies(pub Emergency);

impl Handler for Emergencies {
    fn call(
        &self,
        origin: &ServerOrigin,
        name: &str,
        params: Vec<Value>,
    ) -> Result<Value, ApiError> {
        let origin = admitted(origin, self.0.management_enabled())?;
        self.0.call(&origin, name, params)
    }

    fn fetch(&self, _: &ServerOrigin, fetch: &Fetch) -> Page {
        match fetch.path.as_str() {
            "/health" => Page::Failed,
            _ => Page::NotFound,
        }
    }

    fn quick(&self, name: &str) -> bool {
        Emergency::is_quick(name)
    }
}

impl Handler for Answers {
    fn call(
        &self,
        origin: &ServerOrigin,
        name: &str,
        params: Vec<Value>,
    ) -> Result<Value, ApiError> {
        self.0.call(&self.admit(origin)?, name, params)
    }

    fn answer(
        &self,
        origin: &ServerOrigin,
        name: &str,
        params: Vec<Value>,
    ) -> Result<Answer, ApiError> {
        match self.0.begin(&self.admit(origin)?, name, params)? {
            Begun::Done(value) => Ok(Answer::Value(value)),
            Begun::Written(written) => Ok(Answer::Written(written)),
            Begun::Waits(wait) => wait.block().map(Answer::Value),
            Begun::Asks(errand) => errand.block().map(Answer::Value),
        }
    }

    fn answered(&self, name: &str, error: Option<&ApiError>, took: Duration) {
        self.0.core().metrics.called(name, error, took);
    }

    fn fetch(&self, origin: &ServerOrigin, fetch: &Fetch) -> Page {
        match self.admit(origin) {
            Ok(origin) => pages::fetch(&self.0, &origin, fetch),
            Err(refused) => Page::Forbidden(refused.to_string()),
        }
    }

    fn waits(&self, name: &str) -> bool {
        Api::waits(name)
    }

    fn begin(
        &self,
        origin: &ServerOrigin,
        name: &str,
        params: Vec<Value>,
    ) -> Result<Box<dyn Waiting>, ApiError> {
        let begun = self.0.begin(&self.admit(origin)?, name, params)?;
        Ok(Box::new(Waits(begun)))
    }

    fn quick(&self, name: &str) -> bool {
        self.0.is_quick(name)
    }

    fn cli(
        &self,
        origin: &ServerOrigin,
        arguments: &[u8],
        stream: &mut dyn Stream,
        patience: Duration,
    ) {
        let patience = Patience {
            answer: patience,
            ..Patience::default()
        };
        let mut call = |wishes: &[(String, String)], name: &str, params: Vec<Value>| {
            let mut origin = origin.clone();
            let wishes = wishes.iter();
            let wishes = wishes.map(|(key, value)| (format!("http:{key}"), value.clone()));
            origin.other_config.extend(wishes);
            self.call(&origin, name, params)
        };
        // Parameters may be secrets and are not logged; the calls that a command makes are checked like any others.
        match thin::serve(stream, arguments, &mut call, patience) {
            Ok(Served { command, status }) => {
                info!(target: "xapi::access", peer = &*origin.peer, status, "xe {command}");
            }
            Err(why) => info!(target: "xapi::access", peer = &*origin.peer, "xe: {why}"),
        }
    }
}

/// A call that waits for events, behind the server's seam.
struct Waits(Begun);

impl Waiting for Waits {
    fn look(&mut self, last: bool) -> Option<Result<Value, ApiError>> {
        match &mut self.0 {
            Begun::Done(value) => Some(Ok(std::mem::take(value))),
            Begun::Written(written) => Some(writer::built(written.as_ref())),
            Begun::Waits(wait) => wait.look(last),
            Begun::Asks(errand) => Some(errand.block()),
        }
    }

    fn is_long(&self) -> bool {
        match &self.0 {
            Begun::Waits(wait) => wait.is_long(),
            // It waits over there, and a thread here.
            Begun::Asks(_) => true,
            Begun::Done(_) | Begun::Written(_) => false,
        }
    }

    fn changed(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        match &mut self.0 {
            Begun::Done(_) | Begun::Written(_) | Begun::Asks(_) => Box::pin(std::future::ready(())),
            Begun::Waits(wait) => Box::pin(wait.changed()),
        }
    }
}
