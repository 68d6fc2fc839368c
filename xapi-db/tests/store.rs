//! What a store promises, case by case, through its public interface and the real model.

use std::collections::BTreeMap;

use xapi_db::{CommitError, Draft, Options, Read, Store, UniqueKey};
use xapi_model::{
    ApiError, Bond, Class, Field, Host, Network, Pif, Ref, Session, Task, Value, Vlan, Wire,
};

fn store() -> Store {
    Store::temporary(Options::default()).unwrap()
}

fn network(store: &Store, name: &str) -> Ref<Network> {
    let name_label = name.to_owned();
    store
        .change(|draft| {
            draft.insert(Network {
                name_label: name_label.clone(),
                ..Network::blank()
            })
        })
        .unwrap()
}

fn pif(store: &Store, device: &str, network: &Ref<Network>) -> Ref<Pif> {
    let object = Pif {
        device: device.to_owned(),
        network: network.clone(),
        mtu: 1500,
        ..Pif::blank()
    };
    store.change(|draft| draft.insert(object.clone())).unwrap()
}

fn field<C: Class, T: Wire>(store: &Store, r: &Ref<C>, f: Field<C, T>) -> T {
    store.view().unwrap().field(r, f).unwrap()
}

fn set<C: Class, T: Wire + Clone>(store: &Store, r: &Ref<C>, f: Field<C, T>, value: T) {
    store
        .change(|draft| draft.set(r, f, value.clone()))
        .unwrap();
}

fn code<T: std::fmt::Debug>(result: Result<T, ApiError>) -> String {
    result.unwrap_err().to_string()
}

fn desc<C: Class>(name: &str) -> &'static xapi_model::FieldDesc {
    C::DESC.field(name).unwrap()
}

#[test]
fn an_object_comes_back_as_it_was_put() {
    let store = store();
    let net = network(&store, "a");
    let eth0 = pif(&store, "eth0", &net);
    let view = store.view().unwrap();
    let object = view.get(&eth0).unwrap();
    assert_eq!(object.device, "eth0");
    assert_eq!(object.mtu, 1500);
    assert_eq!(object.network, net);
    assert_eq!(object.uuid.len(), 36, "a uuid is made");
    assert_eq!(
        view.by_uuid(Pif::DESC, &object.uuid).unwrap(),
        eth0.as_str()
    );
    assert_eq!(
        view.by_name_label(Network::DESC, "a").unwrap(),
        [net.as_str()]
    );
    assert_eq!(
        view.find(Pif::DEVICE, &"eth0".to_owned()).unwrap(),
        std::slice::from_ref(&eth0)
    );
    assert_eq!(
        view.find(Pif::NETWORK, &net).unwrap(),
        std::slice::from_ref(&eth0)
    );
    let record = view.record(Pif::DESC, eth0.as_str()).unwrap();
    assert_eq!(record.member("device"), Some(&Value::from("eth0")));
    assert_eq!(
        view.records(Pif::DESC).unwrap(),
        [(eth0.to_string(), record)]
    );
}

#[test]
fn what_is_not_there_is_named_by_class_and_reference() {
    let store = store();
    let view = store.view().unwrap();
    let nothing = Ref::<Pif>::new("OpaqueRef:x");
    assert_eq!(
        code(view.get(&nothing)),
        "HANDLE_INVALID [PIF, OpaqueRef:x]"
    );
    assert_eq!(
        code(view.field(&nothing, Pif::MTU)),
        "HANDLE_INVALID [PIF, OpaqueRef:x]"
    );
    assert_eq!(
        code(view.field(&nothing, Pif::BOND_MASTER_OF)),
        "HANDLE_INVALID [PIF, OpaqueRef:x]"
    );
    assert_eq!(code(view.by_uuid(Pif::DESC, "u")), "UUID_INVALID [PIF, u]");
    let draft = store.draft().unwrap();
    assert_eq!(
        code(draft.set(&nothing, Pif::MTU, 1)),
        "HANDLE_INVALID [PIF, OpaqueRef:x]"
    );
    assert_eq!(
        code(draft.destroy(&nothing)),
        "HANDLE_INVALID [PIF, OpaqueRef:x]"
    );
    assert_eq!(
        code(draft.rely(&nothing)),
        "HANDLE_INVALID [PIF, OpaqueRef:x]"
    );
}

#[test]
fn references_come_in_descending_order() {
    let store = store();
    let draft = store.draft().unwrap();
    for n in ["b", "a", "c"] {
        let name = Ref::new(format!("OpaqueRef:{n}"));
        draft.insert_as(name, Network::blank()).unwrap();
    }
    let expected = ["OpaqueRef:c", "OpaqueRef:b", "OpaqueRef:a"];
    assert_eq!(draft.refs(Network::DESC).unwrap(), expected);
    store.commit(draft).unwrap();
    assert_eq!(store.view().unwrap().refs(Network::DESC).unwrap(), expected);
}

#[test]
fn a_view_keeps_showing_what_it_showed() {
    let store = store();
    let net = network(&store, "before");
    let view = store.view().unwrap();
    set(&store, &net, Network::NAME_LABEL, "after".to_owned());
    let more = network(&store, "more");
    assert_eq!(view.field(&net, Network::NAME_LABEL).unwrap(), "before");
    assert!(!view.exists(&more).unwrap());
    assert_eq!(field(&store, &net, Network::NAME_LABEL), "after");
}

#[test]
fn a_draft_reads_as_if_it_were_committed() {
    let store = store();
    let (one, two) = (network(&store, "one"), network(&store, "two"));
    let eth0 = pif(&store, "eth0", &one);
    let draft = store.draft().unwrap();
    draft.set(&eth0, Pif::NETWORK, two.clone()).unwrap();
    let eth1 = draft
        .insert(Pif {
            network: two.clone(),
            ..Pif::blank()
        })
        .unwrap();
    let three = draft.insert(Network::blank()).unwrap();
    let read = |of: &dyn Fn(&Ref<Network>) -> Vec<Ref<Pif>>| {
        let mut both = vec![eth0.clone(), eth1.clone()];
        both.sort();
        both.reverse();
        assert_eq!(of(&one), []);
        assert_eq!(of(&two), both);
        assert_eq!(of(&three), []);
    };
    read(&|net| draft.field(net, Network::PIFS).unwrap().0);
    read(&|net| draft.get(net).unwrap().pifs.0);
    read(&|net| draft.find(Pif::NETWORK, net).unwrap());
    assert_eq!(draft.all::<Network>().unwrap().len(), 3);
    // Nobody else sees any of it yet.
    assert_eq!(
        field(&store, &one, Network::PIFS).0,
        std::slice::from_ref(&eth0)
    );
    store.commit(draft).unwrap();
    let view = store.view().unwrap();
    read(&|net| view.field(net, Network::PIFS).unwrap().0);
    read(&|net| view.get(net).unwrap().pifs.0);
    read(&|net| view.find(Pif::NETWORK, net).unwrap());
}

#[test]
fn an_equal_value_is_no_edit_and_makes_no_generation() {
    let store = store();
    let net = network(&store, "a");
    let before = store.generation();
    let draft = store.draft().unwrap();
    draft
        .set(&net, Network::NAME_LABEL, "a".to_owned())
        .unwrap();
    draft
        .set(&net, Network::OTHER_CONFIG, BTreeMap::new())
        .unwrap();
    draft
        .set(&net, Network::NAME_LABEL, "b".to_owned())
        .unwrap();
    draft
        .set(&net, Network::NAME_LABEL, "a".to_owned())
        .unwrap();
    assert!(draft.is_empty());
    assert_eq!(store.commit(draft).unwrap().edits, []);
    assert_eq!(store.generation(), before);
}

#[test]
fn a_change_that_fails_leaves_nothing() {
    let store = store();
    let before = store.generation();
    let failed = store.change(|draft| {
        draft.insert(Network::blank())?;
        Err::<(), _>(xapi_model::errors::internal_error("no"))
    });
    assert_eq!(code(failed), "INTERNAL_ERROR [no]");
    assert_eq!(store.generation(), before);
    assert!(store.view().unwrap().all::<Network>().unwrap().is_empty());
}

fn check_meeting(
    mine: impl Fn(&Draft, &Ref<Network>),
    theirs: impl Fn(&Draft, &Ref<Network>),
    conflict: bool,
) -> (Store, Ref<Network>) {
    let store = store();
    let net = network(&store, "n");
    let map = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(k, v)| (k.to_string(), v.to_string()));
        pairs.collect::<BTreeMap<_, _>>()
    };
    set(
        &store,
        &net,
        Network::OTHER_CONFIG,
        map(&[("k", "v"), ("l", "w")]),
    );
    set(&store, &net, Network::TAGS, vec!["t".to_owned()]);
    let draft = store.draft().unwrap();
    mine(&draft, &net);
    let other = store.draft().unwrap();
    theirs(&other, &net);
    store.commit(other).unwrap();
    match store.commit(draft) {
        Ok(_) => assert!(!conflict, "no conflict was seen"),
        Err(CommitError::Conflict { class, reference }) => {
            assert!(conflict, "there is no conflict");
            assert_eq!((class, reference.as_str()), ("network", net.as_str()));
        }
        Err(other) => panic!("{other}"),
    }
    (store, net)
}

#[test]
fn two_writers_of_one_field_conflict_and_of_two_fields_do_not() {
    let label = |text: &'static str| {
        move |draft: &Draft, net: &Ref<Network>| {
            draft
                .set(net, Network::NAME_LABEL, text.to_owned())
                .unwrap();
        }
    };
    let mtu = |draft: &Draft, net: &Ref<Network>| draft.set(net, Network::MTU, 9000).unwrap();
    let rely = |draft: &Draft, net: &Ref<Network>| {
        draft.rely(net).unwrap();
        draft.insert(Network::blank()).unwrap();
    };
    let destroy = |draft: &Draft, net: &Ref<Network>| draft.destroy(net).unwrap();
    let other = |draft: &Draft, _: &Ref<Network>| {
        draft.insert(Network::blank()).unwrap();
    };
    let use_it = |draft: &Draft, net: &Ref<Network>| {
        let network = net.clone();
        draft
            .insert(Pif {
                network,
                ..Pif::blank()
            })
            .unwrap();
    };
    check_meeting(label("a"), label("b"), true);
    // Both may have counted up from what they saw.
    check_meeting(label("a"), label("a"), true);
    let (store, net) = check_meeting(label("a"), mtu, false);
    assert_eq!(field(&store, &net, Network::NAME_LABEL), "a");
    assert_eq!(field(&store, &net, Network::MTU), 9000);
    check_meeting(rely, mtu, true);
    check_meeting(rely, use_it, true);
    check_meeting(rely, other, false);
    check_meeting(destroy, label("b"), true);
    check_meeting(destroy, use_it, true);
    check_meeting(destroy, other, false);
    check_meeting(label("a"), destroy, true);
    check_meeting(destroy, destroy, true);
    check_meeting(use_it, destroy, true);
}

#[test]
fn maps_and_sets_conflict_by_key() {
    let config = desc::<Network>("other_config");
    let tags = desc::<Network>("tags");
    let add = |key: &'static str, value: &'static str| {
        move |draft: &Draft, net: &Ref<Network>| {
            draft
                .add_to_map(Network::DESC, net.as_str(), config, key, value.into())
                .unwrap();
        }
    };
    let cut = |key: &'static str| {
        move |draft: &Draft, net: &Ref<Network>| {
            draft
                .remove_from_map(Network::DESC, net.as_str(), config, key)
                .unwrap();
        }
    };
    let whole = |pairs: &'static [(&'static str, &'static str)]| {
        move |draft: &Draft, net: &Ref<Network>| {
            let pairs = pairs.iter().map(|(k, v)| (k.to_string(), v.to_string()));
            draft
                .set(net, Network::OTHER_CONFIG, pairs.collect())
                .unwrap();
        }
    };
    let join = |member: &'static str| {
        move |draft: &Draft, net: &Ref<Network>| {
            draft
                .add_to_set(Network::DESC, net.as_str(), tags, member.into())
                .unwrap();
        }
    };
    let (store, net) = check_meeting(add("a", "1"), add("b", "2"), false);
    let config: Vec<_> = field(&store, &net, Network::OTHER_CONFIG)
        .into_keys()
        .collect();
    assert_eq!(config, ["a", "b", "k", "l"]);
    check_meeting(add("a", "1"), add("a", "2"), true);
    check_meeting(add("a", "1"), add("a", "1"), true);
    check_meeting(cut("k"), cut("l"), false);
    check_meeting(cut("k"), cut("k"), true);
    check_meeting(cut("k"), whole(&[("k", "new"), ("l", "w")]), true);
    check_meeting(whole(&[("k", "x"), ("l", "w")]), add("m", "1"), false);
    check_meeting(
        whole(&[("k", "x"), ("l", "w")]),
        whole(&[("k", "y"), ("l", "w")]),
        true,
    );
    check_meeting(
        whole(&[("k", "x"), ("l", "w")]),
        whole(&[("k", "v"), ("l", "y")]),
        false,
    );
    check_meeting(join("a"), join("a"), true);
    let (store, net) = check_meeting(join("a"), join("b"), false);
    let mut tags = field(&store, &net, Network::TAGS);
    tags.sort();
    assert_eq!(tags, ["a", "b", "t"]);
}

#[test]
fn change_goes_again_on_the_newest_state_and_gives_up_after_three_rounds() {
    let store = store();
    let net = network(&store, "n");
    let mut rounds = 0;
    let bump = |by: i64| {
        let mtu = field(&store, &net, Network::MTU);
        set(&store, &net, Network::MTU, mtu + by);
    };
    let add_one = |draft: &Draft| {
        let mtu = draft.field(&net, Network::MTU)?;
        draft.set(&net, Network::MTU, mtu + 1)
    };
    let start = field(&store, &net, Network::MTU);
    store
        .change(|draft| {
            rounds += 1;
            add_one(draft)?;
            if rounds < 3 {
                bump(10);
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(rounds, 3);
    assert_eq!(field(&store, &net, Network::MTU), start + 21);
    let never = store.change(|draft| {
        rounds += 1;
        add_one(draft)?;
        bump(10);
        Ok(())
    });
    assert_eq!(
        code(never),
        format!("OTHER_OPERATION_IN_PROGRESS [network, {net}]")
    );
    assert_eq!(rounds, 6);
}

#[test]
fn a_map_refuses_a_key_that_it_has_and_puts_a_new_one_first() {
    let store = store();
    let net = network(&store, "n");
    let config = desc::<Network>("other_config");
    let draft = store.draft().unwrap();
    let (class, r) = (Network::DESC, net.as_str());
    draft.add_to_map(class, r, config, "a", "1".into()).unwrap();
    draft.add_to_map(class, r, config, "b", "2".into()).unwrap();
    let again = draft.add_to_map(class, r, config, "a", "3".into());
    assert_eq!(
        code(again),
        format!("MAP_DUPLICATE_KEY [network, other_config, {net}, a]")
    );
    draft.remove_from_map(class, r, config, "none").unwrap();
    let order = |value: Value| -> Vec<String> {
        let members = value.as_struct().unwrap();
        members.iter().map(|(key, _)| key.clone()).collect()
    };
    assert_eq!(order(draft.value(class, r, config).unwrap()), ["b", "a"]);
    store.commit(draft).unwrap();
    let stored = store.view().unwrap().value(class, r, config).unwrap();
    assert_eq!(order(stored), ["b", "a"]);
}

#[test]
fn a_map_and_a_set_grow_to_a_mebibyte_and_no_further_and_can_always_shrink() {
    let store = store();
    let net = network(&store, "n");
    let (class, r) = (Network::DESC, net.as_str());
    let (config, tags) = (desc::<Network>("other_config"), desc::<Network>("tags"));
    let long = |key: usize| format!("{key:03}{}", "x".repeat((256 << 10) - 6));
    let draft = store.draft().unwrap();
    for key in 0..4 {
        let name = format!("{key:03}");
        draft
            .add_to_map(class, r, config, &name, long(key).into())
            .unwrap();
        draft.add_to_set(class, r, tags, long(key).into()).unwrap();
    }
    let refused = |field: &str, outcome: Result<(), ApiError>| {
        let code = code(outcome);
        let expected = format!("INVALID_VALUE [{field}, too long: ");
        assert!(code.starts_with(&expected), "{code}");
    };
    let more = || Value::from("0123456789abcdef0123456789abcdef");
    refused(
        "other_config",
        draft.add_to_map(class, r, config, "k", more()),
    );
    refused("tags", draft.add_to_set(class, r, tags, more()));
    let whole = |len: usize| Value::Struct(vec![("key".to_owned(), "x".repeat(len).into())]);
    refused(
        "other_config",
        draft.set_value(class, r, config, whole(1 << 20)),
    );
    let mut row = draft.row(class, r).unwrap();
    let at = class
        .fields
        .iter()
        .position(|field| field.name == "other_config");
    row[at.unwrap()] = whole(1 << 20);
    refused("other_config", draft.insert_row(class, row).map(drop));
    draft
        .set_value(class, r, config, whole((1 << 20) - 3))
        .unwrap();
    draft.remove_from_map(class, r, config, "key").unwrap();
    draft.add_to_map(class, r, config, "k", more()).unwrap();
    store.commit(draft).unwrap();
}

#[test]
fn a_list_keeps_its_order_and_its_duplicates_when_it_is_assigned() {
    let store = store();
    let task = store.change(|draft| draft.insert(Task::blank())).unwrap();
    let info = ["CODE", "same", "same"].map(str::to_owned).to_vec();
    set(&store, &task, Task::ERROR_INFO, info.clone());
    assert_eq!(field(&store, &task, Task::ERROR_INFO), info);
}

#[test]
fn no_reference_dangles() {
    let store = store();
    let net = network(&store, "n");
    let eth0 = pif(&store, "eth0", &net);
    let nowhere = Ref::<Network>::new("OpaqueRef:nowhere");
    let draft = store.draft().unwrap();
    draft.set(&eth0, Pif::NETWORK, nowhere.clone()).unwrap();
    let Err(error @ CommitError::Dangling { .. }) = store.commit(draft) else {
        panic!("it dangles");
    };
    assert_eq!(
        error.to_string(),
        format!("PIF.network of {eth0} would refer to network {nowhere}, which does not exist")
    );
    assert_eq!(
        code::<()>(Err(error.into())),
        format!("HANDLE_INVALID [network, {nowhere}]")
    );
    let draft = store.draft().unwrap();
    draft.destroy(&net).unwrap();
    let Err(CommitError::Dangling {
        class,
        field: by,
        reference,
        destroyed,
        ..
    }) = store.commit(draft)
    else {
        panic!("it dangles");
    };
    assert_eq!(
        (class, by, reference, destroyed),
        ("PIF", "network", eth0.to_string(), true)
    );
    // With the holder gone, or looking elsewhere, the network may go.
    let draft = store.draft().unwrap();
    draft.destroy(&net).unwrap();
    draft.set(&eth0, Pif::NETWORK, Ref::null()).unwrap();
    store.commit(draft).unwrap();
    let draft = store.draft().unwrap();
    draft.destroy(&eth0).unwrap();
    store.commit(draft).unwrap();
}

#[test]
fn an_attempt_that_fails_leaves_the_draft_as_it_was_and_one_that_succeeds_does_not() {
    let store = store();
    let (one, two) = (network(&store, "one"), network(&store, "two"));
    let draft = store.draft().unwrap();
    draft
        .set(&one, Network::NAME_LABEL, "drafted".to_owned())
        .unwrap();
    let before = draft.edits();
    let failed = draft.attempt(|draft| {
        draft.set(&one, Network::NAME_LABEL, "again".to_owned())?;
        draft.set(&two, Network::NAME_LABEL, "too".to_owned())?;
        draft.insert(Network::blank())?;
        draft.rely(&two)?;
        draft.destroy(&two)?;
        draft.field(&two, Network::NAME_LABEL)
    });
    let gone = xapi_model::errors::handle_invalid("network", &two);
    assert_eq!(failed.unwrap_err(), gone);
    assert_eq!(draft.edits(), before);
    assert_eq!(draft.all::<Network>().unwrap().len(), 2);
    // Nor does it rely on what the attempt relied on.
    set(&store, &two, Network::NAME_LABEL, "by another".to_owned());
    let made = draft
        .attempt(|draft| draft.insert(Network::blank()))
        .unwrap();
    // One inside another goes with it.
    let outer: Result<(), ApiError> = draft.attempt(|draft| {
        draft.attempt(|draft| draft.set(&made, Network::MTU, 9000))?;
        draft.set(&one, Network::MTU, 9000)?;
        Err(xapi_model::errors::internal_error("no"))
    });
    assert!(outer.is_err());
    draft
        .attempt(|draft| -> Result<(), ApiError> {
            let inner = draft.attempt(|draft| {
                draft.destroy(&made)?;
                draft.field(&made, Network::MTU)
            });
            assert!(inner.is_err());
            draft.set(&made, Network::NAME_LABEL, "made".to_owned())
        })
        .unwrap();
    store.commit(draft).unwrap();
    assert_eq!(field(&store, &one, Network::NAME_LABEL), "drafted");
    assert_eq!(field(&store, &made, Network::NAME_LABEL), "made");
    let mtus = [&one, &made].map(|of| field(&store, of, Network::MTU));
    assert_eq!(mtus, [1500, 1500]);
}

#[test]
fn objects_of_one_draft_may_refer_to_each_other_and_go_together() {
    let store = store();
    let (bond, master) = store
        .change(|draft| {
            let master = draft.insert(Pif::blank())?;
            let bond = draft.insert(Bond {
                master: master.clone(),
                ..Bond::blank()
            })?;
            draft.set(&master, Pif::BOND_SLAVE_OF, bond.clone())?;
            Ok((bond, master))
        })
        .unwrap();
    assert_eq!(
        field(&store, &master, Pif::BOND_MASTER_OF).0,
        std::slice::from_ref(&bond)
    );
    assert_eq!(
        field(&store, &bond, Bond::SLAVES).0,
        std::slice::from_ref(&master)
    );
    store
        .change(|draft| {
            draft.destroy(&bond)?;
            draft.destroy(&master)
        })
        .unwrap();
    assert!(store.view().unwrap().all::<Bond>().unwrap().is_empty());
}

#[test]
fn both_ends_of_a_relation_change_with_it() {
    let store = store();
    let (one, two) = (network(&store, "one"), network(&store, "two"));
    let eth0 = pif(&store, "eth0", &one);
    let since = store.generation();
    set(&store, &eth0, Pif::NETWORK, two.clone());
    let changes = store.view().unwrap().changes_since(since).unwrap();
    let mut networks = vec![one.to_string(), two.to_string()];
    networks.sort();
    let seen: Vec<_> = changes
        .classes
        .iter()
        .map(|c| (c.class.name, c.modified.clone()))
        .collect();
    assert_eq!(
        seen,
        [("network", networks), ("PIF", vec![eth0.to_string()])]
    );
}

#[test]
fn changes_are_added_modified_and_deleted_once_each() {
    let store = store();
    let (one, two, three) = (
        network(&store, "1"),
        network(&store, "2"),
        network(&store, "3"),
    );
    let since = store.generation();
    let four = network(&store, "4");
    let five = network(&store, "5");
    set(&store, &four, Network::MTU, 9000);
    set(&store, &one, Network::MTU, 9000);
    set(&store, &two, Network::MTU, 9000);
    for gone in [&two, &three, &five] {
        store.change(|draft| draft.destroy(gone)).unwrap();
    }
    let view = store.view().unwrap();
    let changes = view.changes_since(since).unwrap();
    assert_eq!(changes.to, view.generation());
    assert_eq!(changes.classes.len(), 1);
    let networks = &changes.classes[0];
    assert_eq!(networks.added, [four.to_string()]);
    assert_eq!(networks.modified, [one.to_string()]);
    assert_eq!(networks.deleted, [three.to_string(), two.to_string()]);
    assert!(networks.complete);
    assert_eq!(view.changes_since(changes.to).unwrap().classes, []);
    let count = view
        .counts()
        .unwrap()
        .into_iter()
        .find(|(class, _)| class.name == "network");
    assert_eq!(count.unwrap().1, 2);
}

#[test]
fn who_asks_about_deletions_too_long_ago_is_told_so() {
    let store = store();
    let keep = network(&store, "keep");
    let old = store.generation();
    let mut refs = Vec::new();
    for _ in 0..45 {
        let made = store.change(|draft| {
            (0..100)
                .map(|_| draft.insert(Network::blank()))
                .collect::<Result<Vec<_>, _>>()
        });
        refs.extend(made.unwrap());
    }
    let after = store.generation();
    for some in refs.chunks(100) {
        store
            .change(|draft| some.iter().try_for_each(|net| draft.destroy(net)))
            .unwrap();
    }
    let view = store.view().unwrap();
    let networks = |since| view.changes_since(since).unwrap().classes.remove(0);
    assert!(!networks(after).complete);
    assert!(!networks(old).complete);
    let recent = networks(store.generation() - 5);
    assert!(recent.complete);
    assert_eq!(recent.deleted.len(), 500);
    assert_eq!(networks(0).added, [keep.to_string()]);
    assert!(
        networks(0).complete,
        "from the beginning nothing was deleted"
    );
}

#[test]
fn unique_keys_are_unique() {
    const KEYS: &[UniqueKey] = &[UniqueKey {
        class: "PIF",
        fields: &["network", "device"],
    }];
    let options = Options {
        unique: KEYS,
        ..Options::default()
    };
    let store = Store::temporary(options).unwrap();
    let net = network(&store, "n");
    let eth0 = pif(&store, "eth0", &net);
    let second = |device: &str, network: &Ref<Network>| {
        let draft = store.draft().unwrap();
        let (device, network) = (device.to_owned(), network.clone());
        draft
            .insert(Pif {
                device,
                network,
                ..Pif::blank()
            })
            .unwrap();
        store.commit(draft)
    };
    let Err(CommitError::Unique {
        class,
        field: by,
        value,
        reference,
    }) = second("eth0", &net)
    else {
        panic!("two share a key");
    };
    assert_eq!(
        (class, by.as_str(), reference),
        ("PIF", "network,device", eth0.to_string())
    );
    assert_eq!(value, format!("{net},eth0"));
    second("eth1", &net).unwrap();
    second("eth0", &Ref::null()).unwrap();
    second("eth0", &Ref::null()).unwrap();
    let uuid = field(&store, &eth0, Pif::UUID);
    let draft = store.draft().unwrap();
    draft
        .insert(Pif {
            uuid: uuid.clone(),
            ..Pif::blank()
        })
        .unwrap();
    assert!(matches!(
        store.commit(draft),
        Err(CommitError::Unique { .. })
    ));
    // In one draft too, and by a change of a field.
    let draft = store.draft().unwrap();
    let eth2 = draft
        .insert(Pif {
            device: "eth2".into(),
            network: net.clone(),
            ..Pif::blank()
        })
        .unwrap();
    draft.set(&eth2, Pif::DEVICE, "eth1".to_owned()).unwrap();
    assert!(matches!(
        store.commit(draft),
        Err(CommitError::Unique { .. })
    ));
}

#[test]
fn a_long_draft_keeps_nobody_from_writing() {
    let store = store();
    let (one, two) = (network(&store, "1"), network(&store, "2"));
    let draft = store.draft().unwrap();
    draft.set(&one, Network::MTU, 9000).unwrap();
    for n in 0..2000 {
        set(&store, &two, Network::MTU, n);
    }
    assert_eq!(draft.field(&two, Network::MTU).unwrap(), 1500);
    store.commit(draft).unwrap();
    assert_eq!(field(&store, &one, Network::MTU), 9000);
}

#[test]
fn subscribers_hear_of_each_generation() {
    let store = store();
    let mut heard = store.subscribe();
    assert!(!heard.has_changed().unwrap());
    network(&store, "n");
    assert!(heard.has_changed().unwrap());
    assert_eq!(*heard.borrow_and_update(), store.generation());
}

#[test]
fn strange_text_is_kept_as_it_is() {
    let store = store();
    // As key and as value about as much as a map may hold.
    let long = "\u{10ffff}".repeat(120_000);
    for text in [
        "'; DROP TABLE network; --",
        "\"",
        "\u{7f}\u{fffd}\r\n",
        &long,
    ] {
        let net = network(&store, text);
        let view = store.view().unwrap();
        assert_eq!(view.field(&net, Network::NAME_LABEL).unwrap(), text);
        assert_eq!(
            view.by_name_label(Network::DESC, text).unwrap(),
            [net.as_str()]
        );
        let map: BTreeMap<_, _> = [(text.to_owned(), text.to_owned())].into();
        set(&store, &net, Network::OTHER_CONFIG, map.clone());
        assert_eq!(field(&store, &net, Network::OTHER_CONFIG), map);
    }
    let strange = Ref::<Network>::new("OpaqueRef:\u{7f}\u{fffd}'\"");
    let draft = store.draft().unwrap();
    draft.insert_as(strange.clone(), Network::blank()).unwrap();
    draft
        .insert(Pif {
            network: strange.clone(),
            ..Pif::blank()
        })
        .unwrap();
    store.commit(draft).unwrap();
    assert_eq!(field(&store, &strange, Network::PIFS).len(), 1);
}

#[test]
fn a_character_that_cannot_be_sent_is_replaced_wherever_it_comes_in() {
    let store = store();
    for (text, kept) in [
        ("a\0b", "a\u{fffd}b"),
        ("\u{1}\u{1f}", "\u{fffd}\u{fffd}"),
        ("\u{fffe}\t\u{ffff}", "\u{fffd}\t\u{fffd}"),
    ] {
        let net = network(&store, text);
        let view = store.view().unwrap();
        assert_eq!(view.field(&net, Network::NAME_LABEL).unwrap(), kept);
        let (config, tags) = (desc::<Network>("other_config"), desc::<Network>("tags"));
        let change = |edit: &dyn Fn(&Draft) -> Result<(), ApiError>| store.change(edit).unwrap();
        let map = |text: &str| BTreeMap::from([(text.to_owned(), text.to_owned())]);
        set(&store, &net, Network::NAME_DESCRIPTION, text.to_owned());
        assert_eq!(field(&store, &net, Network::NAME_DESCRIPTION), kept);
        set(&store, &net, Network::OTHER_CONFIG, map(text));
        assert_eq!(field(&store, &net, Network::OTHER_CONFIG), map(kept));
        // What was put in by a name is found by it.
        change(&|draft| draft.remove_from_map(Network::DESC, net.as_str(), config, text));
        assert_eq!(field(&store, &net, Network::OTHER_CONFIG), BTreeMap::new());
        change(&|draft| draft.add_to_map(Network::DESC, net.as_str(), config, text, text.into()));
        assert_eq!(field(&store, &net, Network::OTHER_CONFIG), map(kept));
        change(&|draft| draft.add_to_set(Network::DESC, net.as_str(), tags, text.into()));
        assert_eq!(field(&store, &net, Network::TAGS), [kept]);
        let member = Value::from(text);
        change(&|draft| draft.remove_from_set(Network::DESC, net.as_str(), tags, &member));
        assert_eq!(field(&store, &net, Network::TAGS), [""; 0]);
        let reference = Ref::<Network>::new(format!("OpaqueRef:{text}"));
        let draft = store.draft().unwrap();
        let refused = draft.insert_as(reference, Network::blank());
        assert!(code(refused).starts_with("INTERNAL_ERROR"));
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused() {
    let store = store();
    let net = network(&store, "n");
    let draft = store.draft().unwrap();
    let (class, r) = (Network::DESC, net.as_str());
    let mtu = desc::<Network>("MTU");
    assert!(draft.set_value(class, r, mtu, Value::Bool(true)).is_err());
    assert!(
        draft
            .set_value(class, r, desc::<Network>("PIFs"), Value::Array(vec![]))
            .is_err()
    );
    assert!(draft.add_to_map(class, r, mtu, "k", "v".into()).is_err());
    assert!(draft.add_to_set(class, r, mtu, "v".into()).is_err());
    assert!(draft.insert_row(class, vec![Value::Nil]).is_err());
    assert!(draft.is_empty());
}

#[test]
fn volatile_objects_and_durable_ones_commit_together() {
    let store = store();
    let (session, host) = store
        .change(|draft| {
            let host = draft.insert(Host::blank())?;
            let this_host = host.clone();
            let session = draft.insert_as(
                Ref::new("OpaqueRef:secret"),
                Session {
                    this_host,
                    ..Session::blank()
                },
            )?;
            Ok((session, host))
        })
        .unwrap();
    assert_eq!(field(&store, &session, Session::THIS_HOST), host);
    let draft = store.draft().unwrap();
    draft.destroy(&host).unwrap();
    assert!(matches!(
        store.commit(draft),
        Err(CommitError::Dangling {
            class: "session",
            ..
        })
    ));
}

#[test]
fn a_commit_that_is_followed_has_the_same_effect() {
    let one = store();
    let two = store();
    let copy = one.copy().unwrap();
    two.replace(copy.position(), copy).unwrap();
    let start = (one.generation(), two.generation());
    let net = Ref::<Network>::new("OpaqueRef:net");
    type Step<'a> = &'a dyn Fn(&Draft) -> Result<(), ApiError>;
    let steps: [Step; 4] = [
        &|draft| draft.insert_as(net.clone(), Network::blank()).map(|_| ()),
        &|draft| {
            let network = net.clone();
            draft.insert_as(
                Ref::new("OpaqueRef:pif"),
                Pif {
                    network,
                    ..Pif::blank()
                },
            )?;
            let tagged_pif = Ref::new("OpaqueRef:pif");
            draft
                .insert(Vlan {
                    tagged_pif,
                    tag: 7,
                    ..Vlan::blank()
                })
                .map(|_| ())
        },
        &|draft| {
            let pairs = [("b", "2"), ("a", "1")].map(|(k, v)| (k.to_owned(), v.to_owned()));
            draft.set(&net, Network::OTHER_CONFIG, pairs.into())
        },
        &|draft| draft.set(&net, Network::NAME_LABEL, "\0<&>".to_owned()),
    ];
    let mut log = Vec::new();
    for step in steps {
        let draft = one.draft().unwrap();
        step(&draft).unwrap();
        log.push(serde_json::to_string(&one.commit(draft).unwrap()).unwrap());
    }
    for line in &log {
        let at = two.position().unwrap();
        let commit = serde_json::from_str(line).unwrap();
        two.replay_from(at, &commit).unwrap();
    }
    let at = two.position().unwrap();
    assert_eq!(at.generation, one.generation());
    for class in xapi_model::MODEL {
        let (one, two) = (one.view().unwrap(), two.view().unwrap());
        assert_eq!(one.rows(class).unwrap(), two.rows(class).unwrap());
    }
    let changes =
        |store: &Store, since| store.view().unwrap().changes_since(since).unwrap().classes;
    assert_eq!(changes(&one, start.0), changes(&two, start.1));
    let last: xapi_db::Commit = serde_json::from_str(&log[3]).unwrap();
    for from in [
        xapi_db::Position { term: 1, ..at },
        xapi_db::Position {
            generation: at.generation - 1,
            ..at
        },
    ] {
        let astray = two.replay_from(from, &last);
        assert!(matches!(astray, Err(xapi_db::DbError::Astray { .. })));
    }
    let unfit = |commit: xapi_db::Commit| {
        let before = two.generation();
        let unfit = two.replay_from(at, &commit);
        assert!(
            matches!(unfit, Err(xapi_db::DbError::Unfit { .. })),
            "{unfit:?}"
        );
        assert_eq!((two.position(), two.generation()), (Some(at), before));
    };
    unfit(last);
    let next = |line: &str| xapi_db::Commit {
        generation: at.generation + 1,
        ..serde_json::from_str(line).unwrap()
    };
    unfit(next(&log[3].replace(":net", ":none")));
    unfit(next(&log[3].replace("name_label", "name_lable")));
    unfit(next(&log[3].replace("\"network\"", "\"task\"")));
    unfit(next(&log[2].replace("\"1\"", "1")));
}
