//! Emptying a host of its machines before it is given up. None can be moved yet; a host that has none is empty.

use std::collections::BTreeMap;

use xapi_db::Read;
use xapi_model::host::{AssertCanEvacuate, Evacuate, GetVmsWhichPreventEvacuation};
use xapi_model::{Host, Ref, Vm, errors};

use crate::Result;
use crate::context::Cx;

/// Machines on a host, and why each of them stays.
fn in_the_way(rows: &impl Read, host: &Ref<Host>) -> Result<BTreeMap<Ref<Vm>, Vec<String>>> {
    let why = errors::not_implemented("VM.pool_migrate");
    let why: Vec<_> = std::iter::once(why.code).chain(why.params).collect();
    let mut found = BTreeMap::new();
    for vm in rows.find(Vm::RESIDENT_ON, host)? {
        if !rows.field(&vm, Vm::IS_CONTROL_DOMAIN)? {
            found.insert(vm, why.clone());
        }
    }
    Ok(found)
}

/// `host.get_vms_which_prevent_evacuation`.
pub fn get_vms_which_prevent_evacuation(
    cx: &Cx<'_>,
    call: GetVmsWhichPreventEvacuation,
) -> Result<BTreeMap<Ref<Vm>, Vec<String>>> {
    let view = cx.core.view()?;
    cx.core.agent_of(&view, &call.this)?;
    in_the_way(&view, &call.this)
}

/// `host.assert_can_evacuate`: CANNOT_EVACUATE_HOST names each machine and why it stays.
pub fn assert_can_evacuate(cx: &Cx<'_>, call: AssertCanEvacuate) -> Result<()> {
    let view = cx.core.view()?;
    cx.core.agent_of(&view, &call.host)?;
    let found = in_the_way(&view, &call.host)?;
    if found.is_empty() {
        return Ok(());
    }
    let told = found
        .iter()
        .map(|(vm, why)| format!("{},{vm}", why.join(",")));
    Err(errors::cannot_evacuate_host(
        told.collect::<Vec<_>>().join("|"),
    ))
}

/// `host.evacuate`.
pub fn evacuate(cx: &Cx<'_>, call: Evacuate) -> Result<()> {
    let view = cx.core.view()?;
    cx.core.agent_of(&view, &call.host)?;
    if view.field(&call.host, Host::ENABLED)? {
        return Err(errors::host_not_disabled());
    }
    if in_the_way(&view, &call.host)?.is_empty() {
        return Ok(());
    }
    Err(errors::not_implemented("host.evacuate"))
}
