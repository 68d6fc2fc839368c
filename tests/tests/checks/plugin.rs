//! `host.call_plugin`, with plugins that are real programs.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use xapi_model::{ApiError, Value, errors};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

/// Answers with what it got, as plugins in Python do.
const ECHO: &str = r#"#!/usr/bin/env python3
import sys, xmlrpc.client
(session, args), function = xmlrpc.client.loads(sys.argv[1])
if function == "refuse":
    answer = {"Status": "Failure", "ErrorDescription": ["XENAPI_PLUGIN_FAILURE", "refuse", "Refused", args["why"]]}
else:
    answer = {"Status": "Success", "Value": "%s %s %r %d" % (function, session, sorted(args.items()), len(sys.argv))}
print(xmlrpc.client.dumps((answer,), methodresponse=True))
"#;

fn plugin(host: &SimHost, name: &str, script: &str) {
    let directory = host.root().join("etc/xapi.d/plugins");
    std::fs::create_dir_all(&directory).expect("a directory");
    let path = directory.join(name);
    std::fs::write(&path, script).expect("a plugin");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("its mode");
}

fn ask(
    host: &SimHost,
    name: &str,
    function: &str,
    args: &[(&str, &str)],
) -> Result<Value, ApiError> {
    let args = args
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    let params = vec![
        text(&host.host()),
        Value::from(name),
        Value::from(function),
        Value::Struct(args.collect()),
    ];
    host.call("host.call_plugin", params)
}

fn failed(outcome: Result<Value, ApiError>) -> [String; 3] {
    let error = outcome.expect_err("a plugin that fails");
    assert_eq!(error.code, "XENAPI_PLUGIN_FAILURE", "{error}");
    error.params.try_into().expect("three parameters")
}

#[test]
fn a_plugin_gets_its_function_the_callers_session_and_its_arguments() {
    let host = SimHost::new(1);
    plugin(&host, "echo.py", ECHO);
    let answer = ask(&host, "echo.py", "say", &[("b", "<&>"), ("a", "\u{e9}")]).expect("an answer");
    let expected = format!("say {} [('a', '\u{e9}'), ('b', '<&>')] 2", host.session());
    assert_eq!(answer, Value::from(expected.as_str()));
}

#[test]
fn what_a_plugin_refuses_reaches_the_caller_as_it_is() {
    let host = SimHost::new(1);
    plugin(&host, "echo.py", ECHO);
    let told = failed(ask(&host, "echo.py", "refuse", &[("why", "it rains")]));
    assert_eq!(told, ["refuse", "Refused", "it rains"]);
}

#[test]
fn only_what_stands_among_the_plugins_is_one() {
    let host = SimHost::new(1);
    plugin(&host, "echo.py", ECHO);
    std::fs::write(host.root().join("etc/secret"), "").expect("a file");
    for name in [
        "",
        ".",
        "..",
        "nobody",
        "../../secret",
        "/bin/true",
        "echo.py/",
    ] {
        let why = ask(&host, name, "say", &[]).expect_err(name);
        assert_eq!(why, errors::xenapi_missing_plugin(name));
    }
    let other = other_host(&host);
    let empty = Value::Struct(Vec::new());
    let params = |of: Value| {
        vec![
            of,
            Value::from("echo.py"),
            Value::from("say"),
            empty.clone(),
        ]
    };
    let away = host
        .call("host.call_plugin", params(text(&other)))
        .unwrap_err();
    assert_eq!(away, errors::host_offline(&other));
    let nobody = host
        .call("host.call_plugin", params(Value::from(NOBODY)))
        .unwrap_err();
    assert_eq!(nobody, errors::handle_invalid("host", NOBODY));
}

#[test]
fn a_plugin_that_fails_is_told_of_with_what_it_printed() {
    let host = SimHost::new(1);
    plugin(&host, "exit", "#!/bin/sh\necho out; echo err >&2; exit 3\n");
    assert_eq!(
        failed(ask(&host, "exit", "f", &[])),
        ["non-zero exit", "out\n", "err\n"]
    );
    plugin(&host, "dies", "#!/bin/sh\nkill -9 $$\n");
    assert_eq!(
        failed(ask(&host, "dies", "f", &[])),
        ["received signal", "", ""]
    );
    plugin(&host, "mute", "#!/bin/sh\necho hello\n");
    assert_eq!(
        failed(ask(&host, "mute", "f", &[])),
        ["its output is no reply", "hello\n", ""]
    );
    plugin(&host, "script", "no program\n");
    let [status, out, why] = failed(ask(&host, "script", "f", &[]));
    assert_eq!((status.as_str(), out.as_str()), ("could not be run", ""));
    assert!(!why.is_empty());
}

#[test]
fn a_plugin_that_prints_without_end_is_ended() {
    let host = SimHost::new(1);
    plugin(&host, "yes", "#!/bin/sh\nexec yes\n");
    let [status, _, why] = failed(ask(&host, "yes", "f", &[]));
    assert_eq!(status, "could not be run");
    assert!(why.contains("bytes"), "{why}");
}

#[test]
fn a_plugin_that_takes_too_long_is_ended_with_all_that_it_started() {
    let host = SimHost::configured(1, |config| {
        config.plugin_deadline = Duration::from_millis(500);
    });
    let pids = host.root().join("pids");
    // Its child would keep its output open.
    let script = format!(
        "#!/bin/sh\nsleep 600 & echo $! $$ > {0}.new; mv {0}.new {0}; wait\n",
        pids.display()
    );
    plugin(&host, "slow", &script);
    assert_eq!(
        failed(ask(&host, "slow", "f", &[])),
        ["took too long", "", ""]
    );
    let started = std::fs::read_to_string(&pids).expect("it had started");
    for pid in started.split_whitespace() {
        xapi_tests::eventually("the end of what the plugin started", || {
            // Whoever is dead and not waited for yet is still listed, as a zombie.
            match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
                Err(_) => Ok(()),
                Ok(stat) if stat.contains(") Z ") => Ok(()),
                Ok(stat) => Err(stat),
            }
        });
    }
}
