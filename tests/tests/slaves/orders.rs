//! What a slave does when it is told to be something else.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use xapi_tests::SimPool;

#[test]
fn a_slave_begins_anew_when_its_line_has_ended_whether_or_not_it_has_opened_another_one() {
    let pool = SimPool::new(1, 2);
    let (tell, told) = channel();
    pool.slaves[0].host.core().on_restart(move || {
        tell.send(()).expect("the test waits");
    });
    let obey = br#"{"Obey":"172.16.0.10"}"#;
    let answer = pool.slaves[0].slave().asked(obey).expect("an answer");
    assert_eq!(answer, br#"{"Done":{"Ok":null}}"#);
    let began = Instant::now();
    // What the daemon does as soon as a line is gone, before anybody else comes to look.
    pool.slaves[0].slave().closed("the line is gone");
    pool.slaves[0].slave().dials();
    told.recv_timeout(Duration::from_secs(20))
        .expect("it begins anew");
    // A line that stays open is waited for five seconds.
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "it waited for the next line"
    );
}
