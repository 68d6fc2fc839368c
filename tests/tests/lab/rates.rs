//! What a machine may send in a second. Open vSwitch's columns say so everywhere; that it is so takes a kernel with
//! cls_basic, which the kernel lab has.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use xapi_tests::Lab;

use xapi_tests::stage::{Machine, machine, network_of, xe};

const LIMITED: &str = "172.16.0.24";
const FREE: &str = "172.16.0.25";
const PEER: &str = "172.16.0.1";

/// What `kbps` says, kilobytes of 1,024 octets as with XAPI, and the kilobits of 1,000 that come of it.
const KBPS: &str = "244";
const LIMIT: f64 = 2_000.0;
/// What is sent, in kilobits a second, and for how long.
const OFFERED: f64 = 12_000.0;
const SECONDS: f64 = 5.0;
/// Octets of a packet's payload, and of the packet.
const PAYLOAD: usize = 1_200;
const PACKET: usize = PAYLOAD + 20 + 8 + 14;

/// Sends packets at an even pace.
const SENDER: &str = "
import socket, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
every = {PACKET} * 8 / ({OFFERED} * 1000)
end = time.monotonic() + {SECONDS}
sent, began = 0, time.monotonic()
while time.monotonic() < end:
    # After a pause of the machine no burst makes up for it.
    due = int((time.monotonic() - began) / every)
    if sent + 20 < due: began += (due - sent - 20) * every
    if sent < due:
        out.sendto(bytes({PAYLOAD}), (\"{TO}\", 4711)); sent += 1
    else:
        time.sleep(every / 2)
print(sent)
";

/// Counts what comes, from the first packet on, until nothing has come for two seconds.
const RECEIVER: &str = "
import socket
into = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
into.bind((\"\", 4711))
into.settimeout(60)
print(\"bound\", flush=True)
count = 0
try:
    while True:
        into.recv(2048); count += 1; into.settimeout(2)
except TimeoutError:
    print(count, flush=True)
";

fn program(text: &str, to: &str) -> String {
    let mut text = text.to_owned();
    for (name, value) in [
        ("{PACKET}", PACKET.to_string()),
        ("{PAYLOAD}", PAYLOAD.to_string()),
        ("{OFFERED}", OFFERED.to_string()),
        ("{SECONDS}", SECONDS.to_string()),
        ("{TO}", to.to_owned()),
    ] {
        text = text.replace(name, &value);
    }
    text
}

/// Kilobits a second that come through, and that were sent, from one to the other: scripts of a host's shell run them.
fn through(lab: &Lab, sender: (&str, String), receiver: (&str, String)) -> (f64, f64) {
    let mut child = lab
        .piped(receiver.0, &receiver.1)
        .spawn()
        .expect("running xapi-lab");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    assert_eq!(line(), "bound");
    let sent = lab.exec(sender.0, &sender.1);
    let came = line();
    child.wait().expect("its end");
    let rate = |count: &str| {
        let count: f64 = count.trim().parse().expect("a count");
        count * PACKET as f64 * 8.0 / 1000.0 / SECONDS
    };
    (rate(&came), rate(&sent))
}

/// A machine on eth1, with a limit or without.
fn running(lab: &Lab, name: &str, address: &str, limited: bool) -> Machine {
    let xen = lab.api("xs-1");
    let its = machine(lab, name, &network_of(&xen, "eth1").1, "");
    if limited {
        let set = format!(
            "xe vif-param-set uuid={0} qos_algorithm_type=ratelimit; xe vif-param-set uuid={0} qos_algorithm_params:kbps={KBPS}",
            its.vif
        );
        lab.exec("xs-1", &set);
    }
    its.start(lab);
    its.configure(lab, &format!("{address}/27"), PEER);
    its
}

/// A python program as words for a shell; inside a machine, whose scripts are in single quotes, those are not among them.
fn python(text: &str) -> String {
    format!("python3 -c \"{}\"", text.replace('"', "\\\""))
}

#[test]
fn a_machine_with_a_limit_sends_no_more_and_one_without_it_does() {
    let lab = Lab::alone(&["--nics", "2"]);
    let limited = running(&lab, "limited", LIMITED, true);
    let free = running(&lab, "free", FREE, false);
    let columns = lab.exec(
        "xs-1",
        "ovs-vsctl --bare --columns=name,ingress_policing_rate,ingress_policing_burst find Interface name!=xenbr1",
    );
    let words: Vec<_> = columns.split_whitespace().collect();
    let policing: BTreeMap<_, _> = words
        .chunks_exact(3)
        .map(|row| (row[0], (row[1], row[2])))
        .collect();
    let of = |its: &Machine| {
        let port = its.port(&lab.api("xs-1"));
        policing[port.as_str()]
    };
    assert_eq!(of(&limited), ("1999", "199"));
    assert_eq!(of(&free), ("0", "0"));
    if lab.datapath() != "system" {
        // Without the kernel's datapath and cls_basic, the columns are all there is.
        return;
    }

    let to_client = |its: &Machine| {
        let sender = its.script(&python(&program(SENDER, PEER)));
        through(&lab, ("xs-1", sender), ("client", python(RECEIVER)))
    };
    let (came, sent) = to_client(&limited);
    println!("limited to {LIMIT} kbit/s: {came:.0} came through of {sent:.0}");
    assert!(sent > LIMIT * 2.0, "too little was sent: {sent}");
    assert!(came > LIMIT * 0.7 && came < LIMIT * 1.3, "{came}");
    let (came, sent) = to_client(&free);
    println!("without a limit: {came:.0} came through of {sent:.0}");
    assert!(came > LIMIT * 2.0, "{came}");
    // As with XAPI it is what a machine sends that is limited, not what it is sent.
    let receiver = limited.script(&python(RECEIVER));
    let sender = python(&program(SENDER, LIMITED));
    let (came, sent) = through(&lab, ("client", sender), ("xs-1", receiver));
    println!("to the limited one: {came:.0} came through of {sent:.0}");
    assert!(came > LIMIT * 2.0, "{came}");

    let lift = format!("vif-param-set uuid={} qos_algorithm_type=", limited.vif);
    xe(&lab, &lift);
    xe(&lab, &format!("vif-unplug uuid={}", limited.vif));
    xe(&lab, &format!("vif-plug uuid={}", limited.vif));
    limited.configure(&lab, &format!("{LIMITED}/27"), PEER);
    let (came, sent) = to_client(&limited);
    println!("with the limit lifted: {came:.0} came through of {sent:.0}");
    assert!(came > LIMIT * 2.0, "{came}");
}
