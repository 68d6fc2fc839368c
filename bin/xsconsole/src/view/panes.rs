//! What the right pane says about each item of the menus.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::rows::Row;
use crate::app::menu::Item;
use crate::app::{App, User, reset};
use crate::look::Tone;
use crate::seen::{Alert, Kernel, Kind, Line, Nic, Pif, Role};

/// Alerts on the status page.
const FEW_ALERTS: usize = 5;
/// NICs on the status page.
const FEW_NICS: usize = 16;

/// The rows about an item.
pub fn rows(app: &App, item: Item) -> Vec<Row> {
    match item {
        Item::Status => status(app),
        Item::Network => network(app),
        Item::Alerts => alerts(app, FEW_ALERTS * 4),
        Item::LogIn => vec![
            Row::text(
                "Changes need a user and his password; to look needs none of the kernel, but the daemon tells nothing without.",
            ),
            Row::Blank,
            Row::text("Press <Enter> to log in."),
        ],
        Item::LogOut => {
            let name = match &app.user {
                User::LoggedIn(name) => name.as_str(),
                _ => "nobody",
            };
            vec![
                Row::pair("Logged in", name),
                Row::Blank,
                Row::text("Press <Enter> to log out."),
            ]
        }
        Item::Quit => vec![Row::text(
            "Press <Enter> to leave the console. Nothing on the host changes by that.",
        )],
        Item::Configure => configure(app),
        Item::Servers => servers(app),
        Item::Probing => vec![
            Row::text(
                "Asks the gateway, the name servers, or an address of your choice, and says who answers.",
            ),
            Row::Blank,
            Row::pair(
                "Gateway",
                listed(app.kernel.routers.iter().map(|(router, _)| router)),
            ),
            Row::pair("Name servers", listed(&app.kernel.servers)),
            Row::Blank,
            Row::text("Press <Enter> to test."),
        ],
        Item::Nics => nics_short(&app.kernel.nics, usize::MAX)
            .into_iter()
            .chain([Row::Blank, Row::text("Press <Enter> for all about them.")])
            .collect(),
        Item::Hostname => vec![
            Row::pair("Hostname", app.kernel_or_told_name()),
            Row::Blank,
            Row::text(
                "The name is changed at once, and for the next start. What clients call the host (name-label) stays.",
            ),
            Row::Blank,
            Row::text("Press <Enter> to change it."),
        ],
        Item::Reset => explanation(),
    }
}

/// The status page.
pub fn status(app: &App) -> Vec<Row> {
    let told = app.told.as_ref();
    let name = app.kernel_or_told_name();
    let label = told
        .map(|told| told.label.as_str())
        .filter(|label| *label != name && !label.is_empty());
    let mut rows = vec![Row::pair(
        "Host",
        label.map_or(name.clone(), |label| format!("{name} ({label})")),
    )];
    let product = told.map_or(app.kernel.product.as_str(), |told| told.product.as_str());
    if !product.is_empty() {
        rows.push(Row::pair("Version", product));
    }
    rows.push(role(app));
    rows.push(daemon(app));
    rows.push(Row::Blank);
    rows.push(Row::Title("Management Interface".to_owned()));
    rows.extend(management(app));
    if app.here {
        rows.push(Row::Blank);
        rows.push(Row::Title("NICs".to_owned()));
        rows.extend(nics_short(&app.kernel.nics, FEW_NICS));
    }
    rows.push(Row::Blank);
    rows.extend(alerts(app, FEW_ALERTS));
    let trouble = app.kernel.trouble.iter();
    rows.extend(trouble.map(|trouble| Row::Text(trouble.clone(), Tone::Warn)));
    rows
}

fn role(app: &App) -> Row {
    let told = app.told.as_ref();
    let role = told
        .and_then(|told| told.role.as_ref())
        .or(app.kernel.role.as_ref());
    let pool = told
        .map(|told| told.pool.as_str())
        .filter(|pool| !pool.is_empty());
    let text = match (role, pool) {
        (Some(role), Some(pool)) => format!("{role} of {pool}"),
        (Some(role), None) => role.to_string(),
        (None, _) => "unknown".to_owned(),
    };
    let tone = match role {
        Some(Role::Unclear(_)) | None => Tone::Warn,
        Some(_) => Tone::Plain,
    };
    Row::Pair("Pool role", text, tone)
}

fn daemon(app: &App) -> Row {
    let (text, tone) = match &app.line {
        Line::Asking => ("being asked ...".to_owned(), Tone::Plain),
        Line::Up => ("answers".to_owned(), Tone::Good),
        Line::Stranger(_) => (
            "its certificate is not known: log in to see it".to_owned(),
            Tone::Warn,
        ),
        Line::Locked => ("log in to see what it says".to_owned(), Tone::Warn),
        Line::Down { since, why } => {
            let since = clock(*since, app.now, &app.zone);
            (format!("does not answer since {since}: {why}"), Tone::Bad)
        }
    };
    Row::Pair("Daemon", text, tone)
}

/// A time of this day as such, any other with its date.
pub fn clock(time: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (time, now) = (time.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let form = if time.date() == now.date() {
        "%H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M"
    };
    time.strftime(form).to_string()
}

/// The management interface: what is configured, as the daemon has it, and what is so, as the kernel has it.
fn management(app: &App) -> Vec<Row> {
    let pif = app.told.as_ref().and_then(|told| told.management());
    let bridge = pif.map_or(app.kernel.management.as_str(), |pif| pif.bridge.as_str());
    if bridge.is_empty() && pif.is_none() {
        let text = "none: this host cannot be reached over the network";
        return vec![Row::Text(text.to_owned(), Tone::Warn)];
    }
    let mut rows = Vec::new();
    rows.push(Row::pair(
        "Device",
        pif.map_or(bridge.to_owned(), |pif| device(pif, bridge)),
    ));
    let on_bridge = app
        .kernel
        .addresses
        .iter()
        .filter(|address| address.device == bridge);
    let has: Vec<String> = on_bridge
        .map(|address| format!("{}/{}", address.address, address.prefix))
        .collect();
    let configured = pif.map(configured).unwrap_or_default();
    let missing = |address: &&String| {
        let bare = address.split('/').next().unwrap_or_default();
        !has.iter().any(|has| has.split('/').next() == Some(bare))
    };
    let mode = pif.map(modes).unwrap_or_default();
    if app.here {
        match has.is_empty() {
            true => rows.push(Row::Pair("Address", "none".to_owned(), Tone::Bad)),
            false => rows.push(Row::pair("Address", format!("{}{mode}", has.join(", ")))),
        }
        for address in configured.iter().filter(missing) {
            let text = format!("{address} is configured, and not there");
            rows.push(Row::Pair("", text, Tone::Bad));
        }
    } else {
        rows.push(Row::pair(
            "Address",
            format!("{}{mode}", configured.join(", ")),
        ));
    }
    let routers = if app.here {
        listed(app.kernel.routers.iter().map(|(router, _)| router))
    } else {
        pif.map_or(String::new(), |pif| pif.gateway.clone())
    };
    rows.push(Row::pair("Gateway", routers));
    let servers = if app.here {
        listed(&app.kernel.servers)
    } else {
        pif.map_or(String::new(), |pif| pif.dns.clone())
    };
    rows.push(Row::pair("Name servers", servers));
    rows
}

fn device(pif: &Pif, bridge: &str) -> String {
    let members = match &pif.kind {
        Kind::Bond(members) => format!(" ({})", members.join("+")),
        _ => String::new(),
    };
    format!("{}{members}, bridge {bridge}", pif.name())
}

fn configured(pif: &Pif) -> Vec<String> {
    let addresses = [&pif.ip, &pif.ipv6].into_iter();
    addresses.filter(|text| !text.is_empty()).cloned().collect()
}

fn modes(pif: &Pif) -> String {
    let v4 = (pif.mode != "None").then(|| pif.mode.clone());
    let v6 = (pif.mode_v6 != "None").then(|| format!("IPv6 {}", pif.mode_v6));
    let modes: Vec<String> = v4.into_iter().chain(v6).collect();
    match modes.is_empty() {
        true => String::new(),
        false => format!(" ({})", modes.join(", ")),
    }
}

fn listed<'a>(addresses: impl IntoIterator<Item = &'a IpAddr>) -> String {
    let addresses: Vec<String> = addresses.into_iter().map(ToString::to_string).collect();
    match addresses.is_empty() {
        true => "none".to_owned(),
        false => addresses.join(", "),
    }
}

/// NICs, a line each.
fn nics_short(nics: &[Nic], most: usize) -> Vec<Row> {
    if nics.is_empty() {
        return vec![Row::Text("none are seen".to_owned(), Tone::Warn)];
    }
    let width = nics.iter().map(|nic| nic.name.len()).max().unwrap_or(0);
    let line = |nic: &Nic| {
        let tone = if nic.carrier { Tone::Plain } else { Tone::Warn };
        Row::Line(
            format!("{:<width$}  {}  {}", nic.name, nic.mac, nic.link()),
            tone,
        )
    };
    let mut rows: Vec<Row> = nics.iter().take(most).map(line).collect();
    if nics.len() > most {
        rows.push(Row::text(format!("and {} more", nics.len() - most)));
    }
    rows
}

/// NICs, with all that is known.
pub fn nics_long(kernel: &Kernel, pifs: &[Pif]) -> Vec<Row> {
    let mut rows = Vec::new();
    for nic in &kernel.nics {
        rows.push(Row::Title(nic.name.clone()));
        let duplex = match nic.full_duplex {
            Some(true) => ", full duplex",
            Some(false) => ", half duplex",
            None => "",
        };
        let tone = if nic.carrier { Tone::Good } else { Tone::Warn };
        rows.push(Row::Pair("Link", format!("{}{duplex}", nic.link()), tone));
        rows.push(Row::pair("MAC", nic.mac.as_str()));
        if !nic.driver.is_empty() {
            rows.push(Row::pair(
                "Driver",
                format!("{} at {}", nic.driver, nic.bus),
            ));
        }
        let of_bond = pifs.iter().find(|pif| match &pif.kind {
            Kind::Bond(members) => members.contains(&nic.name),
            _ => false,
        });
        let pif = pifs
            .iter()
            .find(|pif| pif.kind == Kind::Nic && pif.device == nic.name);
        match (of_bond, pif) {
            (Some(bond), _) => rows.push(Row::pair(
                "Bond",
                format!("{}, network {}", bond.device, bond.network),
            )),
            (None, Some(pif)) => rows.push(Row::pair("Network", pif.network.as_str())),
            (None, None) => {}
        }
        if let Some(pif) = pif.filter(|pif| pif.management) {
            rows.push(Row::pair("Management", configured(pif).join(", ")));
        }
        rows.push(Row::Blank);
    }
    if rows.is_empty() {
        rows.push(Row::Text("none are seen".to_owned(), Tone::Warn));
    }
    rows
}

/// Alerts, newest first, a line each.
fn alerts(app: &App, most: usize) -> Vec<Row> {
    let Some(told) = &app.told else {
        return vec![
            Row::Title("Alerts".to_owned()),
            Row::Text("unknown without the daemon".to_owned(), Tone::Warn),
        ];
    };
    let mut rows = vec![Row::Title(format!("Alerts ({})", told.alerts.len()))];
    if told.alerts.is_empty() {
        rows.push(Row::text("none"));
    }
    for alert in told.alerts.iter().take(most) {
        let when = clock(alert.when, app.now, &app.zone);
        rows.push(Row::Line(format!("{when} {}", alert.name), tone_of(alert)));
    }
    if told.alerts.len() > most {
        rows.push(Row::text(format!("and {} more", told.alerts.len() - most)));
    }
    rows
}

fn tone_of(alert: &Alert) -> Tone {
    match alert.priority {
        ..=2 => Tone::Bad,
        3 => Tone::Warn,
        _ => Tone::Plain,
    }
}

/// Alerts, with all that they say.
pub fn alerts_long(app: &App) -> Vec<Row> {
    let Some(told) = app.told.as_ref().filter(|told| !told.alerts.is_empty()) else {
        return alerts(app, 0);
    };
    let mut rows = Vec::new();
    for alert in &told.alerts {
        let when = clock(alert.when, app.now, &app.zone);
        rows.push(Row::Line(format!("{when} {}", alert.name), tone_of(alert)));
        rows.push(Row::text(alert.body.trim()));
        rows.push(Row::Blank);
    }
    rows
}

fn network(app: &App) -> Vec<Row> {
    let mut rows = vec![Row::Title("Management Interface".to_owned())];
    rows.extend(management(app));
    rows.push(Row::Blank);
    rows.push(Row::text("Press <Enter> for the menu."));
    rows
}

fn configure(app: &App) -> Vec<Row> {
    let mut rows = management(app);
    rows.push(Row::Blank);
    rows.push(Row::text(
        "Management can move to another NIC, bond or VLAN, and get other addresses. A change that cuts the host off is \
         undone by itself, unless you confirm it in time.",
    ));
    rows.push(Row::Blank);
    rows.push(Row::text("Press <Enter> to change it."));
    rows
}

fn servers(app: &App) -> Vec<Row> {
    let mut rows = vec![Row::Title("In use".to_owned())];
    rows.push(Row::text(listed(&app.kernel.servers)));
    if let Some(pif) = app.told.as_ref().and_then(|told| told.management()) {
        rows.push(Row::Blank);
        rows.push(Row::Title(format!("Configured on {}", pif.name())));
        let servers = pif.servers();
        match servers.is_empty() {
            true => rows.push(Row::text("none")),
            false => rows.extend(servers.into_iter().map(Row::text)),
        }
    }
    rows.push(Row::Blank);
    rows.push(Row::text("Press <Enter> to add or remove one."));
    rows
}

fn explanation() -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, paragraph) in reset::EXPLANATION.iter().enumerate() {
        let tone = if at == 1 { Tone::Warn } else { Tone::Plain };
        rows.push(Row::Text((*paragraph).to_owned(), tone));
        rows.push(Row::Blank);
    }
    rows.push(Row::text(
        "Press <Enter> to begin. Nothing happens before the summary is accepted.",
    ));
    rows
}
