//! What DHCP servers send. An input is a conversation: messages with `NEXT` between, each given the number that our
//! last message had, as somebody on the link would do who hears it.

use std::time::Duration;

use xapi_net::kernel::Mac;
use xapi_net::kernel::dhcp::frame4::message_in;
use xapi_net::kernel::dhcp::machine4::Machine4;
use xapi_net::kernel::dhcp::machine6::Machine6;
use xapi_net::kernel::dhcp::{Begin, Config4, Config6, Machine, Now, Output};

const MAC: Mac = Mac([2, 0x16, 0x3e, 0, 0, 1]);

fn conversation(mut machine: impl Machine, bytes: &[u8], number: fn(&mut [u8], &[u8])) {
    let mut up = Duration::from_secs(1);
    let now = |up: Duration| Now {
        up,
        unix: 1_700_000_000 + up.as_secs(),
    };
    let sent = |outputs: Vec<Output>, last: &mut Vec<u8>| {
        for output in outputs {
            match output {
                Output::Send { payload, .. } => *last = payload,
                Output::Tell(event) => drop(format!("{event:?}")),
            }
        }
    };
    let mut last = Vec::new();
    sent(machine.start(now(up)), &mut last);
    let mut rest = bytes;
    loop {
        let end = rest.windows(4).position(|four| four == b"NEXT");
        let mut message = rest[..end.unwrap_or(rest.len())].to_vec();
        number(&mut message, &last);
        sent(machine.receive(now(up), &message), &mut last);
        // Time goes on: to the next deadline, if it is not years away.
        up += Duration::from_millis(500);
        if let Some(deadline) = machine.deadline()
            && deadline < up + Duration::from_secs(1 << 40)
        {
            up = up.max(deadline);
            sent(machine.wake(now(up)), &mut last);
        }
        match end {
            Some(end) => rest = &rest[end + 4..],
            None => break,
        }
    }
    sent(machine.renew(now(up)), &mut last);
    sent(machine.decline(now(up)), &mut last);
    sent(machine.release(now(up)), &mut last);
}

pub(super) fn v4(bytes: &[u8]) {
    let config = Config4 {
        mac: MAC,
        client_id: None,
        host_name: Some("xs-1".to_owned()),
        routers: true,
        dns: true,
        suggested: None,
        seed: 1,
    };
    conversation(
        Machine4::new(config, Begin::Fresh),
        bytes,
        |message, last| {
            if message.len() >= 8 && last.len() >= 8 {
                message[4..8].copy_from_slice(&last[4..8]);
            }
        },
    );
}

pub(super) fn v6(bytes: &[u8]) {
    let config = Config6 {
        mac: MAC,
        duid: Config6::duid_of(MAC),
        dns: true,
        seed: 1,
    };
    conversation(
        Machine6::new(config, Begin::Fresh),
        bytes,
        |message, last| {
            if message.len() >= 4 && last.len() >= 4 {
                message[1..4].copy_from_slice(&last[1..4]);
            }
        },
    );
}

pub(super) fn frame(bytes: &[u8]) {
    let trusting = message_in(bytes, false);
    let strict = message_in(bytes, true);
    if let Some(strict) = strict {
        assert_eq!(
            trusting,
            Some(strict),
            "a checksum changes what is in a frame"
        );
    }
}
