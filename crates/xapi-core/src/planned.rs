//! The steps of a change that was only to be planned, as its caller hears them: NETWORK_PLAN, with a text for each step.
//!
//! Whoever asks for data gets the text of a JSON object in each one's place. Nothing has happened in either case.

use xapi_db::Read;
use xapi_model::{ApiError, Network, Ref, Vif, Vm, errors};
use xapi_net::planned::{Operation, Phase, PlannedStep, Thing};

use crate::context::Core;
use crate::proof::Care;
use crate::{Result, guests, topology};

/// The code of that error.
pub(crate) const PLAN: &str = "NETWORK_PLAN";

/// The word by which steps are asked for as data.
pub(crate) const DATA: &str = "data";

/// What a caller says of the form of steps; `None` if it is neither.
pub(crate) fn is_data(word: &str) -> Option<bool> {
    match word {
        DATA => Some(true),
        "text" | "" => Some(false),
        _ => None,
    }
}

/// The error with sentences of any kind.
pub(crate) fn in_words(sentences: Vec<String>) -> ApiError {
    ApiError::new(PLAN, sentences)
}

/// The error with the steps as they were asked for.
pub(crate) fn answer(care: &Care, steps: &[PlannedStep]) -> ApiError {
    match told(care, steps) {
        Ok(params) => ApiError::new(PLAN, params),
        Err(why) => why,
    }
}

fn told(care: &Care, steps: &[PlannedStep]) -> Result<Vec<String>> {
    let one = |step: &PlannedStep| match care.plan_as_data {
        true => serde_json::to_string(step).map_err(errors::internal_error),
        false => Ok(step.to_string()),
    };
    steps.iter().map(one).collect()
}

/// The steps that an error with data tells; any other error is answered as it is.
pub(crate) fn read(why: ApiError) -> Result<Vec<PlannedStep>> {
    if why.code != PLAN {
        return Err(why);
    }
    let steps = why.params.iter();
    let steps = steps.map(|step| serde_json::from_str(step).map_err(errors::internal_error));
    steps.collect()
}

/// The answer to somebody who asked for the plan of a change for which guests would let go of these NICs: that comes first.
pub(crate) fn after_guests(core: &Core, care: &Care, vifs: &[Ref<Vif>], why: ApiError) -> ApiError {
    if why.code != PLAN {
        return why;
    }
    let asked = asked_first(core, vifs).and_then(|steps| told(care, &steps));
    match asked {
        Ok(mut params) => {
            params.extend(why.params);
            ApiError::new(PLAN, params)
        }
        Err(why) => why,
    }
}

fn asked_first(core: &Core, vifs: &[Ref<Vif>]) -> Result<Vec<PlannedStep>> {
    let view = core.view()?;
    vifs.iter().map(|vif| unplugged(&view, vif)).collect()
}

/// The step of asking a guest to let go of a NIC.
fn unplugged(rows: &impl Read, reference: &Ref<Vif>) -> Result<PlannedStep> {
    let vif = rows.get(reference)?;
    let machine: Vm = rows.get(&vif.vm)?;
    let network: Network = rows.stored(&vif.network)?;
    let domain = guests::domain_of(&machine);
    let device = domain.and_then(|domain| topology::vifs::name_of(domain, &vif).ok());
    let device = device.map(|name| name.to_string());
    let called = match &device {
        Some(device) => format!("plugged as {device} on {}", network.name_label),
        None => format!("plugged on {}", network.name_label),
    };
    let object = Thing {
        kind: "VIF".to_owned(),
        name: vif.device,
        on: Some(format!("machine {} ({})", machine.name_label, machine.uuid)),
        uuid: Some(vif.uuid),
    };
    let touches = device.into_iter().chain([network.bridge]).collect();
    let after = "the guest has let go of it; it is plugged again afterwards".to_owned();
    Ok(PlannedStep::new(
        Phase::Guests,
        Operation::Unplug,
        object,
        Some(called),
        Some(after),
        touches,
    ))
}
