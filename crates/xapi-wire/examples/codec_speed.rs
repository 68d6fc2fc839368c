//! How fast the codec is beside dxr: `cargo run --release -p xapi-wire --example codec_speed`.
//!
//! The document is the answer of `PIF.get_all_records` for 1,000 PIFs. Dates are left out, since dxr reads none with
//! a zone, and every number is given as text to both, so that both do the same work.

use std::hint::black_box;
use std::time::{Duration, Instant};

use xapi_model::{Class, Pif, Value};
use xapi_wire::{Limits, jsonrpc, xmlrpc};

const PIFS: usize = 1000;
const TIME: Duration = Duration::from_secs(1);

fn main() {
    let records = records();
    let wire = xmlrpc::encode_success(&records);
    let theirs = dxr::MethodResponse::from_xml(&wire).expect("dxr reads what we write");
    println!(
        "one answer of PIF.get_all_records, {PIFS} PIFs: {:.2} MB of XML",
        megabytes(&wire)
    );
    report("own decoder", &wire, || {
        black_box(xmlrpc::decode_reply(
            black_box(wire.as_bytes()),
            &Limits::REPLY,
        ))
        .is_ok()
    });
    report("dxr decoder", &wire, || {
        black_box(dxr::MethodResponse::from_xml(black_box(&wire))).is_ok()
    });
    report("own encoder", &wire, || {
        !black_box(xmlrpc::encode_success(black_box(&records))).is_empty()
    });
    report("dxr encoder", &wire, || {
        black_box(black_box(&theirs).to_xml()).is_ok()
    });

    let id = jsonrpc::Id::Int(1);
    let json = jsonrpc::encode_success(jsonrpc::Version::V2, &id, &records);
    println!("the same as JSON: {:.2} MB", megabytes(&json));
    report("own JSON decoder", &json, || {
        black_box(jsonrpc::decode_reply(
            black_box(json.as_bytes()),
            &Limits::REPLY,
        ))
        .is_ok()
    });
    report("own JSON encoder", &json, || {
        !black_box(jsonrpc::encode_success(
            jsonrpc::Version::V2,
            &id,
            black_box(&records),
        ))
        .is_empty()
    });

    let session = Value::from("OpaqueRef:8b2b1cf2-2f0e-4c40-8e8c-6ba4b1d1f3aa");
    let call = xmlrpc::encode_request("PIF.get_MTU", &[session.clone(), session]);
    println!("one call of PIF.get_MTU: {} bytes", call.len());
    report("own decoder", &call, || {
        black_box(xmlrpc::decode_request(
            black_box(call.as_bytes()),
            &Limits::REQUEST,
        ))
        .is_ok()
    });
    report("dxr decoder", &call, || {
        black_box(dxr::MethodCall::from_xml(black_box(&call))).is_ok()
    });
}

fn megabytes(text: &str) -> f64 {
    text.len() as f64 / 1e6
}

/// Runs `work` for a while and prints the time of the quickest rounds: what else the machine does only adds to it.
fn report(what: &str, text: &str, work: impl Fn() -> bool) {
    let rounds = u32::try_from(1 + 100_000 / text.len()).unwrap_or(1);
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < TIME {
        let begin = Instant::now();
        for _ in 0..rounds {
            assert!(work(), "{what} failed");
        }
        best = best.min(begin.elapsed() / rounds);
    }
    let rate = megabytes(text) / best.as_secs_f64();
    println!(
        "  {what:<18} {:>10.1} us {rate:>8.0} MB/s",
        best.as_secs_f64() * 1e6
    );
}

/// Records as a pool with many PIFs has them, field by field from the model.
fn records() -> Value {
    let record = |n: usize| {
        let fields = Pif::DESC.fields.iter().filter(|field| field.on_wire());
        let members = fields.map(|field| {
            let value = match field.default_value() {
                Value::Time(_) => Value::from("now"),
                Value::Str(text) if text.is_empty() => Value::Str(format!("{} {n}", field.name)),
                Value::Array(_) => Value::Array(vec![reference(n), reference(n + 1)]),
                Value::Struct(_) => {
                    Value::Struct(vec![("key".to_owned(), Value::from("a value & more"))])
                }
                Value::Int(n) => Value::Str(n.to_string()),
                other => other,
            };
            (field.name.to_owned(), value)
        });
        Value::Struct(members.collect())
    };
    let named = |n: usize| match reference(n) {
        Value::Str(name) => (name, record(n)),
        _ => unreachable!("a reference is text"),
    };
    Value::Struct((0..PIFS).map(named).collect())
}

fn reference(n: usize) -> Value {
    Value::Str(format!("OpaqueRef:8b2b1cf2-2f0e-4c40-8e8c-{n:012x}"))
}
