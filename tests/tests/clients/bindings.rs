//! `XenAPI` of PyPI, the bindings that nearly all programs in Python stand on.

use std::path::Path;

use xapi_tests::Lab;

use crate::install;

fn script() -> String {
    install::scripts().join("xenapi.py").display().to_string()
}

#[test]
fn the_python_bindings_log_in_make_a_bond_follow_it_by_events_and_hear_why_they_are_refused() {
    let path = format!("PYTHONPATH={}", install::bindings().display());
    let lab = Lab::up(&[]);
    let script = script();
    let arguments = ["network", "172.16.0.10", &lab.password];
    let command = ["exec", "client", "--", "env", &path, "python3", &script];
    lab.verb(&[command.as_slice(), &arguments].concat());
    // The bonds and networks of the script are gone.
    let left = lab.exec("xs-1", "xe bond-list --minimal; ovs-vsctl list-br");
    assert_eq!(
        left.trim(),
        "xenbr0\nxenbr1\nxenbr2\nxenbr3\nxenbr4\nxenbr5"
    );
}

#[test]
fn the_python_bindings_get_in_by_the_unix_socket_with_any_name_and_password() {
    let module = install::bindings().join("XenAPI/XenAPI.py");
    let lab = Lab::up(&["--nics", "4"]);
    // What the machine has below /tmp a host does not see, so both files go in by name.
    for (from, to) in [
        (module.as_path(), "XenAPI.py"),
        (Path::new(&script()), "clients.py"),
    ] {
        let text = std::fs::read_to_string(from).expect("a script");
        lab.feed("xs-1", &format!("cat > /root/{to}"), &text);
    }
    lab.exec("xs-1", "cd /root && python3 clients.py local");
}
