//! What hosts may say, and what they may not.

use std::collections::{BTreeMap, BTreeSet};

use xapi_db::Portable;
use xapi_guest::{GuestError, Refused, Withdrawn};
use xapi_model::Value;
use xapi_net::agent::{Cause, LeftOut, ManagementAlone, NetError, NetEvent, Outcome, Part, Undo};
use xapi_net::facts::{BridgeFacts, Facts, NicFacts};
use xapi_net::firmware::{Card, Place};
use xapi_net::names::Name;
use xapi_net::planned::{Operation, Phase, PlannedStep, Thing, UndoStep};

use super::{
    Answer, CUT, DEVICES, ENTRIES, GIVEN, HOSTNAME, LONG, NEWS, NICS, QUESTION, TEXT, check,
    check_call, check_news, check_question, check_told,
};
use crate::guests::place::Reply;
use crate::particulars::Particulars;
use crate::pool::aside::Aside;
use crate::pool::secret::Held;
use crate::pool::verbs::{ApiText, Arrived, Forwarded, News, Opened, ToTell};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn nics(number: usize) -> Facts {
    let nic = NicFacts {
        physical: true,
        ..NicFacts::default()
    };
    Facts {
        nics: (0..number)
            .map(|n| (name(&format!("eth{n}")), nic.clone()))
            .collect(),
        ..Facts::default()
    }
}

fn arrived(particulars: Particulars) -> Arrived {
    Arrived {
        particulars,
        starts: false,
        booted: false,
        reset: None,
        alerts: Vec::new(),
        found: None,
        secret: None,
        aside: None,
        moved: None,
        gone_back: None,
    }
}

#[test]
fn what_a_host_can_have_is_taken_and_more_is_not() {
    let facts = |facts| Answer::Facts(Box::new(Ok(facts)));
    let long = |most: usize| "x".repeat(most + 1);
    assert_eq!(check(&mut facts(nics(NICS))), Ok(()));
    let card = Card {
        device: name("eth0"),
        name: None,
        label: None,
        place: Place::Bus,
        pci: None,
        mac: String::new(),
    };
    let mut talkative = nics(1);
    talkative.nics.get_mut(&name("eth0")).unwrap().driver = Some(long(TEXT));
    let crowded = BridgeFacts {
        ports: (0..9_000).map(|n| name(&format!("p{n}"))).collect(),
        ..BridgeFacts::default()
    };
    let converged = Outcome {
        facts: nics(NICS + 1),
        left_out: Vec::new(),
        alone: None,
        absent: Default::default(),
        steps: 1,
    };
    let alert = ToTell {
        number: 1,
        name: "A".to_owned(),
        body: String::new(),
    };
    let too_much = [
        facts(nics(NICS + 1)),
        facts(talkative),
        facts(Facts {
            bridges: [(name("xenbr0"), crowded)].into(),
            ..Facts::default()
        }),
        facts(Facts {
            hostname: long(HOSTNAME),
            ..Facts::default()
        }),
        Answer::Converged(Ok(converged)),
        Answer::Firmware(Ok(vec![card.clone(); NICS + 1])),
        Answer::Firmware(Ok(vec![Card {
            label: Some(long(TEXT)),
            ..card
        }])),
        Answer::Hostname(Ok(long(HOSTNAME))),
        Answer::Particulars(Ok(arrived(Particulars {
            software: BTreeMap::from([(long(TEXT), String::new())]),
            ..Particulars::default()
        }))),
        Answer::Particulars(Ok(arrived(Particulars {
            boot_nics: vec![String::new(); NICS + 1],
            ..Particulars::default()
        }))),
        Answer::Particulars(Ok(arrived(Particulars {
            fcoe: BTreeMap::from([("eth0".to_owned(), vec![long(TEXT)])]),
            ..Particulars::default()
        }))),
        Answer::Particulars(Ok(Arrived {
            alerts: vec![alert; ENTRIES + 1],
            ..arrived(Particulars::default())
        })),
        Answer::Particulars(Ok(Arrived {
            aside: Some(Aside {
                file: long(TEXT),
                term: 1,
                address: String::new(),
                later: None,
            }),
            ..arrived(Particulars::default())
        })),
        Answer::Particulars(Ok(Arrived {
            moved: Some(long(TEXT)),
            ..arrived(Particulars::default())
        })),
        Answer::Particulars(Ok(Arrived {
            secret: Some(Held {
                mark: long(TEXT),
                others: false,
            }),
            ..arrived(Particulars::default())
        })),
    ];
    for mut answer in too_much {
        assert!(check(&mut answer).is_err(), "{answer:?}");
    }
}

fn error() -> NetError {
    NetError {
        undo: Undo::Failed(endless()),
        ..NetError::before(Part::Host, Cause::Refused, endless())
    }
}

fn endless() -> String {
    "ö".repeat(4 * LONG)
}

fn left(bridges: usize) -> LeftOut {
    LeftOut {
        part: Part::Host,
        bridges: vec![name("xapi1"); bridges],
        why: endless(),
    }
}

#[test]
fn what_a_host_says_for_people_is_cut_wherever_it_says_it() {
    let outcome = Outcome {
        left_out: vec![left(1)],
        alone: Some(ManagementAlone {
            bridge: name("xenbr0"),
            nic: name("eth0"),
            why: endless(),
        }),
        ..Outcome::default()
    };
    let text = || ApiText {
        code: "INTERNAL_ERROR".to_owned(),
        params: vec![endless()],
    };
    let failed = GuestError::Failed {
        doing: endless(),
        why: endless(),
    };
    let step = PlannedStep {
        host: None,
        phase: Phase::Prepare,
        operation: Operation::Put,
        object: Thing {
            kind: "bridge".to_owned(),
            name: "xapi1".to_owned(),
            on: None,
            uuid: None,
        },
        before: Some(endless()),
        after: Some(endless()),
        touches: BTreeSet::new(),
        undo: UndoStep {
            operation: Operation::Drop,
            before: Some(endless()),
            after: Some(endless()),
        },
    };
    let answers = [
        Answer::Converged(Ok(outcome)),
        Answer::Converged(Err(error())),
        Answer::Plan(Ok(vec![step])),
        Answer::Plan(Err(error())),
        Answer::Facts(Box::new(Err(error()))),
        Answer::Firmware(Err(error())),
        Answer::Answered(Err(error())),
        Answer::Hostname(Err(error())),
        Answer::Done(Err(error())),
        Answer::Seized(Ok(vec![endless()])),
        Answer::Seized(Err(error())),
        Answer::Guest(Err(failed.clone())),
        Answer::Guest(Ok(Reply::Withdrawn(Withdrawn {
            released: BTreeSet::new(),
            refused: Some(Refused {
                nic: (1, 0),
                why: failed,
            }),
        }))),
        Answer::Ran(Err(text())),
        Answer::Particulars(Err(text())),
        Answer::Unknown(endless()),
    ];
    for mut answer in answers {
        assert_eq!(check(&mut answer), Ok(()));
        let said = format!("{answer:?}");
        assert!(said.len() < 5 * LONG && said.contains(CUT), "{said}");
    }
}

#[test]
fn news_of_a_host_are_cut_or_refused() {
    let mut diverged = News::Event(NetEvent::Diverged { why: endless() });
    assert_eq!(check_news(&mut diverged), Ok(()));
    let said = format!("{diverged:?}");
    assert!(said.len() < 2 * TEXT && said.contains(CUT), "{said}");
    let converged = |left_out| News::Event(NetEvent::Converged { left_out });
    let mut honest = converged(vec![left(DEVICES)]);
    assert_eq!(check_news(&mut honest), Ok(()));
    assert!(format!("{honest:?}").len() < TEXT);
    let short = LeftOut {
        why: String::new(),
        ..left(1)
    };
    for mut news in [
        converged(vec![short; DEVICES + 1]),
        converged(vec![left(4 * DEVICES + 1)]),
        News::ResetOver(endless()),
    ] {
        assert!(check_news(&mut news).is_err());
    }
    assert!(check_told(&vec![b' '; NEWS + 1]).is_err() && check_told(b"{}").is_ok());
}

#[test]
fn a_call_that_is_handed_on_has_no_more_than_any_clients() {
    let call = || Forwarded {
        name: "VM.set_name_label".to_owned(),
        params: vec![Portable(Value::Str("a".repeat(GIVEN)))],
        peer: endless(),
        user_agent: Some(endless()),
        other_config: Vec::new(),
        opened: Some(Opened {
            user: endless(),
            originator: endless(),
        }),
        id: String::new(),
    };
    let mut honest = call();
    assert_eq!(check_call(&mut honest), Ok(()));
    assert!(format!("{honest:?}").len() < GIVEN + 8 * TEXT);
    let nested = Value::Struct(vec![(
        "a".to_owned(),
        Value::Array(vec![Value::Str("a".repeat(GIVEN + 1))]),
    )]);
    let entry = (String::new(), String::new());
    for mut refused in [
        Forwarded {
            name: endless(),
            ..call()
        },
        Forwarded {
            params: vec![Portable(nested)],
            ..call()
        },
        Forwarded {
            params: vec![Portable(Value::Int(1)); ENTRIES + 1],
            ..call()
        },
        Forwarded {
            other_config: vec![entry; ENTRIES + 1],
            ..call()
        },
        Forwarded {
            id: endless(),
            ..call()
        },
    ] {
        assert!(check_call(&mut refused).is_err());
    }
    assert!(check_question(&vec![b' '; QUESTION + 1]).is_err());
}

#[test]
fn a_text_is_cut_between_letters() {
    for most in 3..12 {
        let mut text = "öäüöäü".to_owned();
        super::cut(&mut text, most);
        assert!(text.len() <= most, "{text}");
        assert!(text.ends_with(CUT) || text == "öäüöäü", "{text}");
    }
}
