//! Figures for Prometheus: what was called and how it went, how soon events are told, what the database and the NICs
//! say now. Counted as things happen; the state is read when somebody asks.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use xapi_db::Read;
use xapi_model::messages::messages;
use xapi_model::{ApiError, Class, Pif, PifMetrics, Session, Task, errors};
use xapi_net::names::Name;

use crate::Result;
use crate::context::Core;

/// Upper bounds of the buckets of a call's time, in seconds.
const CALL: [f64; 9] = [0.000_1, 0.000_5, 0.002, 0.01, 0.05, 0.2, 1.0, 5.0, 30.0];
/// Upper bounds of the buckets of an event's lag, in seconds.
const LAG: [f64; 8] = [0.000_1, 0.000_5, 0.001, 0.002, 0.005, 0.02, 0.1, 1.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    name: String,
    result: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Changed {
    outcome: &'static str,
}

/// What is counted.
pub struct Metrics {
    registry: Registry,
    /// What every message that is answered well adds to, found without an allocation.
    well: HashMap<&'static str, OnceLock<(Counter, Histogram)>>,
    calls: Family<Outcome, Counter>,
    times: Family<Named, Histogram, fn() -> Histogram>,
    lag: Histogram,
    changes: Family<Changed, Counter>,
    generation: Gauge,
    waiting: Gauge,
    sessions: Gauge,
    tasks: Gauge,
}

/// How a change of the host's network ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As asked.
    Committed,
    /// A check refused it before anything was touched.
    Refused,
    /// The host refused, and is as before.
    Undone,
    /// The host is neither as before nor as asked.
    Diverged,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("xapi");
        let calls = Family::default();
        registry.register("calls", "Calls by name and result", calls.clone());
        let times = Family::new_with_constructor((|| Histogram::new(CALL)) as fn() -> Histogram);
        let help = "Time from a call's request until its answer was encoded";
        registry.register_with_unit("call", help, Unit::Seconds, times.clone());
        let lag = Histogram::new(LAG);
        let help = "Time from the last commit until a waiting client's answer was found";
        registry.register_with_unit("event_lag", help, Unit::Seconds, lag.clone());
        let changes = Family::default();
        let help = "Changes of the host's network by outcome";
        registry.register("network_changes", help, changes.clone());
        let gauge = |registry: &mut Registry, name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let generation = gauge(
            &mut registry,
            "database_generation",
            "Generation of the database",
        );
        let waiting = gauge(&mut registry, "event_waiters", "Calls that wait for events");
        let sessions = gauge(&mut registry, "sessions", "Sessions");
        let tasks = gauge(&mut registry, "tasks", "Tasks, completed ones included");
        let well = messages()
            .iter()
            .map(|message| (message.name.as_str(), OnceLock::new()));
        Metrics {
            registry,
            well: well.collect(),
            calls,
            times,
            lag,
            changes,
            generation,
            waiting,
            sessions,
            tasks,
        }
    }
}

impl Metrics {
    /// Counts a call that was answered. What is no message counts under one name: strangers choose the names.
    pub fn called(&self, name: &str, error: Option<&ApiError>, took: Duration) {
        let bare = name
            .strip_prefix("Async.")
            .or_else(|| name.strip_prefix("InternalAsync."));
        let bare = bare.unwrap_or(name);
        if error.is_none()
            && let Some(known) = self.well.get(bare)
        {
            let (calls, times) = known.get_or_init(|| self.counted(bare, "ok"));
            calls.inc();
            times.observe(took.as_secs_f64());
            return;
        }
        let name = match messages().find(bare) {
            Some(message) => message.name.as_str(),
            None if name.starts_with("system.") => "system",
            None => "unknown",
        };
        let (calls, times) = self.counted(name, error.map_or("ok", |error| error.code.as_str()));
        calls.inc();
        times.observe(took.as_secs_f64());
    }

    /// The figures of a message that ended so.
    fn counted(&self, name: &str, result: &str) -> (Counter, Histogram) {
        let outcome = Outcome {
            name: name.to_owned(),
            result: result.to_owned(),
        };
        let calls = self.calls.get_or_create(&outcome).clone();
        let named = Named { name: outcome.name };
        (calls, self.times.get_or_create(&named).clone())
    }

    /// Notes how long after the commit a waiting client's answer was found.
    pub(crate) fn told(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }

    /// Counts a change of the host's network.
    pub(crate) fn changed(&self, ended: Ended) {
        let outcome = match ended {
            Ended::Committed => "committed",
            Ended::Refused => "refused",
            Ended::Undone => "undone",
            Ended::Diverged => "diverged",
        };
        self.changes.get_or_create(&Changed { outcome }).inc();
    }
}

/// Everything as Prometheus reads it (the OpenMetrics text format).
pub fn page(core: &Core) -> Result<String> {
    let metrics = &core.metrics;
    let view = core.view()?;
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    metrics.generation.set(number(view.generation()));
    metrics
        .waiting
        .set(number(*core.waiting_for_events().borrow() as u64));
    for (class, rows) in view.counts()? {
        if class.name == Session::DESC.name {
            metrics.sessions.set(number(rows));
        } else if class.name == Task::DESC.name {
            metrics.tasks.set(number(rows));
        }
    }
    let mut text = String::new();
    encode(&mut text, &metrics.registry).map_err(errors::internal_error)?;
    // The links go before the line that ends the page.
    let end = text.find("# EOF").unwrap_or(text.len());
    text.truncate(end);
    links(core, &view, &mut text)?;
    text.push_str("# EOF\n");
    Ok(text)
}

/// Carrier and counters of every PIF of this host that has a device.
fn links(core: &Core, view: &impl Read, text: &mut String) -> Result<()> {
    let host = core.localhost()?;
    let mut carrier = String::new();
    let mut counters: [(&str, &str, String); 6] = [
        ("xapi_pif_received_bytes", "Octets received", String::new()),
        ("xapi_pif_sent_bytes", "Octets sent", String::new()),
        (
            "xapi_pif_received_packets",
            "Packets received",
            String::new(),
        ),
        ("xapi_pif_sent_packets", "Packets sent", String::new()),
        (
            "xapi_pif_received_errors",
            "Packets received with an error",
            String::new(),
        ),
        (
            "xapi_pif_sent_errors",
            "Packets that could not be sent",
            String::new(),
        ),
    ];
    for (_, pif) in view
        .all::<Pif>()?
        .into_iter()
        .filter(|(_, pif)| pif.host == host)
    {
        let labels = format!(
            "{{device=\"{}\",uuid=\"{}\"}}",
            escaped(&pif.device),
            escaped(&pif.uuid)
        );
        if let Some(metrics) = pif.metrics.some().filter(|_| pif.physical) {
            let up = i32::from(view.field(metrics, PifMetrics::CARRIER)?);
            line(&mut carrier, "xapi_pif_carrier", &labels, up);
        }
        let Ok(device) = Name::new(&pif.device) else {
            continue;
        };
        if let Some(found) = core.agent.counters(&device) {
            let found = [
                found.received_bytes,
                found.sent_bytes,
                found.received_packets,
                found.sent_packets,
                found.received_errors,
                found.sent_errors,
            ];
            for ((name, _, lines), value) in counters.iter_mut().zip(found) {
                line(lines, &format!("{name}_total"), &labels, value);
            }
        }
    }
    text.push_str(
        "# HELP xapi_pif_carrier Whether the link of a PIF is up.\n# TYPE xapi_pif_carrier gauge\n",
    );
    text.push_str(&carrier);
    for (name, help, lines) in counters {
        writeln!(text, "# HELP {name} {help}.\n# TYPE {name} counter")
            .map_err(errors::internal_error)?;
        text.push_str(&lines);
    }
    Ok(())
}

fn line(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    writeln!(out, "{name}{labels} {value}").expect("a string takes any text");
}

/// A label's value: quotes, backslashes and line ends would end it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
