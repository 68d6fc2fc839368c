//! `xe help`, in all its forms. None of them asks the server.

use crate::fake::world;
use crate::{check, prints};

#[test]
fn help_of_a_command_is_a_record_with_xapis_trailing_spaces() {
    check(
        "help pif-plug",
        "\
command name            : pif-plug
        reqd params     : uuid
        optional params : 
        description     : Brings the interface up with its configuration.


",
    );
    let got = world().xe("help bond-create");
    assert!(
        got.out
            .contains("        reqd params     : network-uuid, pif-uuids\n"),
        "{}",
        got.out
    );
    assert!(
        got.out
            .contains("        optional params : mac, mode, properties:\n"),
        "{}",
        got.out
    );
}

#[test]
fn help_tells_what_record_commands_take() {
    let line = |command: &str, start: &str| {
        let out = world().xe(&format!("help {command}")).out;
        let found = out
            .lines()
            .find(|line| line.trim_start().starts_with(start));
        found
            .expect(command)
            .split_once(": ")
            .expect(command)
            .1
            .to_owned()
    };
    let optional = line("pif-list", "optional");
    assert!(
        optional.starts_with("params, database:, uuid, device, MAC, "),
        "{optional}"
    );
    assert!(optional.contains(", capabilities:contains, "), "{optional}");
    assert_eq!(line("pif-param-get", "reqd"), "uuid, param-name");
    assert_eq!(line("pif-param-get", "optional"), "param-key, database:");
    assert_eq!(
        line("pif-param-set", "optional"),
        "properties:, disallow-unplug, other-config:"
    );
    assert_eq!(
        line("network-param-set", "optional"),
        "name-label, name-description, MTU, other-config:, default-locking-mode"
    );
    assert_eq!(line("pif-param-add", "optional"), "param-key");
    assert_eq!(
        line("pif-param-remove", "reqd"),
        "uuid, param-name, param-key"
    );
    assert_eq!(line("host-reboot", "optional"), "<host-selectors>");
    assert_eq!(
        line("host-disable", "optional"),
        "auto-enable, <host-selectors>"
    );
}

#[test]
fn classes_have_the_commands_that_their_fields_allow() {
    let names = world().xe("help --minimal --all").out;
    let names: Vec<&str> = names.trim_end().split(',').collect();
    let of = |class: &str| -> Vec<&str> {
        let verb = |name: &&str| {
            name.strip_prefix(class)
                .is_some_and(|v| v == "-list" || v.starts_with("-param-"))
        };
        names.iter().copied().filter(verb).collect()
    };
    assert_eq!(
        of("vlan"),
        ["vlan-list", "vlan-param-get", "vlan-param-list"]
    );
    assert_eq!(
        of("bond"),
        [
            "bond-list",
            "bond-param-clear",
            "bond-param-get",
            "bond-param-list",
            "bond-param-set"
        ]
    );
    assert_eq!(of("pif").len(), 7);
    assert_eq!(of("session"), Vec::<&str>::new());
    assert!(names.is_sorted());
    for hidden in ["pif-db-forget", "man"] {
        assert!(!names.contains(&hidden), "{hidden}");
    }
}

#[test]
fn help_of_several_commands_is_told_in_order_and_the_minimal_form_backwards() {
    let got = world().xe("help pif-plug nonsense pif-unplug").out;
    let plug = got.find(": pif-plug\n").expect("first");
    let unknown = got.find("\nUnknown command 'nonsense'\n").expect("second");
    let unplug = got.find(": pif-unplug\n").expect("third");
    assert!(plug < unknown && unknown < unplug, "{got}");
    check(
        "help pif-plug pif-unplug --minimal",
        "pif-unplug,pif-plug\n",
    );
}

#[test]
fn help_alone_shows_the_usage_and_the_common_commands() {
    let mut fake = world();
    let got = fake.xe("help");
    assert_eq!((got.err.as_str(), got.status), ("", 0));
    assert!(got.out.starts_with("Usage: xe "), "{}", got.out);
    assert!(
        got.out.ends_with("\n    network-list, sr-list, vm-list\n"),
        "{}",
        got.out
    );
    assert_eq!(fake.asked, Vec::<String>::new());
    prints(
        &mut fake,
        "help --minimal",
        "network-list,sr-list,vm-list\n",
    );
}

#[test]
fn the_full_list_has_three_blocks_of_lines_of_one_width() {
    let out = world().xe("help --all").out;
    let list = out.split_once("commands:\n\n").expect("a list").1;
    let blocks: Vec<&str> = list.trim_end().split("\n    \n").collect();
    assert_eq!(blocks.len(), 3, "{list}");
    let names = |block: &str| -> Vec<String> {
        let words = block.split([',', '\n']).map(str::trim);
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    assert!(
        names(blocks[0])
            .iter()
            .all(|name| name.starts_with("host-"))
    );
    assert!(names(blocks[1]).iter().all(|name| name.starts_with("vm-")));
    let all: Vec<String> = blocks.iter().flat_map(|block| names(block)).collect();
    let minimal = world().xe("help --all --minimal").out;
    assert_eq!(all.len(), minimal.split(',').count());
    for block in &blocks {
        let lines: Vec<&str> = block.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            assert!(
                line.starts_with("    ") && !line.ends_with([',', ' ']),
                "{line:?}"
            );
            // The rule counts the line so far and the next name, without the comma between them.
            assert!(line.len() <= 76, "{line}");
            if let Some(next) = lines.get(at + 1) {
                let next = next.trim_start().split(',').next().unwrap_or_default();
                assert!(line.len() + next.len() > 74, "{line} had room for {next}");
            }
        }
    }
}

#[test]
fn the_manual_page_is_roff_with_every_command() {
    let page = world().xe("man").out;
    let requests = [".TH", ".SH", ".TP", ".PP", ".B", ".BR", ".I"];
    for line in page.lines() {
        assert!(!line.is_empty() && !line.starts_with('\''), "{line:?}");
        if line.starts_with('.') {
            let request = line.split(' ').next().unwrap_or_default();
            assert!(requests.contains(&request), "{line}");
        }
        // A backslash begins an escape that we know; a dash is a dash.
        for (at, _) in line.match_indices('\\') {
            let rest = &line[at + 1..];
            let known = ["-", "e", "&", "fI", "fR"];
            assert!(
                known.iter().any(|escape| rest.starts_with(escape)),
                "{line}"
            );
        }
        assert_eq!(
            line.matches("\\fI").count(),
            line.matches("\\fR").count(),
            "{line}"
        );
    }
    for name in world().xe("help --all --minimal").out.trim_end().split(',') {
        let entry = format!("\n.TP\n.B {}", name.replace('-', "\\-"));
        assert!(page.contains(&entry), "{name}");
    }
    for section in [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "COMMANDS",
        "FILES",
        "ENVIRONMENT",
        "EXIT STATUS",
    ] {
        assert!(page.contains(&format!("\n.SH {section}\n")), "{section}");
    }
}
