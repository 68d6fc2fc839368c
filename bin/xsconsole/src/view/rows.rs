//! What a pane says, row by row, before it is known how wide the pane is.

use ratatui::text::{Line, Span};

use crate::look::{Look, Tone};

/// Columns that names of pairs take.
const NAMES: usize = 14;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Nothing.
    Blank,
    /// A heading.
    Title(String),
    /// A name and what it stands for.
    Pair(&'static str, String, Tone),
    /// A text.
    Text(String, Tone),
    /// A mark, and a text that stands beside it.
    Item(&'static str, String, Tone),
    /// Columns that must stay below one another: a text that is cut, not broken.
    Line(String, Tone),
}

impl Row {
    /// A name and a value.
    pub fn pair(name: &'static str, value: impl Into<String>) -> Row {
        Row::Pair(name, value.into(), Tone::Plain)
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Row {
        Row::Text(text.into(), Tone::Plain)
    }
}

/// The rows as lines of a width.
pub fn lines(rows: &[Row], width: usize, look: Look) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for row in rows {
        match row {
            Row::Blank => lines.push(Line::default()),
            Row::Title(text) => lines.push(Line::styled(look.shown(text), look.style(Tone::Title))),
            Row::Text(text, tone) => {
                let parts = wrapped(&look.shown(text), width);
                lines.extend(
                    parts
                        .into_iter()
                        .map(|part| Line::styled(part, look.style(*tone))),
                );
            }
            Row::Line(text, tone) => {
                lines.push(Line::styled(look.shown(text), look.style(*tone)));
            }
            Row::Pair(name, value, tone) => {
                let name = (format!("{name:<NAMES$} "), Tone::Plain);
                lines.extend(beside(&name, value, *tone, width, look));
            }
            Row::Item(mark, text, tone) => {
                let mark = (format!("{mark:<3} "), *tone);
                lines.extend(beside(&mark, text, *tone, width, look));
            }
        }
    }
    lines
}

/// A text beside a name, however many lines it takes.
fn beside(
    (name, of_name): &(String, Tone),
    text: &str,
    tone: Tone,
    width: usize,
    look: Look,
) -> Vec<Line<'static>> {
    let columns = name.len();
    let parts = wrapped(&look.shown(text), width.saturating_sub(columns).max(8));
    let parts = parts.into_iter().enumerate();
    let lines = parts.map(|(at, part)| {
        let name = if at == 0 { name.as_str() } else { "" };
        Line::from(vec![
            Span::styled(format!("{name:<columns$}"), look.style(*of_name)),
            Span::styled(part, look.style(tone)),
        ])
    });
    lines.collect()
}

/// The rows as plain text, for programs and people who read no screen.
pub fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let line = match row {
            Row::Blank => String::new(),
            Row::Title(line) | Row::Text(line, _) | Row::Line(line, _) => line.clone(),
            Row::Pair(name, value, _) => format!("{name:<NAMES$} {value}"),
            Row::Item(mark, text, _) => format!("{mark:<3} {text}"),
        };
        text += crate::seen::clean(&line).trim_end();
        text.push('\n');
    }
    text
}

/// A text in parts that are no wider than this, broken at blanks where there are any.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut parts = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word.to_owned();
        loop {
            let last = parts.last_mut().expect("there is one from the start");
            let blank = usize::from(!last.is_empty());
            if columns(last) + blank + columns(&word) <= width {
                if blank == 1 {
                    last.push(' ');
                }
                last.push_str(&word);
                break;
            }
            if last.is_empty() {
                // A word that is wider than all there is.
                let rest = split_off(&mut word, width);
                *last = std::mem::replace(&mut word, rest);
            }
            parts.push(String::new());
        }
    }
    parts
}

/// The columns that a text takes.
fn columns(text: &str) -> usize {
    Line::raw(text).width()
}

/// Cuts a word to a width, by one character at least; the rest.
fn split_off(word: &mut String, width: usize) -> String {
    let mut at = 0;
    for (start, c) in word.char_indices() {
        let end = start + c.len_utf8();
        if at > 0 && columns(&word[..end]) > width {
            break;
        }
        at = end;
    }
    word.split_off(at)
}
