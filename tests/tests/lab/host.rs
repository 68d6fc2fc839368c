//! What programs on the host itself see of the daemon and of its calls.

use xapi_model::{Host, host};
use xapi_tests::Lab;

#[test]
fn a_name_given_over_the_api_is_the_kernels_and_stands_in_the_file_for_the_next_boot() {
    let lab = Lab::up(&["--nics", "1"]);
    let xen = lab.api("xs-1");
    let (this, before) = xen.all::<Host>().into_iter().next().expect("the host");
    assert_eq!(before.hostname, "xs-1");
    let call = host::SetHostnameLive {
        host: this.clone(),
        hostname: "renamed.lab".to_owned(),
    };
    xen.session().invoke(&call).expect("host.set_hostname_live");
    let told = lab.exec("xs-1", "uname -n; cat /etc/hostname");
    assert_eq!(told, "renamed.lab\nrenamed.lab");
    lab.verb(&["restart", "xs-1"]);
    let (_, after) = lab.api("xs-1").all::<Host>().remove(0);
    assert_eq!(after.hostname, "renamed.lab");
    assert_eq!(after.name_label, before.name_label);
}

#[test]
fn the_pid_file_names_the_daemon_while_it_runs() {
    let lab = Lab::up(&["--nics", "1"]);
    let executable = "basename $(readlink /proc/$(cat /run/xapi.pid)/exe)";
    assert_eq!(lab.exec("xs-1", executable), "xapi");
    lab.verb(&["stop", "xs-1"]);
    assert_eq!(
        lab.exec("xs-1", "ls /run/xapi.pid 2>/dev/null || echo gone"),
        "gone"
    );
    lab.verb(&["start", "xs-1"]);
    assert_eq!(lab.exec("xs-1", executable), "xapi");
}
