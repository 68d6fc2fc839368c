//! `xen-api` of npm, the client of Xen Orchestra.

use xapi_tests::Lab;

use crate::install;

/// Runs the script of the client over one of its transports.
fn drive(transport: &str) {
    let installed = install::xen_api().display().to_string();
    let lab = Lab::up(&[]);
    let script = install::scripts().join("xen_api.mjs").display().to_string();
    let command = ["exec", "client", "--", "node", &script, &installed];
    lab.verb(
        &[
            command.as_slice(),
            &["172.16.0.10", &lab.password, transport],
        ]
        .concat(),
    );
}

#[test]
fn xen_orchestras_client_watches_all_objects_and_drives_a_bond_over_json_rpc() {
    drive("json-rpc");
}

#[test]
fn xen_orchestras_client_watches_all_objects_and_drives_a_bond_over_xml_rpc() {
    drive("xml-rpc");
}

#[test]
fn xen_orchestras_client_finds_the_transport_by_itself() {
    drive("auto");
}
