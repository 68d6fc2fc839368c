//! The SDKs whose toolchains are not at hand, by what they send.

use xapi_tests::Lab;

use crate::install;

#[test]
fn the_calls_of_the_sdks_of_c_sharp_go_and_java_are_answered_as_they_take_them_apart() {
    let lab = Lab::up(&[]);
    let script = install::scripts().join("sdks.py").display().to_string();
    let command = ["exec", "client", "--", "python3", &script, "172.16.0.10"];
    lab.verb(&[command.as_slice(), &[&lab.password]].concat());
}
