//! `event-wait`: which objects end it, and what it asks in the meantime.

use xapi_model::{Value, errors};

use crate::fake::{Fake, world};
use crate::{fails, prints};

/// A batch: events by operation, class and reference, with the record that the world holds.
fn batch(fake: &Fake, token: &str, events: &[(&str, &str, &str)]) -> Value {
    let events = events.iter().map(|(operation, class, reference)| {
        let mut rows = fake.rows.iter();
        let row = rows.find(|(_, r, _)| r == reference);
        let mut event: Vec<(String, Value)> = [
            ("id", "1"),
            ("timestamp", "0.0"),
            ("class", *class),
            ("operation", *operation),
            ("ref", *reference),
        ]
        .map(|(key, value)| (key.to_owned(), value.into()))
        .into();
        if *operation != "del" {
            let record = row.expect("in the world").2.clone();
            event.push(("snapshot".to_owned(), record));
        }
        Value::Struct(event)
    });
    Value::Struct(vec![
        ("events".to_owned(), Value::Array(events.collect())),
        ("valid_ref_counts".to_owned(), Value::Struct(Vec::new())),
        ("token".to_owned(), token.into()),
    ])
}

fn everything(fake: &Fake) -> Value {
    let pifs = ["OpaqueRef:p2", "OpaqueRef:p0", "OpaqueRef:p3"];
    batch(fake, "5,0", &pifs.map(|pif| ("add", "pif", pif)))
}

fn asked(fake: &Fake) -> Vec<&str> {
    let asked = fake.asked.iter().map(String::as_str);
    asked.filter(|call| call.starts_with("event.")).collect()
}

#[test]
fn an_object_that_is_so_already_ends_the_wait_at_once() {
    for line in [
        "event-wait class=pif device=eth0",
        "event-wait class=pif device=/=eth0",
        "event-wait class=pif uuid=pif-bond0 management=true IP=/=",
        "event-wait class=pif host-name-label=xs-1 device=eth3",
        "event-wait class=pif other-config:defer=yes",
        "event-wait class=pif",
    ] {
        let fake = world();
        let all = everything(&fake);
        let mut fake = fake.once("event.from", Ok(all));
        prints(&mut fake, line, "");
        assert_eq!(asked(&fake), [r#"event.from ["PIF"] "" 30"#], "{line}");
    }
}

#[test]
fn all_conditions_must_hold_on_one_object() {
    let mut fake = world();
    let all = everything(&fake);
    fake = fake.once("event.from", Ok(all));
    // eth0 is there, and a managed interface is there, but not both in one.
    let nothing = batch(&fake, "6,0", &[]);
    let gone = batch(&fake, "7,0", &[("del", "pif", "OpaqueRef:p3")]);
    fake = fake
        .once("event.from", Ok(nothing))
        .once("event.from", Ok(gone));
    let mut now = fake.rows.clone();
    for (_, reference, record) in &mut now {
        if let (true, Value::Struct(members)) = (reference == "OpaqueRef:p0", record) {
            let slot = members.iter_mut().find(|(name, _)| name == "management");
            slot.expect("a field").1 = true.into();
        }
    }
    let later = Fake {
        rows: now,
        ..Fake::default()
    };
    let managed = batch(&later, "8,0", &[("mod", "pif", "OpaqueRef:p0")]);
    fake = fake.once("event.from", Ok(managed));
    prints(
        &mut fake,
        "event-wait class=pif device=eth0 management=true",
        "",
    );
    assert_eq!(
        asked(&fake),
        [
            r#"event.from ["PIF"] "" 30"#,
            r#"event.from ["PIF"] "5,0" 30"#,
            r#"event.from ["PIF"] "6,0" 30"#,
            r#"event.from ["PIF"] "7,0" 30"#,
        ]
    );
}

#[test]
fn what_cannot_be_waited_for_is_told_before_anything_is_asked() {
    let mut fake = world();
    fails(
        &mut fake,
        "event-wait class=pif nonsense=1",
        "Error: Unknown field 'nonsense'\n",
    );
    let got = fake.xe("event-wait class=session");
    assert!(
        got.err
            .starts_with("Error: There is no waiting for class 'session', only for vm, vdi, "),
        "{}",
        got.err
    );
    assert_eq!(asked(&fake), Vec::<&str>::new());
    let mut fake = world().answers("event.from", Err(errors::not_implemented("event.from")));
    let got = fake.xe("event-wait class=pif device=eth9");
    assert_eq!(got.status, 1);
    assert!(got.err.ends_with(": event.from\n"), "{}", got.err);
    let mut fake = world().answers("event.from", Ok(Value::Nil));
    assert_eq!(fake.xe("event-wait class=pif").status, 1);
}
