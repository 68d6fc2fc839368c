//! Hosts come into the pool and leave it: what the joining host, the leaving one and the master do.

use std::sync::Arc;
use std::time::Duration;

use xapi_client::{Client, ClientError, Options, Trust};
use xapi_db::{CommitError, Read};
use xapi_model::pool::{Eject, Join, JoinForce};
use xapi_model::{ApiError, Host, Ref, Value, errors};

use super::dowry::Dowry;
use super::join::JoinPlan;
use super::role::Role;
use super::secret::PoolSecret;
use super::verbs::{Admission, Granted, Wish, decode, encode};
use super::{eject, join, link, rotation, secret, transition};
use crate::Result;
use crate::context::{Core, Cx, db_error};
use crate::session;

/// How long one call of the master may take.
const LOGIN: Duration = Duration::from_secs(30);

/// How long the master may take to let a host in.
const ADMISSION: Duration = Duration::from_secs(60);

/// Where a call of another host's API goes, and as whom.
struct Master<'a> {
    address: &'a str,
    user: &'a str,
    password: &'a str,
}

/// `pool.join`: this host, the master of its own pool, becomes a slave of another one.
pub fn join(cx: &Cx<'_>, call: Join) -> Result<()> {
    let master = Master {
        address: &call.master_address,
        user: &call.master_username,
        password: &call.master_password,
    };
    enter(cx, &master, false)
}

/// `pool.join_force`: also if this host is unlike the others.
pub fn join_force(cx: &Cx<'_>, call: JoinForce) -> Result<()> {
    let master = Master {
        address: &call.master_address,
        user: &call.master_username,
        password: &call.master_password,
    };
    enter(cx, &master, true)
}

fn enter(cx: &Cx<'_>, master: &Master<'_>, force: bool) -> Result<()> {
    let core = cx.core;
    if core.pool.standing.role() != Role::Master {
        return Err(errors::operation_not_allowed(
            "Host is already part of a pool",
        ));
    }
    let address = transition::resolved(&core.config, master.address)?;
    if transition::own_addresses(&*core.agent)?.contains(&address) {
        return Err(errors::operation_not_allowed(
            "Host cannot become slave of itself",
        ));
    }
    let host = core.localhost()?;
    // Nothing of this host's network changes between what is told and the end of what it was.
    let _turn = core.turn(&host)?;
    let secret = secret_of(core.config.port, &address, master)?;
    let other = Other {
        core,
        address: &address,
        secret: &secret,
    };
    join::ask(core, cx.origin, force, &other)
}

/// The pool that a host is on its way into.
struct Other<'a> {
    core: &'a Arc<Core>,
    address: &'a str,
    secret: &'a PoolSecret,
}

impl Other<'_> {
    /// Asks the pool's master, who answers once to a host that is not in the pool; and the pool's UUID.
    fn asked(&self, wish: &Wish) -> Result<(Granted, String)> {
        let failed = |why: String| {
            tracing::warn!("the pool's master: {why}");
            errors::joining_host_connection_failed()
        };
        let (peer, pool) = link::joining(self.core, self.address, self.secret)?;
        let question = encode(wish).map_err(failed)?;
        let answer = peer.ask(question, ADMISSION);
        peer.close("the host has its answer");
        let answer = answer.map_err(|why| failed(why.to_string()))?;
        Ok((decode(&answer).map_err(failed)?, pool))
    }

    fn admission(&self, dowry: &Dowry, force: bool) -> Box<Admission> {
        Box::new(Admission {
            dowry: dowry.clone(),
            force,
            secret: Some(self.secret.mark()),
        })
    }
}

impl join::Other for Other<'_> {
    fn plan(&self, dowry: &Dowry, force: bool) -> Result<JoinPlan> {
        match self.asked(&Wish::Plan(self.admission(dowry, force)))?.0 {
            Granted::Planned(outcome) => outcome.map_err(ApiError::from),
            other => Err(strange(&other)),
        }
    }

    fn take(&self, dowry: &Dowry, force: bool) -> Result<()> {
        let (granted, pool) = self.asked(&Wish::Admit(self.admission(dowry, force)))?;
        match granted {
            Granted::Admitted(outcome) => outcome.map_err(ApiError::from)?,
            other => return Err(strange(&other)),
        }
        // In this order: with the role but without the secret the host could not be heard.
        secret::write(&self.core.config, self.secret)?;
        transition::become_slave(self.core, self.address.to_owned(), &pool)?;
        // Nothing of what is committed until it begins anew would be in the pool.
        self.core.store.follow_only(true);
        Ok(())
    }
}

fn strange(answer: &Granted) -> ApiError {
    tracing::warn!("the pool's master answers {answer:?}");
    errors::joining_host_connection_failed()
}

/// The secret of the pool, from its master: whoever may have it may bring a host in.
fn secret_of(port: u16, address: &str, master: &Master<'_>) -> Result<PoolSecret> {
    let connection = |why: ClientError| {
        tracing::warn!("{address}: {why}");
        match why {
            // The other side has said why.
            ClientError::Api(error) => match error.code.as_ref() {
                "HOST_IS_SLAVE" => error,
                _ => errors::joining_host_service_failed(),
            },
            _ => errors::joining_host_connection_failed(),
        }
    };
    // Its certificate is not known before the pool is; what is said over the link afterwards is bound to the secret.
    let trust = Trust::nobody_known().map_err(|why| errors::internal_error(why.to_string()))?;
    let client = Client::tls(address, port, trust).with(Options {
        call_timeout: Some(LOGIN),
        ..Options::default()
    });
    let words = [master.user, master.password, "2.23", "xapi-rs join"].map(Value::from);
    let session = client
        .call("session.login_with_password", words.to_vec())
        .map_err(connection)?;
    let told = client.call("pool.initial_auth", vec![session.clone()]);
    if let Err(why) = client.call("session.logout", vec![session]) {
        tracing::info!("{address}: the session stays until it is idle: {why}");
    }
    match told.map_err(connection)? {
        Value::Str(text) if !text.is_empty() => Ok(PoolSecret::given(&text)),
        _ => Err(errors::joining_host_service_failed()),
    }
}

/// A host that has the secret asks to be let in.
pub(super) fn admit(
    core: &Arc<Core>,
    admission: &Admission,
    named: &str,
    fingerprint: &str,
) -> Result<()> {
    let opened = admission.dowry.open()?;
    // Whoever asks must be the host that it brings, and if the pool knows that, by the certificate that it shows.
    let is_its_own = opened.uuid() == named && opened.fingerprints()?.contains(fingerprint);
    if !is_its_own || !join::may_come_again(&core.view()?, named, fingerprint)? {
        return Err(errors::host_unknown_to_master(named));
    }
    drop(opened);
    let _settled = rotation::is_settled(core, admission.secret.as_deref())?;
    let host = core
        .store
        .change(|draft| join::admit(draft, &admission.dowry, admission.force))?;
    tracing::warn!("{host}: has joined the pool");
    Ok(())
}

/// What letting a host in would come to.
pub(super) fn planned(core: &Core, admission: &Admission) -> Result<JoinPlan> {
    join::plan(&core.view()?, &admission.dowry, admission.force)
}

/// `pool.eject`: a host leaves the pool, and starts anew as one of its own, reached by the same address on one NIC.
pub fn eject(cx: &Cx<'_>, call: Eject) -> Result<()> {
    let (core, host) = (cx.core, &call.host);
    // Whoever is refused need not wait.
    eject::may_be_ejected(&core.view()?, host)?;
    let _turn = core.turn(host)?;
    let enabled = core.store.change(|draft| {
        let enabled = draft.field(host, Host::ENABLED)?;
        draft.set(host, Host::ENABLED, false)?;
        Ok(enabled)
    })?;
    if let Err(why) = send_away(core, host) {
        core.store
            .change(|draft| draft.set(host, Host::ENABLED, enabled))?;
        return Err(why);
    }
    session::end_of_host(core, host)?;
    forget(core, host)?;
    core.pool.forget(host);
    core.sending.forget(host);
    tracing::warn!("{host}: has left the pool");
    Ok(())
}

/// Has a host leave that takes no machines any more. What was so before the wait for others need not be so now.
fn send_away(core: &Core, host: &Ref<Host>) -> Result<()> {
    let view = core.view()?;
    eject::may_be_ejected(&view, host)?;
    let leaving = eject::leaving(&view, host)?;
    drop(view);
    core.pool.dismiss(host, leaving.trigger.text())
}

/// The host is gone: nothing can be in the way of that its rows go, however often somebody else is quicker.
fn forget(core: &Core, host: &Ref<Host>) -> Result<()> {
    loop {
        let draft = core.store.draft().map_err(db_error)?;
        eject::forget(&draft, host)?;
        match core.store.commit(draft) {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict { class, reference }) => {
                tracing::info!("{host}: the rows go in another round, for {class} {reference}");
            }
            Err(why) => return Err(why.into()),
        }
    }
}
