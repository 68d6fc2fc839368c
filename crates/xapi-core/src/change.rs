//! A change of a host's network: draft, converge, commit; or nothing.
//!
//! The closure edits a draft. The topology that follows from the draft goes to the host's agent, which makes it so or
//! leaves everything as it was. What the agent found out goes into the draft, and one short write transaction
//! commits it. Before the commit nothing is visible to anybody; after it the host already looks as the rows say. A
//! crash in between leaves the old rows, and the next start converges the host on them.

use std::collections::BTreeSet;

use xapi_conf::inventory;
use xapi_db::{CommitError, Draft, Read};
use xapi_model::{ApiError, Class, Host, Pif, Ref, errors};
use xapi_net::agent::{Cause, Mode, NetError, Outcome, Part, Request, Undo};
use xapi_net::facts::Facts;
use xapi_net::topology::Topology;

use crate::Result;
use crate::context::{Core, Cx, db_error};
use crate::guests::release;
use crate::metrics::Ended;
use crate::proof::{self, Asked, Care, Proof};
use crate::{diverged, facts, firewall, last_topology, planned, pool, reset, startup, topology};

/// How often a change is tried again because somebody else committed in between, for each host of the pool: as many may
/// be changed at the same time, and all of them concern the rows of one network.
const ROUNDS: usize = 3;

/// Why a call may not change the network while nobody knows which interface is management.
const NO_MANAGEMENT: &str = "the host has no management interface yet, and what is plugged now would take away the network \
     as it is: give a PIF an address and make it the management interface (host.management_reconfigure) first";

impl Cx<'_> {
    /// Changes the network of `host`. `about` is the PIF that an error of the host's network is reported about when it
    /// concerns no other PIF.
    pub fn change<T>(
        &self,
        host: &Ref<Host>,
        about: &Ref<Pif>,
        edit: impl Fn(&Draft) -> Result<T>,
    ) -> Result<T> {
        let care = Care::of(self.origin)?;
        self.core.careful_change(&care, host, about, |draft| {
            // The last moment at which nothing has happened yet.
            self.stop_if_cancelled()?;
            let out = edit(draft)?;
            self.begin()?;
            Ok(out)
        })
    }
}

impl Core {
    /// See [`Cx::change`]; of the daemon's own accord.
    pub fn change<T>(
        &self,
        host: &Ref<Host>,
        about: &Ref<Pif>,
        edit: impl Fn(&Draft) -> Result<T>,
    ) -> Result<T> {
        self.careful_change(&Care::NONE, host, about, edit)
    }

    fn careful_change<T>(
        &self,
        care: &Care,
        host: &Ref<Host>,
        about: &Ref<Pif>,
        edit: impl Fn(&Draft) -> Result<T>,
    ) -> Result<T> {
        // The rows of a slave, and so its network, are its master's to change.
        if let Some(master) = self.pool.standing.master_address() {
            return Err(errors::host_is_slave(master));
        }
        let _turn = self.turn(host)?;
        let outcome = self.attempt(care, host, about, edit);
        self.metrics.changed(match &outcome {
            Ok(_) => Ended::Committed,
            Err((_, ended)) => *ended,
        });
        outcome.map_err(|(why, _)| why)
    }

    /// One change; a failure with what it left behind.
    fn attempt<T>(
        &self,
        care: &Care,
        host: &Ref<Host>,
        about: &Ref<Pif>,
        edit: impl Fn(&Draft) -> Result<T>,
    ) -> std::result::Result<T, (ApiError, Ended)> {
        let refused = |why| (why, Ended::Refused);
        let view = self.view().map_err(refused)?;
        let agent = self.agent_of(&view, host).map_err(refused)?;
        let hosts = view.refs(Host::DESC).map_err(refused)?.len();
        drop(view);
        let asked = Asked {
            core: self,
            host,
            agent: &*agent,
        };
        let mut converged = false;
        // What the host was last made to look like, and what it said then: only this change may make it look otherwise.
        let mut made: Option<(Topology, Facts)> = None;
        // Asked once: in a second round the host is already as asked, unless what is asked for has become another.
        let mut proof: Option<Proof> = None;
        let mut proven = None;
        let mut conflict = None;
        // Those who were overtaken commit one after the other: many hosts that are changed at once would overtake each
        // other again and again.
        let mut alone = None;
        for _ in 0..ROUNDS * hosts.max(1) {
            if conflict.is_some() && alone.is_none() {
                alone = Some(self.overtaken());
            }
            let draft = self.store.draft().map_err(db_error).map_err(refused)?;
            let mut ended = Ended::Refused;
            let outcome = edit(&draft).and_then(|out| {
                let topology = topology::of_host(&draft, host);
                let topology = topology.map_err(|why| self.told_about(about, why))?;
                if !startup::may_converge(self, &draft, host)? {
                    // What changes nothing of the network may be prepared: an address, before management gets it.
                    if topology == topology::of_host(&self.view()?, host)? {
                        if care.plan_only {
                            return Err(planned::answer(care, &[]));
                        }
                        return Ok((out, false));
                    }
                    return Err(errors::pif_configuration_error(about, NO_MANAGEMENT));
                }
                let request = self.whole(topology);
                if care.plan_only {
                    let steps = agent.plan(request);
                    let steps = steps.map_err(|why| self.refusal(&draft, host, about, &why))?;
                    return Err(planned::answer(care, &steps));
                }
                if proof.is_none() && care.looks_for_life() {
                    let before = topology::of_host(&self.view()?, host)?;
                    proof = Some(Proof::before(care, &asked, &before, &request.topology)?);
                }
                let wanted = request.topology.clone();
                let so = made.take().filter(|(topology, _)| *topology == wanted);
                if so.is_none() {
                    // Nobody waits for what a host takes its time for.
                    alone = None;
                    if self.is_here(host) {
                        pool::another::tell_before(self, &draft, host)?;
                    }
                }
                let (mut found, absent) = match so {
                    Some((_, found)) => (found, BTreeSet::new()),
                    None => {
                        let outcome = agent.converge(request).map_err(|why| {
                            ended = match why.undo {
                                Undo::Failed(_) => Ended::Diverged,
                                _ => Ended::Undone,
                            };
                            self.refusal(&draft, host, about, &why)
                        })?;
                        converged = true;
                        (outcome.facts, outcome.absent)
                    }
                };
                if let Some(proof) = proof.as_ref().filter(|_| proven.as_ref() != Some(&wanted)) {
                    let within = self.config.proof_within;
                    proof.holds(&asked, &found, &wanted, within, about)?;
                    if proof::is_autoconfigured(&wanted) {
                        // What has come meanwhile.
                        let facts = agent.facts();
                        found = facts.map_err(|why| self.unanswered(host, why))?;
                    }
                    if let Some(within) = proof.confirm_within() {
                        // Guests that have let go for this change do not wait for him without their NICs.
                        if release::offer_absent(self, &draft, host, &absent)? {
                            let again = agent.converge(self.whole(wanted.clone()));
                            let again =
                                again.map_err(|why| self.refusal(&draft, host, about, &why));
                            found = again?.facts;
                        }
                        // A person takes as long as he takes: that is no change that is stuck.
                        self.busy.ends(host);
                        self.confirmation.begin(host)?;
                        self.tell_those_in_line();
                        let said = self.confirmation.wait(within, about);
                        self.busy.begins(host);
                        said?;
                    }
                    proven = Some(wanted.clone());
                }
                diverged::unmark(&draft, host)?;
                reset::unmark(&draft, host)?;
                facts::record(self, &draft, host, &found)?;
                made = Some((wanted, found));
                Ok((out, true))
            });
            let (out, asked) = match outcome {
                Ok(done) => done,
                Err(why) if converged => {
                    drop(alone.take());
                    return Err(self.restore(host, why));
                }
                Err(why) => return Err((why, ended)),
            };
            match self.store.commit(draft) {
                Ok(_) => {
                    // What follows asks the host once more.
                    drop(alone.take());
                    if asked {
                        self.settled(host);
                    }
                    return Ok(out);
                }
                Err(CommitError::Conflict { class, reference }) => {
                    conflict = Some((class, reference))
                }
                Err(why) if !converged => return Err((commit_error(why), Ended::Refused)),
                Err(why) => {
                    drop(alone.take());
                    return Err(self.restore(host, commit_error(why)));
                }
            }
        }
        drop(alone);
        let (class, reference) = conflict.unwrap_or_default();
        // The published parameters are the class and the object; operations and their tasks are not known here.
        let busy = ApiError::new(
            "OTHER_OPERATION_IN_PROGRESS",
            vec![class.to_string(), reference.to_string()],
        );
        if converged {
            Err(self.restore(host, busy))
        } else {
            Err((busy, Ended::Refused))
        }
    }

    fn whole(&self, topology: Topology) -> Request {
        Request {
            topology,
            mode: Mode::Whole,
            within: self.config.change_deadline,
        }
    }

    /// A host is as its rows say: what stands beside the database follows. Another host sees to its own when the commit
    /// gets there.
    pub(crate) fn settled(&self, host: &Ref<Host>) {
        if self.is_here(host) {
            self.keep_topology(host);
            self.publish(host);
        } else {
            self.pool.keep(host);
        }
    }

    /// Whether this is the host that the daemon runs on.
    pub(crate) fn is_here(&self, host: &Ref<Host>) -> bool {
        self.localhost().is_ok_and(|here| here == *host)
    }

    /// Puts the host back to what the database says after a change that the host took and the database did not. What can't
    /// be had again is noted as at a start.
    fn restore(&self, host: &Ref<Host>, why: ApiError) -> (ApiError, Ended) {
        let back = self
            .view()
            .and_then(|view| startup::may_converge(self, &view, host))
            .and_then(|may| match may {
                true => startup::reconverge_in_turn(self, host).map(Some),
                false if self.is_here(host) => last_topology::bring_up(&self.config, &*self.agent),
                false => Ok(None),
            });
        match back {
            // What it is, is marked and told already.
            Ok(Some(Outcome {
                alone: Some(alone), ..
            })) => (
                not_put_back(why, &diverged::alone_text(&alone)),
                Ended::Diverged,
            ),
            Ok(_) => (why, Ended::Undone),
            Err(failed) => {
                tracing::error!("{host}: after {why} the network could not be put back: {failed}");
                if let Err(failed) = diverged::mark(self, host, &failed.to_string()) {
                    tracing::error!("{host}: nor could the operator be told: {failed}");
                }
                (not_put_back(why, &failed), Ended::Diverged)
            }
        }
    }

    /// What other programs go by beside the database: the inventory's management interface, and the firewall.
    pub(crate) fn publish(&self, host: &Ref<Host>) {
        firewall::follow(self, host);
        if pool::moved::is_ahead(self) {
            self.set_management_enabled(true);
            return;
        }
        let written = self
            .view()
            .and_then(|view| startup::management_of(&view, host))
            .and_then(|management| match management {
                Some((bridge, family)) => {
                    self.set_management_enabled(true);
                    self.write_inventory(&bridge, &family)
                }
                // Disabled, unless the file names what was never adopted, for want of its NIC: a later start may be able to,
                // and until then whoever reaches the host is answered.
                None if startup::adopted(self, &self.view()?)? => {
                    self.set_management_enabled(false);
                    self.write_inventory("", "")
                }
                None => {
                    self.set_management_enabled(startup::named_management(self)?);
                    Ok(())
                }
            });
        if let Err(why) = written {
            // The database is the truth; the next start and the next change write the file again.
            tracing::error!("the inventory was not written: {why}");
            return;
        }
        if let Err(why) = reset::settle(self) {
            // The next change and the next start try again.
            tracing::error!("the network reset is not at its end: {why}");
        }
    }

    fn write_inventory(&self, bridge: &str, family: &str) -> Result<()> {
        let path = self.config.inventory();
        let failed =
            |why: std::io::Error| errors::internal_error(format!("{}: {why}", path.display()));
        let mut inventory = inventory::Inventory::read(&path).map_err(failed)?;
        let before = inventory.clone();
        inventory.set(inventory::MANAGEMENT_INTERFACE, bridge);
        if !family.is_empty() {
            inventory.set(inventory::MANAGEMENT_ADDRESS_TYPE, family);
        }
        if inventory == before {
            Ok(())
        } else {
            inventory.write().map_err(failed)
        }
    }

    /// CANNOT_CONTACT_HOST [host], if that is why another host's agent has not answered.
    pub(crate) fn out_of_reach(&self, host: &Ref<Host>, why: &NetError) -> Option<ApiError> {
        let out = why.cause == Cause::Unreachable && !self.is_here(host);
        out.then(|| errors::cannot_contact_host(host))
    }

    /// The error of a call that asks a host's agent when that does not answer: CANNOT_CONTACT_HOST [host], or what is wrong
    /// with this host.
    pub(crate) fn unanswered(&self, host: &Ref<Host>, why: NetError) -> ApiError {
        self.out_of_reach(host, &why)
            .unwrap_or_else(|| errors::internal_error(why))
    }

    /// Whether a PIF is one that callers know. What only a draft has means nothing to them.
    fn is_known(&self, pif: &Ref<Pif>) -> bool {
        self.view().and_then(|view| committed(&view, pif)).is_ok()
    }

    /// An error about rows that do not fit together, told about a PIF that the caller knows.
    fn told_about(&self, about: &Ref<Pif>, mut why: ApiError) -> ApiError {
        if why.code == "PIF_CONFIGURATION_ERROR"
            && let Some(pif) = why.params.first_mut()
            && !self.is_known(&Ref::new(pif.clone()))
        {
            *pif = about.to_string();
        }
        why
    }

    /// The error that a client expects when the host's network refuses: PIF_CONFIGURATION_ERROR [PIF, text].
    fn refusal(
        &self,
        draft: &Draft,
        host: &Ref<Host>,
        about: &Ref<Pif>,
        why: &NetError,
    ) -> ApiError {
        tracing::warn!("{host}: {why}");
        if let Some(lost) = self.out_of_reach(host, why) {
            return lost;
        }
        if let Undo::Failed(_) = why.undo {
            // The agent has told so, too; then the record is marked.
            tracing::error!("{host}: its network is neither as before nor as asked");
        }
        let pif = match why.part {
            Part::Nic(nic) => topology::pif_of_device(draft, host, nic.as_str()),
            Part::Bridge(bridge) => topology::pif_of_bridge(draft, host, bridge.as_str()),
            Part::Host => Ok(None),
        };
        let known = pif.ok().flatten().filter(|pif| self.is_known(pif));
        let pif = known.unwrap_or_else(|| about.clone());
        let text = match why.cause {
            Cause::NoLease => format!("no DHCP server answered in time ({why})"),
            _ => why.to_string(),
        };
        errors::pif_configuration_error(pif, text)
    }
}

/// Whoever reads the error must not believe that all is as it was.
fn not_put_back(mut why: ApiError, failed: &dyn std::fmt::Display) -> ApiError {
    if let ("PIF_CONFIGURATION_ERROR", Some(text)) = (why.code.as_str(), why.params.last_mut()) {
        let claim = text.strip_suffix(proof::AS_IT_WAS).map(str::len);
        text.truncate(claim.unwrap_or(text.len()));
        text.push_str(&format!(
            "; and the network could not be put back: {failed}"
        ));
    }
    why
}

fn committed(view: &impl xapi_db::Read, pif: &Ref<Pif>) -> Result<()> {
    if view.exists(pif)? {
        Ok(())
    } else {
        Err(errors::handle_invalid("PIF", pif))
    }
}

fn commit_error(why: CommitError) -> ApiError {
    tracing::error!("commit: {why}");
    ApiError::from(why)
}
