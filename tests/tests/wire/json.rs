//! JSON-RPC 1.0 and 2.0, byte for byte.

use xapi_tests::server::Served;

use crate::post_json;

/// Requests and their answers. SESSION, NETWORK, PIF_REF and METRICS stand for references.
const EXCHANGES: &[(&str, &str)] = &[
    (
        r#"{"jsonrpc":"2.0","method":"network.get_MTU","params":["SESSION","NETWORK"],"id":0}"#,
        r#"{"jsonrpc":"2.0","result":1500,"id":0}"#,
    ),
    (
        r#"{"id":"x-1","params":["SESSION","PIF_REF"],"method":"PIF.get_managed","jsonrpc":"2.0"}"#,
        r#"{"jsonrpc":"2.0","result":true,"id":"x-1"}"#,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"PIF_metrics.get_other_config","params":["SESSION","METRICS"],"id":-5}"#,
        r#"{"jsonrpc":"2.0","result":{},"id":-5}"#,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"network.set_name_label","params":["SESSION","NETWORK","\u00e9\"\n<&"],"id":1}"#,
        r#"{"jsonrpc":"2.0","result":"","id":1}"#,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"network.get_name_label","params":["SESSION","NETWORK"],"id":1}"#,
        "{\"jsonrpc\":\"2.0\",\"result\":\"\u{e9}\\\"\\n<&\",\"id\":1}",
    ),
    (
        r#"{"jsonrpc":"2.0","method":"PIF.plug","params":["SESSION","OpaqueRef:nobody"],"id":1}"#,
        r#"{"jsonrpc":"2.0","error":{"code":1,"message":"HANDLE_INVALID","data":["PIF","OpaqueRef:nobody"]},"id":1}"#,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"no.such","id":1}"#,
        r#"{"jsonrpc":"2.0","error":{"code":1,"message":"MESSAGE_METHOD_UNKNOWN","data":["no.such"]},"id":1}"#,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"PIF.plug","params":["SESSION"],"id":1}"#,
        r#"{"jsonrpc":"2.0","error":{"code":1,"message":"MESSAGE_PARAMETER_COUNT_MISMATCH","data":["PIF.plug","1","0"]},"id":1}"#,
    ),
    // No parameters, and an object, which is one parameter.
    (
        r#"{"jsonrpc":"2.0","method":"no.such","params":null,"id":1}"#,
        r#"{"jsonrpc":"2.0","error":{"code":1,"message":"MESSAGE_METHOD_UNKNOWN","data":["no.such"]},"id":1}"#,
    ),
    (
        r#"{"jsonrpc":"2.0","method":"PIF.get_all","params":{"session_id":"SESSION"},"id":1}"#,
        r#"{"jsonrpc":"2.0","error":{"code":1,"message":"INTERNAL_ERROR","data":["Expected session ref, got struct"]},"id":1}"#,
    ),
    // Version 1.0.
    (
        r#"{"method":"network.get_MTU","params":["SESSION","NETWORK"],"id":7}"#,
        r#"{"result":1500,"error":null,"id":7}"#,
    ),
    (
        r#"{"method":"PIF.plug","params":["SESSION","OpaqueRef:nobody"],"id":"a"}"#,
        r#"{"result":null,"error":["HANDLE_INVALID","PIF","OpaqueRef:nobody"],"id":"a"}"#,
    ),
    (
        r#"{"method":"session.logout","params":["OpaqueRef:nobody"],"id":9007199254740993}"#,
        r#"{"result":null,"error":["SESSION_INVALID","OpaqueRef:nobody"],"id":9007199254740993}"#,
    ),
];

/// Bodies that are no call.
const MALFORMED: &[&str] = &[
    r#"{"jsonrpc":"2.0","method":"PIF.get_all","params":["SESSION"]}"#,
    r#"{"jsonrpc":"2.0","method":"PIF.get_all","params":["SESSION"],"id":null}"#,
    r#"{"jsonrpc":"2.0","method":"PIF.get_all","params":["SESSION"],"id":1.5}"#,
    r#"{"jsonrpc":"1.0","method":"PIF.get_all","params":["SESSION"],"id":1}"#,
    r#"{"jsonrpc":2.0,"method":"PIF.get_all","params":["SESSION"],"id":1}"#,
    r#"{"method":"PIF.get_all","id":1}"#,
    r#"{"method":"PIF.get_all","params":{"a":"b"},"id":1}"#,
    r#"[{"jsonrpc":"2.0","method":"PIF.get_all","params":["SESSION"],"id":1}]"#,
    r#"{"jsonrpc":"2.0","params":["SESSION"],"id":1}"#,
    "",
];

#[test]
fn json_rpc_of_both_versions_has_the_bytes_of_xapi() {
    let served = Served::new(2);
    let pif = served.host.pif("eth1");
    let metrics = served.host.get(&pif).metrics;
    let network = served.host.network("xenbr0");
    let filled = |text: &str| {
        text.replace("SESSION", served.host.session())
            .replace("NETWORK", network.as_str())
            .replace("PIF_REF", pif.as_str())
            .replace("METRICS", metrics.as_str())
    };
    for (request, expected) in EXCHANGES {
        // The code SESSION_INVALID stands in answers only.
        let answer = post_json(&served, &filled(request));
        assert_eq!(answer.status, 200, "{request}");
        assert_eq!(answer.body, *expected, "{request}");
        let kind = "\r\ncontent-type: application/json\r\n";
        assert!(answer.head.contains(kind), "{}", answer.head);
    }
    for malformed in MALFORMED {
        let answer = post_json(&served, &filled(malformed));
        assert_eq!(answer.status, 500, "{malformed}: {}", answer.body);
    }
}
