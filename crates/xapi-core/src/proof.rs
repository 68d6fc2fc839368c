//! Not sawing off the branch: a change on the path of management counts only when somebody outside still answers over
//! the new one, and, if the caller wishes, when a person says so.
//!
//! Until then nothing is committed. So a daemon that dies meanwhile, or a host that reboots, goes back by itself: the
//! rows still say what was before. There is no timer to be lost.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xapi_model::messages::Message;
use xapi_model::{ApiError, Host, Pif, Ref, errors};
use xapi_net::agent::{Agent, NetError, Probe};
use xapi_net::facts::Facts;
use xapi_net::topology::{Bridge, Ipv4, Ipv6, Topology};

use crate::context::{Core, Origin};
use crate::{Result, planned};

/// Keys of a task's `other_config` by which a call says how careful it is to be. They come with the request, so that
/// every call and every client can give them: `X-Http-Other-Config-confirm-within: 60`.
const CONFIRM_WITHIN: &str = "http:confirm-within";
const NO_ROLLBACK: &str = "http:no-rollback";
const PROBE: &str = "http:probe";
const PLAN_ONLY: &str = "http:plan-only";
const PLAN_AS: &str = "http:plan-as";

/// What an error ends with that has the host put back.
pub(crate) const AS_IT_WAS: &str = "; all is as it was";

/// Before a change those that are there answer within this. Who does not, is not missed afterwards.
const BEFORE: Duration = Duration::from_millis(500);
/// One round of asking for a name server of several.
const ROUND: Duration = Duration::from_millis(500);
/// Nobody is waited for longer, in seconds.
const LONGEST: u64 = 900;
/// Name servers that are asked.
const MOST_SERVERS: usize = 3;

/// How careful a change is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Care {
    /// Whether those outside who answered before must answer afterwards.
    prove: bool,
    /// For how long a person is waited for, who says that all is well.
    confirm_within: Option<Duration>,
    /// Somebody else who must answer.
    probe: Option<IpAddr>,
    /// Nothing is to be done: the steps are wanted.
    pub(crate) plan_only: bool,
    /// They are wanted as data, each as the text of a JSON object.
    pub(crate) plan_as_data: bool,
}

impl Care {
    /// For what the daemon does by itself: what it restores is proven already.
    pub(crate) const NONE: Care = Care {
        prove: false,
        confirm_within: None,
        probe: None,
        plan_only: false,
        plan_as_data: false,
    };

    /// Whether the way to management before the change counts. Where it does not, the rows before may be such as no host
    /// can be, and are about to be mended.
    pub(crate) fn looks_for_life(&self) -> bool {
        self.prove || self.confirm_within.is_some()
    }

    /// What a request asks for. INVALID_VALUE [key, value].
    pub(crate) fn of(origin: &Origin) -> Result<Care> {
        let mut care = Care {
            prove: true,
            ..Care::NONE
        };
        for (key, value) in &origin.other_config {
            let bad = || {
                let name = key.trim_start_matches("http:");
                errors::invalid_value(name, value)
            };
            let flag = || match value.as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" | "" => Ok(false),
                _ => Err(bad()),
            };
            match key.as_str() {
                CONFIRM_WITHIN => {
                    let seconds = value.parse().ok();
                    let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds));
                    care.confirm_within = Some(Duration::from_secs(seconds.ok_or_else(bad)?));
                }
                NO_ROLLBACK => care.prove = !flag()?,
                PROBE => care.probe = Some(value.parse().map_err(|_| bad())?),
                PLAN_ONLY => care.plan_only = flag()?,
                PLAN_AS => care.plan_as_data = planned::is_data(value).ok_or_else(bad)?,
                _ => {}
            }
        }
        Ok(care)
    }
}

/// Whether the steps of a call can be told without doing them: it reads, or all it does is one change of the network.
/// The others must not be carried out by somebody who asked for a plan.
pub(crate) fn can_be_planned(message: &Message) -> bool {
    !message.changes()
        || message.name.starts_with("session.")
        || PLANNED.contains(&message.name.as_str())
}

const PLANNED: [&str; 25] = [
    "Bond.create",
    "Bond.destroy",
    "Bond.set_mode",
    "Bond.set_property",
    "PIF.create_VLAN",
    "PIF.destroy",
    "PIF.forget",
    "PIF.plug",
    "PIF.reconfigure_ip",
    "PIF.reconfigure_ipv6",
    "PIF.set_primary_address_type",
    "PIF.set_property",
    "PIF.unplug",
    "VLAN.create",
    "VLAN.destroy",
    // Of what plugins do only what our own says of itself.
    "host.call_plugin",
    "host.management_reconfigure",
    "pool.create_VLAN",
    "pool.create_VLAN_from_PIF",
    "pool.join",
    "pool.join_force",
    "pool.management_reconfigure",
    "pool.set_igmp_snooping_enabled",
    "tunnel.create",
    "tunnel.destroy",
];

/// The answer to somebody who asked for the plan of what cannot be planned: OPERATION_NOT_ALLOWED [text].
pub(crate) fn cannot_be_planned(name: &str) -> ApiError {
    errors::operation_not_allowed(format!(
        "{name} is more than one change of the network, and its steps cannot be told without doing them"
    ))
}

/// A request like this one that asks for the steps alone, as data.
pub(crate) fn planning(origin: &Origin) -> Origin {
    let mut planning = without_confirmation(origin);
    let is_of_plan = |key: &str| key == PLAN_ONLY || key == PLAN_AS;
    planning.other_config.retain(|(key, _)| !is_of_plan(key));
    let plan = [(PLAN_ONLY, "true"), (PLAN_AS, planned::DATA)];
    let plan = plan.map(|(key, value)| (key.to_owned(), value.to_owned()));
    planning.other_config.extend(plan);
    planning
}

/// A request like this one for which no person has to say that all is well.
pub(crate) fn without_confirmation(origin: &Origin) -> Origin {
    let mut other = origin.clone();
    other.other_config.retain(|(key, _)| key != CONFIRM_WITHIN);
    other
}

/// What answered before a change, and so must answer after it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Proof {
    router_v4: bool,
    router_v6: Option<Probe>,
    servers: BTreeSet<IpAddr>,
    host: Option<IpAddr>,
    /// Whether a person has to say that all is well.
    confirm_within: Option<Duration>,
}

/// The host that is changed, which asks those who should answer.
pub(crate) struct Asked<'a> {
    pub core: &'a Core,
    pub host: &'a Ref<Host>,
    pub agent: &'a dyn Agent,
}

impl Asked<'_> {
    fn answered(&self, probes: &BTreeSet<Probe>, within: Duration) -> Result<BTreeSet<Probe>> {
        let answered = self.agent.answered(probes, within);
        answered.map_err(|why| self.unknown(why))
    }

    fn unknown(&self, why: NetError) -> ApiError {
        self.core.out_of_reach(self.host, &why).unwrap_or_else(|| {
            errors::internal_error(format!(
                "whether the network is alive cannot be told: {why}"
            ))
        })
    }
}

impl Proof {
    /// Asks those who should answer, if the change concerns the path of management. A named address that does not answer
    /// beforehand is an error: it would prove nothing.
    pub(crate) fn before(
        care: &Care,
        asked: &Asked<'_>,
        old: &Topology,
        new: &Topology,
    ) -> Result<Proof> {
        if !concerns_management(old, new) {
            return Ok(Proof::default());
        }
        let mut proof = Proof {
            confirm_within: care.confirm_within,
            ..Proof::default()
        };
        if !care.prove {
            return Ok(proof);
        }
        let facts = asked.agent.facts().map_err(|why| asked.unknown(why))?;
        let (v4, v6) = routers(&facts);
        let servers = servers(&facts).map(Probe::NameServer);
        let named = care.probe.map(Probe::Host);
        let probes = v4
            .into_iter()
            .chain(v6)
            .chain(servers)
            .chain(named)
            .collect();
        let answered = asked.answered(&probes, BEFORE)?;
        let there = |probe: Option<Probe>| probe.is_some_and(|probe| answered.contains(&probe));
        proof.router_v4 = there(v4);
        proof.router_v6 = v6.filter(|router| there(Some(*router)));
        if let Some(named) = care.probe {
            if !there(Some(Probe::Host(named))) {
                return Err(errors::invalid_value(
                    "probe",
                    format!("{named} does not answer, and so would prove nothing"),
                ));
            }
            proof.host = Some(named);
        }
        let heard = answered.into_iter().filter_map(|probe| match probe {
            Probe::NameServer(server) => Some(server),
            Probe::Router(_) | Probe::Host(_) => None,
        });
        proof.servers = heard.collect();
        tracing::debug!("before the change: {proof:?}");
        Ok(proof)
    }

    /// Whether all is well after the change: who answered before answers again. Waits for it so long.
    pub(crate) fn holds(
        &self,
        asked: &Asked<'_>,
        facts: &Facts,
        wanted: &Topology,
        within: Duration,
        about: &Ref<Pif>,
    ) -> Result<()> {
        let (v4, v6) = routers(facts);
        // A new device hears of its router when that next speaks, which is after it was asked.
        let v6 = v6.or(self.router_v6.filter(|_| is_autoconfigured(wanted)));
        if is_leased(wanted) && self.router_v4 && v4.is_none() {
            return Err(errors::pif_configuration_error(
                about,
                format!(
                    "a router answered before the change, and the DHCP server names none{AS_IT_WAS}"
                ),
            ));
        }
        let must = v4.filter(|_| self.router_v4).into_iter();
        let must = must.chain(v6.filter(|_| self.router_v6.is_some()));
        let must: BTreeSet<_> = must.chain(self.host.map(Probe::Host)).collect();
        let until = Instant::now() + within;
        let answered = asked.answered(&must, within)?;
        let silent = must.difference(&answered).next();
        let silent = match silent {
            Some(probe) => Some(probe.to_string()),
            None => self.silent_servers(asked, facts, until)?,
        };
        match silent {
            None => Ok(()),
            Some(who) => Err(errors::pif_configuration_error(
                about,
                format!(
                    "{who} answered before the change and does not within {} s after it{AS_IT_WAS}",
                    within.as_secs()
                ),
            )),
        }
    }

    /// Of several name servers one is enough.
    fn silent_servers(
        &self,
        asked: &Asked<'_>,
        facts: &Facts,
        until: Instant,
    ) -> Result<Option<String>> {
        let mut now: BTreeSet<_> = servers(facts).collect();
        if self.servers.is_empty() || now.is_empty() {
            return Ok(None);
        }
        if !now.is_disjoint(&self.servers) {
            now = now.intersection(&self.servers).copied().collect();
        }
        let probes = now.into_iter().map(Probe::NameServer).collect();
        loop {
            if !asked.answered(&probes, ROUND)?.is_empty() {
                return Ok(None);
            }
            if Instant::now() >= until {
                return Ok(probes.first().map(Probe::to_string));
            }
        }
    }

    /// For how long a person has to be waited for.
    pub(crate) fn confirm_within(&self) -> Option<Duration> {
        self.confirm_within
    }
}

/// Whether management gets its IPv4 router from a server: one that names none cuts the host off, and nobody meant that.
/// Whoever gives an address without a router means it.
fn is_leased(topology: &Topology) -> bool {
    management(topology).is_some_and(|bridge| matches!(bridge.ipv4, Ipv4::Dhcp { .. }))
}

/// Whether management gets its IPv6 addresses and its router from what routers say.
pub(crate) fn is_autoconfigured(topology: &Topology) -> bool {
    management(topology).is_some_and(|bridge| matches!(bridge.ipv6, Ipv6::Autoconf))
}

fn management(topology: &Topology) -> Option<&Bridge> {
    topology.bridges.get(&topology.management?)
}

fn routers(facts: &Facts) -> (Option<Probe>, Option<Probe>) {
    (
        facts.gateway_v4.map(Probe::Router),
        facts.gateway_v6.map(Probe::Router),
    )
}

fn servers(facts: &Facts) -> impl Iterator<Item = IpAddr> {
    facts.dns.servers.iter().copied().take(MOST_SERVERS)
}

/// Whether a change touches the bridge of management, what carries it, or by which way packets leave the host.
fn concerns_management(old: &Topology, new: &Topology) -> bool {
    fn path(topology: &Topology) -> Option<(Bridge, Option<Bridge>)> {
        let management = topology.management?;
        let bridge = topology.bridges.get(&management)?;
        let carrier = topology.bridges.get(&topology.carrier_of(&management));
        Some((bridge.clone(), carrier.cloned()))
    }
    old.management.is_some()
        && (path(old) != path(new)
            || old.management != new.management
            || (old.gateway, old.dns) != (new.gateway, new.dns))
}

/// What a person may say of a change that waits for him.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// All is well.
    Yes,
    /// It is to be undone at once.
    No,
}

/// The change that waits to be confirmed, if there is one.
#[derive(Default)]
pub(crate) struct Confirmation {
    state: Mutex<Confirming>,
    said: Condvar,
}

#[derive(Default)]
struct Confirming {
    /// The host whose change waits.
    waits: Option<Ref<Host>>,
    until: Option<Instant>,
    word: Option<Word>,
    ends: bool,
}

impl Confirmation {
    fn state(&self) -> MutexGuard<'_, Confirming> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on a host's change waits. OTHER_OPERATION_IN_PROGRESS [host, reference] if another host's does: who
    /// confirms does not say which he means.
    pub(crate) fn begin(&self, host: &Ref<Host>) -> Result<()> {
        let mut state = self.state();
        if let Some(other) = &state.waits {
            return Err(ApiError::new(
                "OTHER_OPERATION_IN_PROGRESS",
                vec!["host".to_owned(), other.as_str().to_owned()],
            ));
        }
        (state.waits, state.word) = (Some(host.clone()), None);
        Ok(())
    }

    /// Waits for the word of a person. An error if there is none in time, or if it is no.
    pub(crate) fn wait(&self, within: Duration, about: &Ref<Pif>) -> Result<()> {
        let mut state = self.state();
        state.until = Some(Instant::now() + within);
        tracing::info!("the change waits {} s to be confirmed", within.as_secs());
        let undecided = |state: &mut Confirming| state.word.is_none() && !state.ends;
        let (mut state, _) = self
            .said
            .wait_timeout_while(state, within, undecided)
            .unwrap_or_else(PoisonError::into_inner);
        (state.waits, state.until) = (None, None);
        let why = match (state.word.take(), state.ends) {
            (Some(Word::Yes), _) => return Ok(()),
            (Some(Word::No), _) => "the change was refused".to_owned(),
            (None, true) => "the daemon ends before the change was confirmed".to_owned(),
            (None, false) => format!("the change was not confirmed within {} s", within.as_secs()),
        };
        Err(errors::pif_configuration_error(
            about,
            format!("{why}{AS_IT_WAS}"),
        ))
    }

    /// Whether a change of this host waits for a person.
    pub(crate) fn waits_on(&self, host: &Ref<Host>) -> bool {
        self.state().waits.as_ref() == Some(host)
    }

    /// How long a change still waits for a person; `None` if none does, or if somebody has said his word.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let state = self.state();
        let until = state
            .until
            .filter(|_| state.waits.is_some() && state.word.is_none());
        until.map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// Says that all is well, or not. OPERATION_NOT_ALLOWED if nothing waits for it.
    pub(crate) fn say(&self, well: bool) -> Result<()> {
        let mut state = self.state();
        if state.waits.is_none() || state.word.is_some() {
            return Err(errors::operation_not_allowed(
                "no change of the network waits to be confirmed",
            ));
        }
        state.word = Some(if well { Word::Yes } else { Word::No });
        self.said.notify_all();
        Ok(())
    }

    /// The daemon ends: nobody is waited for any more.
    pub(crate) fn end(&self) {
        self.state().ends = true;
        self.said.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use xapi_net::topology::{Bridge, Name, Topology};

    use super::{Care, concerns_management};
    use crate::context::Origin;

    fn asked(key: &str, value: &str) -> Origin {
        Origin {
            other_config: vec![(format!("http:{key}"), value.to_owned())],
            ..Origin::default()
        }
    }

    #[test]
    fn a_request_says_how_careful_its_change_is() {
        let care = Care::of(&Origin::default()).unwrap();
        assert!(care.prove && care.confirm_within.is_none() && !care.plan_only);
        let care = Care::of(&asked("confirm-within", "60")).unwrap();
        assert_eq!(care.confirm_within, Some(Duration::from_secs(60)));
        assert!(!Care::of(&asked("no-rollback", "true")).unwrap().prove);
        for (key, value) in [
            ("confirm-within", "0"),
            ("confirm-within", "901"),
            ("confirm-within", "soon"),
            ("no-rollback", "perhaps"),
            ("probe", "here"),
        ] {
            let error = Care::of(&asked(key, value)).unwrap_err();
            assert_eq!(error.code, "INVALID_VALUE");
            assert_eq!(error.params, [key, value]);
        }
    }

    #[test]
    fn only_what_carries_management_concerns_it() {
        let name = |text| Name::new(text).unwrap();
        let old = Topology {
            bridges: [
                (name("xenbr0"), Bridge::over_nic(name("eth0"))),
                (name("xapi1"), Bridge::vlan(name("xenbr0"), 7)),
            ]
            .into(),
            management: Some(name("xapi1")),
            ..Topology::default()
        };
        let mut new = old.clone();
        new.bridges
            .insert(name("xenbr1"), Bridge::over_nic(name("eth1")));
        assert!(!concerns_management(&old, &new));
        new.bridges
            .insert(name("xenbr0"), Bridge::over_nic(name("eth2")));
        assert!(concerns_management(&old, &new), "the NIC under its VLAN");
        let mut new = old.clone();
        new.gateway = Some(name("xenbr0"));
        assert!(concerns_management(&old, &new));
        new.management = None;
        assert!(concerns_management(&old, &new));
    }
}
