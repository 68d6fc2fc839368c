//! The lab's tests once more, on Open vSwitch's datapath in a kernel: user-mode Linux, with one slow processor
//! (docs/xapi-lab.md). There too rates of guests are in force, which the machine's own kernel may not be able to.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use xapi_tests::lab;

/// The tests that run there: the manual tests of the bonding design with namespaces as guests, what else there is about
/// guests, and kills of the daemon. Those that do nothing but measure silences are not among them.
const WHOLE: [&str; 6] = [
    "seed::create::",
    "seed::destroy::",
    "seed::restart::",
    "guests::",
    "kills::soak_a_daemon_killed",
    "rates::",
];
/// Those of them that say most in a minute, for every day.
const FEW: [&str; 3] = [
    "seed::create::with_a_vlan_on_one",
    "seed::create::with_a_vif_of_a_running_vm_with_pv_drivers",
    "rates::",
];
/// Kills of the daemon.
const KILLS: &str = "20";

/// `make kernel-lab` and the soak run the whole.
fn is_whole() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    is_set("XAPI_KERNEL_LAB") || is_set("XAPI_SOAK")
}

/// After how many seconds it is given up.
const SECONDS: &str = "900";

/// How many seconds the whole may take there, by the clock of its kernel and without the boot.
const MOST: f64 = 360.0;

/// This test binary with words for it.
fn tests(words: &[&str]) -> Vec<String> {
    let this = std::env::current_exe().expect("our own path");
    let mut command = vec![this.to_str().expect("a plain path").to_owned()];
    let chosen = if is_whole() { &WHOLE[..] } else { &FEW[..] };
    command.extend(chosen.iter().chain(words).map(|word| (*word).to_owned()));
    command
}

/// How many tests are chosen.
fn chosen() -> usize {
    let command = tests(&["--list"]);
    let output = Command::new(&command[0]).args(&command[1..]).output();
    let told = output.expect("running this test binary").stdout;
    let told = String::from_utf8_lossy(&told);
    told.lines().filter(|line| line.ends_with(": test")).count()
}

#[test]
fn what_holds_in_user_space_holds_on_the_kernels_datapath() {
    // It takes a processor for itself, which no test that measures should have to share.
    let _turn = lab::undisturbed();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bin/xapi-lab/scripts");
    let began = Instant::now();
    let mut kernel = Command::new(scripts.join("kernel-lab.sh"))
        .args(tests(&["--test-threads", "1", "--nocapture"]))
        .env("KERNEL_LAB_SECONDS", SECONDS)
        .env("XAPI_LAB_KILLS", KILLS)
        .env_remove("XAPI_SOAK")
        .env_remove("XAPI_KERNEL_LAB")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("kernel-lab.sh");
    let output = BufReader::new(kernel.stdout.take().expect("a pipe"));
    let (mut passed, mut took) = (None, None::<f64>);
    for line in output.lines().map_while(Result::ok) {
        println!("{line}");
        let count = line.strip_prefix("test result: ok. ");
        passed = passed.or(count.map(|rest| rest.split(';').next().unwrap_or_default().to_owned()));
        let taken = count.and_then(|rest| rest.rsplit_once("finished in "));
        took = took.or(taken.and_then(|(_, taken)| taken.trim_end_matches('s').parse().ok()));
    }
    let status = kernel.wait().expect("its end");
    println!("the kernel lab took {:?}", began.elapsed());
    assert!(status.success(), "the kernel lab: {status}");
    let wanted = chosen();
    let least = if is_whole() { 15 } else { FEW.len() };
    assert!(wanted >= least, "only {wanted} tests are chosen");
    assert_eq!(passed, Some(format!("{wanted} passed")));
    // What is tested every day shares the machine with other tests, and is short anyway.
    if is_whole() {
        let took = took.expect("the time that the tests took");
        assert!(
            took <= MOST,
            "{took} s in the kernel lab, which may take {MOST} s"
        );
    }
}
