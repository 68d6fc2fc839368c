//! What the terminal can show: colours or not, lines drawn in Unicode or with the characters of a typewriter.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

/// How things look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether there are colours.
    pub colour: bool,
    /// Whether there is more than ASCII.
    pub unicode: bool,
}

/// What a text means, which says how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    Plain,
    /// A heading.
    Title,
    /// All is well.
    Good,
    /// Something to look at.
    Warn,
    /// Something is wrong.
    Bad,
    /// Less important.
    Faint,
    /// The head and foot of the screen.
    Frame,
    /// What is chosen, or typed into.
    Chosen,
}

const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

impl Look {
    /// What the environment says of the terminal: NO_COLOR, TERM and the locale.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Look {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = given("TERM").unwrap_or_default();
        let no_colours = ["vt1", "vt2", "vt5", "dumb"];
        let monochrome =
            no_colours.iter().any(|name| term.starts_with(name)) || term.ends_with("-m");
        // The first that is set counts, as for every program.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(given);
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        Look {
            colour: given("NO_COLOR").is_none() && !monochrome && !term.is_empty(),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }

    /// The lines around a pane.
    pub fn border(self) -> border::Set<'static> {
        match self.unicode {
            true => border::PLAIN,
            false => ASCII,
        }
    }

    /// How a text looks.
    pub fn style(self, tone: Tone) -> Style {
        let plain = Style::default();
        match (tone, self.colour) {
            (Tone::Plain, _) => plain,
            (Tone::Title, true) => plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            (Tone::Title | Tone::Bad | Tone::Warn, false) => plain.add_modifier(Modifier::BOLD),
            (Tone::Good, true) => plain.fg(Color::Green),
            (Tone::Warn, true) => plain.fg(Color::Yellow),
            (Tone::Bad, true) => plain.fg(Color::Red).add_modifier(Modifier::BOLD),
            (Tone::Good | Tone::Faint, _) => plain,
            (Tone::Frame, true) => plain.fg(Color::White).bg(Color::Blue),
            (Tone::Frame | Tone::Chosen, _) => plain.add_modifier(Modifier::REVERSED),
        }
    }

    /// A text as the terminal can show it.
    pub fn shown(self, text: &str) -> String {
        let text = crate::seen::clean(text);
        match self.unicode {
            true => text,
            false => text.chars().map(ascii).collect(),
        }
    }
}

/// The nearest that a typewriter has.
fn ascii(c: char) -> char {
    if c.is_ascii() { c } else { '?' }
}
