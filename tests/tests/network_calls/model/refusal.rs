//! Errors, in the model's words: whoever makes the calls knows what the references are.

/// One error that a call may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static str,
    pub params: Vec<Param>,
}

/// A parameter of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param {
    /// The reference of the host.
    Host,
    /// The reference of a PIF, by its bridge.
    Pif(String),
    /// The device name of a PIF, by its bridge.
    Device(String),
    /// The reference of a network, by its bridge.
    Net(String),
    /// The reference of a machine.
    Vm(usize),
    /// The reference of a VIF.
    Vif(super::Nic),
    /// These letters.
    Text(String),
    /// An explanation for people.
    Words,
}

impl Refusal {
    pub fn new(code: &'static str, params: impl IntoIterator<Item = Param>) -> Refusal {
        Refusal {
            code,
            params: params.into_iter().collect(),
        }
    }

    /// One about a PIF alone.
    pub fn of_pif(code: &'static str, pif: &str) -> Refusal {
        Refusal::new(code, [pif_ref(pif)])
    }

    /// PIF_CONFIGURATION_ERROR [PIF, text].
    pub fn configuration(pif: &str) -> Refusal {
        Refusal::new("PIF_CONFIGURATION_ERROR", [pif_ref(pif), Param::Words])
    }
}

impl Param {
    pub fn text(text: impl ToString) -> Param {
        Param::Text(text.to_string())
    }
}

pub fn pif_ref(bridge: &str) -> Param {
    Param::Pif(bridge.to_owned())
}

/// The errors of which any may be the answer; none if there are none.
pub fn any_of(refusals: Vec<Refusal>) -> Result<(), Vec<Refusal>> {
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(refusals),
    }
}
