//! What goes wrong in the middle of calls: on the host, and with guests.

use xapi_guest::sim::Verb;
use xapi_model::ApiError;
use xapi_net::sim::{Fault, FaultKind};

use super::Machine;
use crate::model::Call;
use crate::model::machines::{Change, Deed};

/// A failure to come.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// At a step of the host, counted from now.
    Host(FaultKind, usize),
    /// When a guest is asked for this.
    Guest(Verb),
}

impl Trouble {
    /// Whether an error tells of it.
    pub fn shows_in(self, error: &ApiError) -> bool {
        let words = match self {
            Trouble::Host(..) => "on demand",
            Trouble::Guest(_) => "a test wants it",
        };
        error.params.last().is_some_and(|text| text.contains(words))
    }
}

impl Machine {
    pub(super) fn trouble(&mut self, call: &Call) -> Option<Trouble> {
        let verbs = verbs(call);
        let at = {
            let most = 1 << self.random.below(6);
            self.random.below(most)
        };
        let host = |kind| Some(Trouble::Host(kind, at));
        // With guests, much more is between the first step and the last.
        let (dies, fails) = match verbs.is_empty() {
            true => (6, 46),
            false => (20, 60),
        };
        match self.random.below(400) {
            // A start does what it can; that is for other tests.
            _ if matches!(call, Call::Restart) => None,
            n if n < dies / 2 => host(FaultKind::CrashBefore),
            n if n < dies => host(FaultKind::CrashAfter),
            n if n < dies + 20 => host(FaultKind::Refuse),
            n if n < fails => host(FaultKind::FailAfter),
            n if n < fails + 20 && !verbs.is_empty() => {
                Some(Trouble::Guest(self.random.one_of(verbs)))
            }
            _ => None,
        }
    }

    pub(super) fn let_come(&self, trouble: Option<Trouble>) {
        match trouble {
            Some(Trouble::Host(kind, at)) => {
                let mut world = self.host.handle.world();
                let at = world.steps + at;
                world.fault = Some(Fault { at, kind });
                drop(world);
                if matches!(kind, FaultKind::CrashBefore | FaultKind::CrashAfter) {
                    let agent = self.host.core().agent.clone();
                    self.host.guests.die_when(move || agent.facts().is_err());
                }
            }
            Some(Trouble::Guest(verb)) => self.host.guests.fail_next(verb),
            None => {}
        }
    }

    pub(super) fn let_none_come(&self) {
        self.host.handle.world().fault = None;
        self.host.guests.fail_no_more();
        self.host.guests.die_when(|| false);
    }
}

/// What guests are asked for by a call.
fn verbs(call: &Call) -> &'static [Verb] {
    match call {
        Call::Vm { deed, .. } => match deed {
            Deed::Start => &[Verb::Start, Verb::Offer, Verb::Unpause],
            Deed::Resume => &[Verb::Resume, Verb::Offer, Verb::Unpause],
            Deed::CleanShutdown => &[Verb::Shutdown],
            Deed::HardShutdown => &[Verb::Destroy],
            Deed::Pause => &[Verb::Pause],
            Deed::Unpause => &[Verb::Unpause],
            Deed::Suspend => &[Verb::Suspend],
        },
        Call::Vif { change, .. } => match change {
            Change::Plug => &[Verb::Offer],
            Change::Unplug => &[Verb::Withdraw],
            Change::Force => &[Verb::WithdrawForce],
            _ => &[],
        },
        Call::BondCreate { .. } | Call::BondDestroy { .. } => &[Verb::Withdraw],
        _ => &[],
    }
}
