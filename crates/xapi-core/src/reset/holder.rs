//! Somebody else's bridge or bond over the NIC that management shall have. It may be made anew at each boot, before the
//! daemon starts, so as long as a reset is not at its end the NIC is taken from it.

use xapi_db::Draft;
use xapi_model::{Host, Ref};
use xapi_net::agent::Agent;
use xapi_net::topology::{Name, Topology};

use super::{Wish, end};
use crate::context::Core;
use crate::{Result, alert, topology};

const TOOK_NIC: &str = "NETWORK_RESET_TOOK_NIC";

/// Who else holds, or held, the NIC of a reset.
pub(super) struct Holders {
    device: String,
    /// When the reset was asked for, in words.
    asked: String,
    /// What was done to them.
    taken: Vec<String>,
}

impl Holders {
    pub(super) fn of(wish: &Wish) -> Holders {
        Holders {
            device: wish.device().to_owned(),
            asked: end::at(wish.written),
            taken: Vec::new(),
        }
    }

    /// Takes the NIC, and the names of the management bridges, from them. What cannot be taken is in the way of the
    /// convergence, which says so.
    pub(super) fn take_nic(&mut self, agent: &dyn Agent, topology: &Topology) {
        let (Ok(nic), Some(management)) = (Name::new(&self.device), topology.management) else {
            return;
        };
        let bridges = [management, topology.carrier_of(&management)].into();
        match agent.seize(&nic, &bridges) {
            Ok(mut taken) => self.taken.append(&mut taken),
            Err(why) => tracing::error!("{nic} could not be taken from others: {why}"),
        }
    }

    /// Has the operator told of what was done, as the commit of this draft has it.
    pub(super) fn tell(&self, core: &Core, draft: &Draft, host: &Ref<Host>) -> Result<()> {
        match self.told() {
            Some(body) => alert::tell(core, draft, host, TOOK_NIC, &body),
            None => Ok(()),
        }
    }

    /// What was done, if anything was.
    fn told(&self) -> Option<String> {
        (!self.taken.is_empty()).then(|| {
            format!(
                "the network reset that was asked for {} took {} from others, who may take it back at the next boot: {}",
                self.asked,
                self.device,
                self.taken.join("; ")
            )
        })
    }

    /// The same for a slave, whose alerts are its master's to make.
    pub(super) fn tell_later(&self, core: &Core) {
        if let Some(body) = self.told() {
            end::alert(core, TOOK_NIC, &body);
        }
    }
}

/// For a reset that is carried out and whose management interface has no address: since then somebody else may have taken
/// its NIC. If management is on another NIC by now, that is a decision that counts.
pub(super) fn take_again(core: &Core, mut holders: Holders) -> Result<()> {
    let _turn = core.turn(&core.localhost()?)?;
    let (host, view) = (core.localhost()?, core.view()?);
    let management = end::management(&view, &host)?;
    if management.is_none_or(|(_, pif)| pif.device != holders.device) {
        return Ok(());
    }
    let (topology, _) = topology::wished(&view, &host)?;
    holders.take_nic(&*core.agent, &topology);
    match core.pool.is_master() {
        true => core.store.change(|draft| holders.tell(core, draft, &host)),
        false => {
            holders.tell_later(core);
            Ok(())
        }
    }
}
