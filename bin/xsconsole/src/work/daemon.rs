//! What the daemon says of the host. It is asked again whenever it tells of a change; while it does not answer it is
//! tried with pauses that grow.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use xapi_client::{ClientError, Session};
use xapi_model::{
    Bond, Host, IpConfigurationMode, Ipv6ConfigurationMode, Network, Pif, Pool, PrimaryAddressType,
    Ref, Value, event, message,
};

use super::access::{Access, CALL, Closed};
use super::{Nudge, said, thread};
use crate::app::Event;
use crate::queue::Tell;
use crate::seen::{self, Alert, Kind, Line, MOST_ALERTS, Role, Told, clean};

/// The first pause after a failure.
const FIRST: Duration = Duration::from_millis(500);
/// The longest. To knock at a socket of this host costs nothing.
const LONGEST: Duration = Duration::from_secs(10);
const LONGEST_HERE: Duration = Duration::from_secs(2);
/// The daemon tells of a change at once, and that there was none after this: one that hangs is found out soon.
const NEWS: Duration = Duration::from_secs(5);
/// After that it has so long to say so.
const SLACK: Duration = Duration::from_secs(5);
/// It is asked for all again at most so often.
const PAUSE: Duration = Duration::from_secs(1);
/// What there is to hear of.
const CLASSES: [&str; 6] = ["host", "pool", "PIF", "network", "Bond", "message"];

/// Follows the daemon. The host's reference is left where others find it.
pub fn follow(
    access: Arc<Access>,
    tell: Tell,
    nudged: Receiver<Nudge>,
    host: Arc<Mutex<Option<String>>>,
) -> std::io::Result<()> {
    thread("daemon", move || {
        let mut pause = FIRST;
        let longest = match access.is_trusted() {
            true => LONGEST_HERE,
            false => LONGEST,
        };
        let mut since = None;
        loop {
            let held = access.held();
            let closed = match listen(&access, &tell, &host, &mut || {
                (pause, since) = (FIRST, None)
            }) {
                Ok(()) => return,
                Err(closed) => closed,
            };
            let closed = match closed {
                // Whether it is there at all is to be seen without a login.
                Closed::Locked => access.knock().err().map_or(Closed::Locked, Closed::Failed),
                failed => failed,
            };
            let line = match closed {
                Closed::Locked => Line::Locked,
                // Root of the daemon that was started anew needs no password. Twice in a row would be no new start.
                Closed::Failed(why)
                    if why.is("SESSION_INVALID") && access.is_trusted() && held.is_some() =>
                {
                    access.forget(held.as_deref());
                    continue;
                }
                Closed::Failed(why) if why.is("SESSION_INVALID") && !access.is_trusted() => {
                    // It was started anew and knows none of us.
                    if !access.forget(held.as_deref()) {
                        // Somebody has logged in meanwhile.
                        continue;
                    }
                    tell.event(Event::LoggedOut);
                    Line::Locked
                }
                Closed::Failed(why) => match why.stranger() {
                    Some(stranger) => Line::Stranger(stranger.clone()),
                    None => Line::Down {
                        since: *since.get_or_insert_with(Timestamp::now),
                        why: said(&why),
                    },
                },
            };
            if !tell.event(Event::Line(line)) {
                return;
            }
            // Whoever asked while it answered has been told.
            while nudged.try_recv().is_ok() {}
            match nudged.recv_timeout(pause) {
                Ok(Nudge) => pause = FIRST,
                Err(RecvTimeoutError::Timeout) => pause = (pause * 2).min(longest),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    })
}

/// Tells what the daemon says as long as it does. Returns only when nobody listens any more, or with what is wrong.
fn listen(
    access: &Access,
    tell: &Tell,
    host: &Mutex<Option<String>>,
    answered: &mut dyn FnMut(),
) -> Result<(), Closed> {
    let failed = Closed::Failed;
    let session = access.session(CALL, Vec::new())?;
    let news = access.session(NEWS + SLACK, Vec::new())?;
    let mut token = String::new();
    loop {
        let began = Instant::now();
        // The token first: what changes while all is read is told afterwards.
        let changed;
        (token, changed) = news_since(&news, token).map_err(failed)?;
        if !changed {
            continue;
        }
        let told = ask(&session).map_err(failed)?;
        answered();
        *host.lock().unwrap_or_else(PoisonError::into_inner) = Some(told.host.clone());
        if !tell.event(Event::Told(Box::new(told))) {
            return Ok(());
        }
        // Changes come in swarms, and to read all of a large host takes the daemon a while.
        std::thread::sleep(PAUSE.saturating_sub(began.elapsed()));
    }
}

/// The token after what is new, and whether anything is. What there was before the first token is all new.
fn news_since(session: &Session, token: String) -> Result<(String, bool), ClientError> {
    let first = token.is_empty();
    let call = event::From {
        classes: CLASSES.map(str::to_owned).to_vec(),
        token,
        timeout: NEWS.as_secs_f64(),
    };
    let batch = session.invoke(&call)?.0;
    let Value::Struct(members) = batch else {
        return Ok((String::new(), true));
    };
    let member = |wanted| {
        let mut members = members.iter();
        members.find_map(|(name, value)| (name == wanted).then_some(value))
    };
    let none = matches!(member("events"), Some(Value::Array(events)) if events.is_empty());
    let token = member("token").and_then(Value::as_str).unwrap_or_default();
    Ok((token.to_owned(), first || !none))
}

/// All that is shown of the host, in a few calls.
pub fn ask(session: &Session) -> Result<Told, ClientError> {
    let this: Ref<Host> = session
        .call("session.get_this_host", vec![session.reference().into()])
        .map(|value| Ref::new(value.as_str().unwrap_or_default()))?;
    let host = session.record(&this)?;
    let pools = session.records::<Pool>()?;
    let master = pools
        .iter()
        .find(|(_, pool)| pool.master != this && !pool.master.is_null());
    let role = match master {
        None => Role::Master,
        Some((_, pool)) => Role::Slave(session.field(&pool.master, Host::ADDRESS)?),
    };
    let version = |key: &str| host.software_version.get(key).map_or("", String::as_str);
    let product = format!(
        "{} {}",
        version("product_brand"),
        version("product_version")
    );
    let messages = session.invoke(&message::GetAllRecords {})?;
    Ok(Told {
        host: this.as_str().to_owned(),
        label: clean(&host.name_label),
        hostname: clean(&host.hostname),
        product: clean(product.trim()),
        pool: pools
            .first()
            .map_or(String::new(), |(_, pool)| clean(&pool.name_label)),
        role: Some(role),
        pifs: pifs(session, &this)?,
        alerts: alerts(messages.into_values()),
    })
}

fn alerts(messages: impl Iterator<Item = xapi_model::Message>) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = messages
        .map(|message| Alert {
            when: Timestamp::from_second(message.timestamp.unix()).unwrap_or_default(),
            name: clean(&message.name),
            priority: message.priority,
            body: clean(&message.body),
        })
        .collect();
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.when));
    alerts.truncate(MOST_ALERTS);
    alerts
}

fn pifs(session: &Session, this: &Ref<Host>) -> Result<Vec<seen::Pif>, ClientError> {
    let rows: Vec<(Ref<Pif>, Pif)> = session.records::<Pif>()?;
    let rows: Vec<_> = rows
        .into_iter()
        .filter(|(_, pif)| pif.host == *this)
        .collect();
    let networks: BTreeMap<String, Network> = session
        .records::<Network>()?
        .into_iter()
        .map(|(network, row)| (network.as_str().to_owned(), row))
        .collect();
    let bonds: Vec<(Ref<Bond>, Bond)> = session.records::<Bond>()?;
    let mut pifs: Vec<seen::Pif> = rows
        .iter()
        .map(|(reference, pif)| {
            let bond = bonds.iter().find(|(_, bond)| bond.master == *reference);
            let members = |bond: &Ref<Bond>| {
                let mut members: Vec<String> = rows
                    .iter()
                    .filter(|(_, member)| member.bond_slave_of == *bond)
                    .map(|(_, member)| clean(&member.device))
                    .collect();
                members.sort();
                members
            };
            let kind = match bond {
                Some((bond, _)) => Kind::Bond(members(bond)),
                None if pif.vlan >= 0 => Kind::Vlan(pif.vlan),
                None if pif.physical => Kind::Nic,
                None => Kind::Tunnel,
            };
            one(reference, pif, kind, networks.get(pif.network.as_str()))
        })
        .collect();
    let rank = |pif: &seen::Pif| match pif.kind {
        Kind::Nic => 0,
        Kind::Bond(_) => 1,
        Kind::Vlan(_) => 2,
        Kind::Tunnel => 3,
    };
    let number = |pif: &seen::Pif| match pif.kind {
        Kind::Vlan(tag) => tag,
        _ => 0,
    };
    // eth10 comes after eth9.
    let natural = |pif: &seen::Pif| (pif.device.len(), pif.device.clone());
    pifs.sort_by_key(|pif| (rank(pif), natural(pif), number(pif)));
    Ok(pifs)
}

fn one(reference: &Ref<Pif>, pif: &Pif, kind: Kind, network: Option<&Network>) -> seen::Pif {
    let mode = match pif.ip_configuration_mode {
        IpConfigurationMode::None => "None",
        IpConfigurationMode::Dhcp => "DHCP",
        IpConfigurationMode::Static => "Static",
    };
    let mode_v6 = match pif.ipv6_configuration_mode {
        Ipv6ConfigurationMode::None => "None",
        Ipv6ConfigurationMode::Dhcp => "DHCP",
        Ipv6ConfigurationMode::Static => "Static",
        Ipv6ConfigurationMode::Autoconf => "Autoconf",
    };
    seen::Pif {
        reference: reference.as_str().to_owned(),
        device: clean(&pif.device),
        kind,
        bonded: !pif.bond_slave_of.is_null(),
        managed: pif.managed,
        management: pif.management,
        attached: pif.currently_attached,
        network: network.map_or(String::new(), |network| clean(&network.name_label)),
        bridge: network.map_or(String::new(), |network| clean(&network.bridge)),
        mode: mode.to_owned(),
        ip: clean(&pif.ip),
        netmask: clean(&pif.netmask),
        gateway: clean(&pif.gateway),
        dns: clean(&pif.dns),
        mode_v6: mode_v6.to_owned(),
        ipv6: pif
            .ipv6
            .first()
            .map_or(String::new(), |address| clean(address)),
        gateway_v6: clean(&pif.ipv6_gateway),
        ipv6_first: pif.primary_address_type == PrimaryAddressType::IPv6,
    }
}
