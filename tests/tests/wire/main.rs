//! The bytes of whole exchanges, and what other implementations of XML-RPC make of them.

mod clients;
mod json;
mod order;
mod others;
mod pages;
mod thin;
mod xml;

use xapi_tests::server::{Answer, Served, To};

/// A request with parameters that are written already.
fn call(name: &str, params: &[&str]) -> String {
    let params = params.iter();
    let params: String = params.map(|p| format!("<param>{p}</param>")).collect();
    format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>{name}</methodName><params>{params}</params></methodCall>"
    )
}

/// What is inside, as a value.
fn text(text: &str) -> String {
    format!("<value>{text}</value>")
}

/// The answer of a call that succeeded.
fn success(value: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>Status</name>\
         <value>Success</value></member><member><name>Value</name>{value}</member></struct></value></param></params>\
         </methodResponse>"
    )
}

/// The answer of a call that failed.
fn failure(error: &[&str]) -> String {
    let error: String = error.iter().map(|word| text(word)).collect();
    format!(
        "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>Status</name>\
         <value>Failure</value></member><member><name>ErrorDescription</name><value><array><data>{error}</data></array>\
         </value></member></struct></value></param></params></methodResponse>"
    )
}

/// The body of the answer to a call.
fn ask(served: &Served, name: &str, params: &[&str]) -> String {
    let answer = served.post(To::Tcp, "/RPC2", call(name, params).as_bytes());
    assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    answer.body
}

/// The same with the session put first.
fn with_session(served: &Served, name: &str, params: &[&str]) -> String {
    let session = text(served.host.session());
    let session = std::iter::once(session.as_str());
    let params: Vec<_> = session.chain(params.iter().copied()).collect();
    ask(served, name, &params)
}

/// The answer to a body of JSON.
fn post_json(served: &Served, body: &str) -> Answer {
    served.post(To::Tcp, "/jsonrpc", body.as_bytes())
}

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).expect("the beginning");
    rest.split_once(after).expect("the end").0
}
