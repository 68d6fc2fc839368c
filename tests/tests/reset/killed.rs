//! The command killed at random moments: whoever runs it again gets the host back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use xapi_tests::Lab;

use crate::host::{ADDRESS, STATIC, command, furnished, is_reset, kept, reset, unseen};

/// The command has done all it does by itself after about so long.
const RUNS_FOR: u64 = 2_000;

fn rounds() -> u64 {
    match std::env::var_os("XAPI_SOAK") {
        Some(_) => 40,
        None => 3,
    }
}

fn kill_after(lab: &Lab, pause: Duration) -> String {
    let line = format!(
        "xe-reset-networking --yes --no-reboot {STATIC} & pid=$!; sleep {}; kill -9 $pid; wait $pid",
        pause.as_secs_f64()
    );
    command(lab, &line)
}

#[test]
fn a_command_that_is_killed_at_any_moment_is_mended_by_the_next() {
    let seed = match std::env::var("XAPI_SEED") {
        Ok(seed) => seed.parse().expect("a number"),
        Err(_) => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_nanos() as u64,
    };
    println!("XAPI_SEED={seed}");
    let (lab, xen) = furnished();
    let before = kept(&xen);
    let mut chance = seed | 1;
    for round in 0..rounds() {
        let script = "xe pif-reconfigure-ip uuid=$(xe pif-list management=true --minimal) \
                      mode=static IP=10.99.0.1 netmask=255.255.255.0";
        unseen(&lab, || drop(lab.exec("xs-1", script)));
        // xorshift
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        let pause = Duration::from_millis(chance % RUNS_FOR);
        println!("round {round}: killed after {pause:?}");
        kill_after(&lab, pause);
        reset(&lab, &format!("--no-reboot {STATIC}"), ADDRESS);
        is_reset(&lab, "eth0", &before);
        // Also nothing of the one that was killed.
        let left = lab.exec("xs-1", "ls -A /var/tmp");
        assert!(!left.contains("network-reset"), "{left}");
    }
}
