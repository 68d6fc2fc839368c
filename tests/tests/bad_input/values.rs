//! Parameters that are missing, too many, of another type, or name what is not there.

use xapi_model::{Type, Value};
use xapi_tests::sim_host::text;

use crate::calls::{CALLS, Stand, WAYS, message, network};
use crate::send::{Encoding, Failed, ask};

fn failed<const N: usize>(code: &str, params: [&str; N]) -> Failed {
    Failed {
        code: code.to_owned(),
        params: params.map(str::to_owned).to_vec(),
    }
}

#[test]
fn parameters_that_are_missing_or_too_many_are_counted_without_the_session() {
    let stand = Stand::new();
    let mark = stand.mark();
    for good in CALLS {
        let params = (good.params)(&stand);
        let declared = &message(good.name).params;
        let required = declared
            .iter()
            .filter(|param| param.default.is_none())
            .count();
        assert_eq!(params.len(), declared.len(), "{}", good.name);
        let mut counts: Vec<usize> = (0..required).collect();
        // Where some have defaults, surplus ones are ignored.
        if required == declared.len() {
            counts.extend([required + 1, required + 40]);
        }
        for given in counts {
            let mut all = params.clone();
            all.resize(given, Value::from("x"));
            for (to, encoding) in WAYS {
                let error = stand.call(to, encoding, good.name, &all).unwrap_err();
                let [expected, received] = [required, given].map(|n| n.to_string());
                let counts = [good.name, &expected, &received];
                assert_eq!(
                    error,
                    failed("MESSAGE_PARAMETER_COUNT_MISMATCH", counts),
                    "{to:?}"
                );
            }
        }
    }
    stand.is_as_before(&mark);
}

/// Values that are none of the type.
fn wrong(ty: &Type) -> Vec<Value> {
    let all = [
        Value::Nil,
        Value::Bool(true),
        Value::Int(5),
        Value::Float(1.5),
        Value::from("nonsense"),
        Value::Array(Vec::new()),
        Value::Struct(Vec::new()),
    ];
    let fits = |value: &Value| match ty {
        Type::String | Type::Ref(_) => matches!(value, Value::Str(_)),
        Type::Bool => matches!(value, Value::Bool(_)),
        Type::Set(_) => matches!(value, Value::Array(_)),
        Type::Map(..) | Type::Record(_) => matches!(value, Value::Struct(_)),
        Type::Enum(_) => false,
        other => panic!("no call has {other}"),
    };
    let mut wrong: Vec<_> = all.into_iter().filter(|value| !fits(value)).collect();
    match ty {
        Type::Set(_) => wrong.push(Value::Array(vec![Value::Array(Vec::new())])),
        Type::Map(..) => wrong.push(Value::Struct(vec![("k".to_owned(), Value::Int(1))])),
        Type::Enum(desc) => {
            wrong.push(Value::from(""));
            wrong.push(Value::from(format!("{} ", desc.values[0].0)));
        }
        _ => {}
    }
    wrong
}

#[test]
fn a_parameter_of_another_type_is_an_internal_error_that_names_the_type() {
    let stand = Stand::new();
    let mark = stand.mark();
    let mut tried = 0;
    for good in CALLS {
        for (at, param) in message(good.name).params.iter().enumerate() {
            for value in wrong(&param.ty) {
                let mut params = (good.params)(&stand);
                params[at] = value.clone();
                for (to, encoding) in WAYS {
                    let place = format!("{} {} = {value:?} {encoding:?}", good.name, param.name);
                    let error = stand
                        .call(to, encoding, good.name, &params)
                        .expect_err(&place);
                    assert_eq!(error.code, "INTERNAL_ERROR", "{place}");
                    assert_eq!(error.params.len(), 1, "{place}");
                    let told = &error.params[0];
                    let named = told.starts_with("Expected ") || told.contains(" is no value of ");
                    assert!(named, "{place}: {told}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 500, "only {tried}");
    stand.is_as_before(&mark);
}

#[test]
fn a_member_of_a_record_of_another_type_is_an_internal_error() {
    let stand = Stand::new();
    let mark = stand.mark();
    let mut cases = vec![
        ("MTU", Value::from("nonsense")),
        ("MTU", Value::from("9223372036854775808")),
        ("MTU", Value::from("-9223372036854775809")),
        ("MTU", Value::from("1e3")),
        ("MTU", Value::from("")),
        ("MTU", Value::Float(1500.0)),
        ("MTU", Value::Nil),
        ("managed", Value::from("true")),
        ("managed", Value::Int(1)),
        ("tags", Value::from("a")),
        ("tags", Value::Array(vec![Value::Int(1)])),
        ("name_label", Value::Array(Vec::new())),
        ("bridge", Value::Bool(false)),
    ];
    let bad_map = Value::Struct(vec![("k".to_owned(), Value::Bool(true))]);
    cases.push(("other_config", bad_map));
    for (name, value) in cases {
        let Value::Struct(mut members) = network() else {
            panic!("a record")
        };
        for member in &mut members {
            if member.0 == name {
                member.1 = value.clone();
            }
        }
        for (to, encoding) in WAYS {
            let params = [Value::Struct(members.clone())];
            let error = stand
                .call(to, encoding, "network.create", &params)
                .expect_err(name);
            assert_eq!(
                error.code, "INTERNAL_ERROR",
                "{name} = {value:?}: {error:?}"
            );
        }
    }
    stand.is_as_before(&mark);
}

#[test]
fn names_of_enumerations_may_be_in_any_case_but_those_of_bond_modes() {
    let stand = Stand::new();
    let eth1 = text(&stand.host().pif("eth1"));
    for (to, encoding) in WAYS {
        for mode in ["none", "NONE", "NoNe"] {
            let params = [&eth1.clone(), &Value::from(mode)].map(Clone::clone);
            let rest = ["", "", "", ""].map(Value::from);
            let params: Vec<_> = params.into_iter().chain(rest).collect();
            stand
                .call(to, encoding, "PIF.reconfigure_ip", &params)
                .unwrap();
        }
        for mode in ["LACP", "Lacp", "Balance-slb", "active_backup", "lacp "] {
            let params = [text(&stand.bond), Value::from(mode)];
            let error = stand
                .call(to, encoding, "Bond.set_mode", &params)
                .unwrap_err();
            assert_eq!(error.code, "INTERNAL_ERROR", "{mode}");
        }
    }
    assert_eq!(
        stand.host().get(&stand.bond).mode,
        xapi_model::BondMode::Lacp
    );
}

#[test]
fn a_reference_that_is_none_of_the_class_is_an_invalid_handle() {
    let stand = Stand::new();
    let mark = stand.mark();
    let host = stand.host();
    let others = [
        ("PIF", text(&host.pif("eth1"))),
        ("network", text(&stand.spare)),
        ("Bond", text(&stand.bond)),
        ("host", text(&host.host())),
    ];
    for good in CALLS {
        for (at, param) in message(good.name).params.iter().enumerate() {
            let (class, many) = match &param.ty {
                Type::Ref(class) => (*class, false),
                Type::Set(Type::Ref(class)) => (*class, true),
                _ => continue,
            };
            let nobody = [
                "OpaqueRef:00000000-0000-4000-8000-000000000000",
                "OpaqueRef:NULL",
                "",
                "nonsense",
                "' OR 1=1 --",
                "OpaqueRef:\u{1F600}",
            ];
            let refs = nobody.map(Value::from).into_iter();
            let others = others.iter().filter(|(other, _)| *other != class);
            for bad in refs.chain(others.map(|(_, reference)| reference.clone())) {
                let mut params = (good.params)(&stand);
                let told = bad.as_str().unwrap().to_owned();
                params[at] = if many { Value::Array(vec![bad]) } else { bad };
                for (to, encoding) in WAYS {
                    let error = stand.call(to, encoding, good.name, &params).unwrap_err();
                    let expected = failed("HANDLE_INVALID", [class, &told]);
                    assert_eq!(error, expected, "{} {}", good.name, param.name);
                }
            }
        }
    }
    stand.is_as_before(&mark);
}

#[test]
fn a_uuid_of_another_class_or_of_nothing_is_told_with_its_class() {
    let stand = Stand::new();
    let mark = stand.mark();
    let host = stand.host();
    let uuids = [
        ("PIF", host.get(&host.pif("eth1")).uuid),
        ("network", host.get(&stand.spare).uuid),
        ("Bond", host.get(&stand.bond).uuid),
        ("host", host.get(&host.host()).uuid),
    ];
    for (class, own) in &uuids {
        let name = format!("{class}.get_by_uuid");
        let foreign = uuids.iter().filter(|(other, _)| other != class);
        let foreign = foreign.map(|(_, uuid)| uuid.clone());
        let upper = own.to_uppercase();
        let bad = [
            "",
            "nonsense",
            "00000000-0000-0000-0000-000000000000",
            upper.as_str(),
        ];
        for uuid in foreign.chain(bad.map(str::to_owned)) {
            for (to, encoding) in WAYS {
                let params = [Value::from(uuid.as_str())];
                let error = stand.call(to, encoding, &name, &params).unwrap_err();
                assert_eq!(error, failed("UUID_INVALID", [class, &uuid]), "{name}");
            }
        }
        let params = [Value::from(own.as_str())];
        stand.call(WAYS[0].0, WAYS[0].1, &name, &params).unwrap();
    }
    stand.is_as_before(&mark);
}

#[test]
fn malformed_addresses_are_told_as_xapi_tells_them() {
    let stand = Stand::new();
    let mark = stand.mark();
    let eth1 = text(&stand.host().pif("eth1"));
    let name_of = |to| match to {
        0 => "IP",
        1 => "netmask",
        _ => "gateway",
    };
    for (to, encoding) in WAYS {
        for mac in [
            "0",
            "02:00:00:00:00",
            "02:00:00:00:00:01:02",
            "02-00-00-00-00-01",
            "0200.0000.0001",
            "02:00:00:00:00:0g",
            "2:0:0:0:0:1",
            " 02:00:00:00:00:01",
            "02:00:00:00:00:01\n",
            "02:00:00:00:00:\u{ff11}1",
            "+2:00:00:00:00:01",
            "01:00:5e:00:00:01",
        ] {
            let mut params = (CALLS[12].params)(&stand);
            params[2] = Value::from(mac);
            let error = stand
                .call(to, encoding, "Bond.create", &params)
                .unwrap_err();
            assert_eq!(error, failed("MAC_INVALID", [mac]));
        }
        for (at, bad) in [
            (0, "10.1.0.256"),
            (0, "::1"),
            (1, "/16"),
            (2, "10.1"),
            (2, "\u{661}0.1.0.1"),
        ] {
            let mut words = ["10.1.0.2", "255.255.0.0", "10.1.0.1"].map(Value::from);
            words[at] = Value::from(bad);
            let mut params = vec![eth1.clone(), Value::from("Static")];
            params.extend(words);
            params.push(Value::from(""));
            let error = stand
                .call(to, encoding, "PIF.reconfigure_ip", &params)
                .unwrap_err();
            assert_eq!(
                error,
                failed("INVALID_IP_ADDRESS_SPECIFIED", [name_of(at)]),
                "{bad}"
            );
        }
        for netmask in ["255.0.255.0", "0.255.0.0", "255.255.0.1", "0.0.0.0"] {
            let words = ["Static", "10.1.0.2", netmask, "", ""].map(Value::from);
            let params: Vec<_> = std::iter::once(eth1.clone()).chain(words).collect();
            let error = stand
                .call(to, encoding, "PIF.reconfigure_ip", &params)
                .unwrap_err();
            assert_eq!(error.code, "PIF_CONFIGURATION_ERROR", "{netmask}");
            assert_eq!(error.params[0], eth1.as_str().unwrap(), "{netmask}");
        }
        for cidr in [
            "fd00::1",
            "fd00::1/129",
            "fd00::1/",
            "10.0.0.1/24",
            "/64",
            "fd00::g/64",
        ] {
            let words = ["Static", cidr, "", ""].map(Value::from);
            let params: Vec<_> = std::iter::once(eth1.clone()).chain(words).collect();
            let error = stand
                .call(to, encoding, "PIF.reconfigure_ipv6", &params)
                .unwrap_err();
            assert_eq!(
                error,
                failed("INVALID_CIDR_ADDRESS_SPECIFIED", ["IPv6"]),
                "{cidr}"
            );
        }
    }
    stand.is_as_before(&mark);
}

#[test]
fn empty_and_long_texts_are_refused_or_taken_and_break_nothing() {
    let long = "long ".repeat(40_000);
    let commas = "10.0.0.1,".repeat(20_000);
    for good in CALLS {
        let stand = Stand::new();
        for (at, param) in message(good.name).params.iter().enumerate() {
            if !matches!(param.ty, Type::String) {
                continue;
            }
            for text in [
                "",
                " ",
                "\t",
                long.as_str(),
                commas.as_str(),
                "\u{202e}\u{1F600}",
            ] {
                for encoding in [Encoding::Xml, Encoding::Json] {
                    let mut params = (good.params)(&stand);
                    params[at] = Value::from(text);
                    let shown: String = text.chars().take(9).collect();
                    let place = format!("{} {} = {shown:?}…", good.name, param.name);
                    let outcome = stand.call(WAYS[0].0, encoding, good.name, &params);
                    if let Err(error) = outcome {
                        assert_ne!(error.code, "INTERNAL_ERROR", "{place}: {error:?}");
                    }
                    assert_eq!(stand.host().diverged(), Vec::<String>::new(), "{place}");
                }
            }
        }
    }
}

#[test]
fn any_text_that_is_taken_comes_back_as_it_was() {
    let stand = Stand::new();
    let spare = text(&stand.spare);
    let long = "\u{e9}<&>\"'".repeat(10_000);
    for label in [
        "",
        " a ",
        "\t",
        "\n\n",
        "<b>&amp;</b>",
        "\u{1F600}",
        "]]>",
        "\\u0000",
        &long,
    ] {
        for (to, encoding) in WAYS {
            let params = [spare.clone(), Value::from(label)];
            stand
                .call(to, encoding, "network.set_name_label", &params)
                .unwrap();
            assert_eq!(
                stand.host().get(&stand.spare).name_label,
                label,
                "{to:?} {encoding:?}"
            );
            let read = stand
                .host()
                .call("network.get_name_label", vec![spare.clone()])
                .unwrap();
            assert_eq!(read, Value::from(label));
        }
    }
}

#[test]
fn random_texts_come_back_over_both_encodings_wherever_they_were_put() {
    const ODD: &[char] = &[
        'a',
        'b',
        ' ',
        '\t',
        '\n',
        '\r',
        '<',
        '>',
        '&',
        '"',
        '\'',
        '\\',
        ']',
        '%',
        '\u{7f}',
        '\u{85}',
        '\u{a0}',
        '\u{e9}',
        '\u{301}',
        '\u{200b}',
        '\u{202e}',
        '\u{2028}',
        '\u{d7ff}',
        '\u{e000}',
        '\u{fffd}',
        '\u{1f600}',
        '\u{10ffff}',
    ];
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("SEED={seed}");
    let mut state = seed;
    let mut roll = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    let stand = Stand::new();
    let (session, spare) = (Value::from(stand.host().session()), text(&stand.spare));
    for round in 0..60 {
        let mut word = || -> String { (0..=roll(8)).map(|_| ODD[roll(ODD.len())]).collect() };
        let (label, key, value, tag) = (word(), word(), word(), word());
        let map = Value::Struct(vec![(key.clone(), Value::from(value.as_str()))]);
        let (to, encoding) = WAYS[round % WAYS.len()];
        for (name, put) in [
            ("network.set_name_label", Value::from(label.as_str())),
            ("network.set_other_config", map),
            (
                "network.set_tags",
                Value::Array(vec![Value::from(tag.as_str())]),
            ),
        ] {
            stand
                .call(to, encoding, name, &[spare.clone(), put])
                .expect(name);
        }
        for (to, encoding) in WAYS {
            let params = [session.clone(), spare.clone()];
            let record = ask(&stand.served, to, encoding, "network.get_record", &params);
            let place = format!("SEED={seed} {round} {encoding:?}");
            assert_eq!(record["name_label"], label.as_str(), "{place}");
            assert_eq!(record["other_config"][&key], value.as_str(), "{place}");
            assert_eq!(record["tags"][0], tag.as_str(), "{place}");
        }
    }
}
