//! What follows from a copy and from a commit, one thing at a time.

use std::collections::BTreeSet;

use uuid::Uuid;
use xapi_db::{Act, DbError, Edit, Options, Position, Read, Since, Store, next_term};
use xapi_model::{Class, Host, Network, Pif, Ref, Session, Task, Value};

use crate::worlds::{nothing_dangles, same, shared};

/// A store with networks, PIFs in them and a bond, and a session of its own.
fn filled(names: &[&str]) -> Store {
    let store = Store::temporary(Options::default()).unwrap();
    store.keep_journal(100, 1 << 20);
    for name in names {
        store
            .change(|draft| {
                let network = draft.insert(Network {
                    name_label: (*name).to_owned(),
                    ..Network::blank()
                })?;
                draft.insert(Pif {
                    network,
                    ..Pif::blank()
                })
            })
            .unwrap();
    }
    store
}

fn follow(replica: &Store, master: &Store) {
    let copy = master.copy().unwrap();
    replica.replace(copy.position(), copy).unwrap();
}

#[test]
fn a_copy_of_what_is_there_already_is_no_event_and_one_difference_is_one() {
    let (master, replica) = (filled(&["a", "b", "c"]), filled(&["x"]));
    follow(&replica, &master);
    same(&shared(&replica), &shared(&master), "at first");
    let before = replica.generation();
    follow(&replica, &master);
    let view = replica.view().unwrap();
    assert_eq!(view.changes_since(before).unwrap().classes, []);
    let network = view.by_name_label(Network::DESC, "b").unwrap().remove(0);
    drop(view);
    let reference = Ref::<Network>::new(network.clone());
    master
        .change(|draft| draft.set(&reference, Network::MTU, 9000))
        .unwrap();
    follow(&replica, &master);
    let changes = replica.view().unwrap().changes_since(before).unwrap();
    let [class] = &changes.classes[..] else {
        panic!("{changes:?}");
    };
    assert_eq!(
        (class.class.name, &class.modified),
        ("network", &vec![network])
    );
    assert!(class.added.is_empty() && class.deleted.is_empty());
}

#[test]
fn a_row_that_comes_back_is_new_to_whoever_heard_of_its_end_and_to_nobody_else() {
    let (master, other) = (filled(&["a", "b"]), filled(&[]));
    let replica = filled(&[]);
    let told = |since: u64| {
        let changes = replica.view().unwrap().changes_since(since).unwrap();
        let mut classes = changes.classes.into_iter();
        let found = classes.find(|class| class.class.name == "network");
        found.map_or_else(Default::default, |class| {
            assert!(class.complete);
            (class.added, class.modified, class.deleted)
        })
    };
    let nobody_knows = replica.generation();
    follow(&replica, &master);
    let from_the_start = replica.generation();
    // Another master's copy, which has it no more, and then the first one's again.
    follow(&replica, &other);
    let between = replica.generation();
    let gone = told(from_the_start).2;
    assert_eq!(gone.len(), 2);
    follow(&replica, &master);
    let back = replica.generation();
    let both = || {
        let mut both = gone.clone();
        both.sort();
        both
    };
    assert_eq!(told(nobody_knows), (both(), vec![], vec![]));
    assert_eq!(told(from_the_start), (vec![], both(), vec![]));
    assert_eq!(told(between), (both(), vec![], vec![]));
    follow(&replica, &other);
    assert_eq!(told(nobody_knows), (vec![], vec![], vec![]));
    assert_eq!(told(from_the_start), (vec![], vec![], gone.clone()));
    assert_eq!(told(between), (vec![], vec![], vec![]));
    assert_eq!(told(back), (vec![], vec![], gone.clone()));
}

#[test]
fn a_row_that_ends_and_comes_back_and_ends_among_the_commits_that_are_replayed_as_one_has_ended() {
    let (master, replica) = (filled(&["a", "b"]), filled(&[]));
    follow(&replica, &master);
    let before = replica.generation();
    let (network, row) = master.view().unwrap().all::<Network>().unwrap().remove(0);
    for pif in master.view().unwrap().find(Pif::NETWORK, &network).unwrap() {
        master.change(|draft| draft.destroy(&pif)).unwrap();
    }
    for ends in [true, false, true] {
        master
            .change(|draft| match ends {
                true => draft.destroy(&network),
                false => draft.insert_as(network.clone(), row.clone()).map(|_| ()),
            })
            .unwrap();
    }
    let from = replica.position().unwrap();
    let Since::Commits(commits) = master.since(from) else {
        panic!("the journal has them");
    };
    let commits: Vec<_> = commits.iter().map(|commit| (**commit).clone()).collect();
    assert_eq!(commits.len(), 4);
    replica.replay_all(from, &commits).unwrap();
    same(&shared(&replica), &shared(&master), "in the end");
    let changes = replica.view().unwrap().changes_since(before).unwrap();
    let mut classes = changes.classes.iter();
    let networks = classes.find(|class| class.class.name == "network");
    assert_eq!(networks.unwrap().deleted, [network.as_str()]);
}

#[test]
fn rows_of_this_host_alone_stay_unless_they_refer_to_what_is_gone() {
    let (master, replica) = (filled(&["a"]), filled(&["x"]));
    let (kept, gone, child) = replica
        .change(|draft| {
            let this_host = draft.insert(Host::blank())?;
            let kept = draft.insert(Session::blank())?;
            let gone = draft.insert(Session {
                this_host,
                ..Session::blank()
            })?;
            let child = draft.insert(Session {
                parent: gone.clone(),
                ..Session::blank()
            })?;
            Ok((kept, gone, child))
        })
        .unwrap();
    let before = replica.generation();
    follow(&replica, &master);
    let view = replica.view().unwrap();
    assert!(view.exists(&kept).unwrap());
    // Also what refers to what goes with them.
    assert!(!view.exists(&gone).unwrap() && !view.exists(&child).unwrap());
    let changes = view.changes_since(before).unwrap();
    let sessions = changes.classes.iter().find(|c| c.class.name == "session");
    assert_eq!(sessions.unwrap().deleted.len(), 2);
    drop(view);
    // The same when a commit destroys it.
    let host = master.change(|draft| draft.insert(Host::blank())).unwrap();
    let catch_up = || {
        let Since::Commits(commits) = master.since(replica.position().unwrap()) else {
            panic!("it is {:?} behind", replica.position());
        };
        for commit in commits {
            let from = replica.position().unwrap();
            replica.replay_from(from, &commit).unwrap();
        }
    };
    catch_up();
    let session = replica
        .change(|draft| {
            draft.insert(Session {
                this_host: host.clone(),
                ..Session::blank()
            })
        })
        .unwrap();
    master.change(|draft| draft.destroy(&host)).unwrap();
    catch_up();
    assert!(!replica.view().unwrap().exists(&session).unwrap());
    nothing_dangles(&replica);
}

#[test]
fn what_concerns_this_host_alone_does_not_leave_it() {
    let master = filled(&["a"]);
    let from = master.copy().unwrap().position();
    let network = master
        .view()
        .unwrap()
        .refs(Network::DESC)
        .unwrap()
        .remove(0);
    master
        .change(|draft| {
            draft.insert(Task::blank())?;
            draft.insert(Session::blank())
        })
        .unwrap();
    master
        .change(|draft| draft.touch_row(Network::DESC, &network))
        .unwrap();
    assert_eq!(master.since(from), Since::Commits(vec![]));
    master
        .change(|draft| {
            draft.insert(Task::blank())?;
            draft.insert(Network::blank())
        })
        .unwrap();
    let Since::Commits(commits) = master.since(from) else {
        panic!("too old");
    };
    let edits = commits.iter().flat_map(|commit| &commit.edits);
    let classes: Vec<_> = edits.map(|edit| edit.class.as_str()).collect();
    assert_eq!(classes, ["network"]);
    assert_eq!(commits[0].generation, master.generation());
    // Nor does the copy hold it, or a follower take it.
    let copied = master.copy().unwrap().flat_map(Result::unwrap);
    let classes: BTreeSet<_> = copied.map(|edit| edit.class).collect();
    assert!(
        classes
            .iter()
            .all(|class| class == "network" || class == "PIF")
    );
    let mut session = commits[0].edits.clone();
    session[0].class = "session".to_owned();
    let replica = filled(&[]);
    let mut replacement = replica.replacement(from).unwrap();
    assert!(matches!(
        replacement.add(session),
        Err(DbError::Unfit { .. })
    ));
}

#[test]
fn a_copy_that_is_no_good_changes_nothing() {
    let (master, replica) = (filled(&["a", "b"]), filled(&["x"]));
    let copy: Vec<_> = master.copy().unwrap().flat_map(Result::unwrap).collect();
    let position = master.copy().unwrap().position();
    let before = (shared(&replica), replica.generation(), replica.position());
    type Spoil = fn(&mut Vec<Edit>);
    let spoilt: [(&str, Spoil); 5] = [
        ("comes twice", |copy| copy.push(copy[0].clone())),
        ("would refer to", |copy| {
            copy.retain(|edit| edit.class != "network")
        }),
        ("is no row", |copy| copy[0].act = Act::Destroy),
        ("no such class", |copy| {
            copy[0].class = "nonsense".to_owned()
        }),
        ("no durable field", |copy| {
            copy[0].act = Act::Insert(vec![("PIFs".to_owned(), Value::Array(vec![]))]);
        }),
    ];
    for (expected, spoil) in spoilt {
        let mut copy = copy.clone();
        spoil(&mut copy);
        let refused = replica
            .replace(position, [Ok::<_, DbError>(copy)])
            .unwrap_err();
        assert!(
            refused.to_string().contains(expected),
            "{expected}: {refused}"
        );
        same(&shared(&replica), &before.0, expected);
        assert_eq!(
            (replica.generation(), replica.position()),
            (before.1, before.2)
        );
    }
    // Nothing is left beside the database either.
    replica.replace(position, [Ok::<_, DbError>(copy)]).unwrap();
    same(&shared(&replica), &shared(&master), "a good one");
}

#[test]
fn a_large_copy_comes_in_small_parts() {
    let store = filled(&[]);
    let long = "x".repeat(100_000);
    store
        .change(|draft| {
            for n in 0..700 {
                let name_description = if n % 100 == 0 {
                    long.clone()
                } else {
                    String::new()
                };
                draft.insert(Network {
                    name_description,
                    ..Network::blank()
                })?;
            }
            Ok(())
        })
        .unwrap();
    let parts: Vec<_> = store.copy().unwrap().map(Result::unwrap).collect();
    let rows: usize = parts.iter().map(Vec::len).sum();
    assert_eq!(rows, 700);
    for part in &parts {
        assert!(!part.is_empty() && part.len() <= 256);
        let text = serde_json::to_string(part).unwrap();
        assert!(text.len() < 1 << 20, "{} octets in one part", text.len());
    }
    let replica = filled(&["x"]);
    replica
        .replace(store.copy().unwrap().position(), store.copy().unwrap())
        .unwrap();
    same(&shared(&replica), &shared(&store), "copied");
}

#[test]
fn who_holds_a_store_still_leaves_alone_whether_it_takes_commits_otherwise() {
    let store = filled(&["a"]);
    let takes = || store.change(|draft| draft.insert(Network::blank())).is_ok();
    let (one, other) = (store.hold_still(), store.hold_still());
    assert!(!takes());
    drop(one);
    assert!(!takes(), "somebody else holds it");
    drop(other);
    assert!(takes());
    let still = store.hold_still();
    store.follow_only(true);
    drop(still);
    assert!(!takes(), "it follows");
}

#[test]
fn a_promoted_store_takes_commits_again_and_nobody_of_before_follows_it() {
    let (master, replica) = (filled(&["a"]), filled(&[]));
    assert_eq!((replica.term(), replica.position()), (0, None));
    follow(&replica, &master);
    let at = replica.position().unwrap();
    replica.follow_only(true);
    let make = |store: &Store| store.change(|draft| draft.insert(Network::blank()));
    assert!(make(&replica).is_err());
    let by = Uuid::from_u128(7);
    let term = replica.promote(&by).unwrap();
    assert_eq!(term, next_term(0, &by));
    assert_eq!((replica.term(), replica.position()), (term, None));
    make(&replica).unwrap();
    assert_eq!(replica.since(at), Since::TooOld);
    let astray = Position {
        term,
        generation: at.generation,
    };
    assert_eq!(replica.since(astray), Since::TooOld);
    // A number of this very history is worth nothing with another term.
    let generation = replica.generation();
    let now = |term| replica.since(Position { term, generation });
    assert_eq!(now(term), Since::Commits(vec![]));
    assert_eq!(now(0), Since::TooOld);
    // The old master becomes like the new one, and is of its term from then on.
    follow(&master, &replica);
    assert_eq!(master.term(), term);
    assert!(master.promote(&Uuid::from_u128(3)).unwrap() > term);
}

#[test]
fn a_term_that_was_heard_of_is_survived_by_the_one_that_begins_here() {
    let store = filled(&["a"]);
    let (one, other) = (Uuid::from_u128(7), Uuid::from_u128(3));
    let theirs = next_term(next_term(0, &one), &one);
    store.hear_of(theirs).unwrap();
    store.hear_of(1).unwrap();
    assert_eq!((store.latest_term(), store.position()), (theirs, None));
    assert_eq!(store.term(), 0, "none of the rows is of that term");
    // Nor is it forgotten by following a master of an earlier one.
    let master = filled(&["b"]);
    let of_master = master.promote(&Uuid::from_u128(5)).unwrap();
    follow(&store, &master);
    assert_eq!(store.term(), of_master);
    assert!(theirs > of_master && store.latest_term() == theirs);
    let ours = store.promote(&other).unwrap();
    assert!(ours > theirs);
    assert_eq!((store.term(), store.latest_term()), (ours, ours));
}

#[test]
fn what_was_heard_of_and_what_the_rows_are_of_are_two_numbers_after_a_start_as_well() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("xapi.db");
    let open = || Store::open(&path, Options::default()).unwrap();
    let store = open();
    let ours = store.promote(&Uuid::from_u128(7)).unwrap();
    store.hear_of(ours + 5).unwrap();
    drop(store);
    let store = open();
    assert_eq!((store.term(), store.latest_term()), (ours, ours + 5));
}

#[test]
fn a_store_that_comes_into_another_pool_knows_the_terms_of_that_alone() {
    let (master, joining) = (filled(&["a"]), filled(&["b"]));
    joining.promote(&Uuid::from_u128(7)).unwrap();
    let copy = master.copy().unwrap();
    let mut taken = joining
        .replacement(copy.position())
        .unwrap()
        .of_another_pool();
    for part in copy {
        taken.add(part.unwrap()).unwrap();
    }
    taken.commit().unwrap();
    assert_eq!(joining.term(), master.term());
    same(&shared(&joining), &shared(&master), "joined");
}
