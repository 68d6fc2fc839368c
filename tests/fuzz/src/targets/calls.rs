//! Calls as they come from the wire, to the real API on a simulated host.

use std::cell::RefCell;

use xapi_core::Origin;
use xapi_model::Value;
use xapi_model::classes::MODEL;
use xapi_tests::SimHost;
use xapi_wire::{Limits, Reply, Request, jsonrpc, xmlrpc};

/// A host is used for so many calls.
const CALLS: usize = 300;

thread_local! {
    static HOST: RefCell<Option<Stand>> = const { RefCell::new(None) };
}

/// A host, what its objects are called in inputs, and how many calls it has had.
struct Stand {
    host: SimHost,
    names: Vec<(&'static str, String)>,
    calls: usize,
}

impl Stand {
    fn new() -> Stand {
        let host = SimHost::new(3);
        let pif = |device: &str| host.pif(device).as_str().to_owned();
        let names = vec![
            ("SESSION", host.session().to_owned()),
            ("PIF_0", pif("eth0")),
            ("PIF_1", pif("eth1")),
            ("PIF_2", pif("eth2")),
            ("NETWORK_0", host.network("xenbr0").as_str().to_owned()),
            ("HOST_0", host.host().as_str().to_owned()),
        ];
        Stand {
            host,
            names,
            calls: 0,
        }
    }

    /// The body with references in the place of names.
    fn filled(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return bytes.to_vec();
        };
        let names = self.names.iter();
        let filled = names.fold(text.to_owned(), |text, (name, reference)| {
            text.replace(name, reference)
        });
        filled.into_bytes()
    }
}

fn on_host(bytes: &[u8], decode: fn(&[u8]) -> Option<Request>) {
    HOST.with_borrow_mut(|slot| {
        let stand = slot.get_or_insert_with(Stand::new);
        let Some(request) = decode(&stand.filled(bytes)) else {
            return;
        };
        // Whoever ends the session or waits for events tests nothing more.
        if request.method.contains("logout") || request.method.contains("event") {
            return;
        }
        let api = stand.host.api();
        if let Ok(value) = api.call(&Origin::default(), &request.method, request.params) {
            check(&value);
        }
        stand.calls += 1;
        if stand.calls.is_multiple_of(50) {
            check_records(&stand.host);
        }
        if stand.calls == CALLS {
            *slot = None;
        }
    });
}

/// Every record of every class goes over both encodings as it is.
fn check_records(host: &SimHost) {
    for class in MODEL {
        let name = format!("{}.get_all_records", class.name);
        if let Ok(records) = host.call(&name, Vec::new()) {
            check(&records);
        }
    }
}

fn check(value: &Value) {
    super::wire::check(value);
    let xml = xmlrpc::encode_success(value);
    match xmlrpc::decode_reply(xml.as_bytes(), &Limits::REPLY) {
        Ok(Reply::Success(_)) => {}
        other => panic!("an answer that no client reads: {other:?}"),
    }
    let json = jsonrpc::encode_success(jsonrpc::Version::V2, &jsonrpc::Id::Int(1), value);
    match jsonrpc::decode_reply(json.as_bytes(), &Limits::REPLY) {
        Ok(Reply::Success(_)) => {}
        other => panic!("an answer that no client reads: {other:?}"),
    }
}

pub(super) fn xml(bytes: &[u8]) {
    on_host(bytes, |body| {
        xmlrpc::decode_request(body, &Limits::REQUEST).ok()
    });
}

pub(super) fn json(bytes: &[u8]) {
    on_host(bytes, |body| {
        jsonrpc::decode_request(body, &Limits::REQUEST)
            .ok()
            .map(|call| call.request)
    });
}
