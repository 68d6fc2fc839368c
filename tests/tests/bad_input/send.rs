//! Requests and answers in both encodings, written and read here without the codec of the product.

use serde_json::Value as Json;
use xapi_model::Value;
use xapi_tests::server::{Answer, Served, To};
use xapi_wire::{Limits, Reply, xmlrpc};

/// How a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// XML-RPC.
    Xml,
    /// JSON-RPC 2.0.
    Json,
}

impl Encoding {
    /// The path of requests.
    pub fn path(self) -> &'static str {
        match self {
            Encoding::Xml => "/RPC2",
            Encoding::Json => "/jsonrpc",
        }
    }
}

/// A failure: the code, and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The code.
    pub code: String,
    /// The parameters.
    pub params: Vec<String>,
}

/// Calls, on a connection of its own.
pub fn send(
    served: &Served,
    to: To,
    encoding: Encoding,
    name: &str,
    params: &[Value],
) -> Result<(), Failed> {
    let body = request(encoding, name, params);
    let answer = served.post(to, encoding.path(), body.as_bytes());
    assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    outcome(encoding, &answer)
}

/// A request.
pub fn request(encoding: Encoding, name: &str, params: &[Value]) -> String {
    match encoding {
        Encoding::Xml => {
            let params: String = params
                .iter()
                .map(|param| format!("<param>{}</param>", xml(param)))
                .collect();
            raw(encoding, name, &params)
        }
        Encoding::Json => {
            let params: Vec<_> = params.iter().map(json).collect();
            let params = Json::Array(params).to_string();
            raw(encoding, name, &params[1..params.len() - 1])
        }
    }
}

/// A request whose parameters are written already.
pub fn raw(encoding: Encoding, name: &str, params: &str) -> String {
    match encoding {
        Encoding::Xml => format!(
            "<?xml version=\"1.0\"?><methodCall><methodName>{name}</methodName><params>{params}</params></methodCall>"
        ),
        Encoding::Json => {
            format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{name}\",\"params\":[{params}],\"id\":7}}")
        }
    }
}

/// A parameter as it stands in a request, with the tag of its type.
pub fn param(encoding: Encoding, value: &Value) -> String {
    match encoding {
        Encoding::Xml => format!("<param>{}</param>", xml(value)),
        Encoding::Json => json(value).to_string(),
    }
}

fn xml(value: &Value) -> String {
    let inner = match value {
        Value::Nil => "<nil/>".to_owned(),
        Value::Bool(b) => format!("<boolean>{}</boolean>", u8::from(*b)),
        Value::Int(n) => format!("<int>{n}</int>"),
        Value::Float(x) => format!("<double>{x}</double>"),
        Value::Time(time) => format!("<dateTime.iso8601>{}</dateTime.iso8601>", time.as_str()),
        Value::Str(text) => {
            format!("<string>{}</string>", escaped(text))
        }
        Value::Array(items) => {
            let items: String = items.iter().map(xml).collect();
            format!("<array><data>{items}</data></array>")
        }
        Value::Struct(members) => {
            let members: String = members
                .iter()
                .map(|(name, value)| {
                    let name = escaped(name);
                    format!("<member><name>{name}</name>{}</member>", xml(value))
                })
                .collect();
            format!("<struct>{members}</struct>")
        }
    };
    format!("<value>{inner}</value>")
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('\r', "&#13;")
}

/// What a call answers. XML is read by the codec of the product, which its own tests compare with others: dxr takes no
/// name of blanks.
pub fn ask(served: &Served, to: To, encoding: Encoding, name: &str, params: &[Value]) -> Json {
    let body = request(encoding, name, params);
    let answer = served.post(to, encoding.path(), body.as_bytes());
    match encoding {
        Encoding::Xml => match xmlrpc::decode_reply(answer.body.as_bytes(), &Limits::REPLY) {
            Ok(Reply::Success(value)) => json(&value),
            other => panic!("{name}: {other:?}"),
        },
        Encoding::Json => {
            let mut answer: Json = serde_json::from_str(&answer.body).expect("a JSON answer");
            answer["result"].take()
        }
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(n) => Json::from(*n),
        Value::Float(x) => Json::from(*x),
        Value::Time(time) => Json::from(time.as_str()),
        Value::Str(text) => Json::from(text.as_str()),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Struct(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), json(value)))
            .collect(),
    }
}

/// What an answer says.
pub fn outcome(encoding: Encoding, answer: &Answer) -> Result<(), Failed> {
    let texts = match encoding {
        Encoding::Xml => {
            let response = dxr::MethodResponse::from_xml(&answer.body).expect("an XML-RPC answer");
            let dxr::Value::Struct(members) = response.value else {
                panic!("{}", answer.body)
            };
            let Some(dxr::Value::Array(error)) = members.get("ErrorDescription") else {
                assert_eq!(members["Status"], dxr::Value::String("Success".to_owned()));
                return Ok(());
            };
            assert_eq!(members["Status"], dxr::Value::String("Failure".to_owned()));
            let texts = error.iter().map(|text| match text {
                dxr::Value::String(text) => text.clone(),
                other => panic!("{other:?} in an error"),
            });
            texts.collect::<Vec<_>>()
        }
        Encoding::Json => {
            let answer: Json = serde_json::from_str(&answer.body).expect("a JSON answer");
            match &answer["error"] {
                Json::Null => {
                    assert!(answer.get("result").is_some(), "{answer}");
                    return Ok(());
                }
                // Refused before the id was known.
                Json::Array(error) => {
                    assert_eq!(answer["id"], 0, "{answer}");
                    error.iter().map(text_of).collect()
                }
                error => {
                    assert_eq!((&answer["id"], &error["code"]), (&7.into(), &1.into()));
                    let data = error["data"].as_array().expect("a list");
                    std::iter::once(&error["message"])
                        .chain(data)
                        .map(text_of)
                        .collect()
                }
            }
        }
    };
    let mut texts = texts.into_iter();
    Err(Failed {
        code: texts.next().expect("a code"),
        params: texts.collect(),
    })
}

fn text_of(json: &Json) -> String {
    json.as_str().expect("a text").to_owned()
}
