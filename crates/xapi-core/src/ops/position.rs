//! Which network a NIC gets: by the name that the kernel gives it, or by the position that the firmware gives it
//! (host-networking facts, 5; docs/decisions/firmware-positions.md).

use std::collections::{BTreeMap, BTreeSet};

use xapi_db::{Draft, Read};
use xapi_model::pif::ScanBios;
use xapi_model::{Host, Network, Pif, Ref};
use xapi_net::facts::Facts;
use xapi_net::firmware::Card;

use crate::Result;
use crate::context::Cx;
use crate::ops::pif::{Scanning, bridge_of, host_live, scan_into};
use crate::particulars::Particulars;
use crate::topology::pifs_of;

/// The key of `PIF.other_config` for the name that udev's rules make of a NIC's place.
const FIRMWARE_NAME: &str = "firmware-name";
/// The key of `PIF.other_config` for what is printed beside a port, as the firmware tells it.
const FIRMWARE_LABEL: &str = "firmware-label";

/// How NICs come to their networks.
pub(crate) enum Naming {
    /// By the kernel's names.
    Kernel,
    /// By their positions, as far as these are known.
    Firmware(BTreeMap<String, Place>),
}

/// Where a new PIF goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What the kernel calls the NIC.
    pub device: String,
    /// The bridge of its network.
    pub bridge: String,
    /// The name of its network, if that has to be made.
    pub label: String,
    /// What its PIF says beside.
    pub other_config: BTreeMap<String, String>,
}

impl Naming {
    /// Where the PIF of a NIC goes.
    pub fn place(&self, device: &str) -> Place {
        let known = match self {
            Naming::Kernel => None,
            Naming::Firmware(places) => places.get(device).cloned(),
        };
        known.unwrap_or_else(|| Place {
            device: device.to_owned(),
            bridge: bridge_of(device),
            label: format!("Pool-wide network associated with {device}"),
            other_config: BTreeMap::new(),
        })
    }
}

/// `PIF.scan_bios`: like `PIF.scan`, with the firmware's positions. No NIC is renamed: a PIF's device is what the kernel
/// calls the NIC.
pub fn scan_bios(cx: &Cx<'_>, call: ScanBios) -> Result<Vec<Ref<Pif>>> {
    let core = cx.core;
    let view = core.view()?;
    host_live(&view, &call.host)?;
    let _turn = core.turn(&call.host)?;
    let agent = core.agent_of(&view, &call.host)?;
    let unanswered = |why| core.unanswered(&call.host, why);
    let facts = agent.facts().map_err(unanswered)?;
    let cards = agent.firmware().map_err(unanswered)?;
    let of = settled(&facts, core.particulars(&call.host)?);
    core.store.change(|draft| {
        let before: BTreeSet<_> = draft.find(Pif::HOST, &call.host)?.into_iter().collect();
        let naming = Naming::Firmware(places(draft, &call.host, &facts, &cards)?);
        let all = Scanning::All;
        scan_into(core, draft, &call.host, &facts, &of, &naming, all)?;
        let mut made = draft.find(Pif::HOST, &call.host)?;
        made.retain(|pif| !before.contains(pif));
        Ok(made)
    })
}

/// What the host tells, without a management interface whose bridge is there: that one stays with the NIC that it has,
/// whatever position that NIC turns out to have. To move it is for host.management_reconfigure.
fn settled(facts: &Facts, of: Particulars) -> Particulars {
    let live = facts
        .bridges
        .keys()
        .any(|bridge| bridge.as_str() == of.management);
    match live {
        true => Particulars {
            management: String::new(),
            ..of
        },
        false => of,
    }
}

/// The places of the NICs that have no PIF. Without any PIF they are counted from nought, in the firmware's order, those
/// that it does not know last; beside NICs that have their places they are counted on from the highest.
fn places(
    draft: &Draft,
    host: &Ref<Host>,
    facts: &Facts,
    cards: &[Card],
) -> Result<BTreeMap<String, Place>> {
    let mut free = 0;
    let mut known = BTreeSet::new();
    for (_, pif) in pifs_of(draft, host)? {
        let bridge = draft.field(&pif.network, Network::BRIDGE)?;
        let position = bridge
            .strip_prefix("xenbr")
            .and_then(|at| at.parse::<u32>().ok());
        free = position.map_or(free, |at| free.max(at.saturating_add(1)));
        if pif.physical {
            known.insert(pif.mac);
        }
    }
    let counted = cards.iter().map(|card| (card.device, Some(card)));
    let others = facts
        .nics
        .keys()
        .filter(|nic| !cards.iter().any(|card| card.device == **nic));
    let mut places = BTreeMap::new();
    let mut at = free;
    for (device, card) in counted.chain(others.map(|nic| (*nic, None))) {
        let Some(nic) = facts.nics.get(&device) else {
            continue;
        };
        if nic.mac.is_some_and(|mac| known.contains(&mac.to_string())) {
            continue;
        }
        let name = card.and_then(|card| card.name).map(|name| name.to_string());
        let label = card.and_then(|card| card.label.clone());
        let said = [(FIRMWARE_NAME, name), (FIRMWARE_LABEL, label)];
        let said = said
            .into_iter()
            .filter_map(|(key, text)| Some((key.to_owned(), text?)));
        places.insert(
            device.to_string(),
            Place {
                device: device.to_string(),
                bridge: format!("xenbr{at}"),
                label: format!("Pool-wide network {at}"),
                other_config: said.collect(),
            },
        );
        at += 1;
    }
    Ok(places)
}
