//! Tables, lists and messages, in the normal form and in the minimal one.
//!
//! Scripts cut this output with `awk`: every space and empty line is meant.

use crate::rpc::Output;

/// One record of a table: keys, with their flags, and values.
pub type Block = Vec<(String, String)>;

/// Writes what commands give back.
pub struct Printer<'a> {
    out: &'a mut dyn Output,
    /// In the minimal form all output waits for the end: it is one line.
    waiting: Option<Vec<String>>,
}

impl<'a> Printer<'a> {
    /// A printer in the minimal form or the normal one.
    pub fn new(out: &'a mut dyn Output, minimal: bool) -> Printer<'a> {
        Printer {
            out,
            waiting: minimal.then(Vec::new),
        }
    }

    /// Whether this is the minimal form.
    pub fn is_minimal(&self) -> bool {
        self.waiting.is_some()
    }

    /// Prints records; in the minimal form the first value of each.
    pub fn table(&mut self, records: &[Block]) {
        match &mut self.waiting {
            Some(waiting) => {
                let firsts = records.iter().filter_map(|record| record.first());
                waiting.push(joined(firsts.map(|(_, value)| value)));
            }
            None => {
                for record in records {
                    self.out.print(&format!("{}\n\n", block(record)));
                }
            }
        }
    }

    /// Prints texts, one a line.
    pub fn list<S: AsRef<str>>(&mut self, items: &[S]) {
        match &mut self.waiting {
            Some(waiting) => waiting.push(joined(items)),
            None => {
                for item in items {
                    self.out.print(item.as_ref());
                }
            }
        }
    }

    /// Prints a sentence for people; the minimal form leaves it out.
    pub fn message(&mut self, text: &str) {
        if self.waiting.is_none() {
            self.out.print(text);
        }
    }

    /// Prints a line in both forms, at once.
    pub fn always(&mut self, text: &str) {
        self.out.print(text);
    }

    /// Writes to standard error.
    pub fn eprint(&mut self, text: &str) {
        self.out.eprint(text);
    }

    /// Prints what waited for the end. XAPI puts the latest first, and prints the line even when it is empty.
    pub fn flush(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.reverse();
            let line = waiting.join(",");
            self.out.print(&line);
        }
    }
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
        let mut printer = Printer {
            out: &mut page,
            waiting: minimal.then(Vec::new),
        };
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
