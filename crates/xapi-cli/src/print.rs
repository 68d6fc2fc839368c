//! Tables, lists and messages, in the normal form, in the minimal one and as JSON.
//!
//! Scripts cut this output with `awk`: every space and empty line is meant.

use serde_json::Value as Json;

use crate::rpc::{Output, Watcher};

/// One record of a table: keys, with their flags, and values.
pub type Block = Vec<(String, String)>;

/// How a command's output looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people, and for scripts that cut lines.
    Normal,
    /// The first value of each record, all in one line.
    Minimal,
    /// One document of typed values.
    Json,
}

/// Writes what commands give back.
pub struct Printer<'a> {
    out: &'a mut dyn Output,
    form: Form,
    /// In the minimal form all output waits for the end: it is one line.
    waiting: Vec<String>,
    /// So it does as JSON: it is one document.
    parts: Vec<Json>,
}

impl<'a> Printer<'a> {
    /// A printer in a form.
    pub fn new(out: &'a mut dyn Output, form: Form) -> Printer<'a> {
        Printer {
            out,
            form,
            waiting: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Whether this is the minimal form.
    pub fn is_minimal(&self) -> bool {
        self.form == Form::Minimal
    }

    /// Whether values are wanted rather than texts; they go to [`value`](Printer::value).
    pub fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Gives back a value as JSON; in the other forms nobody should ask for it.
    pub fn value(&mut self, value: Json) {
        self.parts.push(value);
    }

    /// Prints records; in the minimal form the first value of each.
    pub fn table(&mut self, records: &[Block]) {
        match self.form {
            Form::Minimal => {
                let firsts = records.iter().filter_map(|record| record.first());
                self.waiting.push(joined(firsts.map(|(_, value)| value)));
            }
            Form::Normal => {
                for record in records {
                    self.out.print(&format!("{}\n\n", block(record)));
                }
            }
            Form::Json => self.parts.push(records.iter().map(object).collect()),
        }
    }

    /// Prints texts, one a line.
    pub fn list<S: AsRef<str>>(&mut self, items: &[S]) {
        match self.form {
            Form::Minimal => self.waiting.push(joined(items)),
            Form::Normal => {
                for item in items {
                    self.out.print(item.as_ref());
                }
            }
            Form::Json => self.parts.push(items.iter().map(AsRef::as_ref).collect()),
        }
    }

    /// Prints one text.
    pub fn line(&mut self, text: &str) {
        match self.form {
            Form::Json => self.parts.push(text.into()),
            Form::Normal | Form::Minimal => self.list(&[text]),
        }
    }

    /// Prints a sentence for people; the minimal form leaves it out.
    pub fn message(&mut self, text: &str) {
        match self.form {
            Form::Normal => self.out.print(text),
            Form::Minimal => {}
            Form::Json => self.parts.push(text.into()),
        }
    }

    /// Prints a line in all forms, at once. It is no part of a document, and then goes to standard error.
    pub fn always(&mut self, text: &str) {
        match self.form {
            Form::Normal | Form::Minimal => self.out.print(text),
            Form::Json => self.out.eprint(&format!("{text}\n")),
        }
    }

    /// Writes to standard error.
    pub fn eprint(&mut self, text: &str) {
        self.out.eprint(text);
    }

    /// The user's side itself.
    pub fn user(&mut self) -> &mut dyn Output {
        self.out
    }

    /// Whoever looks at a long call; nobody does where a program reads the output.
    pub fn watcher(&mut self) -> Option<&mut dyn Watcher> {
        match self.form {
            Form::Normal => self.out.watcher(),
            Form::Minimal | Form::Json => None,
        }
    }

    /// Prints what waited for the end. XAPI puts the latest first, and prints the line even when it is empty.
    pub fn flush(&mut self) {
        match self.form {
            Form::Normal => {}
            Form::Minimal => {
                self.waiting.reverse();
                let line = self.waiting.join(",");
                self.out.print(&line);
            }
            Form::Json => {
                let mut parts = std::mem::take(&mut self.parts);
                let document = match (parts.len(), parts.pop()) {
                    (1, Some(only)) => only,
                    (_, Some(last)) => parts.into_iter().chain([last]).collect(),
                    (_, None) => Json::Null,
                };
                self.out.print(&document.to_string());
            }
        }
    }
}

/// A record of texts; flags and the spaces that pad keys are for people.
fn object(record: &Block) -> Json {
    let bare = |key: &str| key.split(" (").next().unwrap_or(key).trim().to_owned();
    let members = record
        .iter()
        .map(|(key, value)| (bare(key), value.as_str().into()));
    Json::Object(members.collect())
}

fn joined<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let escaped = items
        .into_iter()
        .map(|item| item.as_ref().replace('\\', "\\\\").replace(',', "\\,"));
    escaped.collect::<Vec<_>>().join(",")
}

/// The first key stands at the left, later ones at the right of a column four wider than the widest.
fn block(record: &Block) -> String {
    // Formatting pads by characters, XAPI by bytes.
    let width = 4 + record.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let lines = record.iter().enumerate().map(|(line, (key, value))| {
        let space = " ".repeat(width - key.len());
        if line == 0 {
            format!("{key}{space}: {value}")
        } else {
            format!("{space}{key}: {value}")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Page(String);
    impl Output for Page {
        fn print(&mut self, text: &str) {
            self.0.push_str(text);
            self.0.push('\n');
        }
        fn eprint(&mut self, _: &str) {}
    }

    fn printed(minimal: bool, write: impl Fn(&mut Printer<'_>)) -> String {
        let mut page = Page::default();
        let form = if minimal { Form::Minimal } else { Form::Normal };
        let mut printer = Printer::new(&mut page, form);
        write(&mut printer);
        printer.flush();
        page.0
    }

    fn record(pairs: &[(&str, &str)]) -> Block {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn two_empty_lines_follow_every_record() {
        let one = record(&[("uuid ( RO)", "1"), ("name-label ( RW)", "one")]);
        let two = record(&[("uuid ( RO)", "2"), ("name-label ( RW)", "")]);
        let expected = "uuid ( RO)          : 1\n    name-label ( RW): one\n\n\n\
                        uuid ( RO)          : 2\n    name-label ( RW): \n\n\n";
        let records = [one, two];
        assert_eq!(printed(false, |p| p.table(&records)), expected);
        assert_eq!(printed(false, |p| p.table(&[])), "");
        assert_eq!(printed(false, |p| p.table(&[Vec::new()])), "\n\n\n");
    }

    #[test]
    fn widths_count_bytes() {
        let wide = record(&[("k", "v"), ("é", "w")]);
        assert_eq!(
            printed(false, |p| p.table(std::slice::from_ref(&wide))),
            "k     : v\n    é: w\n\n\n"
        );
    }

    #[test]
    fn the_minimal_form_is_one_line_with_commas_escaped() {
        let records = [
            record(&[("a", "1,5"), ("b", "x")]),
            record(&[("a", "2\\"), ("b", "y")]),
        ];
        assert_eq!(printed(true, |p| p.table(&records)), "1\\,5,2\\\\\n");
        assert_eq!(printed(true, |p| p.table(&[])), "\n");
        assert_eq!(printed(true, |_| ()), "\n");
        assert_eq!(printed(true, |p| p.message("hello")), "\n");
        let twice = |p: &mut Printer<'_>| {
            p.list(&["first"]);
            p.list(&["second"]);
        };
        assert_eq!(printed(true, twice), "second,first\n");
        assert_eq!(printed(false, twice), "first\nsecond\n");
    }
}
