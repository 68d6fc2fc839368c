//! What the environment says of the terminal.

use xsconsole::look::Look;

fn look(variables: &[(&str, &str)]) -> (bool, bool) {
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let look = Look::of_environment(variable);
    (look.colour, look.unicode)
}

#[test]
fn colours_and_unicode_are_used_where_the_terminal_has_them() {
    let utf8 = ("LANG", "C.UTF-8");
    for (variables, want) in [
        (&[("TERM", "xterm-256color"), utf8][..], (true, true)),
        (&[("TERM", "linux"), utf8], (true, true)),
        (&[("TERM", "linux")], (true, false)),
        (&[("TERM", "vt100"), utf8], (false, true)),
        (&[("TERM", "vt220"), ("LANG", "C")], (false, false)),
        (&[("TERM", "xterm-m"), utf8], (false, true)),
        // A line that says nothing of itself.
        (&[utf8], (false, true)),
        (&[("TERM", "xterm"), ("NO_COLOR", "1"), utf8], (false, true)),
        (&[("TERM", "xterm"), ("NO_COLOR", ""), utf8], (true, true)),
        // The first one that is set counts.
        (&[("TERM", "xterm"), ("LC_ALL", "C"), utf8], (true, false)),
        (
            &[
                ("TERM", "xterm"),
                ("LC_ALL", ""),
                ("LC_CTYPE", "de_DE.utf8"),
            ],
            (true, true),
        ),
    ] {
        assert_eq!(look(variables), want, "{variables:?}");
    }
}
