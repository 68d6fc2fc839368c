//! What every reader of the descriptors relies on, checked once for the whole model.

use std::collections::{BTreeMap, BTreeSet};

use xapi_model::desc::{ClassDesc, EnumDesc, Qualifier};
use xapi_model::errors::{self, ERRORS, find};
use xapi_model::messages::messages;
use xapi_model::{MODEL, Type, Value, class};

/// All types that the model mentions, each with where.
fn types() -> Vec<(String, Type)> {
    let mut all = Vec::new();
    for class in MODEL {
        for field in class.fields {
            all.push((format!("{}.{}", class.name, field.name), field.ty));
        }
        for call in class.calls {
            all.push((call.name.to_owned(), call.result));
            for param in call.params {
                all.push((format!("{}({})", call.name, param.name), param.ty));
            }
        }
    }
    all
}

fn within(ty: &Type, visit: &mut impl FnMut(&Type)) {
    visit(ty);
    match ty {
        Type::Set(of) | Type::Option(of) => within(of, visit),
        Type::Map(key, of) => {
            within(key, visit);
            within(of, visit);
        }
        _ => {}
    }
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for name in names {
        assert!(!name.is_empty(), "{what}: a name is empty");
        assert!(seen.insert(name), "{what}: {name} stands twice");
    }
}

#[test]
fn names_are_unique_within_their_scope() {
    unique("classes", MODEL.iter().map(|class| class.name));
    for class in MODEL {
        unique(class.name, class.fields.iter().map(|field| field.name));
        unique(class.name, class.fields.iter().map(|field| field.db));
        unique(class.name, class.calls.iter().map(|call| call.name));
        for call in class.calls {
            let (owner, _) = call.name.split_once('.').expect("class, dot, message");
            assert_eq!(owner, class.name, "{} stands in another class", call.name);
            unique(call.name, call.params.iter().map(|param| param.name));
        }
    }
}

#[test]
fn every_type_names_classes_and_enumerations_that_exist() {
    let mut enums: BTreeMap<&str, &EnumDesc> = BTreeMap::new();
    for (at, ty) in types() {
        within(&ty, &mut |ty| match ty {
            Type::Ref(name) | Type::Record(name) => {
                assert!(class(name).is_some(), "{at}: no class {name}");
            }
            Type::Enum(desc) => {
                let known = enums.entry(desc.name).or_insert(desc);
                let same = std::ptr::eq(*known, *desc) || known.values == desc.values;
                assert!(same, "{at}: two enumerations are called {}", desc.name);
            }
            _ => {}
        });
    }
    for desc in enums.values() {
        unique(desc.name, desc.values.iter().map(|(name, _)| *name));
        for (name, _) in desc.values {
            assert_eq!(desc.canonical(name), Some(*name), "{}", desc.name);
        }
    }
}

#[test]
fn a_view_reads_a_stored_reference_back_to_its_own_class() {
    for this in MODEL {
        for field in this.fields {
            let Some(view) = field.view else { continue };
            let at = format!("{}.{}", this.name, field.name);
            let other = class(view.class).unwrap_or_else(|| panic!("{at}: no {}", view.class));
            let stored = other
                .field(view.field)
                .unwrap_or_else(|| panic!("{at}: no {}.{}", view.class, view.field));
            assert!(stored.view.is_none(), "{at} views a view");
            assert!(
                matches!(stored.ty, Type::Ref(to) if to == this.name),
                "{at}: {}.{} is {}",
                view.class,
                view.field,
                stored.ty
            );
            assert!(
                matches!(field.ty, Type::Set(Type::Ref(to)) if *to == view.class),
                "{at} is {}",
                field.ty
            );
            assert_eq!(
                field.qualifier,
                Qualifier::DynamicRO,
                "{at}: a view cannot be set"
            );
            assert!(field.default.is_none(), "{at}: a view has no default");
        }
    }
}

/// A default must come through the same gate as a value that a client sends, and unchanged.
fn check_default(at: &str, ty: &Type, make: fn() -> Value) {
    let value = make();
    match ty.accept(value.clone()) {
        Ok(accepted) => assert_eq!(accepted, value, "{at}: the default is not in its own form"),
        Err(why) => panic!("{at}: the default is no {ty}: {why}"),
    }
}

#[test]
fn every_default_has_the_type_of_its_field_or_parameter() {
    for class in MODEL {
        for field in class.fields {
            let at = format!("{}.{}", class.name, field.name);
            if let Some(make) = field.default {
                check_default(&at, &field.ty, make);
            }
            let unset = field.default_value();
            assert!(
                field.ty.accept(unset.clone()).is_ok(),
                "{at}: nobody set it, and {unset:?} is no {}",
                field.ty
            );
        }
        for call in class.calls {
            for param in call.params {
                if let Some(make) = param.default {
                    check_default(&format!("{}({})", call.name, param.name), &param.ty, make);
                }
            }
        }
    }
}

#[test]
fn a_parameter_that_may_be_left_out_is_followed_by_none_that_may_not() {
    for message in messages().iter() {
        let optional: Vec<_> = message.params.iter().map(|p| p.default.is_some()).collect();
        assert!(optional.is_sorted(), "{}: {optional:?}", message.name);
    }
}

#[test]
fn only_maps_have_keys_with_a_role_of_their_own() {
    for class in MODEL {
        for field in class.fields.iter().filter(|field| !field.keys.is_empty()) {
            let at = format!("{}.{}", class.name, field.name);
            assert!(matches!(field.ty, Type::Map(..)), "{at} is {}", field.ty);
            for (pattern, _) in field.keys {
                let star = pattern.find('*');
                assert!(
                    star.is_none_or(|star| star + 1 == pattern.len()),
                    "{at}: {pattern}"
                );
            }
            for short in ["add_to", "remove_from"] {
                let message = format!("{}.{short}_{}", class.name, field.name);
                let message = messages().find(&message).expect("a map has both");
                assert_eq!(message.keys, field.keys, "{}", message.name);
            }
        }
    }
}

#[test]
fn only_messages_with_a_session_can_run_in_the_background() {
    for message in messages().iter() {
        assert!(message.session || !message.is_async, "{}", message.name);
    }
}

#[test]
fn a_message_is_found_with_an_underscore_in_place_of_the_dot() {
    for message in messages().iter() {
        let spelled = message.name.replacen('.', "_", 1);
        let found = messages().find(&spelled).map(|found| found.name.as_str());
        assert_eq!(found, Some(message.name.as_str()), "{spelled}");
    }
}

#[test]
fn every_declaration_ends_its_sentence() {
    let check = |at: &str, doc: &str| {
        assert!(
            doc.ends_with(['.', '?', '!']) && doc.starts_with(|first: char| !first.is_lowercase()),
            "{at}: {doc:?} is no sentence"
        );
    };
    for class in MODEL {
        check(class.name, class.doc);
        for field in class.fields {
            check(&format!("{}.{}", class.name, field.name), field.doc);
        }
        for call in class.calls {
            check(call.name, call.doc);
            for param in call.params {
                check(&format!("{}({})", call.name, param.name), param.doc);
            }
        }
    }
    for error in ERRORS.iter() {
        check(error.code, error.doc);
    }
}

#[test]
fn the_errors_that_the_manual_of_a_call_names_exist() {
    let code = |word: &str| {
        let shape = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        word.contains('_') && word.len() > 4 && word.chars().all(shape)
    };
    let mut named = 0;
    for call in MODEL.iter().flat_map(|class| class.calls) {
        let words = call
            .doc
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '…'));
        for word in words.filter(|word| code(word)) {
            assert!(find(word).is_some(), "{} names {word}", call.name);
            named += 1;
        }
    }
    assert!(
        named > 300,
        "only {named} codes found: does this still look?"
    );
}

#[test]
fn no_sentence_merely_repeats_the_name() {
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.collect::<String>().to_lowercase()
    };
    for class in MODEL {
        for field in class.fields {
            let at = format!("{}.{}", class.name, field.name);
            assert_ne!(letters(field.name), letters(field.doc), "{at}");
        }
        for call in class.calls {
            let (_, short) = call.name.split_once('.').expect("class, dot, message");
            assert_ne!(letters(short), letters(call.doc), "{}", call.name);
        }
    }
    for error in ERRORS.iter() {
        assert_ne!(letters(error.code), letters(error.doc), "{}", error.code);
    }
}

#[test]
fn error_codes_are_sorted_found_and_made_with_their_parameters() {
    assert!(ERRORS.is_sorted_by(|a, b| a.code < b.code));
    for error in ERRORS.iter() {
        assert!(std::ptr::eq(find(error.code).expect(error.code), *error));
        unique(error.code, error.params.iter().copied());
        assert!(
            !error.repeats || !error.params.is_empty(),
            "{}: nothing to repeat",
            error.code
        );
    }
    assert!(find("NO_SUCH_CODE").is_none());
    let made = errors::handle_invalid("PIF", "OpaqueRef:NULL");
    assert_eq!(made.code, "HANDLE_INVALID");
    assert_eq!(made.params, ["PIF", "OpaqueRef:NULL"]);
    assert_eq!(
        made.desc().map(|desc| desc.params.len()),
        Some(made.params.len())
    );
    let many = errors::network_contains_vif(["OpaqueRef:1", "OpaqueRef:2"]);
    assert_eq!(many.params, ["OpaqueRef:1", "OpaqueRef:2"]);
    assert!(many.desc().is_some_and(|desc| desc.repeats));
}

fn record(class: &ClassDesc) -> Value {
    class.record(
        class
            .fields
            .iter()
            .map(|field| field.default_value())
            .collect(),
    )
}

#[test]
fn a_record_has_the_wire_fields_in_order_and_reads_back_into_its_row() {
    for class in MODEL {
        let row: Vec<Value> = class
            .fields
            .iter()
            .map(|field| field.default_value())
            .collect();
        let record = record(class);
        let names: Vec<_> = record
            .as_struct()
            .expect("a record")
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let declared: Vec<_> = class
            .fields
            .iter()
            .filter(|field| field.on_wire() && !matches!(field.ty, Type::Option(_)))
            .map(|field| field.name)
            .collect();
        assert_eq!(names, declared, "{}", class.name);
        let back = class.row(record).expect(class.name);
        assert_eq!(back, row, "{}", class.name);
    }
}
