//! What `xe` says when something is wrong, and in which order it looks.

use xapi_cli::RpcError;
use xapi_model::{ApiError, errors};

use crate::fails;
use crate::fake::world;

const HINT: &str = "For usage run: 'xe help'\n";

#[test]
fn an_error_that_is_known_is_told_with_its_parameters_and_names_instead_of_references() {
    let error = errors::pif_is_management_interface("OpaqueRef:p2");
    let mut fake = world().answers("PIF.unplug", Err(error));
    fails(
        &mut fake,
        "pif-unplug uuid=pif-bond0",
        "The host is managed through the PIF, and this would cut it off; move management first.\nPIF: pif-bond0\n",
    );
    // What has a name is told with it; what has gone stays a reference.
    let error = errors::network_contains_pif(["OpaqueRef:n2", "OpaqueRef:n9"]);
    let mut fake = world().answers("network.destroy", Err(error));
    let got = fake.xe("network-destroy uuid=network-2");
    assert!(
        got.err.contains(": network-2 (MGT, bonded)\n"),
        "{}",
        got.err
    );
    assert!(got.err.contains(": OpaqueRef:n9\n"), "{}", got.err);
}

#[test]
fn surplus_and_missing_parameters_are_told_as_such() {
    let error = ApiError::new("UUID_INVALID", vec!["PIF".to_owned()]);
    let mut fake = world().answers("PIF.plug", Err(error));
    fails(
        &mut fake,
        "pif-plug uuid=pif-eth0",
        "There is no object of this class with this UUID.\ntype: PIF\nuuid: <unknown>\n",
    );
    let error = ApiError::new("VLAN_TAG_INVALID", vec!["7".to_owned(), "more".to_owned()]);
    let mut fake = world().answers("PIF.plug", Err(error));
    fails(
        &mut fake,
        "pif-plug uuid=pif-eth0",
        "This is no VLAN tag; tags go from 0 to 4094.\nVLAN: 7\n<extra>: more\n",
    );
}

#[test]
fn an_unknown_code_is_told_raw() {
    let error = ApiError::new("FROM_THE_FUTURE", vec!["a".to_owned(), "b, c".to_owned()]);
    let mut fake = world().answers("PIF.plug", Err(error));
    fails(
        &mut fake,
        "pif-plug uuid=pif-eth0",
        "Error code: FROM_THE_FUTURE\nError parameters: a, b, c\n",
    );
}

#[test]
fn a_command_line_is_looked_at_in_xapis_order() {
    let mut fake = world();
    // The first missing one of the declared order.
    fails(
        &mut fake,
        "bond-create mode=x",
        &format!("Required parameter not found: network-uuid\n{HINT}"),
    );
    fails(
        &mut fake,
        "pif-lst --minimal",
        &format!("Unknown command: pif-lst\n{HINT}"),
    );
    fails(&mut fake, "uuid=x", &format!("Syntax error: {HINT}"));
    fails(&mut fake, "pif-list -x y", &format!("Syntax error: {HINT}"));
    // None of these needs a server.
    assert_eq!(fake.asked, Vec::<String>::new());
    // A missing parameter is told before a refused login.
    fake.refuses = Some(errors::session_authentication_failed("root", "x").into());
    fails(
        &mut fake,
        "pif-plug",
        &format!("Required parameter not found: uuid\n{HINT}"),
    );
    fails(
        &mut fake,
        "pif-plug uuid=x username=root",
        &format!("Authentication failed\n{HINT}"),
    );
    fails(
        &mut fake,
        "pif-plug uuid=x",
        &format!("Username/password must be specified\n{HINT}"),
    );
}

#[test]
fn a_wrong_value_names_the_legal_ones() {
    let mut fake = world();
    fails(
        &mut fake,
        "bond-set-mode uuid=bond-0 mode=fast",
        "Error: Expected 'balance-slb', 'active-backup', 'lacp', got fast\n",
    );
    fails(
        &mut fake,
        "pif-reconfigure-ip uuid=pif-eth0 mode=manual",
        "Error: Expected 'None', 'DHCP', 'Static', got manual\n",
    );
    fails(
        &mut fake,
        "bond-create network-uuid=network-2 pif-uuids=pif-eth0,pif-eth9",
        "There is no object of this class with this UUID.\ntype: PIF\nuuid: pif-eth9\n",
    );
}

#[test]
fn a_lost_connection_is_one_line_and_the_session_is_ended_all_the_same() {
    let mut fake = world();
    fake.refuses = Some(RpcError::Lost("nobody listens".to_owned()));
    fails(&mut fake, "pif-list", "Error: nobody listens\n");
    assert_eq!(fake.asked.len(), 1, "no login, no logout: {:?}", fake.asked);
    fake.refuses = None;
    let got = fake.xe("pif-list nonsense=1");
    assert_eq!(got.status, 1);
    assert_eq!(fake.asked.last().map(String::as_str), Some("logout"));
}

#[test]
fn trace_tells_more() {
    let got = world().xe("pif-list nonsense=1 --trace");
    assert!(
        got.err
            .starts_with("Error: Unknown field 'nonsense'\nRaised "),
        "{}",
        got.err
    );
    assert!(got.err.contains("\nBacktrace:\n"), "{}", got.err);
}

#[test]
fn the_minimal_form_leaves_errors_as_they_are() {
    let mut fake = world();
    fails(
        &mut fake,
        "pif-param-get uuid=pif-eth0 param-name=other-config param-key=x --minimal",
        "Error: Key x not found in map\n",
    );
}

#[test]
fn a_database_dump_is_refused_and_not_silently_ignored() {
    let mut fake = world();
    let text = "Error: Reading from a database dump (database:) is not supported\n";
    fails(&mut fake, "pif-list database:filename=/dump", text);
    fails(
        &mut fake,
        "pif-param-list uuid=pif-eth0 database:vdi-uuid=x",
        text,
    );
}
