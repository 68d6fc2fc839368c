//! Where keys lead, and what has to be done then.

use xapi_model::Value;
use xsconsole::app::job::{Call, Job, Progress};
use xsconsole::app::menu::{Item, Menu};
use xsconsole::app::probing::{Answer, Target};
use xsconsole::app::{Dialogue, Effect, Event, User};
use xsconsole::seen::{Kind, Line};

use crate::host::{console, item, kernel, open, pif, press, stranger, told, without_daemon};

fn job(effects: &[Effect]) -> &Job {
    match effects {
        [Effect::Run { job, .. }] => job,
        other => panic!("no job alone: {other:?}"),
    }
}

fn words(call: &Call) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let params: Vec<String> = call.params.iter().map(text).collect();
    format!("{} {}", call.name, params.join(" "))
}

#[test]
fn escape_goes_one_step_back_and_keeps_what_was_typed() {
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    press(&mut app, "<Enter><Enter>172.16.0.12<Enter><Enter><Enter>");
    press(&mut app, "<Enter><Enter>");
    let Some(Dialogue::Configure(dialogue)) = &app.dialogue else {
        panic!("{:?}", app.dialogue);
    };
    assert!(matches!(dialogue.wanted(), Some(Ok(_))), "at the summary");
    // Summary, name servers, IPv6, static IPv4.
    press(&mut app, "<Esc><Esc><Esc>");
    let Some(Dialogue::Configure(dialogue)) = &app.dialogue else {
        panic!("{:?}", app.dialogue);
    };
    assert_eq!(
        dialogue.addressing.part,
        xsconsole::app::addressing::Part::V4
    );
    assert_eq!(dialogue.addressing.v4.text(0), "172.16.0.12");
    press(&mut app, "<Esc><Esc>");
    assert!(
        matches!(app.dialogue, Some(Dialogue::Configure(_))),
        "the interface"
    );
    press(&mut app, "<Esc>");
    assert!(app.dialogue.is_none());
    assert_eq!(app.menu, Menu::Network);
    press(&mut app, "<Esc>");
    assert_eq!(app.menu, Menu::Root);
    assert_eq!(
        press(&mut app, "<Esc>"),
        [],
        "there is nothing before the first menu"
    );
}

#[test]
fn another_address_for_management_is_one_call_that_waits_for_a_person() {
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    press(
        &mut app,
        "<Enter><Enter>172.16.0.12<Enter><Enter><Enter><Enter><Enter>",
    );
    let effects = press(&mut app, "++-<Enter>");
    let job = job(&effects);
    assert_eq!(job.confirm_within, Some(75));
    let calls: Vec<String> = job.calls.iter().map(words).collect();
    assert_eq!(
        calls,
        [
            "PIF.reconfigure_ip OpaqueRef:eth0-Nic Static 172.16.0.12 255.255.255.224 172.16.0.1 172.16.0.1,172.16.0.2"
        ]
    );
}

#[test]
fn nothing_is_applied_while_the_end_of_the_summary_is_out_of_sight() {
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    press(
        &mut app,
        "<Enter><Enter>172.16.0.12<Enter><Enter><Enter><Enter><Enter>",
    );
    assert_eq!(press(&mut app, "<PgUp><Enter>"), []);
    job(&press(&mut app, "<Enter>"));
}

#[test]
fn what_is_so_already_is_not_asked_for() {
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    let effects = press(
        &mut app,
        "<Enter><Enter><Enter><Enter><Enter><Enter><Enter><Enter>",
    );
    assert_eq!(effects, []);
    assert!(matches!(&app.dialogue, Some(Dialogue::Notice(text)) if text == "All is so already."));
}

#[test]
fn management_moves_with_its_addresses_set_first_and_the_old_ones_given_up_last() {
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    // eth3, by DHCP, no IPv6.
    let effects = press(&mut app, "<Down><Enter><Enter><Enter><Enter>");
    let calls: Vec<String> = job(&effects).calls.iter().map(words).collect();
    assert_eq!(
        calls,
        [
            "PIF.reconfigure_ip OpaqueRef:eth3-Nic DHCP    ",
            "host.management_reconfigure OpaqueRef:eth3-Nic",
            "PIF.reconfigure_ip OpaqueRef:eth0-Nic None    ",
        ]
    );
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    let effects = press(&mut app, "<Down><Enter><Enter><Enter>a<Enter>");
    assert_eq!(
        job(&effects).calls.len(),
        2,
        "the old ones are kept on request"
    );
    // IPv6 alone: it has to be what the host is known by.
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    let effects = press(&mut app, "<Down><Enter>n<Enter>a<Enter><Enter>");
    let names: Vec<&str> = job(&effects).calls.iter().map(|call| call.name).collect();
    assert_eq!(
        names,
        [
            "PIF.reconfigure_ipv6",
            "PIF.set_primary_address_type",
            "host.management_reconfigure",
            "PIF.reconfigure_ip"
        ]
    );
}

#[test]
fn members_of_bonds_and_tunnels_are_not_offered() {
    let mut told = told();
    told.pifs.push(pif("tunnel0", Kind::Tunnel));
    let mut app = console();
    app.update(Event::Told(Box::new(told)));
    open(&mut app, item::CONFIGURE);
    let Some(Dialogue::Configure(dialogue)) = &app.dialogue else {
        panic!("{:?}", app.dialogue);
    };
    let offered: Vec<String> = dialogue.pifs.iter().map(|pif| pif.name()).collect();
    assert_eq!(offered, ["eth0", "eth3", "bond0", "VLAN 7 on eth0"]);
}

#[test]
fn a_change_that_waits_is_confirmed_or_undone_once() {
    let mut app = console();
    open(&mut app, item::HOSTNAME);
    press(&mut app, "xs-2<Enter>");
    app.update(Event::Step(0, None, Progress::Doing));
    assert_eq!(press(&mut app, "<Enter>cu"), [], "nothing waits yet");
    assert!(app.is_at_work());
    assert_eq!(press(&mut app, "<^C>"), [], "it is not left alone");
    app.update(Event::Waits(Some(app.now)));
    assert_eq!(
        press(&mut app, "x<Enter>"),
        [],
        "Enter may still be held from the summary"
    );
    let said = |undo| Effect::Confirm { number: 1, undo };
    assert_eq!(press(&mut app, "u"), [said(true)]);
    assert_eq!(press(&mut app, "c"), [], "one word is enough");
    app.update(Event::Waits(None));
    app.update(Event::Waits(Some(app.now)));
    assert_eq!(
        press(&mut app, "c"),
        [said(false)],
        "the next step waits as well"
    );
    app.update(Event::Said(Err("no answer".to_owned())));
    assert_eq!(
        press(&mut app, "c"),
        [said(false)],
        "what the daemon did not take is said again"
    );
    app.update(Event::Said(Ok(())));
    assert_eq!(press(&mut app, "c"), [], "it has been taken");
    assert_eq!(
        app.update(Event::Ended(Ok("done".to_owned()))),
        [Effect::Look]
    );
    press(&mut app, "<Enter>");
    assert!(app.dialogue.is_none());
}

#[test]
fn a_window_is_left_while_the_daemon_goes_on_and_later_ones_hear_nothing_of_it() {
    let mut app = console();
    open(&mut app, item::HOSTNAME);
    press(&mut app, "xs-2<Enter>");
    assert_eq!(press(&mut app, "<Esc>"), []);
    assert!(matches!(app.dialogue, Some(Dialogue::Notice(_))));
    press(&mut app, "<Enter><Enter>xs-3<Enter>");
    assert!(app.is_at_work());
    let of = |number| Event::Of(number, Box::new(Event::Ended(Ok("done".to_owned()))));
    assert_eq!(app.update(of(1)), [Effect::Look]);
    assert!(app.is_at_work(), "that was the end of the first");
    app.update(of(2));
    assert!(!app.is_at_work());
}

#[test]
fn management_keeps_an_address_of_the_family_it_runs_over() {
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    // eth0, which carries management; no IPv4.
    press(&mut app, "<Enter>n<Enter>");
    let Some(Dialogue::Configure(dialogue)) = &app.dialogue else {
        panic!("{:?}", app.dialogue);
    };
    let complaint = dialogue.addressing.complaint.clone().unwrap_or_default();
    assert!(
        complaint.contains("Management runs over IPv4"),
        "{complaint}"
    );
}

#[test]
fn management_is_switched_off_by_a_word_and_by_nothing_else() {
    let mut app = console();
    open(&mut app, item::CONFIGURE);
    press(&mut app, "<End><Enter>");
    assert_eq!(press(&mut app, "<Enter><Enter>no<Enter>ye<Enter>"), []);
    let effects = press(&mut app, "s<Enter>");
    let calls: Vec<String> = job(&effects).calls.iter().map(words).collect();
    assert_eq!(calls, ["host.management_disable "]);
    // An interface that the parsers do not take is none that was chosen to carry nothing.
    let mut told = told();
    told.pifs.push(pif("eth3", Kind::Vlan(5000)));
    let mut app = console();
    app.update(Event::Told(Box::new(told)));
    open(&mut app, item::CONFIGURE);
    let effects = press(&mut app, "<End><Up><Enter><Enter><Enter><Enter>yes<Enter>");
    assert_eq!(effects, []);
}

#[test]
fn the_emergency_reset_works_without_the_daemon_and_nothing_else_does() {
    for (at, opens) in [
        (item::CONFIGURE, false),
        (item::SERVERS, false),
        (item::TEST, true),
        (item::NICS, true),
        (item::HOSTNAME, false),
        (item::RESET, true),
    ] {
        let mut app = without_daemon();
        open(&mut app, at);
        let refused = matches!(app.dialogue, Some(Dialogue::Notice(_)));
        assert_eq!(!refused, opens, "{:?}", app.dialogue);
    }
}

#[test]
fn without_root_changes_take_a_login_and_the_reset_is_refused() {
    let mut app = console();
    app.user = User::Nobody;
    open(&mut app, item::HOSTNAME);
    let effects = press(&mut app, "admin<Enter>pw<Enter>");
    let [Effect::LogIn { user, password }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!((user.as_str(), password.as_str()), ("admin", "pw"));
    assert_eq!(press(&mut app, "x<Enter>"), [], "it is asked once");
    app.update(Event::LoggedIn(Ok("admin".to_owned())));
    assert!(
        matches!(app.dialogue, Some(Dialogue::Hostname(_))),
        "what was wanted opens"
    );
    assert_eq!(app.user, User::LoggedIn("admin".to_owned()));
    press(&mut app, "<Esc><Down><Enter>");
    let refused =
        matches!(&app.dialogue, Some(Dialogue::Notice(text)) if text.contains("needs root"));
    assert!(refused, "{:?}", app.dialogue);
    press(&mut app, "<Enter><Esc><End><Up>");
    assert_eq!(app.item(), Item::LogOut);
    assert_eq!(press(&mut app, "<Enter>"), [Effect::LogOut]);
    assert_eq!(app.user, User::Nobody);
}

#[test]
fn another_hosts_daemon_does_not_make_this_hosts_kernel_its_own() {
    let mut app = console();
    app.here = false;
    for at in [item::TEST, item::RESET] {
        let mut app = app.clone();
        open(&mut app, at);
        assert!(
            matches!(app.dialogue, Some(Dialogue::Notice(_))),
            "{:?}",
            app.dialogue
        );
    }
}

#[test]
fn a_server_that_nobody_knows_is_believed_by_a_word_and_then_asked_for_a_login() {
    let mut app = console();
    app.user = User::Nobody;
    app.told = None;
    app.update(Event::Line(Line::Stranger(stranger())));
    open(&mut app, item::HOSTNAME);
    for typed in ["<Enter>", "no<Enter>", "yes<PgUp><Enter>"] {
        assert_eq!(press(&mut app, typed), [], "{typed}");
        app.clamp(0, 3);
    }
    assert_eq!(
        press(&mut app, "<PgDn><Enter>"),
        [Effect::Trust(stranger())]
    );
    app.update(Event::Trusted(Ok(())));
    let Some(Dialogue::LogIn { then, .. }) = &app.dialogue else {
        panic!("{:?}", app.dialogue);
    };
    assert_eq!(*then, Item::Hostname);
    // Who was faster than the answer is asked all the same.
    app.update(Event::Line(Line::Stranger(stranger())));
    assert!(matches!(app.dialogue, Some(Dialogue::Trust { .. })));
    app.update(Event::Trusted(Err("the disk is full".to_owned())));
    assert!(
        matches!(&app.dialogue, Some(Dialogue::Notice(text)) if text.contains("the disk is full"))
    );
    app.dialogue = None;
    open(&mut app, item::HOSTNAME);
    press(&mut app, "<Esc>");
    assert!(app.dialogue.is_none());
}

#[test]
fn what_the_daemon_said_last_stays_when_it_goes() {
    let mut app = console();
    let since = app.now;
    app.update(Event::Line(Line::Down {
        since,
        why: "gone".to_owned(),
    }));
    assert!(app.told.is_some());
    open(&mut app, item::CONFIGURE);
    assert!(
        matches!(app.dialogue, Some(Dialogue::Notice(_))),
        "but nothing is changed by it"
    );
    press(&mut app, "<Enter>");
    app.update(Event::Told(Box::new(told())));
    press(&mut app, "<Enter>");
    assert!(
        matches!(app.dialogue, Some(Dialogue::Configure(_))),
        "it is back"
    );
}

#[test]
fn a_field_is_replaced_by_the_first_character_and_edited_after_a_cursor_key() {
    let mut app = console();
    open(&mut app, item::HOSTNAME);
    let typed = |app: &xsconsole::app::App| match &app.dialogue {
        Some(Dialogue::Hostname(form)) => form.entries[0].input.text().to_owned(),
        other => panic!("{other:?}"),
    };
    press(&mut app, "<End>0");
    assert_eq!(typed(&app), "xs-10");
    press(&mut app, "<Home><Delete>y<Right><Backspace>");
    assert_eq!(typed(&app), "y-10");
    press(&mut app, &"é".repeat(300));
    assert_eq!(typed(&app).chars().count(), 255);
    press(&mut app, "<Esc><Enter>q");
    assert_eq!(typed(&app), "q");
    let effects = press(&mut app, "<Enter>");
    let calls: Vec<String> = job(&effects).calls.iter().map(words).collect();
    assert_eq!(calls, ["host.set_hostname_live OpaqueRef:host q"]);
}

#[test]
fn name_servers_are_added_and_removed_in_their_order() {
    let mut app = console();
    open(&mut app, item::SERVERS);
    let effects = press(&mut app, "<Enter>10.0.0.9<Enter>");
    let calls: Vec<String> = job(&effects).calls.iter().map(words).collect();
    let want =
        "PIF.reconfigure_ip OpaqueRef:eth0-Nic Static 172.16.0.10 255.255.255.224 172.16.0.1";
    assert_eq!(calls, [format!("{want} 172.16.0.1,172.16.0.2,10.0.0.9")]);
    let mut app = console();
    open(&mut app, item::SERVERS);
    let effects = press(&mut app, "<Down><Enter>");
    let calls: Vec<String> = job(&effects).calls.iter().map(words).collect();
    assert_eq!(calls, [format!("{want} 172.16.0.2")]);
    for (typed, says) in [
        ("172.16.0.1", "asked already"),
        ("fd00::1", "no static address of IPv6"),
        ("10.0.0.1,10.0.0.2", "One name server at a time"),
        ("dns", "addresses of name servers"),
    ] {
        let mut app = console();
        open(&mut app, item::SERVERS);
        assert_eq!(press(&mut app, &format!("<Enter>{typed}<Enter>")), []);
        let Some(Dialogue::Servers(dialogue)) = &app.dialogue else {
            panic!("{:?}", app.dialogue);
        };
        let complaint = dialogue
            .adding
            .as_ref()
            .and_then(|form| form.complaint.clone());
        let complaint = complaint.unwrap_or_default();
        assert!(complaint.contains(says), "{typed}: {complaint}");
    }
}

#[test]
fn a_test_asks_whom_the_kernel_knows_and_answers_find_their_question() {
    let mut app = console();
    open(&mut app, item::TEST);
    let router = Target::Router([172, 16, 0, 1].into());
    let server = Target::NameServer([172, 16, 0, 1].into());
    let effects = press(&mut app, "<Enter>");
    assert_eq!(
        effects,
        [Effect::Probe(vec![router.clone(), server.clone()])]
    );
    assert_eq!(press(&mut app, "<Enter>"), [], "two are asked already");
    for target in [router, server] {
        let none = Answer::None("no answer".to_owned());
        app.update(Event::Probed(target, none));
    }
    assert_eq!(
        press(&mut app, "<End><Enter>www example<Enter>"),
        [],
        "no name"
    );
    press(&mut app, "<Esc>");
    let effects = press(&mut app, "<Enter>www.example.org<Enter>");
    assert_eq!(
        effects,
        [Effect::Probe(vec![Target::Anybody(
            "www.example.org".to_owned()
        )])]
    );
    let mut app = console();
    let mut nobody = kernel();
    nobody.routers.clear();
    nobody.servers.clear();
    app.update(Event::Kernel(Box::new(nobody)));
    open(&mut app, item::TEST);
    assert_eq!(
        press(&mut app, "<Enter>"),
        [],
        "there is nobody to be asked"
    );
}

#[test]
fn the_first_letter_of_an_item_chooses_it() {
    let mut app = console();
    press(&mut app, "n<Enter>e");
    assert_eq!(app.item(), Item::Reset);
    press(&mut app, "t");
    assert_eq!(app.item(), Item::Probing);
    press(&mut app, "z");
    assert_eq!(app.item(), Item::Probing, "none begins so");
}

#[test]
fn whoever_logs_out_leaves_nothing_that_the_daemon_said_and_no_password_is_in_a_debug_text() {
    let mut app = console();
    app.user = User::LoggedIn("admin".to_owned());
    press(&mut app, "l<Enter>");
    assert!(app.told.is_none());
    app.update(Event::Told(Box::new(told())));
    assert!(app.told.is_none(), "one that was under way");
    open(&mut app, item::HOSTNAME);
    let shown = format!("{:?}", press(&mut app, "<Enter>hunter2<Enter>"));
    assert!(shown.contains("LogIn"), "{shown}");
    for text in [shown, format!("{:?}", app.dialogue)] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn control_l_draws_all_anew_and_asks_again_wherever_one_is() {
    let mut app = console();
    assert_eq!(press(&mut app, "<^L>"), [Effect::Redraw, Effect::Look]);
    open(&mut app, item::HOSTNAME);
    assert_eq!(press(&mut app, "<^L>"), [Effect::Redraw, Effect::Look]);
    assert_eq!(press(&mut app, "<^C>"), [Effect::Quit]);
}

#[test]
fn a_daemon_that_was_started_anew_knows_nobody_and_root_needs_it_not() {
    let mut app = console();
    app.user = User::Nobody;
    app.update(Event::LoggedIn(Ok("admin".to_owned())));
    app.update(Event::LoggedOut);
    assert_eq!(app.user, User::Nobody);
    let mut app = console();
    app.update(Event::LoggedOut);
    assert_eq!(app.user, User::Root);
}
